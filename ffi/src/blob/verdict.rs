//! The block of a verdict.

use std::mem::MaybeUninit;

use trackside_core::{Reason, judge::Verdict};

use super::VERSION;
use crate::{error::Failure, status::TRACKSIDE_BUFFER};

const HEAD: usize = 8;

/// How many bytes the verdict needs.
pub(super) fn length(verdict: &Verdict) -> usize {
    HEAD + verdict.headers().map(|(name, value)| 8 + name.len() + value.len()).sum::<usize>()
}

/// Writes the verdict to the front of `buffer`.
pub(super) fn write(verdict: &Verdict, buffer: &mut [MaybeUninit<u8>]) -> Result<(), Failure> {
    let length = length(verdict);
    if buffer.len() < length {
        let problem = format!("`buffer` has {} bytes, and the verdict {length}", buffer.len());
        return Err(Failure::new(TRACKSIDE_BUFFER, problem));
    }
    let mut places = buffer.iter_mut();
    let mut put = |bytes: &[u8]| {
        // The bytes first: they end without taking a place.
        for (byte, place) in bytes.iter().zip(places.by_ref()) {
            place.write(*byte);
        }
    };
    let count = verdict.headers().count() as u16;
    put(&[VERSION, 0]);
    put(&verdict.reason().map_or(0, Reason::number).to_le_bytes());
    put(&count.to_le_bytes());
    put(&[0, 0]);
    for (name, value) in verdict.headers() {
        put(&(name.len() as u32).to_le_bytes());
        put(&(value.len() as u32).to_le_bytes());
    }
    for (name, value) in verdict.headers() {
        put(name.as_bytes());
        put(value.as_bytes());
    }
    Ok(())
}
