//! Holds on what a host has handed over and is to be told to free.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use trackside_transports::pool::fork::PerProcess;

/// What a host has handed over.
pub(crate) trait HandedOver: fmt::Debug {
    /// Tells the host that nobody will call it any more.
    fn free(&self);
}

/// A hold on it: when the last of a process goes, it is freed in that process.
///
/// There is a first one, which options and then a tracker have, and there are its clones, which belong to workers.
/// In a forked child the first one lives on, and the workers of the parent, whose clones will never be dropped
/// there, do not exist; so a child begins to count at one.
#[derive(Debug)]
pub(crate) struct Hold<T: HandedOver>(Arc<Held<T>>);

#[derive(Debug)]
struct Held<T> {
    handed_over: T,
    holds: PerProcess<AtomicUsize>,
}

impl<T> Held<T> {
    fn holds(&self) -> &AtomicUsize {
        self.holds.get(|| AtomicUsize::new(1))
    }
}

impl<T: HandedOver> Hold<T> {
    /// The first one.
    pub(crate) fn new(handed_over: T) -> Self {
        let held = Held { handed_over, holds: PerProcess::new() };
        held.holds();
        Self(Arc::new(held))
    }

    pub(crate) fn get(&self) -> &T {
        &self.0.handed_over
    }
}

impl<T: HandedOver> Clone for Hold<T> {
    fn clone(&self) -> Self {
        self.0.holds().fetch_add(1, SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl<T: HandedOver> Drop for Hold<T> {
    fn drop(&mut self) {
        if self.0.holds().fetch_sub(1, SeqCst) == 1 {
            self.0.handed_over.free();
        }
    }
}
