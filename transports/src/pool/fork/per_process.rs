use std::{
    fmt,
    marker::PhantomData,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use super::generation;

/// A value that each process has for itself: made at the first use, and made anew at the first use after a
/// fork.
///
/// What a child inherits is leaked: it is never dropped, and none of its locks is taken, since the threads
/// that would release them do not exist any more.
pub struct PerProcess<T> {
    node: AtomicPtr<Node<T>>,
    owned: PhantomData<T>,
}

struct Node<T> {
    generation: u64,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    /// A cell whose value is not made yet.
    pub const fn new() -> Self {
        Self { node: AtomicPtr::new(ptr::null_mut()), owned: PhantomData }
    }

    /// This process's value. When several threads come first, `make` may be called by each; one value stays.
    pub fn get(&self, make: impl Fn() -> T) -> &T {
        match self.current() {
            Some(value) => value,
            None => self.fill(&make),
        }
    }

    /// This process's value, if it has been made.
    pub fn current(&self) -> Option<&T> {
        // SAFETY: the pointer is null or came from `Box::into_raw` in `fill`, which published it with
        // Release. A node is freed only by `drop`, which holds `&mut self`, or in `fill` before anybody could
        // see it.
        let node = unsafe { self.node.load(Ordering::Acquire).as_ref() }?;
        (node.generation == generation()).then_some(&node.value)
    }

    #[cold]
    fn fill(&self, make: &dyn Fn() -> T) -> &T {
        let made = Box::into_raw(Box::new(Node { generation: generation(), value: make() }));
        let mut seen = self.node.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `current`.
            if let Some(node) = unsafe { seen.as_ref() }
                && node.generation == generation()
            {
                // SAFETY: `made` came from `Box::into_raw` above, was not published and is not used again.
                drop(unsafe { Box::from_raw(made) });
                return &node.value;
            }
            // A node of another generation is leaked by this exchange.
            match self.node.compare_exchange(seen, made, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: `made` is published now, and freed as `current` says.
                Ok(_) => return unsafe { &(*made).value },
                Err(now) => seen = now,
            }
        }
    }
}

impl<T: Send + Sync> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let node = *self.node.get_mut();
        // SAFETY: the pointer is null or came from `Box::into_raw`, and `&mut self` says that no borrow of the
        // node is left.
        let is_current = unsafe { node.as_ref() }.is_some_and(|node| node.generation == generation());
        if is_current {
            // SAFETY: as above; the node is reached from nowhere else.
            drop(unsafe { Box::from_raw(node) });
        }
    }
}
