//! Whether a destination is attempted now. Pure: time and jitter are parameters.
//!
//! ```text
//! closed ──► pause after each failure ──► closed, or, after five failures in a row,
//!   ▲                                     open: nothing is attempted
//!   │                                       │ the pause is over
//!   └── success ── half-open: one attempt ◄─┘
//!                  └── failure ──► open, for a longer pause
//! ```

use std::time::{Duration, Instant};

use trackside_core::ledger;

/// So many failures in a row open the breaker.
const OPENS_AFTER: u32 = 5;

/// No pause is longer: an answer may ask for any number of seconds.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Admission {
    Granted,
    /// Another worker makes the one attempt that shows whether the receiver is back.
    Probed,
    /// The receiver failed, or asked for it.
    Until(Instant),
}

/// What an attempt changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// It opened, after so many failures in a row, until then at least.
    Opened(u32, Instant),
    /// It closed: the receiver is back, so long after the breaker opened.
    Closed(Duration),
}

/// How the attempts at a destination went.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    failed_at: Option<Instant>,
    pause: Option<Instant>,
    opened_at: Option<Instant>,
    is_probed: bool,
    openings: u64,
}

impl Breaker {
    /// Whether an attempt may be made at the time `now`.
    pub(super) fn admission(&mut self, now: Instant) -> Admission {
        match self.pause {
            Some(due) if due > now => return Admission::Until(due),
            _ => self.pause = None,
        }
        if self.is_probed { Admission::Probed } else { Admission::Granted }
    }

    /// An attempt that was granted begins.
    pub(super) fn begin(&mut self) {
        self.is_probed = self.opened_at.is_some();
    }

    /// The receiver gave an answer that is no failure.
    pub(super) fn succeeded(&mut self, now: Instant) -> Option<Change> {
        self.failures = 0;
        self.is_probed = false;
        let opened_at = self.opened_at.take()?;
        Some(Change::Closed(now.saturating_duration_since(opened_at)))
    }

    /// An attempt that began at `began` failed, and a pause begins that `wait` makes of the failures in a row.
    /// Attempts that ran side by side count as one failure.
    pub(super) fn failed(
        &mut self,
        began: Instant,
        now: Instant,
        wait: impl FnOnce(u32) -> Duration,
    ) -> Option<Change> {
        let is_another = self.failed_at.is_none_or(|at| began >= at);
        if is_another {
            self.failures = self.failures.saturating_add(1);
            self.failed_at = Some(now);
            self.is_probed = false;
        }
        let due = now + wait(self.failures.max(1)).min(LONGEST);
        let due = self.pause.map_or(due, |pause| pause.max(due));
        self.pause = Some(due);
        if self.failures < OPENS_AFTER || self.opened_at.is_some() {
            return None;
        }
        self.opened_at = Some(now);
        self.openings += 1;
        Some(Change::Opened(self.failures, due))
    }

    /// A pause that ends at `until` or later ends now.
    pub(super) fn cut_short(&mut self, until: Instant) {
        self.pause = self.pause.filter(|due| *due < until);
    }

    /// Its state at the time `now`, and how often it has opened.
    pub(super) fn state(&self, now: Instant) -> (ledger::Breaker, u64) {
        let state = match (self.opened_at, self.pause) {
            (None, _) => ledger::Breaker::Closed,
            (Some(_), Some(due)) if due > now => ledger::Breaker::Open,
            (Some(_), _) => ledger::Breaker::HalfOpen,
        };
        (state, self.openings)
    }
}

#[cfg(test)]
#[path = "breaker_test.rs"]
mod test;
