//! See [`trackside_fuzz::proxy`].

#![no_main]

libfuzzer_sys::fuzz_target!(|forged: &[u8]| trackside_fuzz::proxy::run(forged));
