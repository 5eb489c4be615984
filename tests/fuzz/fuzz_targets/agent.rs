//! See [`trackside_fuzz::agent`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::agent::run(data));
