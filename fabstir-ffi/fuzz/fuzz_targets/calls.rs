#![no_main]

#[path = "../../tests/calls/mod.rs"]
mod calls;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| calls::play(bytes));
