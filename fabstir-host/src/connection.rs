//! One client's connection, from `hello` to its end. A session belongs to at most one of them at a time, so nothing in
//! it is locked.

use crate::{
    HostError,
    generation::Step,
    host::Shared,
    opening, prompt,
    prompt::Turn,
    registry::{Reason, Release, Taken},
    session::Session,
    socket::{Incoming, Socket},
};
use alloy_primitives::B256;
use fabstir_core::{
    Code,
    inference::FinishReason,
    wire::{self, ClientMessage, HostMessage},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// A client that says nothing for so long is let go; its session waits for it.
const IDLE_PATIENCE: Duration = Duration::from_secs(600);
/// Frames that are no messages, before the connection is closed.
const MAX_REFUSED: u32 = 16;
/// How much more a refused opening weighs: it cost the host more.
const REFUSED_OPENING: u32 = 4;
/// While an answer is made a client hears something at least so often.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How long the host stands by a `Close` it signed.
const CLOSE_VALIDITY: u64 = 24 * 3_600;

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
    socket: Socket,
    challenge: B256,
    greeted: bool,
    session: Option<Box<Session>>,
    turn: Option<Turn>,
    /// When the prompt came whose first token is still to come.
    asked: Option<Instant>,
    /// Tells when the session has to be let go.
    release: Arc<Release>,
    since: Instant,
    heard: Instant,
    told: Instant,
    refused: u32,
}

/// Whether the connection goes on.
#[derive(Debug, PartialEq, Eq)]
enum Flow {
    Continue,
    Close,
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>, socket: Socket) -> Self {
        Self {
            shared,
            socket,
            challenge: opening::random32(),
            greeted: false,
            session: None,
            turn: None,
            asked: None,
            release: Arc::default(),
            since: Instant::now(),
            heard: Instant::now(),
            told: Instant::now(),
            refused: 0,
        }
    }

    /// Serves the connection to its end, then keeps what the client may come back for.
    pub(crate) async fn serve(mut self) {
        let ended = self.run().await;
        if let Err(error) = &ended {
            tracing::debug!(%error, "connection ended");
            // The client may be gone: telling it is a courtesy.
            let _ = self.socket.send_error(None, error).await;
        }
        if let Some(mut session) = self.session.take() {
            let kept = match ended {
                // What was said could not be written down: nothing more may be signed for it.
                Err(error) if is_storage(&error) => Err(error),
                _ => {
                    let reason = Ok(FinishReason::Cancelled);
                    prompt::finish(&self.shared, &mut session, None, &mut self.turn, reason).await
                }
            };
            match kept {
                Ok(()) => self.shared.registry.park(session),
                Err(error) => {
                    tracing::error!(session = %session.id, %error, "the session cannot be kept and is settled");
                    self.shared.retire(*session).await;
                }
            }
        }
        self.socket.close().await;
    }

    async fn run(&mut self) -> Result<(), HostError> {
        let mut stopped = self.shared.stopped.clone();
        loop {
            let (deadline, ping) = (self.deadline(), self.told + PING_INTERVAL);
            tokio::select! {
                incoming = self.socket.receive() => {
                    self.heard = Instant::now();
                    if self.handle(incoming).await? == Flow::Close {
                        return Ok(());
                    }
                }
                step = next_step(&mut self.turn) => {
                    self.told = Instant::now();
                    if matches!(step, Step::Token(_)) && let Some(asked) = self.asked.take() {
                        self.shared.desk.metrics.first_token(asked.elapsed());
                    }
                    self.advance(step).await?;
                }
                () = sleep_until(ping), if self.turn.is_some() => {
                    self.told = Instant::now();
                    self.socket.ping().await?;
                }
                // A session is let go by its release; without one there is nothing to end.
                () = stop(&mut stopped), if self.session.is_none() => return Ok(()),
                () = sleep_until(deadline) => {
                    if self.expire().await? == Flow::Close {
                        return Ok(());
                    }
                }
                reason = self.release.given() => {
                    if reason != Reason::TakenOver {
                        self.wind_up().await?;
                    }
                    return Err(reason.error());
                }
            }
        }
    }

    /// When something has to happen even if nobody says anything.
    fn deadline(&self) -> Instant {
        match (&self.session, self.turn.as_ref().and_then(|turn| turn.stalled)) {
            (Some(_), Some(since)) => Instant::from_std(since) + self.shared.config.voucher_patience,
            (Some(_), None) => self.heard + IDLE_PATIENCE,
            // However much it says meanwhile.
            (None, _) => self.since + self.shared.config.opening_patience,
        }
    }

    async fn expire(&mut self) -> Result<Flow, HostError> {
        match &self.turn {
            None => Err(HostError::coded(Code::ConnectionLost, "nothing was heard for too long")),
            // A stream to a client that only listens is no silence.
            Some(turn) if turn.stalled.is_none() => {
                self.heard = Instant::now();
                Ok(Flow::Continue)
            }
            Some(_) => self.finish_turn(FinishReason::Credit).await.map(|()| Flow::Continue),
        }
    }

    async fn advance(&mut self, step: Step) -> Result<(), HostError> {
        match &mut self.session {
            Some(session) => prompt::advance(&self.shared, session, &mut self.socket, &mut self.turn, step).await,
            None => Ok(()),
        }
    }

    /// Ends the answer being made, if one is, and tells the client.
    async fn finish_turn(&mut self, reason: FinishReason) -> Result<(), HostError> {
        match &mut self.session {
            Some(session) => {
                prompt::finish(&self.shared, session, Some(&mut self.socket), &mut self.turn, Ok(reason)).await
            }
            None => Ok(()),
        }
    }

    async fn handle(&mut self, incoming: Incoming) -> Result<Flow, HostError> {
        let (id, outcome) = match incoming {
            Incoming::Gone => return Ok(Flow::Close),
            Incoming::Refused(refused) => {
                self.refused += 1;
                (refused.id, Err(refused.error.into()))
            }
            Incoming::Message(message, frame) => {
                let id = match &*message {
                    ClientMessage::Prompt(prompt) => Some(prompt.id),
                    ClientMessage::Cancel(cancel) => Some(cancel.id),
                    _ => None,
                };
                (id, self.dispatch(*message, &frame).await)
            }
        };
        match outcome {
            Ok(flow) => Ok(flow),
            // Nothing can be told any more, or nothing may be signed any more.
            Err(error @ HostError::Connection(_)) => Err(error),
            Err(error) if is_storage(&error) => Err(error),
            Err(error) => {
                self.refused += if self.session.is_none() { REFUSED_OPENING } else { 0 };
                self.socket.send_error(id, &error).await?;
                Ok(if self.refused > MAX_REFUSED { Flow::Close } else { Flow::Continue })
            }
        }
    }

    async fn dispatch(&mut self, message: ClientMessage, frame: &[u8]) -> Result<Flow, HostError> {
        match message {
            ClientMessage::Ping => self.socket.send(&HostMessage::Pong).await?,
            ClientMessage::Hello(hello) => self.hello(&hello, frame).await?,
            ClientMessage::Open(open) => self.open(&open).await?,
            ClientMessage::Resume(resume) => self.resume(&resume).await?,
            ClientMessage::Prompt(prompt) => self.prompt(prompt).await?,
            ClientMessage::Voucher(voucher) => self.voucher(&voucher).await?,
            ClientMessage::Cancel(cancel) => self.cancel(&cancel).await?,
            ClientMessage::Close => return self.close().await,
            ClientMessage::Clear => self.clear().await?,
            ClientMessage::Handoff | _ => {
                return Err(HostError::coded(Code::Unsupported, "this host cannot do that; see its capabilities"));
            }
        }
        Ok(Flow::Continue)
    }

    /// The challenge, good for one answer.
    fn take_challenge(&mut self) -> Result<B256, HostError> {
        if !self.greeted {
            return Err(HostError::coded(Code::UnexpectedMessage, "`hello` comes first"));
        }
        if self.session.is_some() {
            return Err(HostError::coded(Code::UnexpectedMessage, "this connection has a session already"));
        }
        self.greeted = false;
        Ok(std::mem::replace(&mut self.challenge, opening::random32()))
    }

    async fn hello(&mut self, hello: &wire::Hello, frame: &[u8]) -> Result<(), HostError> {
        if self.socket.is_sealed() {
            return Err(HostError::coded(Code::UnexpectedMessage, "an encrypted connection has one `hello`"));
        }
        let (answer, handshake) = opening::greet(&self.shared, hello, frame, self.challenge)?;
        self.greeted = true;
        self.socket.send(&answer).await?;
        if let Some(handshake) = handshake {
            self.socket.offer(handshake);
        }
        Ok(())
    }

    async fn open(&mut self, open: &wire::Open) -> Result<(), HostError> {
        let (challenge, key) = (self.take_challenge()?, self.socket.client_key()?);
        let (session, release) = match opening::reopen(&self.shared, open, challenge, key).await? {
            Some(taken) => taken,
            None => self.begin(open, challenge, key).await?,
        };
        let info = session.model.backend.model();
        let opened = wire::Opened {
            session_id: session.id,
            profile: info.profile,
            deposit: session.ledger.deposit().into(),
            settled: alloy_primitives::U256::ZERO,
            credit_tokens: self.shared.config.credit_tokens,
            checkpoint_tokens: self.shared.config.checkpoint_tokens,
            context: info.context_length,
            retention_seconds: self.shared.config.retention.as_secs().try_into().unwrap_or(u32::MAX),
            overhead: info.template_overhead,
            seed_commitment: session.seed_link(0)?,
        };
        self.release = release;
        self.session = Some(session);
        self.socket.send(&HostMessage::Opened(Box::new(opened))).await
    }

    /// Opens a session that is new here.
    async fn begin(&mut self, open: &wire::Open, challenge: B256, key: B256) -> Result<Taken, HostError> {
        let (opening, release) = opening::check(&self.shared, open, challenge, key).await?;
        let id = opening.id;
        let session = match Session::open(opening, &self.shared.desk).await {
            Ok(session) => session,
            Err(error) => {
                self.shared.registry.remove(id);
                return Err(error);
            }
        };
        tracing::info!(session = %id, renter = %session.terms.renter, deposit = %session.ledger.deposit(), "opened");
        Ok((Box::new(session), release))
    }

    async fn resume(&mut self, resume: &wire::Resume) -> Result<(), HostError> {
        let challenge = self.take_challenge()?;
        let (session, release) = opening::resume(&self.shared, resume, challenge, self.socket.client_key()?).await?;
        self.release = release;
        let again = session.kept_since(resume.checkpoint);
        let transcript = session.ledger.transcript();
        let resumed = HostMessage::Resumed(wire::Resumed {
            turns: transcript.turns(),
            head: transcript.head(),
            checkpoint: transcript.sequence(),
            tokens: again.iter().filter(|message| matches!(message, HostMessage::Token(_))).count() as u32,
        });
        self.session = Some(session);
        self.socket.send(&resumed).await?;
        for message in &again {
            self.socket.send(message).await?;
        }
        Ok(())
    }

    async fn prompt(&mut self, prompt: wire::Prompt) -> Result<(), HostError> {
        let session = self.session.as_mut().ok_or_else(no_session)?;
        if self.turn.is_some() {
            return Err(busy());
        }
        self.shared.sees_the_chain()?;
        self.told = Instant::now();
        self.asked = Some(self.told);
        prompt::begin(&self.shared, session, &mut self.socket, prompt, &mut self.turn).await
    }

    async fn voucher(&mut self, voucher: &wire::Voucher) -> Result<(), HostError> {
        let session = self.session.as_mut().ok_or_else(no_session)?;
        session.accept_voucher(voucher, &self.shared.desk).await?;
        let Some(turn) = &mut self.turn else { return Ok(()) };
        match prompt::wake(session, turn) {
            Ok(()) => Ok(()),
            Err(error) => {
                prompt::finish(&self.shared, session, Some(&mut self.socket), &mut self.turn, Err(error)).await
            }
        }
    }

    async fn cancel(&mut self, cancel: &wire::Cancel) -> Result<(), HostError> {
        if self.session.is_none() {
            return Err(no_session());
        }
        // A cancel that crosses the end of its answer has nothing to do: `done` is on its way.
        if self.turn.as_ref().is_some_and(|turn| turn.id() == cancel.id) {
            self.finish_turn(FinishReason::Cancelled).await?;
        }
        Ok(())
    }

    /// Begins the conversation anew.
    async fn clear(&mut self) -> Result<(), HostError> {
        let session = self.session.as_mut().ok_or_else(no_session)?;
        if self.turn.is_some() {
            return Err(busy());
        }
        session.model.backend.forget(session.sequence);
        session.clear();
        self.socket.send(&HostMessage::Cleared).await
    }

    async fn close(&mut self) -> Result<Flow, HostError> {
        if self.session.is_none() {
            return Err(no_session());
        }
        self.wind_up().await?;
        let Some(session) = &mut self.session else { return Ok(Flow::Close) };
        let deadline = now(&self.shared).await + CLOSE_VALIDITY;
        // A journal that fails leaves the session where it is: it is settled with the connection's end.
        let (close, signature) = session.close(deadline, &self.shared.desk).await?;
        let Some(session) = self.session.take() else { return Ok(Flow::Close) };
        // Settled whether or not the client still listens.
        self.shared.retire(*session).await;
        let closed = wire::Closed {
            input_tokens: close.inputTokens,
            output_tokens: close.outputTokens,
            deadline: close.deadline,
            signature,
        };
        self.socket.send(&HostMessage::Closed(closed)).await?;
        Ok(Flow::Close)
    }

    /// Ends the answer being made and gives the client a moment to vouch for the last checkpoint.
    async fn wind_up(&mut self) -> Result<(), HostError> {
        self.finish_turn(FinishReason::Cancelled).await?;
        let Some(session) = &mut self.session else { return Ok(()) };
        if session.is_paid() {
            return Ok(());
        }
        let unpaid = session.ledger.unpaid().into();
        self.socket.send(&HostMessage::VoucherDue(wire::VoucherDue { unpaid })).await?;
        let patience = Instant::now() + self.shared.config.voucher_patience.min(Duration::from_secs(5));
        while !session.is_paid() {
            let Ok(incoming) = tokio::time::timeout_at(patience, self.socket.receive()).await else { break };
            match incoming {
                Incoming::Message(message, _) => {
                    if let ClientMessage::Voucher(voucher) = *message {
                        session.accept_voucher(&voucher, &self.shared.desk).await?;
                    }
                }
                Incoming::Refused(_) => {}
                Incoming::Gone => break,
            }
        }
        Ok(())
    }
}

/// Returns when the host stops, or was dropped. Cancel safe.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The chain's time, or this machine's if the chain cannot be asked.
async fn now(shared: &Shared) -> u64 {
    match shared.wallet.chain().now().await {
        Ok(now) => now,
        Err(_) => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    }
}

async fn next_step(turn: &mut Option<Turn>) -> Step {
    match turn {
        Some(turn) => turn.next().await,
        None => std::future::pending().await,
    }
}

/// Whether the journal failed.
fn is_storage(error: &HostError) -> bool {
    matches!(error.code(), Code::Storage | Code::DiskFull | Code::JournalCorrupt)
}

fn busy() -> HostError {
    HostError::coded(Code::SessionBusy, "an answer is being made in this session")
}

fn no_session() -> HostError {
    HostError::coded(Code::UnexpectedMessage, "this connection has no open session")
}
