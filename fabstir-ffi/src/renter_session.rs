//! The renter's side of the protocol without a socket: frames in, frames out. For programs with a network of their own.

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::{fabstir_bytes, fabstir_string},
    chat::{PromptOptions, random32},
    event::{fabstir_event, fabstir_event_kind},
    fabstir_amount, fabstir_close, fabstir_domain, fabstir_hash, fabstir_signature, fabstir_status, fabstir_terms,
    fabstir_usage, fabstir_voucher,
    handle::Table,
    json,
    key::{KEYS, fabstir_key},
    pointer::{out, read, slice, text},
    wire::format,
};
use fabstir_core::{
    messages::{Close, Domain},
    renter::{Agreement, Event, RenterSession},
    signature::Signature65,
    wire::{self, ClientMessage, Format, Message},
};
use std::{
    collections::VecDeque,
    ffi::c_char,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A renter's session with a host, without a socket.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_renter_session {
    _opaque: [u8; 0],
}

static RENTER_SESSIONS: Table<fabstir_renter_session, Mutex<Engine>> = Table::new("renter session");

/// The core's session, and what it wants to send.
struct Engine {
    inner: RenterSession,
    format: Format,
    /// Never more than two reactions' worth: nothing more is taken in while something waits to be sent.
    outbox: VecDeque<ClientMessage>,
    closing: Option<(Close, Signature65)>,
}

impl Engine {
    const fn new(inner: RenterSession, format: Format) -> Self {
        Self { inner, format, outbox: VecDeque::new(), closing: None }
    }

    fn receive(&mut self, frame: &[u8]) -> Outcome<(fabstir_event, bool)> {
        if !self.outbox.is_empty() {
            return Err(Failure::new(fabstir_status::UnexpectedMessage, "frames wait to be sent"));
        }
        let message = wire::decode_host(frame, self.format).map_err(fabstir_core::Error::from)?;
        let reaction = self.inner.receive(message)?;
        self.outbox.extend(reaction.send);
        if let Some(Event::Closed { close, signature }) = &reaction.event {
            self.closing = Some((close.clone(), *signature));
        }
        let event = reaction.event.map_or_else(|| fabstir_event::new(fabstir_event_kind::None), Into::into);
        Ok((event, reaction.record))
    }
}

fn engine<T>(
    session: *const fabstir_renter_session,
    act: impl FnOnce(&mut MutexGuard<'_, Engine>) -> Outcome<T>,
) -> Outcome<T> {
    let session = RENTER_SESSIONS.get(session)?;
    act(&mut session.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A session whose deposit is on chain, not yet opened at its host. `voucher_key` is the key that the terms name,
/// `secret` 32 random bytes that blind the transcript's leaves; `format` a FABSTIR_FORMAT. OVERFLOW as
/// fabstir_terms_session_id(), WRONG_SIGNER if the key is another.
/// Memory: the caller frees `*session` with fabstir_renter_session_free(), and may free the key before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_new(
    domain: *const fabstir_domain,
    terms: *const fabstir_terms,
    deposit: *const fabstir_amount,
    voucher_key: *const fabstir_key,
    secret: *const fabstir_hash,
    frames: u32,
    session: *mut *mut fabstir_renter_session,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (domain, terms, deposit) =
            unsafe { (read(domain, "domain")?, read(terms, "terms")?, read(deposit, "deposit")?) };
        // SAFETY: as above.
        let (secret, session) = unsafe { (read(secret, "secret")?, out(session, "session")?) };
        let key = KEYS.get(voucher_key)?;
        let (expected, actual) = (terms.voucher_signer.into(), key.address());
        if expected != actual {
            return Err(fabstir_core::Error::WrongSigner { expected, actual }.into());
        }
        let agreement = Agreement {
            terms: terms.try_into()?,
            domain: domain.into(),
            deposit: deposit.into(),
            voucher_key: (*key).clone(),
            secret: secret.into(),
        };
        let engine = Engine::new(RenterSession::new(agreement), format(frames)?);
        session.write(RENTER_SESSIONS.insert(Mutex::new(engine)));
        Ok(())
    })
}

/// A session as fabstir_renter_session_snapshot() has kept it. Connect it again. MALFORMED_FRAME if it is no snapshot,
/// WRONG_CHAIN if it is of another market.
/// Memory: the caller frees `*session` with fabstir_renter_session_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_restore(
    domain: *const fabstir_domain,
    snapshot: *const u8,
    len: usize,
    frames: u32,
    session: *mut *mut fabstir_renter_session,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (domain, snapshot, session) =
            unsafe { (read(domain, "domain")?, slice(snapshot, len, "snapshot")?, out(session, "session")?) };
        let inner = RenterSession::restore(&Domain::from(domain), snapshot)?;
        session.write(RENTER_SESSIONS.insert(Mutex::new(Engine::new(inner, format(frames)?))));
        Ok(())
    })
}

/// Begins a connection, the first or another after one that dropped: what waits to be sent is the first frame of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_connect(session: *mut fabstir_renter_session) -> fabstir_status {
    guard(|| {
        engine(session, |engine| {
            let hello = engine.inner.connect(random32());
            engine.outbox.clear();
            engine.outbox.push_back(hello);
            Ok(())
        })
    })
}

/// The next frame to send to the host. END if none waits: then the host's next frame is due.
/// Memory: the caller frees `*frame` with fabstir_bytes_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_send(
    session: *mut fabstir_renter_session,
    frame: *mut fabstir_bytes,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let frame = unsafe { out(frame, "frame") }?;
        engine(session, |engine| {
            let Some(message) = engine.outbox.pop_front() else { return Err(Failure::quiet(fabstir_status::End)) };
            frame.write(wire::encode(&message, engine.format)?.into());
            Ok(())
        })
    })
}

/// Takes a frame from the host and tells what it means: `event->kind` is 0 if nothing worth telling. Afterwards, in this
/// order: if `*record` is 1, the counts of fabstir_renter_session_voucher(), or a snapshot, must be on the disk; then send
/// what waits; then take the next frame.
///
/// Any status but 0 means that the host breaks the protocol (MISBEHAVIOUR, WRONG_HEAD, BAD_SIGNATURE...): drop the connection;
/// nothing was signed. UNEXPECTED_MESSAGE also while frames wait to be sent.
/// Memory: the caller frees `event->text` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_receive(
    session: *mut fabstir_renter_session,
    frame: *const u8,
    len: usize,
    record: *mut u8,
    event: *mut fabstir_event,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (frame, record, event) =
            unsafe { (slice(frame, len, "frame")?, out(record, "record")?, out(event, "event")?) };
        let (told, must_record) = engine(session, |engine| engine.receive(frame))?;
        record.write(must_record.into());
        event.write(told);
        Ok(())
    })
}

/// Asks the next question: what waits to be sent has it. `options` as fabstir_session_prompt(). SESSION_BUSY while an answer
/// is coming in, UNEXPECTED_MESSAGE unless the session is open, INVALID_PARAMS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_prompt(
    session: *mut fabstir_renter_session,
    prompt: *const c_char,
    prompt_len: usize,
    options: *const c_char,
    options_len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (prompt, options) =
            unsafe { (text(prompt, prompt_len, "prompt")?, text(options, options_len, "options")?) };
        let params = json::read::<PromptOptions>(options, "options")?.params()?;
        engine(session, |engine| {
            let message = engine.inner.prompt(prompt.to_owned(), params)?;
            engine.outbox.push_back(message);
            Ok(())
        })
    })
}

/// As fabstir_renter_session_prompt(), with several messages, the last of them the user's: [{"role", "content"}].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_prompt_messages(
    session: *mut fabstir_renter_session,
    messages: *const c_char,
    messages_len: usize,
    options: *const c_char,
    options_len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (messages, options) =
            unsafe { (text(messages, messages_len, "messages")?, text(options, options_len, "options")?) };
        let messages: Vec<Message> = json::read(messages, "messages")?;
        let params = json::read::<PromptOptions>(options, "options")?.params()?;
        engine(session, |engine| {
            let message = engine.inner.prompt_messages(messages, params)?;
            engine.outbox.push_back(message);
            Ok(())
        })
    })
}

/// Asks the host to stop the answer coming in, if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_cancel(session: *mut fabstir_renter_session) -> fabstir_status {
    guard(|| {
        engine(session, |engine| {
            let cancel = engine.inner.cancel();
            // Asking twice before anything was sent is asking once.
            if !matches!(engine.outbox.back(), Some(ClientMessage::Cancel(_))) {
                engine.outbox.extend(cancel);
            }
            Ok(())
        })
    })
}

/// Asks the host to forget the conversation: the next prompt is the first of a new one. What was billed stays billed.
/// SESSION_BUSY while an answer is coming in, UNEXPECTED_MESSAGE unless the session is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_clear(session: *mut fabstir_renter_session) -> fabstir_status {
    guard(|| {
        engine(session, |engine| {
            let clear = engine.inner.clear()?;
            engine.outbox.push_back(clear);
            Ok(())
        })
    })
}

/// Asks for the end of the session. SESSION_BUSY while an answer is coming in, UNEXPECTED_MESSAGE unless it is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_close(session: *mut fabstir_renter_session) -> fabstir_status {
    guard(|| {
        engine(session, |engine| {
            let close = engine.inner.close()?;
            engine.outbox.push_back(close);
            Ok(())
        })
    })
}

/// Takes note that the deposit is now `deposit` in all. A smaller one is older news.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_deposit_raised(
    session: *mut fabstir_renter_session,
    deposit: *const fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let deposit = unsafe { read(deposit, "deposit") }?;
        engine(session, |engine| {
            engine.inner.deposit_raised(deposit.into());
            Ok(())
        })
    })
}

/// Everything needed to come back later, the voucher key included: keep it private.
/// Memory: the caller frees `*snapshot` with fabstir_bytes_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_snapshot(
    session: *const fabstir_renter_session,
    snapshot: *mut fabstir_bytes,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let snapshot = unsafe { out(snapshot, "snapshot") }?;
        engine(session, |engine| {
            snapshot.write(engine.inner.snapshot()?.into());
            Ok(())
        })
    })
}

/// Tokens recomputed so far, and what they cost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_owed(
    session: *const fabstir_renter_session,
    usage: *mut fabstir_usage,
    owed: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (usage, owed) = unsafe { (out(usage, "usage")?, out(owed, "owed")?) };
        engine(session, |engine| {
            usage.write(engine.inner.usage().into());
            owed.write(engine.inner.owed().into());
            Ok(())
        })
    })
}

/// The newest voucher and its signature. END if nothing was signed for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_voucher(
    session: *const fabstir_renter_session,
    voucher: *mut fabstir_voucher,
    signature: *mut fabstir_signature,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (voucher, signature) = unsafe { (out(voucher, "voucher")?, out(signature, "signature")?) };
        let newest = engine(session, |engine| Ok(engine.inner.voucher()))?;
        let (newest, signed) = newest.ok_or_else(|| Failure::quiet(fabstir_status::End))?;
        voucher.write(fabstir_voucher {
            session_id: newest.sessionId.into(),
            input_tokens: newest.inputTokens,
            output_tokens: newest.outputTokens,
            head: newest.head.into(),
        });
        signature.write(signed.into());
        Ok(())
    })
}

/// The host's consent to end the session, with which anyone can complete it on chain. END before it was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_closing(
    session: *const fabstir_renter_session,
    close: *mut fabstir_close,
    signature: *mut fabstir_signature,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (close, signature) = unsafe { (out(close, "close")?, out(signature, "signature")?) };
        let closing = engine(session, |engine| Ok(engine.closing.clone()))?;
        let (agreed, signed) = closing.ok_or_else(|| Failure::quiet(fabstir_status::End))?;
        close.write(fabstir_close {
            session_id: agreed.sessionId.into(),
            input_tokens: agreed.inputTokens,
            output_tokens: agreed.outputTokens,
            deadline: agreed.deadline,
        });
        signature.write(signed.into());
        Ok(())
    })
}

/// The conversation so far, as JSON: [{"role", "content"}].
/// Memory: the caller frees `*messages` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_session_messages(
    session: *const fabstir_renter_session,
    messages: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let messages = unsafe { out(messages, "messages") }?;
        messages.write(engine(session, |engine| json::write(engine.inner.messages()))?);
        Ok(())
    })
}

/// Frees a session. NULL, or one freed before, is a no-op.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_renter_session_free(session: *mut fabstir_renter_session) {
    RENTER_SESSIONS.free(session);
}
