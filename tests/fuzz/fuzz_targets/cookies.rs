//! See [`trackside_fuzz::cookies`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::cookies::run(data));
