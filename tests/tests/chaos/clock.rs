//! A clock that is set a day ahead, a day back and right again, while hits come and wait.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};

use trackside_transports::clock::{Clock, System};

use crate::random::Random;

const DAY: i64 = 24 * 3_600 * 1_000_000;

/// The machine's clock, and how far off it was set.
#[derive(Debug, Default)]
pub(crate) struct Unsteady {
    /// In microseconds.
    off: AtomicI64,
    jumps: AtomicU64,
}

impl Unsteady {
    pub(crate) const fn new() -> Self {
        Self { off: AtomicI64::new(0), jumps: AtomicU64::new(0) }
    }

    /// Ahead by a day, back by one, or right, whatever it was.
    pub(crate) fn jump(&self, random: &mut Random) {
        let off = *random.one_of(&[-DAY, 0, DAY]);
        if self.off.swap(off, SeqCst) != off {
            self.jumps.fetch_add(1, SeqCst);
        }
    }

    pub(crate) fn jumps(&self) -> u64 {
        self.jumps.load(SeqCst)
    }
}

impl Clock for Unsteady {
    fn micros(&self) -> u64 {
        System.micros().saturating_add_signed(self.off.load(SeqCst))
    }
}
