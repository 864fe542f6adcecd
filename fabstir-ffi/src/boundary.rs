//! What stands between C and Rust: one place where panics stop, and the words of the last failure.

use crate::{
    buffer::{copy_out, fabstir_string},
    fabstir_status,
    pointer::{self, Out},
};
use std::{
    any::Any,
    borrow::Cow,
    cell::RefCell,
    ffi::c_char,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Why a call failed: its status, and words for people.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: fabstir_status,
    pub(crate) message: Cow<'static, str>,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: fabstir_status, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }

    /// A value the caller gave that cannot be read.
    pub(crate) fn invalid(what: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(fabstir_status::InvalidValue, format!("invalid {what}: {reason}"))
    }

    /// No failure, but no result either: nothing is told about it.
    pub(crate) const fn quiet(status: fabstir_status) -> Self {
        Self { status, message: Cow::Borrowed("") }
    }
}

impl From<fabstir_core::Error> for Failure {
    fn from(error: fabstir_core::Error) -> Self {
        Self::new(error.code().into(), error.to_string())
    }
}

thread_local! {
    static LAST: RefCell<Cow<'static, str>> = const { RefCell::new(Cow::Borrowed("")) };
}

/// Runs the body of a function that C calls. Nothing unwinds past it; what failed is kept for
/// [`fabstir_last_error`].
pub(crate) fn guard(body: impl FnOnce() -> Outcome) -> fabstir_status {
    // A handle that a panic has left half changed stays memory-safe, and the status says that it may be useless.
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return fabstir_status::Ok,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(fabstir_status::Panic, panic_message(panic.as_ref()).to_owned()),
    };
    if !failure.message.is_empty() {
        // A thread that is ending has nowhere to keep it, and nobody to ask for it.
        let _ = LAST.try_with(|last| last.replace(failure.message));
    }
    failure.status
}

/// As [`guard`], for functions that answer with no status, as every `_free` does.
pub(crate) fn quietly(body: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(body));
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a fault of ours, without words")
}

/// What the last failed call on this thread had to say, for people; empty if none has failed. A call that succeeds
/// leaves it as it is.
///
/// Writes the text and a NUL into `buffer`, and its length without the NUL into `*len`. Too small a buffer is
/// BUFFER_TOO_SMALL: `*len` is written, the buffer is not. `buffer` may be NULL if `capacity` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_last_error(buffer: *mut c_char, capacity: usize, len: *mut usize) -> fabstir_status {
    guard(|| {
        let text = LAST.try_with(|last| last.borrow().clone()).unwrap_or_default();
        // SAFETY: the caller's pointers are as the conventions say.
        unsafe { copy_out(&text, buffer, capacity, len) }
    })
}

/// As `fabstir_last_error`, into memory of ours.
/// Memory: the caller frees `*out` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_last_error_string(out: *mut fabstir_string) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let out: Out<'_, _> = unsafe { pointer::out(out, "out") }?;
        out.write(LAST.try_with(|last| last.borrow().clone()).unwrap_or_default().into_owned().into());
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last() -> String {
        LAST.with(|last| last.borrow().clone().into_owned())
    }

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guard(|| panic!("broken {}", 1)), fabstir_status::Panic);
        assert_eq!(last(), "broken 1");
        assert_eq!(guard(|| Ok(())), fabstir_status::Ok);
        assert_eq!(last(), "broken 1");
        quietly(|| panic!("nobody hears this"));
    }

    #[test]
    fn the_message_is_copied_whole_or_not_at_all() {
        let failed = guard(|| Err(Failure::invalid("thing", "too blue")));
        assert_eq!(failed, fabstir_status::InvalidValue);
        let (mut buffer, mut len) = ([0x7f as c_char; 32], 0);
        // SAFETY: the buffer is as long as is said.
        let status = unsafe { fabstir_last_error(buffer.as_mut_ptr(), 4, &mut len) };
        assert_eq!((status, len, buffer[0]), (fabstir_status::BufferTooSmall, 23, 0x7f));
        // SAFETY: as above.
        let status = unsafe { fabstir_last_error(buffer.as_mut_ptr(), 24, &mut len) };
        assert_eq!((status, len, buffer[23]), (fabstir_status::Ok, 23, 0));
        assert_eq!(buffer[24], 0x7f);
    }

    #[test]
    fn messages_stay_on_their_thread() {
        guard(|| Err(Failure::invalid("here", "x")));
        std::thread::spawn(|| assert_eq!(last(), "")).join().expect("no panic");
        assert_eq!(last(), "invalid here: x");
    }
}
