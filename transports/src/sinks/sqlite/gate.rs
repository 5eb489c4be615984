use std::sync::{Mutex, PoisonError};

/// Holds what must not be open across a fork.
pub(super) struct Gate<T>(Mutex<Option<T>>);

impl<T> Gate<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn enter<R>(&self, work: impl FnOnce(&mut Option<T>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
