//! A snapshot of both books.

use std::ffi::c_char;

use trackside_core::{
    Reason,
    ledger::{Breaker, Hits, Stats},
};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    explain::write,
    handle::{Handle, Tag},
    reason::trackside_reason,
    status::trackside_status,
    text::trackside_bytes,
    view,
};

/// Both books at one instant. It does not change any more.
///
/// Functions: trackside_tracker_stats, trackside_tracker_close_stats, trackside_stats_requests, _skipped,
/// _destination_count, _destination, _hits, _prometheus, _free.
#[derive(Debug)]
pub struct trackside_stats(Stats);

impl Handle for trackside_stats {
    const TAG: Tag = *b"STAT";
    const NAME: &'static str = "trackside_stats";
}

impl trackside_stats {
    pub(crate) fn new(stats: Stats) -> Self {
        Self(stats)
    }
}

/// The book of requests: seen = tracked + skipped for each reason.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_requests_book {
    /// The size of the caller's struct; see TRACKSIDE_REQUESTS_BOOK_INIT.
    pub size: usize,
    /// Requests that ended.
    pub seen: u64,
    /// Requests that ended as a tracked page view. For the others see trackside_stats_skipped.
    pub tracked: u64,
    /// Annotations that came too late to be used.
    pub late: u64,
}

view::growing!(trackside_requests_book, last: late);

/// Whether a destination's deliveries are attempted: TRACKSIDE_BREAKER_CLOSED and so on.
pub type trackside_breaker = i32;

/// They are, perhaps after a pause.
pub const TRACKSIDE_BREAKER_CLOSED: trackside_breaker = 0;
/// One is, which shows whether the receiver is back.
pub const TRACKSIDE_BREAKER_HALF_OPEN: trackside_breaker = 1;
/// None is: the receiver failed too often in a row.
pub const TRACKSIDE_BREAKER_OPEN: trackside_breaker = 2;

/// The book of hits of one destination: offered + adopted = delivered + refused + dropped + pending. Whenever no call
/// is running, pending = queued + in_flight + spooled.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_hits_book {
    /// The size of the caller's struct; see TRACKSIDE_HITS_BOOK_INIT.
    pub size: usize,
    /// The destination's name; valid until the stats are freed.
    pub name: trackside_bytes,
    /// Hits that this process handed to the destination.
    pub offered: u64,
    /// Hits that the receiver took.
    pub delivered: u64,
    /// Hits that the receiver would not have; see trackside_stats_hits for the reasons.
    pub refused: u64,
    /// Hits that were given up; see trackside_stats_hits for the reasons.
    pub dropped: u64,
    /// Hits whose end is not known yet.
    pub pending: u64,
    /// Hits waiting in memory.
    pub queued: u64,
    /// Hits inside a delivery attempt.
    pub in_flight: u64,
    /// Hits waiting in the spool.
    pub spooled: u64,
    /// How often code failed on a worker: sinks that panicked and were replaced, filters and editors that failed.
    pub panics: u64,
    /// Delivery attempts that were made again.
    pub retries: u64,
    /// How often the breaker has opened: outages of the receiver.
    pub openings: u64,
    /// Whether deliveries are attempted at present.
    pub breaker: trackside_breaker,
    /// Hits that another process left in its spool and this one took over, beside those offered.
    pub adopted: u64,
    /// Those of the pending hits that an end of the process would lose although `spool = "always"`: they came while
    /// the spool could not be written. 0 with every other `spool`.
    pub volatile_hits: u64,
}

view::growing!(trackside_hits_book, last: retries);

impl From<&Hits> for trackside_hits_book {
    fn from(hits: &Hits) -> Self {
        Self {
            size: size_of::<Self>(),
            name: trackside_bytes::of(&hits.name),
            offered: hits.offered,
            delivered: hits.delivered,
            refused: sum(&hits.refused),
            dropped: sum(&hits.dropped),
            pending: hits.pending(),
            queued: hits.queued,
            in_flight: hits.in_flight,
            spooled: hits.spooled,
            panics: hits.panics,
            retries: hits.retries,
            openings: hits.openings,
            breaker: match hits.breaker {
                Breaker::HalfOpen => TRACKSIDE_BREAKER_HALF_OPEN,
                Breaker::Open => TRACKSIDE_BREAKER_OPEN,
                _ => TRACKSIDE_BREAKER_CLOSED,
            },
            adopted: hits.adopted,
            volatile_hits: hits.volatile,
        }
    }
}

/// Reads the book of requests.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`book`).
///
/// # Safety
///
/// `stats` is NULL or a live handle; `book` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_requests(
    stats: *const trackside_stats,
    book: *mut trackside_requests_book,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let requests = &call.shared(stats, "stats")?.0.requests;
        call.struct_output(book, "book")?.set(&trackside_requests_book {
            size: size_of::<trackside_requests_book>(),
            seen: requests.seen(),
            tracked: requests.tracked,
            late: requests.late,
        });
        Ok(())
    })
}

/// How many requests were skipped for this reason; 0 too for a reason or a handle that is none.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `stats` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_skipped(
    stats: *const trackside_stats,
    reason: trackside_reason,
) -> u64 {
    answer(0, |call| Ok(of(&call.shared(stats, "stats")?.0.requests.skipped, reason)))
}

/// How many destinations there are; 0 too for a handle that is none.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `stats` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_destination_count(stats: *const trackside_stats) -> usize {
    answer(0, |call| Ok(call.shared(stats, "stats")?.0.destinations.len()))
}

/// Reads the book of hits of the destination at `index`, in the configuration's order.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`book`), TRACKSIDE_NOT_FOUND (past the end).
///
/// # Safety
///
/// `stats` is NULL or a live handle; `book` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_destination(
    stats: *const trackside_stats,
    index: usize,
    book: *mut trackside_hits_book,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let destinations = &call.shared(stats, "stats")?.0.destinations;
        let book = call.struct_output(book, "book")?;
        let hits = destinations.get(index).ok_or_else(|| {
            Failure::not_found(format!(
                "`index` is {index}, but there are {} destinations",
                destinations.len()
            ))
        })?;
        book.set(&hits.into());
        Ok(())
    })
}

/// How many hits the destination at `index` refused or dropped for this reason; 0 too for what is none.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `stats` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_hits(
    stats: *const trackside_stats,
    index: usize,
    reason: trackside_reason,
) -> u64 {
    answer(0, |call| {
        let destination = call.shared(stats, "stats")?.0.destinations.get(index);
        Ok(destination.map_or(0, |hits| of(&hits.refused, reason) + of(&hits.dropped, reason)))
    })
}

/// Writes to `buffer` both books as text that Prometheus reads, ending in NUL: what a handler of GET /metrics answers,
/// as `text/plain; version=0.0.4; charset=utf-8`, without that NUL. It had better not be open to the world. A later
/// library may have more metrics.
///
/// `*needed` is set to the size of the text with its NUL, also if that is more than `capacity`. A buffer of
/// NULL and a capacity of 0 will do to ask for it.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_BUFFER (`capacity`
/// is less than `*needed`, and `buffer` is not written).
///
/// # Safety
///
/// `stats` is NULL or a live handle; `buffer` is NULL or has room for `capacity` bytes; `needed` is NULL or points at a
/// place for a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_prometheus(
    stats: *const trackside_stats,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let text = format!("{}\0", call.shared(stats, "stats")?.0.prometheus());
        let buffer = call.buffer(buffer.cast::<u8>(), capacity, "buffer")?;
        let needed = call.output(needed, "needed")?;
        needed.set(text.len());
        write(buffer, text.as_bytes())
    })
}

/// Ends a snapshot. NULL is allowed; do not call it twice for the same value.
///
/// Threads: needs `stats` for itself.
///
/// # Safety
///
/// `stats` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_stats_free(stats: *mut trackside_stats) {
    answer((), |call| call.end(stats));
}

fn of(counts: &[(Reason, u64)], reason: trackside_reason) -> u64 {
    counts.iter().filter(|(counted, _)| counted.number() == reason).map(|(_, n)| n).sum()
}

fn sum(counts: &[(Reason, u64)]) -> u64 {
    counts.iter().map(|(_, n)| n).sum()
}

#[cfg(test)]
#[path = "stats_test.rs"]
mod test;
