use std::{
    marker::PhantomData,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// A list that only grows. What is in it is never freed, so that it can be walked at any time, by any thread
/// and after any fork, without a lock.
pub(super) struct List<T> {
    head: AtomicPtr<Link<T>>,
    holds: PhantomData<T>,
}

struct Link<T> {
    value: T,
    next: *const Link<T>,
}

impl<T: Sync + 'static> List<T> {
    pub(super) const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), holds: PhantomData }
    }

    /// Adds `value` in front.
    pub(super) fn push(&self, value: T) -> &'static T {
        let mut head = self.head.load(Ordering::Acquire);
        let link = Box::into_raw(Box::new(Link { value, next: head }));
        loop {
            match self.head.compare_exchange(head, link, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: it came from `Box::into_raw` and is never freed.
                Ok(_) => return unsafe { &(*link).value },
                Err(seen) => {
                    head = seen;
                    // SAFETY: not published yet, so that nobody else has it.
                    unsafe { (*link).next = seen };
                }
            }
        }
    }

    /// All there is, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static T> + use<T> {
        let mut next: *const Link<T> = self.head.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: null, or a link that was published with Release and is never freed; its `next` was
            // written before.
            let link = unsafe { next.as_ref() }?;
            next = link.next;
            Some(&link.value)
        })
    }
}

#[cfg(test)]
mod test {
    use std::thread;

    use super::List;

    #[test]
    fn what_many_add_at_once_is_all_there() {
        static LIST: List<usize> = List::new();
        thread::scope(|scope| {
            for n in 0..8 {
                scope.spawn(move || {
                    for m in 0..100 {
                        assert_eq!(*LIST.push(n * 100 + m), n * 100 + m);
                        assert!(LIST.iter().any(|&it| it == n * 100 + m));
                    }
                });
            }
        });
        let mut all: Vec<_> = LIST.iter().copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..800));
    }
}
