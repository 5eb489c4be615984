use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use super::generation;

/// How long one look at a window is apart from the next.
const PAUSE: Duration = Duration::from_micros(100);

/// A stretch of work into which no fork is to fall, as it would copy it half done: a fork waits for the threads inside,
/// and they for forks. Neither waits without bound.
#[derive(Debug)]
pub(super) struct Window {
    /// How many threads are inside.
    amid: AtomicUsize,
    /// How many forks are about to happen.
    forks: AtomicUsize,
    /// So long a thread waits for forks to be over.
    patience: Duration,
}

/// A thread is inside, until this is dropped.
#[derive(Debug)]
pub(super) struct Amid {
    window: &'static Window,
    generation: u64,
}

impl Window {
    pub(super) const fn new(patience: Duration) -> Self {
        Self { amid: AtomicUsize::new(0), forks: AtomicUsize::new(0), patience }
    }

    /// Waits while somebody forks, and keeps forks out from then on.
    pub(super) fn enter(&'static self) -> Amid {
        let until = Instant::now() + self.patience;
        loop {
            self.amid.fetch_add(1, SeqCst);
            // Asked after it has been said: a fork says so first and asks then.
            if self.forks.load(SeqCst) == 0 || Instant::now() >= until {
                return Amid { window: self, generation: generation() };
            }
            self.amid.fetch_sub(1, SeqCst);
            thread::sleep(PAUSE);
        }
    }

    /// Before a fork: waits until no thread is inside, but not beyond `until`.
    pub(super) fn close(&self, until: Instant) {
        self.forks.fetch_add(1, SeqCst);
        while self.amid.load(SeqCst) > 0 && Instant::now() < until {
            thread::sleep(PAUSE);
        }
    }

    /// After a fork, in the parent.
    pub(super) fn open(&self) {
        // One that was never closed stays open.
        self.forks.fetch_update(SeqCst, SeqCst, |forks| forks.checked_sub(1)).ok();
    }

    /// After a fork, in the child: whoever was inside is not there any more.
    pub(super) fn forget(&self) {
        self.amid.store(0, SeqCst);
        self.forks.store(0, SeqCst);
    }

    /// A thread that entered in this generation, and forgot so, is inside no more.
    pub(super) fn leave(&self, entered_in: u64) {
        // A child's count begins anew.
        if entered_in == generation() {
            self.amid.fetch_sub(1, SeqCst);
        }
    }
}

impl Drop for Amid {
    fn drop(&mut self) {
        self.window.leave(self.generation);
    }
}
