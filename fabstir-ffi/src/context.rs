//! Chat history within a token budget.

use crate::{
    boundary::{Failure, guard},
    fabstir_status, json,
    pointer::{out, slice, text},
};
use fabstir_core::{context, wire::Message};
use std::ffi::c_char;

/// The messages to keep, by index and in order, so that their tokens stay within the budget: every system message, the last
/// turn, and as many whole turns before it, newest first, as fit. `messages` is JSON, [{"role", "content"}]; `costs` are
/// their tokens, one a message, template included.
///
/// PROMPT_TOO_LONG if system messages and last turn alone are over the budget; INVALID_PARAMS without a user message or with
/// another number of costs; BUFFER_TOO_SMALL if more than `capacity` are kept: `*kept_count` says how many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_context_fit(
    messages: *const c_char,
    messages_len: usize,
    costs: *const u32,
    costs_count: usize,
    budget: u32,
    kept: *mut usize,
    capacity: usize,
    kept_count: *mut usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (messages, costs) =
            unsafe { (text(messages, messages_len, "messages")?, slice(costs, costs_count, "costs")?) };
        let messages: Vec<Message> = json::read(messages, "messages")?;
        let found = context::fit(&messages, costs, budget)?;
        // SAFETY: as above.
        unsafe { out(kept_count, "kept_count") }?.write(found.len());
        if found.len() > capacity {
            return Err(Failure::quiet(fabstir_status::BufferTooSmall));
        }
        // SAFETY: as above; asked only whether it is NULL or out of line.
        unsafe { out(kept, "kept") }?;
        // SAFETY: it has room for them, and cannot overlap with memory of ours.
        unsafe { std::ptr::copy_nonoverlapping(found.as_ptr(), kept, found.len()) };
        Ok(())
    })
}
