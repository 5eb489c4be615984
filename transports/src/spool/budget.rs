//! How many bytes the segments of a process may have.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::pool::fork::PerProcess;

/// The bound of all segments of one process, adopted ones included. Several spools may share it; a forked child
/// begins with none.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    taken: PerProcess<AtomicU64>,
}

impl Budget {
    /// At most `limit` bytes.
    pub const fn new(limit: u64) -> Self {
        Self { limit, taken: PerProcess::new() }
    }

    /// How large a segment becomes: so small that many of them fit.
    pub(super) fn segment(&self) -> u64 {
        /// Two of the largest frames.
        const LEAST: u64 = 160 << 10;
        const MOST: u64 = 8 << 20;
        (self.limit / 64).clamp(LEAST, MOST)
    }

    /// Takes `bytes` if they are to be had once `back` of those that were taken before have been given back.
    pub(super) fn take(&self, bytes: u64, back: u64) -> bool {
        let before = self.taken().fetch_add(bytes, SeqCst);
        let is_taken = before.saturating_add(bytes).saturating_sub(back) <= self.limit;
        if !is_taken {
            self.give_back(bytes);
        }
        is_taken
    }

    /// Counts `bytes` that are there already, whatever the limit is.
    pub(super) fn adopt(&self, bytes: u64) {
        self.taken().fetch_add(bytes, SeqCst);
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.taken().fetch_sub(bytes, SeqCst);
    }

    fn taken(&self) -> &AtomicU64 {
        self.taken.get(|| AtomicU64::new(0))
    }
}
