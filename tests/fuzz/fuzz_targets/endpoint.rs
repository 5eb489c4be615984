//! See [`trackside_fuzz::endpoint`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::endpoint::run(data));
