use std::{
    fs::File,
    os::fd::AsRawFd,
    sync::atomic::{AtomicI32, Ordering::SeqCst},
    time::{Duration, Instant},
};

use super::{list::List, window::Window};

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

/// Between opening a lock's file and noting its descriptor, and between forgetting and closing it. A thread that waited
/// in vain goes on: the fork's child may keep a lock as long as it lives then, and the directory behind it waits for
/// that long.
static AMID: Window = Window::new(Duration::from_millis(200));

/// Does `work` while nobody forks, unless that takes too long: it waits for forks for 200 ms at most, and they for it
/// for what is left of their 100 ms.
pub(crate) fn without_fork<R>(work: impl FnOnce() -> R) -> R {
    let _amid = AMID.enter();
    work()
}

/// Before a fork: waits until no thread is amid, but not beyond `until`.
pub(super) fn prepare(until: Instant) {
    AMID.close(until);
}

/// In the parent, after the fork.
pub(super) fn parent() {
    AMID.open();
}

/// In the child, after the fork: closes what was inherited.
pub(super) fn child() {
    AMID.forget();
    for entry in ENTRIES.iter() {
        let descriptor = entry.0.swap(NONE, SeqCst);
        if descriptor != NONE {
            // SAFETY: it is this child's own copy of a descriptor that an inherited `Lock` holds, which is never
            // used or dropped here. `close` may be called between fork and exec.
            unsafe { libc::close(descriptor) };
        }
    }
}
