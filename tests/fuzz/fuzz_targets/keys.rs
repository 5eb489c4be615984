//! See [`trackside_fuzz::keys`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::keys::run(data));
