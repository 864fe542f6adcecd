//! Answers coming in, from a session or a model here.

use crate::abi::{SLICE_MS, beside, check, failure, handle, hex, take};
use fabstir::{
    fabstir_amount, fabstir_event, fabstir_event_kind as Kind, fabstir_finish, fabstir_generation_cancel,
    fabstir_generation_free, fabstir_generation_next, fabstir_session_cancel, fabstir_session_next, fabstir_status,
    fabstir_string, fabstir_usage,
};
use napi::Result;
use napi_derive::napi;
use std::ptr;

/// One thing that happened.
#[napi(object)]
#[derive(Debug)]
pub struct NativeEvent {
    /// accepted, token, voucher, resumed, done, or another of no interest here.
    pub kind: String,
    /// The token's id.
    pub token: u32,
    /// Its text.
    pub text: String,
    /// Tokens fed, decimal.
    pub input: String,
    /// Tokens sampled, decimal.
    pub output: String,
    /// Base units, hex.
    pub owed: String,
    /// Why it ended.
    pub reason: String,
}

impl From<fabstir_event> for NativeEvent {
    fn from(event: fabstir_event) -> Self {
        let kind = match event.kind {
            Kind::Accepted => "accepted",
            Kind::Token => "token",
            Kind::Voucher => "voucher",
            Kind::Resumed => "resumed",
            Kind::Done => "done",
            _ => "other",
        };
        let reason = match event.finish {
            fabstir_finish::None => "",
            fabstir_finish::Stop => "stop",
            fabstir_finish::Length => "length",
            fabstir_finish::Cancelled => "cancelled",
            fabstir_finish::Credit => "credit",
        };
        Self {
            kind: kind.into(),
            token: event.token,
            input: event.usage.input.to_string(),
            output: event.usage.output.to_string(),
            owed: hex(&event.owed.bytes),
            reason: reason.into(),
            text: take(event.text),
        }
    }
}

fn nothing() -> fabstir_event {
    fabstir_event {
        kind: Kind::None,
        token: 0,
        text: fabstir_string { data: ptr::null_mut(), len: 0 },
        usage: fabstir_usage::default(),
        owed: fabstir_amount::default(),
        finish: fabstir_finish::None,
        code: 0,
    }
}

/// Pulls until there is an event or the end.
fn pull(next: impl Fn(u32, *mut fabstir_event) -> fabstir_status) -> Result<Option<NativeEvent>> {
    let mut event = nothing();
    loop {
        match next(SLICE_MS, &mut event) {
            fabstir_status::Ok => return Ok(Some(event.into())),
            fabstir_status::Timeout => {}
            fabstir_status::End => return Ok(None),
            other => return Err(failure(other)),
        }
    }
}

/// The next event of a session's answer.
#[napi]
pub async fn session_next(session: f64) -> Result<Option<NativeEvent>> {
    // SAFETY: the event is a place for one.
    beside(move || pull(|timeout, event| unsafe { fabstir_session_next(handle(session), timeout, event) })).await
}

/// The next event of a model's answer.
#[napi]
pub async fn generation_next(generation: f64) -> Result<Option<NativeEvent>> {
    // SAFETY: the event is a place for one.
    beside(move || pull(|timeout, event| unsafe { fabstir_generation_next(handle(generation), timeout, event) })).await
}

/// Has a session's answer stop.
#[napi]
pub fn session_cancel(session: f64) -> Result<()> {
    // SAFETY: handles are looked up.
    check(unsafe { fabstir_session_cancel(handle(session)) })
}

/// Has a model's answer stop.
#[napi]
pub fn generation_cancel(generation: f64) -> Result<()> {
    // SAFETY: handles are looked up.
    check(unsafe { fabstir_generation_cancel(handle(generation)) })
}

/// Frees a model's answer.
#[napi]
pub fn generation_free(generation: f64) {
    fabstir_generation_free(handle(generation));
}
