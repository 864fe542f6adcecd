//! A paid session with a host. A task of ours drives it: prompts and wishes go in by one bounded channel, events come out
//! by another, so that no call of the caller's is ever dropped halfway through a signature.

mod task;

pub(crate) use task::Live;

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::fabstir_string,
    chat::PromptOptions,
    event::fabstir_event,
    fabstir_amount, fabstir_hash, fabstir_status, fabstir_terms, fabstir_usage,
    handle::Table,
    json,
    pointer::{out, read, text},
};
use fabstir_core::wire::{Message, Params};
use std::ffi::c_char;
use task::Asking;

/// A paid session with a host. Made by fabstir_renter_open().
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_session {
    _opaque: [u8; 0],
}

pub(crate) static SESSIONS: Table<fabstir_session, Live> = Table::new("session");

/// A session's books.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct fabstir_ledger {
    /// Tokens received and recomputed here.
    pub usage: fabstir_usage,
    /// Locked in all, in base units.
    pub deposit: fabstir_amount,
    /// What the tokens cost, computed here.
    pub owed: fabstir_amount,
    /// What the chain says was paid, fee included; zero before the session has ended.
    pub paid: fabstir_amount,
    /// What the chain returned to the renter; zero before the session has ended.
    pub refund: fabstir_amount,
}

/// Reads how to answer.
///
/// # Safety
///
/// As [`text`].
unsafe fn params(options: *const c_char, len: usize) -> Outcome<Params> {
    // SAFETY: the caller's word.
    let options = unsafe { text(options, len, "options") }?;
    json::read::<PromptOptions>(options, "options")?.params()
}

/// Asks the next question of the conversation; the answer is pulled with fabstir_session_next(). `options` is JSON,
/// possibly empty; fractions are integers in thousandths:
///
/// ```text
/// {"temperature": 0 to 2000, "top_k": 0 to 256, "top_p": 1 to 1000, "min_p": 0 to 1000, "max_tokens": number,
///  "stop": [texts], "nonce": 0x-hex of 32 bytes, "reread": whether to pay for reading an evicted history again}
/// ```
///
/// SESSION_BUSY while an answer is coming in; INVALID_PARAMS; SESSION_NOT_ACTIVE once closed.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_prompt(
    session: *const fabstir_session,
    prompt: *const c_char,
    prompt_len: usize,
    options: *const c_char,
    options_len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (prompt, params) = unsafe { (text(prompt, prompt_len, "prompt")?, params(options, options_len)?) };
        SESSIONS.get(session)?.ask(Asking { text: Some(prompt.to_owned()), messages: Vec::new(), params })
    })
}

/// As fabstir_session_prompt(), with several messages, the last of them the user's: `messages` is JSON,
/// [{"role": "system", "user" or "assistant", "content": text}].
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_prompt_messages(
    session: *const fabstir_session,
    messages: *const c_char,
    messages_len: usize,
    options: *const c_char,
    options_len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (messages, params) = unsafe { (text(messages, messages_len, "messages")?, params(options, options_len)?) };
        let messages: Vec<Message> = json::read(messages, "messages")?;
        SESSIONS.get(session)?.ask(Asking { text: None, messages, params })
    })
}

/// The next event of the answer coming in. TIMEOUT if nothing came in time, END after the answer's end (and if none was
/// asked for). Vouchers are signed as it is pulled: an answer that is not pulled stops at the end of the credit window.
/// Any other status is the end of the answer: what the host refuses, EVICTED, CONNECTION_LOST; nothing is signed for what
/// does not fit.
/// Feature: client.
/// Memory: the caller frees `event->text` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_next(
    session: *const fabstir_session,
    timeout_ms: u32,
    event: *mut fabstir_event,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let event = unsafe { out(event, "event") }?;
        event.write(SESSIONS.get(session)?.next(timeout_ms)?);
        Ok(())
    })
}

/// Asks the host to stop the answer coming in, if there is one; from any thread, any number of times. The answer still ends
/// in a DONE event; what arrived is owed.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_cancel(session: *const fabstir_session) -> fabstir_status {
    guard(|| {
        SESSIONS.get(session)?.cancel();
        Ok(())
    })
}

/// Begins the conversation anew in the same session: the model forgets what was said; what was billed stays billed.
/// SESSION_BUSY while an answer is coming in, UNSUPPORTED from a host that cannot.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_clear(session: *const fabstir_session) -> fabstir_status {
    guard(|| SESSIONS.get(session)?.clear())
}

/// Adds to the deposit. Sends a transaction; SESSION_BUSY while an answer is coming in.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_top_up(
    session: *const fabstir_session,
    amount: *const fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let amount = unsafe { read(amount, "amount") }?;
        SESSIONS.get(session)?.top_up(amount.into())
    })
}

/// Ends the session: the host signs the final counts and settles, and the rest of the deposit comes back. If the host does
/// not settle in 20 seconds the renter does. SESSION_BUSY while an answer is coming in; CONNECTION_LOST if the host cannot
/// be reached: fabstir_renter_cancel() ends the session without it. The handle is freed as always.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_close(
    session: *const fabstir_session,
    ledger: *mut fabstir_ledger,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let ledger = unsafe { out(ledger, "ledger") }?;
        ledger.write(SESSIONS.get(session)?.close()?);
        Ok(())
    })
}

/// The session's books as they are now.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_ledger(
    session: *const fabstir_session,
    ledger: *mut fabstir_ledger,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(ledger, "ledger") }?.write(SESSIONS.get(session)?.ledger());
        Ok(())
    })
}

/// What was agreed.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_terms(
    session: *const fabstir_session,
    terms: *mut fabstir_terms,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(terms, "terms") }?.write(SESSIONS.get(session)?.terms().into());
        Ok(())
    })
}

/// The session's id on chain.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_id(session: *const fabstir_session, id: *mut fabstir_hash) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(id, "id") }?.write(SESSIONS.get(session)?.id().into());
        Ok(())
    })
}

/// The conversation so far, as JSON: [{"role", "content"}]. An answer joins it when it is complete.
/// Feature: client.
/// Memory: the caller frees `*messages` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_messages(
    session: *const fabstir_session,
    messages: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let messages = unsafe { out(messages, "messages") }?;
        messages.write(json::write(&SESSIONS.get(session)?.messages())?);
        Ok(())
    })
}

/// What the host said when it opened the session, as JSON: {"session_id", "profile", "deposit", "settled",
/// "credit_tokens", "checkpoint_tokens", "context", "retention_seconds", "overhead", "seed_commitment"}.
/// Feature: client.
/// Memory: the caller frees `*opened` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_session_opened(
    session: *const fabstir_session,
    opened: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let opened = unsafe { out(opened, "opened") }?;
        opened.write(json::write(SESSIONS.get(session)?.opened())?);
        Ok(())
    })
}

/// Frees a session's handle. The session itself goes on on chain unless it was closed: fabstir_renter_cancel() ends it.
/// A call that another thread is in ends with END or SESSION_NOT_ACTIVE. NULL, or one freed before, is a no-op.
/// Feature: client.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_session_free(session: *mut fabstir_session) {
    if let Some(live) = SESSIONS.remove(session) {
        crate::boundary::quietly(|| live.stop());
    }
}

pub(crate) fn ended() -> Failure {
    Failure::new(fabstir_status::SessionNotActive, "the session was closed, or its handle freed")
}
