//! See [`trackside_fuzz::address`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::address::run(data));
