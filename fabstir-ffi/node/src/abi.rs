//! Calling the C ABI from Rust: statuses become errors, outputs values, handles numbers.

use fabstir::{
    fabstir_hash, fabstir_key, fabstir_key_free, fabstir_key_new, fabstir_last_error_string, fabstir_status,
    fabstir_status_is_retryable, fabstir_status_name, fabstir_string, fabstir_string_free,
};
use napi::{Error, Result, Status, bindgen_prelude::spawn_blocking};
use std::{ffi::CStr, ptr};

/// Longest that a thread stays in one call that waits, in milliseconds.
pub(crate) const SLICE_MS: u32 = 250;

/// An error as `js/errors.js` reads it: number, name, whether it can be tried again, and words.
pub(crate) fn error(status: fabstir_status, message: &str) -> Error {
    let number = status.number();
    let name = fabstir_status_name(number);
    // SAFETY: the name of a status is a static text with a NUL.
    let name = if name.is_null() { c"internal" } else { unsafe { CStr::from_ptr(name) } };
    let retryable = u8::from(fabstir_status_is_retryable(number));
    Error::new(Status::GenericFailure, format!("{number} {} {retryable} {message}", name.to_string_lossy()))
}

/// The error of a call that failed on this thread.
pub(crate) fn failure(status: fabstir_status) -> Error {
    let mut words = empty();
    // SAFETY: `words` is a place for a text.
    unsafe { fabstir_last_error_string(&mut words) };
    error(status, &take(words))
}

pub(crate) fn check(status: fabstir_status) -> Result<()> {
    if status == fabstir_status::Ok { Ok(()) } else { Err(failure(status)) }
}

const fn empty() -> fabstir_string {
    fabstir_string { data: ptr::null_mut(), len: 0 }
}

/// A text of the library's, copied and freed.
pub(crate) fn take(mut text: fabstir_string) -> String {
    if text.data.is_null() {
        return String::new();
    }
    // SAFETY: the library wrote `len` bytes there, and keeps them until the line after.
    let copy = String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) });
    let copy = copy.into_owned();
    // SAFETY: a text that the library wrote, freed once.
    unsafe { fabstir_string_free(&mut text) };
    copy
}

/// The text that a call writes.
pub(crate) fn text_from(call: impl FnOnce(*mut fabstir_string) -> fabstir_status) -> Result<String> {
    let mut text = empty();
    check(call(&mut text))?;
    Ok(take(text))
}

/// The handle that a call writes, as a number: handles are never dereferenced, and small.
pub(crate) fn handle_from<T>(call: impl FnOnce(*mut *mut T) -> fabstir_status) -> Result<f64> {
    let mut handle = ptr::null_mut();
    check(call(&mut handle))?;
    Ok(handle.addr() as f64)
}

/// The handle of a number.
pub(crate) fn handle<T>(number: f64) -> *mut T {
    ptr::without_provenance_mut(number as usize)
}

/// Runs what waits on a thread beside the event loop.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|gone| error(fabstir_status::Internal, &gone.to_string()))?
}

/// 32 bytes of a caller's.
pub(crate) fn hash(bytes: &[u8], what: &str) -> Result<fabstir_hash> {
    let bytes = bytes
        .try_into()
        .map_err(|_| error(fabstir_status::InvalidValue, &format!("{what} has {} bytes, not 32", bytes.len())))?;
    Ok(fabstir_hash { bytes })
}

/// A key for as long as it takes to hand it over.
pub(crate) struct Key(pub(crate) *mut fabstir_key);

impl Key {
    pub(crate) fn new(secret: &[u8]) -> Result<Self> {
        let secret = hash(secret, "key")?;
        let mut key = ptr::null_mut();
        // SAFETY: both are ours.
        check(unsafe { fabstir_key_new(&secret, &mut key) })?;
        Ok(Self(key))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        fabstir_key_free(self.0);
    }
}

/// A big-endian number as hex, of which JavaScript makes a bigint.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    std::iter::once("0x".to_owned()).chain(digits).collect()
}
