//! What a stream of an answer says.

use crate::{fabstir_amount, fabstir_string, fabstir_usage};
use fabstir_core::{inference::FinishReason, renter::Event};
use std::ptr;

/// Why an answer ended.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum fabstir_finish {
    /// It has not ended.
    None = 0,
    /// The model came to an end, or a stop text appeared.
    Stop = 1,
    /// The most tokens asked for, or the context's end.
    Length = 2,
    /// It was cancelled.
    Cancelled = 3,
    /// The deposit or the credit window ended.
    Credit = 4,
}

impl From<FinishReason> for fabstir_finish {
    fn from(reason: FinishReason) -> Self {
        match reason {
            FinishReason::Length => Self::Length,
            FinishReason::Cancelled => Self::Cancelled,
            FinishReason::Credit => Self::Credit,
            _ => Self::Stop,
        }
    }
}

/// What an event tells.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum fabstir_event_kind {
    /// Nothing.
    None = 0,
    /// The prompt was accepted; `usage.input` tokens are billed for it.
    Accepted = 1,
    /// A token: `token` and `text`.
    Token = 2,
    /// A checkpoint was verified and a voucher for it sent: `usage` and `owed`, both since the session opened.
    Voucher = 3,
    /// The connection had dropped; the session goes on where it was.
    Resumed = 4,
    /// The answer is complete: `finish`, and its own tokens in `usage`.
    Done = 5,
    /// The host serves the session. This and those below come from a fabstir_renter_session alone.
    Opened = 6,
    /// The host dropped the session's cache and did not take the prompt; `usage.input` tokens would be read again and billed.
    Evicted = 7,
    /// The host refused, or an answer failed: `code` and `text`.
    Refused = 8,
    /// The host agreed to end the session at `usage`: see fabstir_renter_session_closing().
    Closed = 9,
    /// The host is there.
    Pong = 10,
    /// The conversation begins anew; what was billed stays billed.
    Cleared = 11,
}

/// One thing that happened while an answer came in. Fields that its kind does not name are zero.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
#[repr(C)]
pub struct fabstir_event {
    /// What it tells.
    pub kind: fabstir_event_kind,
    /// The token's id.
    pub token: u32,
    /// Text that became certain with the token: whole characters, often none. Or the host's words. The caller frees it with
    /// fabstir_string_free(), which does nothing for events without a text.
    pub text: fabstir_string,
    /// LLM tokens.
    pub usage: fabstir_usage,
    /// What the tokens cost, in base units.
    pub owed: fabstir_amount,
    /// Why the answer ended.
    pub finish: fabstir_finish,
    /// The number of the host's code.
    pub code: u32,
}

impl fabstir_event {
    /// An event of this kind, all else zero.
    pub(crate) fn new(kind: fabstir_event_kind) -> Self {
        Self {
            kind,
            token: 0,
            text: fabstir_string { data: ptr::null_mut(), len: 0 },
            usage: fabstir_usage::default(),
            owed: fabstir_amount::default(),
            finish: fabstir_finish::None,
            code: 0,
        }
    }

    /// A token.
    pub(crate) fn token(id: u32, text: String) -> Self {
        Self { token: id, text: text.into(), ..Self::new(fabstir_event_kind::Token) }
    }
}

impl From<Event> for fabstir_event {
    fn from(event: Event) -> Self {
        use fabstir_event_kind as Kind;
        match event {
            Event::Opened => Self::new(Kind::Opened),
            Event::Resumed => Self::new(Kind::Resumed),
            Event::Accepted { input_tokens } => {
                Self { usage: fabstir_usage { input: input_tokens, output: 0 }, ..Self::new(Kind::Accepted) }
            }
            Event::Token { id, text } => Self::token(id, text),
            Event::Voucher { usage, owed } => {
                Self { usage: usage.into(), owed: owed.into(), ..Self::new(Kind::Voucher) }
            }
            Event::Done { reason, usage } => {
                Self { finish: reason.into(), usage: usage.into(), ..Self::new(Kind::Done) }
            }
            Event::Evicted { tokens } => {
                Self { usage: fabstir_usage { input: tokens.into(), output: 0 }, ..Self::new(Kind::Evicted) }
            }
            Event::Refused(frame) => {
                let error = frame.to_error();
                Self { code: error.code().number().into(), text: error.to_string().into(), ..Self::new(Kind::Refused) }
            }
            Event::Closed { close, .. } => Self { usage: close.usage().into(), ..Self::new(Kind::Closed) },
            Event::Pong => Self::new(Kind::Pong),
            Event::Cleared => Self::new(Kind::Cleared),
            _ => Self::new(Kind::None),
        }
    }
}
