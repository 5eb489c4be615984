//! See [`trackside_fuzz::spool`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trackside_fuzz::spool::run(data));
