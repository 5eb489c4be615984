//! Whether writes are slow, of a whole disk or of one stripe. Time is a parameter.
//!
//! One write that takes long may be a thread that had to wait for a processor, of which the disk knows nothing. Two in a
//! row are none, nor is it if more than a third of all take long, however quick the others are: then requests stay away,
//! for a second. Then, or when a worker has found it quick, they come back. If it is slow again soon they stay away twice
//! as long, and a worker has to find it quick twice as often in a row.

use std::{
    sync::atomic::{
        AtomicU8, AtomicU64,
        Ordering::{Relaxed, SeqCst},
    },
    time::Duration,
};

/// A write that takes longer is slow.
const SLOW: Duration = Duration::from_millis(5);
/// One that takes longer is enough by itself: no request is to wait for so long after another did.
const STALLED: Duration = Duration::from_millis(100);

/// What a slow write counts; a quick one takes back 1.
const WEIGHT: u8 = 2;
/// So much, and requests stay away.
const ENOUGH: u8 = 4;

/// For so long, in microseconds, requests stay away at first,
const AWAY: u64 = 1_000_000;
/// and so many times as long at last.
const LONGEST: u8 = 64;

#[derive(Debug, Default)]
pub(super) struct Pace {
    score: AtomicU8,
    /// Requests do not write before then, in microseconds of the pens' clock; 0: they do.
    until: AtomicU64,
    /// Since then, and for how many seconds.
    since: AtomicU64,
    times: AtomicU8,
    /// So many quick writes of workers in a row.
    found: AtomicU8,
}

/// Whether a write took so long that it is slow.
#[inline]
pub(super) fn is_slow(took: Duration) -> bool {
    took > SLOW
}

impl Pace {
    /// Whether requests stay away. `now` is asked for only if they may have to.
    #[inline]
    pub(super) fn is_away(&self, now: impl FnOnce() -> u64) -> bool {
        let until = self.until.load(SeqCst);
        until > 0 && now() < until
    }

    /// A write was quick.
    #[inline]
    pub(super) fn quick(&self, is_worker: bool) {
        // OK not to count in one step: what two threads find out at one moment is the same.
        let score = self.score.load(Relaxed);
        if score > 0 {
            self.score.store(score - 1, Relaxed);
        }
        if is_worker && self.until.load(SeqCst) > 0 {
            self.found_quick();
        }
    }

    /// A write was slow, and ended at the time `now`, in microseconds.
    #[cold]
    #[inline(never)]
    pub(super) fn slow(&self, took: Duration, now: u64) {
        self.found.store(0, Relaxed);
        let score = (self.score.load(Relaxed) + WEIGHT).min(ENOUGH);
        self.score.store(score, Relaxed);
        if score >= ENOUGH || took > STALLED {
            self.stay_away(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn found_quick(&self) {
        let found = self.found.load(Relaxed).saturating_add(1);
        self.found.store(found, Relaxed);
        if found >= self.times.load(Relaxed) {
            self.until.store(0, SeqCst);
        }
    }

    fn stay_away(&self, now: u64) {
        let times = self.times.load(Relaxed);
        let is_away = now < self.until.load(SeqCst);
        let was_long_ago = now > self.since.load(Relaxed) + 2 * AWAY * u64::from(times);
        let times = match () {
            () if is_away => times,
            () if was_long_ago || times == 0 => 1,
            () => (times * 2).min(LONGEST),
        };
        self.times.store(times, Relaxed);
        self.since.store(now, Relaxed);
        self.until.store(now + AWAY * u64::from(times), SeqCst);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const LONG: Duration = Duration::from_millis(8);

    /// Writes, of which `s` are slow, `S` stall and others are quick, one each millisecond from `now` on; answers which
    /// one it was after which requests stay away.
    fn after(pace: &Pace, writes: &str, now: u64) -> Option<usize> {
        (1..).zip(writes.chars()).find_map(|(n, write)| {
            let now = now + n as u64 * 1_000;
            match write {
                's' => pace.slow(LONG, now),
                'S' => pace.slow(STALLED + LONG, now),
                _ => pace.quick(false),
            }
            pace.is_away(|| now).then_some(n)
        })
    }

    #[test]
    fn requests_stay_away_from_what_is_slow_more_than_every_third_time() {
        for (writes, expected) in [
            ("ss", Some(2)),
            ("s-s-s", Some(5)),
            ("S", Some(1)),
            ("s--s--s--s--s--s--s--s--", None),
            ("s---s---s---ss", Some(14)),
            ("-----", None),
        ] {
            assert_eq!(after(&Pace::default(), writes, SECOND), expected, "{writes}");
        }
    }

    #[test]
    fn they_come_back_after_a_second_or_when_a_worker_finds_it_quick() {
        let pace = Pace::default();
        assert_eq!(after(&pace, "ss", SECOND), Some(2));
        assert!(pace.is_away(|| 2 * SECOND + 1_999) && !pace.is_away(|| 2 * SECOND + 2_000));
        pace.quick(false);
        assert!(pace.is_away(|| SECOND + 2_000), "a request's own write says nothing");
        pace.quick(true);
        assert!(!pace.is_away(|| SECOND + 2_000));
    }

    #[test]
    fn what_is_slow_again_soon_is_avoided_for_longer() {
        let pace = Pace::default();
        let mut now = SECOND;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 64] {
            let slow = after(&pace, "ssss", now).unwrap() as u64;
            now += slow * 1_000;
            assert!(pace.is_away(|| now + seconds * SECOND - 1) && !pace.is_away(|| now + seconds * SECOND));
            // A worker has to find it quick as often, without a slow one between.
            (1..seconds).for_each(|_| pace.quick(true));
            assert!(pace.is_away(|| now));
            pace.slow(LONG, now);
            (1..seconds).for_each(|_| pace.quick(true));
            assert!(pace.is_away(|| now));
            pace.quick(true);
            assert!(!pace.is_away(|| now));
            (0..4).for_each(|_| pace.quick(false));
        }
        now += 129 * SECOND;
        assert!(after(&pace, "ss", now).is_some());
        assert!(!pace.is_away(|| now + 2_000 + SECOND), "it was long ago");
    }
}
