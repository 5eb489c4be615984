//! When a failed attempt is made again, and until when. Pure: time and jitter are parameters.

use std::time::Duration;

/// Exponential backoff with full jitter: after the n-th failure in a row the wait is drawn evenly from
/// nothing up to `base` × 2ⁿ⁻¹, never more than `cap`. A longer wait that the receiver asked for is kept.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Waits of up to `base` after the first failure, doubling up to `cap`.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The longest wait after so many failures in a row, from 1.
    pub(super) fn ceiling(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// The wait after so many failures in a row, from 1. `jitter` lies in 0..1.
    pub(super) fn wait(&self, failures: u32, jitter: f64) -> Duration {
        self.ceiling(failures).mul_f64(jitter.clamp(0.0, 1.0))
    }
}

impl Default for Backoff {
    /// From 250 ms up to 30 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(250), Duration::from_secs(30))
    }
}

/// How old hits may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    /// Of a hit whose delivery has been attempted, or that comes from the spool.
    max_age: u64,
    /// Of any hit: how far back the receiver lets hits be dated.
    window: u64,
}

impl Expiry {
    pub(super) fn new(max_age: Duration, window: Option<Duration>) -> Self {
        Self { max_age: micros_of(max_age), window: window.map_or(u64::MAX, micros_of) }
    }

    /// Whether a hit of the time `micros` is given up at the time `now`, both in microseconds since the Unix
    /// epoch. `max_age` ends the retrying, so every hit has at least one attempt, however long it had to
    /// queue; past the receiver's window even that would be in vain.
    pub(super) fn is_over(&self, micros: u64, now: u64, is_attempted: bool) -> bool {
        let age = now.saturating_sub(micros);
        age > self.window || (is_attempted && age >= self.max_age)
    }

    /// Whether a hit of the time `micros` has been in the spool for too long at the time `now`: it is not even attempted,
    /// since the spool may hold it for any time. One of this process is no older than its pool, `uptime` by the machine's
    /// monotonic clock, however far the other jumps ahead.
    pub(super) fn is_over_in_spool(&self, micros: u64, now: u64, uptime: Option<Duration>) -> bool {
        let most = uptime.map_or(u64::MAX, micros_of);
        now.saturating_sub(micros).min(most) >= self.max_age
    }
}

fn micros_of(age: Duration) -> u64 {
    u64::try_from(age.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "retry_test.rs"]
mod test;
