//! One request after another, in places that are named once: for an interpreter, each argument of a call costs.

use std::ptr;

use crate::{
    blob,
    boundary::enter_finding,
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    lines,
    status::trackside_status,
    tracker::trackside_tracker,
    truth::trackside_truth,
    view,
};

/// The places that trackside_scratch_begin and trackside_scratch_end use, for one request after another. The caller
/// owns it, and sets it up once: with TRACKSIDE_SCRATCH_INIT, `buffer`, `capacity`, and `error`, if it wants one,
/// which stands here instead of at the end of both functions.
///
/// Functions: trackside_scratch_begin, _end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_scratch {
    /// The size of the caller's struct; see TRACKSIDE_SCRATCH_INIT.
    pub size: usize,
    /// The exchange that is begun and not ended, for all functions that take one; else NULL. Whoever frees it sets this
    /// to NULL.
    pub exchange: *mut trackside_exchange,
    /// Whether its visitor is new, as trackside_exchange_is_new says: at first false.
    pub is_new: trackside_truth,
    /// Where the verdict is written to; the caller's.
    pub buffer: *mut u8,
    /// How many bytes `buffer` has.
    pub capacity: usize,
    /// The length of the last verdict, which is 8 if there is no header to append.
    pub needed: usize,
    /// The caller's error struct for both functions; may be NULL.
    pub error: *mut trackside_error,
}

view::growing!(trackside_scratch, last: error);

/// trackside_exchange_begin_lines, into `scratch`: sets `exchange` and `is_new`.
///
/// Threads: needs `scratch` for itself. Statuses: those of that function; TRACKSIDE_INVALID_ARGUMENT also for
/// `scratch->size`, and if `scratch` has an exchange that is not ended.
///
/// # Safety
///
/// `scratch` is NULL or points at a struct of its `size`, whose `error` is NULL or points at one of its `size`;
/// `tracker` is NULL or a live handle; `lines` is NULL or points at `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_scratch_begin(
    scratch: *mut trackside_scratch,
    tracker: *const trackside_tracker,
    lines: *const u8,
    length: usize,
    flags: u8,
) -> trackside_status {
    enter_finding(|call, error| {
        let scratch = call.change(scratch, "scratch")?;
        *error = scratch.error;
        if !scratch.exchange.is_null() {
            return Err(Failure::invalid("scratch", "has an exchange that is not ended"));
        }
        let (begun, is_new) = lines::begin(call, tracker, lines, length, flags)?;
        scratch.exchange = begun;
        scratch.is_new = is_new.into();
        Ok(())
    })
}

/// trackside_exchange_end_blob, of the exchange in `scratch`: sets `needed`, and `exchange` to NULL. On a failure,
/// TRACKSIDE_BUFFER among them, the exchange stays there; with that one it is finished, `needed` is set, and its verdict
/// is to be had by trackside_exchange_headers.
///
/// Threads: needs `scratch` and its exchange for itself. Statuses: those of that function; TRACKSIDE_INVALID_ARGUMENT
/// also for `scratch->size`.
///
/// # Safety
///
/// As for trackside_scratch_begin; its `exchange` is NULL or a live handle, which nobody uses any more after success,
/// and its `buffer` is NULL or has room for `capacity` bytes; `blob` is NULL or points at `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_scratch_end(
    scratch: *mut trackside_scratch,
    blob: *const u8,
    length: usize,
) -> trackside_status {
    enter_finding(|call, error| {
        let scratch = call.change(scratch, "scratch")?;
        *error = scratch.error;
        let exchange = scratch.exchange;
        let open = call.exclusive(exchange, "scratch.exchange")?;
        let blob = call.array(blob, length, "blob")?;
        let buffer = call.buffer(scratch.buffer, scratch.capacity, "scratch.buffer")?;
        blob::tell(blob::finish(open, blob)?, open, buffer, |length| scratch.needed = length)?;
        scratch.exchange = ptr::null_mut();
        call.end(exchange)
    })
}

#[cfg(test)]
#[path = "scratch_test.rs"]
mod test;
