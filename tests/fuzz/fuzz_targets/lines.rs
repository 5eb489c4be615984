//! See [`trackside_fuzz::lines`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::lines::run(data));
