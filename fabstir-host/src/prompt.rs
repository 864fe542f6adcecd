//! One turn: from a prompt to its last token.

mod prepared;

use crate::{
    HostError,
    generation::{Step, Stream},
    host::Shared,
    opening,
    session::Session,
    socket::{Socket, error_message},
};
use alloy_primitives::U256;
use fabstir_core::{
    Code,
    amount::Usage,
    inference::{FinishReason, GenerationRequest},
    metering::Credit,
    sampling,
    transcript::TurnRecord,
    wire::{self, HostMessage, Message, Params, Role},
};
use prepared::{Checked, Prepared, cover, lost, prepare, refresh};
use std::{sync::Arc, time::Instant};

/// An answer being made.
#[derive(Debug)]
pub(crate) struct Turn {
    id: u32,
    began: Usage,
    first_token: usize,
    text: String,
    params: Params,
    phase: Phase,
    stream: Stream,
    /// Since when the host waits for a voucher.
    pub(crate) stalled: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    /// Every place is taken. Nothing of the prompt is in the session yet, and nothing of it is billed.
    Waiting(Box<Prepared>),
    /// The prompt is worth more than the window: nothing is computed before it is paid.
    Unpaid(Box<GenerationRequest>),
    Streaming,
}

impl Turn {
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// The next step of the answer, once there is one to be had. Cancel safe.
    pub(crate) async fn next(&mut self) -> Step {
        match (&self.phase, self.stalled) {
            (Phase::Waiting(_) | Phase::Streaming, None) => self.stream.next().await,
            _ => std::future::pending().await,
        }
    }
}

/// Renders a prompt and takes a place for its answer, or a place in line. With the first the prompt is accepted and its
/// answer started. As long as `slot` holds the turn, whoever keeps the session can bring it to its end.
///
/// # Errors
///
/// A code for whatever is wrong with the prompt; the session stays as it was. Those of the socket and the journal.
pub(crate) async fn begin(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    prompt: wire::Prompt,
    slot: &mut Option<Turn>,
) -> Result<(), HostError> {
    let prepared = match prepare(shared, session, &prompt).await? {
        Checked::Evicted(again) => return send_evicted(socket, prompt.id, again).await,
        Checked::Prepared(prepared) => prepared,
    };
    let backend = Arc::clone(&session.model.backend);
    let (stream, cached) = Stream::start(backend, session.sequence, shared.config.seat_patience)?;
    *slot = Some(Turn {
        id: prompt.id,
        began: session.ledger.usage(),
        first_token: session.tokens.len(),
        text: String::new(),
        params: prompt.params,
        phase: Phase::Waiting(prepared),
        stream,
        stalled: None,
    });
    match cached {
        Some(cached) => seat(shared, session, socket, slot, cached).await,
        None => Ok(()),
    }
}

async fn send_evicted(socket: &mut Socket, id: u32, again: usize) -> Result<(), HostError> {
    let tokens = u32::try_from(again).unwrap_or(u32::MAX);
    socket.send(&HostMessage::Evicted(wire::Evicted { id, tokens })).await
}

/// Accepts the prompt that now has a place and starts its answer, unless it has to be paid first. A prompt that cannot
/// be accepted any more is refused; the session stays as it was.
async fn seat(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    slot: &mut Option<Turn>,
    cached: usize,
) -> Result<(), HostError> {
    let Some(Turn { id, params, phase: Phase::Waiting(prepared), .. }) = slot else { return Ok(()) };
    let again = lost(session, prepared.retained, cached);
    if again > 0 && !params.reread {
        let id = *id;
        *slot = None;
        return send_evicted(socket, id, again).await;
    }
    if let Err(error) = cover(shared, session, prepared.fed.len() + again).await {
        return finish(shared, session, Some(socket), slot, Err(error)).await;
    }
    let Some(turn) = slot else { return Ok(()) };
    let Phase::Waiting(prepared) = std::mem::replace(&mut turn.phase, Phase::Streaming) else { return Ok(()) };
    let accepted = accept(shared, session, turn, *prepared, again);
    socket.send(&accepted).await?;
    if session.ledger.needs_voucher_before_prefill() {
        let checkpoint = session.checkpoint(&shared.desk).await?;
        return socket.send(&checkpoint).await;
    }
    match wake(session, turn) {
        Ok(()) => Ok(()),
        Err(error) => finish(shared, session, Some(socket), slot, Err(error)).await,
    }
}

/// Commits a prompt that has a place to the transcript. Nothing is computed for it yet.
fn accept(shared: &Shared, session: &mut Session, turn: &mut Turn, prepared: Prepared, again: usize) -> HostMessage {
    let Prepared { messages, fed, fingerprint, host_seed, .. } = prepared;
    let known = session.known();
    session.touch();
    turn.began = session.ledger.usage();
    let number = session.begin_turn();
    session.reread(again);
    session.feed(&fed, fingerprint);
    session.messages = messages;
    turn.first_token = session.tokens.len();
    let accepted = HostMessage::Accepted(wire::Accepted {
        id: turn.id,
        turn: number,
        input_tokens: session.ledger.usage().input - turn.began.input,
        tokens: fed,
        host_seed,
    });
    session.keep(&accepted);
    turn.phase = Phase::Unpaid(Box::new(GenerationRequest {
        sequence: session.sequence,
        tokens: session.tokens.clone(),
        known,
        // What the cache lost is read again, at the renter's expense or at our own.
        reread: true,
        sampling: turn.params.sampling(),
        turn_seed: sampling::turn_seed(turn.params.nonce, host_seed),
        max_tokens: turn.params.max_tokens.min(shared.config.max_output_tokens),
        stop: turn.params.stop.clone(),
    }));
    turn.stalled = Some(Instant::now());
    accepted
}

/// Carries the answer one step on; empties `slot` at its end.
///
/// # Errors
///
/// Those of the socket and the journal. The turn stays in `slot` unless its end has been kept for the client.
pub(crate) async fn advance(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    slot: &mut Option<Turn>,
    step: Step,
) -> Result<(), HostError> {
    let Some(turn) = slot else { return Ok(()) };
    let ending = match step {
        Step::Seated(cached) => return seat(shared, session, socket, slot, cached).await,
        Step::Token(token) => {
            let index = u32::try_from(session.tokens.len() - turn.first_token).unwrap_or(u32::MAX);
            session.sample(token.id);
            turn.text.push_str(&token.text);
            let message = HostMessage::Token(wire::Token { id: turn.id, index, text: token.text, token: token.id });
            session.keep(&message);
            socket.send(&message).await?;
            if session.ledger.checkpoint_due() {
                let checkpoint = session.checkpoint(&shared.desk).await?;
                socket.send(&checkpoint).await?;
            }
            match hold(shared, session, socket, turn).await? {
                Some(reason) => Ok(reason),
                None => return Ok(()),
            }
        }
        Step::Finished(reason) => Ok(reason),
        Step::Failed(error) => {
            tracing::warn!(session = %session.id, %error, "an answer failed");
            Err(error.into())
        }
    };
    finish(shared, session, Some(socket), slot, ending).await
}

/// Stops serving while more would be unpaid than the window allows, for good where the deposit ends.
async fn hold(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    turn: &mut Turn,
) -> Result<Option<FinishReason>, HostError> {
    if session.may_sample() {
        return Ok(None);
    }
    if session.ledger.credit() == Credit::DepositUsedUp {
        refresh(shared, session).await?;
        if session.ledger.credit() == Credit::DepositUsedUp {
            return Ok(Some(FinishReason::Credit));
        }
    }
    if session.unconfirmed && opening::is_confirmed(shared, session.id).await? {
        session.unconfirmed = false;
    }
    if session.may_sample() {
        return Ok(None);
    }
    if session.has_news() {
        let checkpoint = session.checkpoint(&shared.desk).await?;
        socket.send(&checkpoint).await?;
    }
    turn.stalled = Some(Instant::now());
    let unpaid: U256 = session.ledger.unpaid().into();
    socket.send(&HostMessage::VoucherDue(wire::VoucherDue { unpaid })).await?;
    Ok(None)
}

/// Goes on with a turn that waited for a voucher, if what came is enough.
///
/// # Errors
///
/// [`Code::Internal`] if the answer cannot be started.
pub(crate) fn wake(session: &Session, turn: &mut Turn) -> Result<(), HostError> {
    match &turn.phase {
        Phase::Unpaid(request) if !session.ledger.needs_voucher_before_prefill() => {
            turn.stream.begin(GenerationRequest::clone(request))?;
            turn.phase = Phase::Streaming;
            turn.stalled = None;
        }
        Phase::Streaming if session.may_sample() => turn.stalled = None,
        _ => {}
    }
    Ok(())
}

/// Ends an answer: the last checkpoint, then `done`, or what went wrong. Both are kept for the client before they are
/// sent; with no socket they are only kept.
///
/// # Errors
///
/// Those of the journal, and of the socket.
pub(crate) async fn finish(
    shared: &Shared,
    session: &mut Session,
    socket: Option<&mut Socket>,
    slot: &mut Option<Turn>,
    ending: Result<FinishReason, HostError>,
) -> Result<(), HostError> {
    let Some(Turn { id, began, first_token, text, params, phase, stream, .. }) = slot.take() else { return Ok(()) };
    // Stops the compute before anything waits for the disk.
    drop(stream);
    if matches!(phase, Phase::Waiting(_)) {
        return withdraw(socket, id, ending).await;
    }
    session.touch();
    session.messages.push(Message::new(Role::Assistant, text.clone()));
    let checkpoint = if session.has_news() { Some(session.checkpoint(&shared.desk).await?) } else { None };
    let last = match ending {
        Err(error) => error_message(Some(id), &error),
        Ok(finish_reason) => {
            let tokens = session.tokens[first_token..].to_vec();
            let record =
                TurnRecord { role: Role::Assistant, tokens, text, params: params.sampling(), finish_reason }.id()?;
            let Usage { input, output } = session.ledger.usage();
            let usage = wire::TurnUsage { input_tokens: input - began.input, output_tokens: output - began.output };
            HostMessage::Done(wire::Done { id, finish_reason, usage, record })
        }
    };
    session.keep(&last);
    if let Some(socket) = socket {
        for message in checkpoint.iter().chain([&last]) {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// Tells the client of a prompt that was never accepted: the conversation is as it was before.
async fn withdraw(
    socket: Option<&mut Socket>,
    id: u32,
    ending: Result<FinishReason, HostError>,
) -> Result<(), HostError> {
    let Some(socket) = socket else { return Ok(()) };
    let error = ending.err().unwrap_or_else(|| {
        HostError::coded(Code::Overloaded, "the prompt was withdrawn while it waited for a place; nothing is billed")
    });
    socket.send_error(Some(id), &error).await
}
