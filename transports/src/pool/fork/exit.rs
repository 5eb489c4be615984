use std::{
    cell::UnsafeCell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
};

use super::{CloseAtExit, list::List};
use crate::pool::shutdown::in_parallel;

/// One entry of the list; that of a gone tracker is used again.
struct Entry {
    state: AtomicU8,
    /// Guarded by `state`.
    tracker: UnsafeCell<Weak<dyn CloseAtExit>>,
}

const READY: u8 = 0;
/// Somebody looks at it. An entry that a fork catches so is lost to the child.
const TAKEN: u8 = 1;

// SAFETY: `tracker` is touched only by who has taken the entry, and is Send.
unsafe impl Sync for Entry {}

static ENTRIES: List<Entry> = List::new();
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Closes `tracker`, if it still lives then, when the process exits by returning from `main` or by `exit`.
/// In a forked child this holds, too: there the same object has a state of its own.
pub fn at_exit(tracker: Weak<dyn CloseAtExit>) {
    if !REGISTERED.swap(true, Ordering::AcqRel) {
        // SAFETY: the handler is a function of this library, which is never unloaded, and does not unwind.
        let failed = unsafe { libc::atexit(close_all) };
        if failed != 0 {
            REGISTERED.store(false, Ordering::Release);
            tracing::error!(
                target: "trackside",
                "atexit failed: hits in memory will be lost when this process exits; close the tracker before"
            );
        }
    }
    for entry in ENTRIES.iter() {
        let is_gone = entry.with(|held| {
            let is_gone = held.strong_count() == 0;
            if is_gone {
                *held = tracker.clone();
            }
            is_gone
        });
        if is_gone == Some(true) {
            return;
        }
    }
    ENTRIES.push(Entry { state: AtomicU8::new(READY), tracker: UnsafeCell::new(tracker) });
}

extern "C" fn close_all() {
    let closed = catch_unwind(AssertUnwindSafe(|| {
        let trackers: Vec<Arc<dyn CloseAtExit>> = ENTRIES.iter().filter_map(Entry::upgrade).collect();
        in_parallel(trackers, |tracker| tracker.close_at_exit());
    }));
    // The process is on its way out, and no panic may leave a C function: not that of a payload's drop either.
    if let Err(panic) = closed {
        mem::forget(panic);
    }
}

impl Entry {
    fn with<R>(&self, work: impl FnOnce(&mut Weak<dyn CloseAtExit>) -> R) -> Option<R> {
        self.state.compare_exchange(READY, TAKEN, Ordering::AcqRel, Ordering::Relaxed).ok()?;
        // SAFETY: the entry is taken, so that nobody else is here until it is ready again.
        let result = work(unsafe { &mut *self.tracker.get() });
        self.state.store(READY, Ordering::Release);
        Some(result)
    }

    fn upgrade(&self) -> Option<Arc<dyn CloseAtExit>> {
        // Taken entries are free again at once, except for one that a fork caught.
        for _ in 0..1_000 {
            if let Some(tracker) = self.with(|held| held.upgrade()) {
                return tracker;
            }
            thread::yield_now();
        }
        None
    }
}
