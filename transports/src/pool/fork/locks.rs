use std::{
    fs::File,
    os::fd::AsRawFd,
    sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use super::{generation, list::List};

/// The descriptors of locks that are held, for a forked child to close.
static ENTRIES: List<Entry> = List::new();
const NONE: i32 = -1;

/// One descriptor; a place that was left is used again.
pub(super) struct Entry(AtomicI32);

impl Entry {
    pub(super) fn of(file: &File) -> &'static Self {
        let descriptor = file.as_raw_fd();
        let take = |entry: &&Self| entry.0.compare_exchange(NONE, descriptor, SeqCst, SeqCst).is_ok();
        ENTRIES.iter().find(take).unwrap_or_else(|| ENTRIES.push(Self(AtomicI32::new(descriptor))))
    }

    pub(super) fn forget(&self) {
        self.0.store(NONE, SeqCst);
    }
}

/// How many threads are between opening a lock's file and noting its descriptor, or between forgetting and closing
/// it.
static AMID: AtomicUsize = AtomicUsize::new(0);
/// How many forks are about to happen.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// So long a thread waits for a fork to be over. If that takes longer, the fork's child may keep a lock as long as it
/// lives, and the directory behind it waits for that long.
const PATIENCE: Duration = Duration::from_millis(200);

/// Does `work` while nobody forks.
pub(super) fn without_fork<R>(work: impl FnOnce() -> R) -> R {
    struct Amid(u64);
    impl Drop for Amid {
        fn drop(&mut self) {
            // A child's count begins anew.
            if self.0 == generation() {
                AMID.fetch_sub(1, SeqCst);
            }
        }
    }
    let until = Instant::now() + PATIENCE;
    loop {
        AMID.fetch_add(1, SeqCst);
        // Asked after it has been said: a fork says so first and asks then.
        if FORKS.load(SeqCst) == 0 || Instant::now() >= until {
            break;
        }
        AMID.fetch_sub(1, SeqCst);
        thread::yield_now();
    }
    let _amid = Amid(generation());
    work()
}

/// Before a fork: waits until no thread is amid, but not beyond `until`.
pub(super) fn prepare(until: Instant) {
    FORKS.fetch_add(1, SeqCst);
    while AMID.load(SeqCst) > 0 && Instant::now() < until {
        thread::yield_now();
    }
}

/// In the parent, after the fork.
pub(super) fn parent() {
    FORKS.fetch_sub(1, SeqCst);
}

/// In the child, after the fork: closes what was inherited.
pub(super) fn child() {
    AMID.store(0, SeqCst);
    FORKS.store(0, SeqCst);
    for entry in ENTRIES.iter() {
        let descriptor = entry.0.swap(NONE, SeqCst);
        if descriptor != NONE {
            // SAFETY: it is this child's own copy of a descriptor that an inherited `Lock` holds, which is never
            // used or dropped here. `close` may be called between fork and exec.
            unsafe { libc::close(descriptor) };
        }
    }
}
