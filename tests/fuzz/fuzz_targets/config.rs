//! See [`trackside_fuzz::config`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::config::run(data));
