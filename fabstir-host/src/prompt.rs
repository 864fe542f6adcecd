//! One turn: from a prompt to its last token.

use crate::{
    HostError,
    generation::{Step, Stream},
    host::Shared,
    opening,
    session::{MAX_TURNS, Session},
    socket::{Socket, error_message},
};
use alloy_primitives::{B256, U256};
use fabstir_core::{
    Code,
    abi::ISessionMarket,
    amount::{Amount, Usage},
    inference::{FinishReason, GenerationRequest},
    messages::{self, Signed},
    metering::Credit,
    sampling,
    transcript::TurnRecord,
    wire::{self, HostMessage, Message, Params, Role},
};
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
    /// Since when the host waits for a voucher.
    pub(crate) stalled: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    /// The prompt is worth more than the window: nothing is computed before it is paid.
    Unpaid(Box<GenerationRequest>),
    Streaming(Stream),
}

impl Turn {
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// The next step of the answer, once there is one to be had. Cancel safe.
    pub(crate) async fn next(&mut self) -> Step {
        match (&mut self.phase, self.stalled) {
            (Phase::Streaming(stream), None) => stream.next().await,
            _ => std::future::pending().await,
        }
    }
}

/// Renders a prompt, accepts it and starts its answer.
///
/// # Errors
///
/// A code for whatever is wrong with the prompt; the session stays as it was.
pub(crate) async fn begin(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    prompt: wire::Prompt,
) -> Result<Option<Turn>, HostError> {
    check(shared, session, &prompt).await?;
    let new = new_messages(session, &prompt)?;
    let reread = session.known();
    let backend = Arc::clone(&session.model.backend);
    if backend.cached(session.sequence) < reread && !prompt.params.reread {
        let tokens = u32::try_from(reread).unwrap_or(u32::MAX);
        socket.send(&HostMessage::Evicted(wire::Evicted { id: prompt.id, tokens })).await?;
        return Ok(None);
    }
    let was_evicted = backend.cached(session.sequence) < reread;
    let mut messages = session.messages.clone();
    messages.extend_from_slice(&new);
    let fed = backend.render(&messages, session.messages.len(), session.tokens.last().copied())?;
    let context = backend.model().context_length as usize;
    if session.tokens.len() + fed.len() >= context {
        return Err(too_long(session.tokens.len(), fed.len(), context));
    }
    afford(shared, session, fed.len() + if was_evicted { reread } else { 0 }).await?;
    if !session.is_secured(Usage::new(fed.len() as u64, 1)) {
        return Err(HostError::coded(Code::UnconfirmedSession, "the deposit waits for its confirmations"));
    }
    let fingerprint = request_digest(shared, session, &prompt, &fed)?;

    let began = session.ledger.usage();
    let turn = session.begin_turn();
    if was_evicted {
        session.reread(reread);
    }
    session.feed(&fed, fingerprint);
    session.messages = messages;
    let host_seed = session.seed_link(turn + 1)?;
    let accepted = HostMessage::Accepted(wire::Accepted {
        id: prompt.id,
        turn,
        input_tokens: session.ledger.usage().input - began.input,
        tokens: fed,
        host_seed,
    });
    session.keep(&accepted);
    socket.send(&accepted).await?;
    let request = GenerationRequest {
        sequence: session.sequence,
        tokens: session.tokens.clone(),
        known: reread,
        // Evicted between the question above and the answer: read again at our own expense.
        reread: true,
        sampling: prompt.params.sampling(),
        turn_seed: sampling::turn_seed(prompt.params.nonce, host_seed),
        max_tokens: prompt.params.max_tokens.min(shared.config.max_output_tokens),
        stop: prompt.params.stop.clone(),
    };
    let first_token = session.tokens.len();
    let (phase, stalled) = if session.ledger.needs_voucher_before_prefill() {
        let checkpoint = session.checkpoint(&shared.desk).await?;
        socket.send(&checkpoint).await?;
        (Phase::Unpaid(Box::new(request)), Some(Instant::now()))
    } else {
        (Phase::Streaming(Stream::start(backend, request)?), None)
    };
    Ok(Some(Turn { id: prompt.id, began, first_token, text: String::new(), params: prompt.params, phase, stalled }))
}

/// Whether the session can take a prompt at all, and this one.
async fn check(shared: &Shared, session: &mut Session, prompt: &wire::Prompt) -> Result<(), HostError> {
    prompt.validate()?;
    prompt.params.validate()?;
    let bytes = prompt.text.as_ref().map_or(0, String::len)
        + prompt.messages.iter().flatten().map(|message| message.content.len()).sum::<usize>();
    if bytes > shared.config.max_prompt_bytes as usize {
        let limit = shared.config.max_prompt_bytes;
        return Err(HostError::coded(
            Code::PromptTooLong,
            format!("the prompt has {bytes} bytes, at most {limit} are read"),
        ));
    }
    if session.ledger.transcript().turns() >= u64::from(MAX_TURNS) {
        return Err(HostError::coded(Code::ContextFull, format!("a session has {MAX_TURNS} turns at most")));
    }
    if session.unconfirmed && opening::is_confirmed(shared, session.id).await? {
        session.unconfirmed = false;
    }
    Ok(())
}

/// The messages that this prompt adds.
fn new_messages(session: &Session, prompt: &wire::Prompt) -> Result<Vec<Message>, HostError> {
    let new = match (&prompt.text, &prompt.messages) {
        (Some(text), _) => vec![Message::new(Role::User, text.clone())],
        (None, Some(messages)) => session.extension(messages)?.to_vec(),
        (None, None) => Vec::new(),
    };
    match new.last() {
        Some(last) if last.role == Role::User => Ok(new),
        _ => Err(HostError::coded(Code::InvalidParams, "a prompt ends with a message of the user")),
    }
}

fn too_long(history: usize, new: usize, context: usize) -> HostError {
    if history == 0 {
        let message = format!("the prompt has {new} tokens, the context {context}, and an answer needs one");
        return HostError::coded(Code::PromptTooLong, message);
    }
    let message =
        format!("{history} tokens of history and {new} new ones do not fit the context of {context} with an answer");
    HostError::coded(Code::ContextFull, message)
}

/// Whether the deposit covers reading these tokens and sampling one, looking at the chain again if it does not.
async fn afford(shared: &Shared, session: &mut Session, tokens: usize) -> Result<(), HostError> {
    if session.ledger.affords(Usage::new(tokens as u64, 1)) {
        return Ok(());
    }
    refresh(shared, session).await?;
    if session.ledger.affords(Usage::new(tokens as u64, 1)) {
        return Ok(());
    }
    Err(HostError::coded(Code::DepositExhausted, "the deposit does not cover the prompt and one token of its answer"))
}

/// Reads the deposit from the chain again: somebody may have added to it.
async fn refresh(shared: &Shared, session: &mut Session) -> Result<(), HostError> {
    let details = shared.wallet.chain().session_details(session.id).await?;
    if details.status != ISessionMarket::Status::Active {
        return Err(HostError::coded(Code::SessionNotActive, "the session has ended on chain"));
    }
    session.raise_deposit(Amount::from(details.deposit));
    Ok(())
}

/// The digest of the renter's signed request, if it sent one: the fed leaves' fingerprint.
fn request_digest(shared: &Shared, session: &Session, prompt: &wire::Prompt, fed: &[u32]) -> Result<B256, HostError> {
    let Some(signed) = &prompt.request else { return Ok(B256::ZERO) };
    let request = messages::Request {
        sessionId: session.id,
        turn: signed.turn,
        context: signed.context,
        tokens: signed.tokens,
        params: signed.params,
        maxTokens: signed.max_tokens,
        nonce: signed.nonce,
        hostSeed: signed.host_seed,
    };
    request.verify(&shared.desk.domain, &signed.signature, session.terms.voucherSigner)?;
    let transcript = session.ledger.transcript();
    let holds = signed.turn == transcript.turns()
        && signed.context == transcript.context()
        && signed.tokens == fabstir_core::transcript::tokens_digest(fed)
        && signed.params == prompt.params.digest()?
        && signed.max_tokens == u64::from(prompt.params.max_tokens)
        && signed.nonce == prompt.params.nonce
        && signed.host_seed == session.seed_link(transcript.turns())?;
    if holds {
        return Ok(request.digest(&shared.desk.domain));
    }
    Err(HostError::coded(Code::InvalidParams, "the signed request is not about this prompt"))
}

/// Carries the answer one step on. Returns the turn while it goes on.
///
/// # Errors
///
/// Those of the socket and the journal.
pub(crate) async fn advance(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    mut turn: Turn,
    step: Step,
) -> Result<Option<Turn>, HostError> {
    match step {
        Step::Token(token) => {
            let index = (session.tokens.len() - turn.first_token) as u32;
            session.sample(token.id);
            turn.text.push_str(&token.text);
            let message = HostMessage::Token(wire::Token { id: turn.id, index, text: token.text, token: token.id });
            session.keep(&message);
            socket.send(&message).await?;
            if session.ledger.checkpoint_due() {
                let checkpoint = session.checkpoint(&shared.desk).await?;
                socket.send(&checkpoint).await?;
            }
            match hold(shared, session, socket, &mut turn).await? {
                Some(reason) => finish(shared, session, Some(socket), turn, Ok(reason)).await.map(|()| None),
                None => Ok(Some(turn)),
            }
        }
        Step::Finished(reason) => finish(shared, session, Some(socket), turn, Ok(reason)).await.map(|()| None),
        Step::Failed(error) => {
            tracing::warn!(session = %session.id, %error, "an answer failed");
            finish(shared, session, Some(socket), turn, Err(error.into())).await.map(|()| None)
        }
    }
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
/// [`Code::Overloaded`] if the answer cannot be started.
pub(crate) fn wake(session: &Session, mut turn: Turn) -> Result<Turn, HostError> {
    if turn.stalled.is_none() {
        return Ok(turn);
    }
    turn.phase = match turn.phase {
        Phase::Unpaid(request) if !session.ledger.needs_voucher_before_prefill() => {
            turn.stalled = None;
            Phase::Streaming(Stream::start(Arc::clone(&session.model.backend), *request)?)
        }
        Phase::Streaming(stream) if session.may_sample() => {
            turn.stalled = None;
            Phase::Streaming(stream)
        }
        waiting => waiting,
    };
    Ok(turn)
}

/// Ends an answer: the last checkpoint, then `done`, or what went wrong. With no socket they are only kept for the
/// client, should it come back.
///
/// # Errors
///
/// Those of the socket and the journal.
pub(crate) async fn finish(
    shared: &Shared,
    session: &mut Session,
    mut socket: Option<&mut Socket>,
    turn: Turn,
    ending: Result<FinishReason, HostError>,
) -> Result<(), HostError> {
    let Turn { id, began, first_token, text, params, phase, .. } = turn;
    // Stops the compute before anything waits for the disk.
    drop(phase);
    session.messages.push(Message::new(Role::Assistant, text.clone()));
    if session.has_news() {
        let checkpoint = session.checkpoint(&shared.desk).await?;
        if let Some(socket) = socket.as_deref_mut() {
            socket.send(&checkpoint).await?;
        }
    }
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
    match socket {
        Some(socket) => socket.send(&last).await,
        None => Ok(()),
    }
}
