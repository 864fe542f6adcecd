//! The caller's pointers, checked as far as they can be: NULL, alignment, length and UTF-8.

use crate::{
    boundary::{Failure, Outcome},
    fabstir_status,
};
use std::{ffi::c_char, marker::PhantomData, mem::MaybeUninit};

fn check<T>(pointer: *const T, what: &'static str) -> Outcome {
    if pointer.is_null() {
        return Err(Failure::new(fabstir_status::NullArgument, format!("{what} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::new(fabstir_status::BadPointer, format!("{what} is not aligned")));
    }
    Ok(())
}

/// A value behind a pointer, copied.
///
/// # Safety
///
/// If it is not NULL, `pointer` points to a valid `T` that nobody writes to meanwhile.
pub(crate) unsafe fn read<T: Copy>(pointer: *const T, what: &'static str) -> Outcome<T> {
    check(pointer, what)?;
    // SAFETY: checked, and the rest is the caller's word.
    Ok(unsafe { pointer.read() })
}

/// As [`read`], where NULL stands for none.
///
/// # Safety
///
/// As [`read`].
pub(crate) unsafe fn read_optional<T: Copy>(pointer: *const T, what: &'static str) -> Outcome<Option<T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's word.
    unsafe { read(pointer, what) }.map(Some)
}

/// A list behind a pointer and its length in elements. An empty one may be NULL.
///
/// # Safety
///
/// If it is not NULL, `pointer` points to `len` valid `T` that nobody writes to for `'a`.
pub(crate) unsafe fn slice<'a, T: Copy>(pointer: *const T, len: usize, what: &'static str) -> Outcome<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    check(pointer, what)?;
    if len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Failure::new(fabstir_status::BadLength, format!("no memory holds {len} elements of {what}")));
    }
    // SAFETY: checked, and the rest is the caller's word.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// A text behind a pointer and its length in bytes.
///
/// # Safety
///
/// As [`slice`].
pub(crate) unsafe fn text<'a>(pointer: *const c_char, len: usize, what: &'static str) -> Outcome<&'a str> {
    // SAFETY: the caller's word.
    let bytes = unsafe { slice(pointer.cast::<u8>(), len, what) }?;
    std::str::from_utf8(bytes)
        .map_err(|error| Failure::new(fabstir_status::InvalidUtf8, format!("{what} is not UTF-8: {error}")))
}

/// A place for a result, written at most once, and only when all went well.
#[derive(Debug)]
pub(crate) struct Out<'a, T> {
    place: *mut T,
    lifetime: PhantomData<&'a mut MaybeUninit<T>>,
}

impl<T> Out<'_, T> {
    /// Writes the result. What was there is overwritten, not dropped: it may be uninitialised.
    pub(crate) fn write(self, value: T) {
        // SAFETY: `out` has checked the place, and its caller vouched for it.
        unsafe { self.place.write(value) }
    }
}

/// A place for a result, checked before anything is done for it.
///
/// # Safety
///
/// If it is not NULL, `place` is writable memory for a `T`, initialised or not, for `'a`.
pub(crate) unsafe fn out<'a, T>(place: *mut T, what: &'static str) -> Outcome<Out<'a, T>> {
    check(place, what)?;
    Ok(Out { place, lifetime: PhantomData })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    fn status<T>(outcome: Outcome<T>) -> Option<fabstir_status> {
        outcome.err().map(|failure| failure.status)
    }

    #[test]
    fn null_misaligned_and_endless_are_refused() {
        let word = [1_u64, 2];
        // SAFETY: none of these is read.
        unsafe {
            assert_eq!(status(read::<u64>(ptr::null(), "x")), Some(fabstir_status::NullArgument));
            let odd = word.as_ptr().cast::<u8>().wrapping_add(1).cast::<u64>();
            assert_eq!(status(read(odd, "x")), Some(fabstir_status::BadPointer));
            assert_eq!(status(slice(word.as_ptr(), usize::MAX / 8, "x")), Some(fabstir_status::BadLength));
            assert_eq!(status(slice::<u64>(ptr::null(), 1, "x")), Some(fabstir_status::NullArgument));
            assert_eq!(status(out::<u64>(ptr::null_mut(), "x")), Some(fabstir_status::NullArgument));
        }
    }

    #[test]
    fn what_is_there_is_read() {
        // SAFETY: the arrays are as long as is said.
        unsafe {
            assert_eq!(slice::<u64>(ptr::null(), 0, "x").map_err(|f| f.status), Ok(&[][..]));
            assert_eq!(read(&7_u32, "x").map_err(|f| f.status), Ok(7));
            assert_eq!(text(c"caf\xc3\xa9".as_ptr(), 5, "x").map_err(|f| f.status), Ok("caf\u{e9}"));
            assert_eq!(status(text(c"caf\xc3\xa9".as_ptr(), 4, "x")), Some(fabstir_status::InvalidUtf8));
        }
    }
}
