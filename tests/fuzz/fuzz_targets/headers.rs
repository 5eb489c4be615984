//! See [`trackside_fuzz::headers`].

#![no_main]

use trackside_fuzz::headers::{Input, run};

libfuzzer_sys::fuzz_target!(|input: Input<'_>| run(&input));
