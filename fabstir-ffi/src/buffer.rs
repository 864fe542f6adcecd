//! Memory that we hand out.

use crate::{
    boundary::{Failure, Outcome, quietly},
    fabstir_status, pointer,
};
use std::{ffi::c_char, ptr};

/// Bytes of ours. An empty one has no memory.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
#[repr(C)]
pub struct fabstir_bytes {
    /// The first byte; NULL if there is none.
    pub data: *mut u8,
    /// How many bytes there are.
    pub len: usize,
}

/// A UTF-8 text of ours, with a NUL behind it that `len` does not count. Texts can hold NULs of their own.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
#[repr(C)]
pub struct fabstir_string {
    /// The first byte, or the NUL. NULL only once freed.
    pub data: *mut c_char,
    /// Bytes before the NUL.
    pub len: usize,
}

impl From<Vec<u8>> for fabstir_bytes {
    fn from(bytes: Vec<u8>) -> Self {
        if bytes.is_empty() {
            return Self { data: ptr::null_mut(), len: 0 };
        }
        let len = bytes.len();
        Self { data: Box::into_raw(bytes.into_boxed_slice()).cast(), len }
    }
}

impl From<String> for fabstir_string {
    fn from(text: String) -> Self {
        let len = text.len();
        let mut bytes = text.into_bytes();
        bytes.push(0);
        Self { data: Box::into_raw(bytes.into_boxed_slice()).cast(), len }
    }
}

/// Frees bytes that a function of ours has written, and empties them: a second call does nothing. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_bytes_free(bytes: *mut fabstir_bytes) {
    quietly(|| {
        if bytes.is_null() || !bytes.is_aligned() {
            return;
        }
        // SAFETY: the caller points to bytes that we have written, or has freed before.
        let old = unsafe { bytes.replace(fabstir_bytes { data: ptr::null_mut(), len: 0 }) };
        if !old.data.is_null() {
            // SAFETY: made by `From<Vec<u8>>` above from a boxed slice of this length.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(old.data, old.len)) });
        }
    });
}

/// Frees a text that a function of ours has written, and empties it: a second call does nothing. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_string_free(string: *mut fabstir_string) {
    quietly(|| {
        if string.is_null() || !string.is_aligned() {
            return;
        }
        // SAFETY: the caller points to a text that we have written, or has freed before.
        let old = unsafe { string.replace(fabstir_string { data: ptr::null_mut(), len: 0 }) };
        if !old.data.is_null() {
            // SAFETY: made by `From<String>` above from a boxed slice of this length and its NUL.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(old.data.cast::<u8>(), old.len + 1)) });
        }
    });
}

/// Copies a text and a NUL into the caller's buffer, if it fits; the length, without the NUL, is written either way.
///
/// # Safety
///
/// `buffer` is NULL or writable memory of `capacity` bytes, `len` NULL or writable.
pub(crate) unsafe fn copy_out(text: &str, buffer: *mut c_char, capacity: usize, len: *mut usize) -> Outcome {
    // SAFETY: the caller's word.
    unsafe { pointer::out(len, "len") }?.write(text.len());
    if text.len() >= capacity {
        return Err(Failure::quiet(fabstir_status::BufferTooSmall));
    }
    // SAFETY: the caller's word; only asked whether it is NULL.
    unsafe { pointer::out(buffer, "buffer") }?;
    // SAFETY: the buffer holds the text and one byte more, and cannot overlap with memory of ours.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freeing_twice_or_nothing_does_no_harm() {
        let mut bytes = fabstir_bytes::from(vec![1, 2, 3]);
        let mut text = fabstir_string::from(String::new());
        // SAFETY: both are ours.
        unsafe {
            assert_eq!(text.data.read(), 0);
            for _ in 0..2 {
                fabstir_bytes_free(&mut bytes);
                fabstir_string_free(&mut text);
            }
            fabstir_bytes_free(ptr::null_mut());
            fabstir_string_free(ptr::null_mut());
        }
        assert!(bytes.data.is_null() && text.data.is_null());
        assert!(fabstir_bytes::from(Vec::new()).data.is_null());
    }
}
