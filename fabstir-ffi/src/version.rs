//! What this library is.

use crate::{
    boundary::guard,
    fabstir_status,
    pointer::{self, out},
};
use std::ffi::{CStr, c_char};

/// Raised with every change that a program built against an older header could notice.
pub const FABSTIR_ABI_VERSION: u32 = 1;

/// The ABI of the library in use. A program checks that it is the FABSTIR_ABI_VERSION of its header.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_abi_version() -> u32 {
    FABSTIR_ABI_VERSION
}

/// The library's version, as its package has it.
/// Memory: static, never freed.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
    VERSION.as_ptr()
}

/// Whether the library was built with a feature: "llama", "client" or "host". The functions of one that it lacks are not
/// in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_has_feature(name: *const c_char, len: usize, has: *mut bool) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (name, has) = unsafe { (pointer::text(name, len, "name")?, out(has, "has")?) };
        let built = [
            ("llama", cfg!(feature = "llama")),
            ("client", cfg!(feature = "client")),
            ("host", cfg!(feature = "host")),
        ];
        has.write(built.contains(&(name, true)));
        Ok(())
    })
}
