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
    inference::{Backend, FinishReason, GenerationRequest, TokenId},
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

/// Renders a prompt, accepts it and starts its answer. From the moment it is accepted `slot` holds the turn, whatever
/// fails after: whoever keeps the session can bring it to its end.
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
    let Some((accepted, turn)) = accept(shared, session, socket, prompt).await? else { return Ok(()) };
    let turn = slot.insert(turn);
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

/// Checks a prompt and commits it to the transcript. Nothing is computed for it yet. `None` if the renter has to agree
/// to a second reading first.
async fn accept(
    shared: &Shared,
    session: &mut Session,
    socket: &mut Socket,
    prompt: wire::Prompt,
) -> Result<Option<(HostMessage, Turn)>, HostError> {
    check(shared, session, &prompt).await?;
    let new = new_messages(session, &prompt)?;
    let known = session.known();
    let backend = Arc::clone(&session.model.backend);
    let was_evicted = backend.cached(session.sequence) < known;
    if was_evicted && !prompt.params.reread {
        let tokens = u32::try_from(known).unwrap_or(u32::MAX);
        socket.send(&HostMessage::Evicted(wire::Evicted { id: prompt.id, tokens })).await?;
        return Ok(None);
    }
    let again = if was_evicted { known } else { 0 };
    let mut messages = session.messages.clone();
    messages.extend_from_slice(&new);
    let (fed, messages) = render(&backend, messages, session).await?;
    let context = backend.model().context_length as usize;
    if session.tokens.len() + fed.len() >= context {
        return Err(too_long(session.tokens.len(), fed.len(), context));
    }
    afford(shared, session, fed.len() + again).await?;
    if !session.is_secured(Usage::new((fed.len() + again) as u64, 1)) {
        return Err(HostError::coded(Code::UnconfirmedSession, "the deposit waits for its confirmations"));
    }
    let fingerprint = request_digest(shared, session, &prompt, &fed)?;
    let host_seed = session.seed_link(session.ledger.transcript().turns() + 1)?;

    let began = session.ledger.usage();
    let turn = session.begin_turn();
    session.reread(again);
    session.feed(&fed, fingerprint);
    session.messages = messages;
    let accepted = HostMessage::Accepted(wire::Accepted {
        id: prompt.id,
        turn,
        input_tokens: session.ledger.usage().input - began.input,
        tokens: fed,
        host_seed,
    });
    session.keep(&accepted);
    let request = GenerationRequest {
        sequence: session.sequence,
        tokens: session.tokens.clone(),
        known,
        // Evicted between the question above and the answer: read again at our own expense.
        reread: true,
        sampling: prompt.params.sampling(),
        turn_seed: sampling::turn_seed(prompt.params.nonce, host_seed),
        max_tokens: prompt.params.max_tokens.min(shared.config.max_output_tokens),
        stop: prompt.params.stop.clone(),
    };
    let turn = Turn {
        id: prompt.id,
        began,
        first_token: session.tokens.len(),
        text: String::new(),
        params: prompt.params,
        phase: Phase::Unpaid(Box::new(request)),
        stalled: Some(Instant::now()),
    };
    Ok(Some((accepted, turn)))
}

/// The tokens that continue the session with these messages, which are returned too. On a thread that may block: a long
/// conversation takes its time, and some backends ask a program for it.
async fn render(
    backend: &Arc<dyn Backend>,
    messages: Vec<Message>,
    session: &Session,
) -> Result<(Vec<TokenId>, Vec<Message>), HostError> {
    let (backend, committed, last) = (Arc::clone(backend), session.messages.len(), session.tokens.last().copied());
    let rendering = tokio::task::spawn_blocking(move || {
        let tokens = backend.render(&messages, committed, last);
        (tokens, messages)
    });
    let (tokens, messages) =
        rendering.await.map_err(|error| HostError::coded(Code::Internal, format!("rendering: {error}")))?;
    Ok((tokens?, messages))
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
/// [`Code::Overloaded`] if the answer cannot be started.
pub(crate) fn wake(session: &Session, turn: &mut Turn) -> Result<(), HostError> {
    match &turn.phase {
        Phase::Unpaid(request) if !session.ledger.needs_voucher_before_prefill() => {
            let backend = Arc::clone(&session.model.backend);
            turn.phase = Phase::Streaming(Stream::start(backend, GenerationRequest::clone(request))?);
            turn.stalled = None;
        }
        Phase::Streaming(_) if session.may_sample() => turn.stalled = None,
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
    let Some(Turn { id, began, first_token, text, params, phase, .. }) = slot.take() else { return Ok(()) };
    // Stops the compute before anything waits for the disk.
    drop(phase);
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
