//! What is looked at before a prompt is accepted. Nothing here changes the conversation or what is owed.

use crate::{
    HostError,
    host::Shared,
    opening,
    session::{MAX_TURNS, Session},
};
use alloy_primitives::B256;
use fabstir_core::{
    Code,
    abi::ISessionMarket,
    amount::{Amount, Usage},
    inference::{Backend, TokenId},
    messages::{self, Signed},
    wire::{self, Message, Role},
};
use std::sync::Arc;

/// A prompt that was checked.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The conversation with it.
    pub(super) messages: Vec<Message>,
    /// The tokens it adds.
    pub(super) fed: Vec<TokenId>,
    pub(super) fingerprint: B256,
    pub(super) host_seed: B256,
    /// Whether it came within the retention: if the cache is gone all the same, that is the host's own affair.
    pub(super) retained: bool,
}

/// What came of looking at a prompt.
pub(super) enum Checked {
    /// So many tokens of the history are gone; the renter has to agree first to having them read again.
    Evicted(usize),
    Prepared(Box<Prepared>),
}

/// Checks a prompt and renders it, changing nothing.
///
/// # Errors
///
/// A code for whatever is wrong with it.
pub(super) async fn prepare(
    shared: &Shared,
    session: &mut Session,
    prompt: &wire::Prompt,
) -> Result<Checked, HostError> {
    check(shared, session, prompt).await?;
    let new = new_messages(session, prompt)?;
    let backend = Arc::clone(&session.model.backend);
    let retained = session.idle() < shared.config.retention;
    // A look before anybody has to make room for it; what counts is what the cache holds once it has a place.
    let again = lost(session, retained, backend.cached(session.sequence));
    if again > 0 && !prompt.params.reread {
        return Ok(Checked::Evicted(again));
    }
    let mut messages = session.messages.clone();
    messages.extend_from_slice(&new);
    let (fed, messages) = render(&backend, messages, session).await?;
    let context = backend.model().context_length as usize;
    if session.tokens.len() + fed.len() >= context {
        return Err(too_long(session.tokens.len(), fed.len(), context));
    }
    cover(shared, session, fed.len() + again).await?;
    let fingerprint = request_digest(shared, session, prompt, &fed)?;
    let host_seed = session.seed_link(session.ledger.transcript().turns() + 1)?;
    Ok(Checked::Prepared(Box::new(Prepared { messages, fed, fingerprint, host_seed, retained })))
}

/// How many tokens of the history must be read again at the renter's expense: none within the retention.
pub(super) fn lost(session: &Session, retained: bool, cached: usize) -> usize {
    if retained || cached >= session.known() { 0 } else { session.known() }
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

/// Whether the deposit covers reading these tokens and sampling one, and is there for good as far as it has to be.
pub(super) async fn cover(shared: &Shared, session: &mut Session, tokens: usize) -> Result<(), HostError> {
    afford(shared, session, tokens).await?;
    if session.is_secured(Usage::new(tokens as u64, 1)) {
        return Ok(());
    }
    Err(HostError::coded(Code::UnconfirmedSession, "the deposit waits for its confirmations"))
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
pub(super) async fn refresh(shared: &Shared, session: &mut Session) -> Result<(), HostError> {
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
