//! See [`trackside_fuzz::blob`].

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use trackside_fuzz::{blob, mutate};

fuzz_target!(|data: &[u8]| blob::run(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // Every other time nothing is known of blocks.
    let changed = match seed % 4 {
        0 => mutate::numbers(&mut data[..size], seed).then_some(size),
        1 => mutate::lengths(data, size, seed),
        _ => None,
    };
    changed.unwrap_or_else(|| fuzzer_mutate(data, size, max_size))
});
