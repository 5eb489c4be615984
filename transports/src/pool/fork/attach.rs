//! Threads of this library that make themselves known to the runtime of their host, such as an interpreter.
//!
//! A runtime that meets a thread writes it down, and forgets it again as it ends: under locks of its own, which a fork
//! would leave taken in the child. It takes them for so short a time that nobody but a fork ever notices. So a thread
//! does the first inside a [`Window`], at once and before it ever calls the host, and ends inside another.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::window::{Amid, Window};

/// Nobody waits for a thread that waits here; and a fork of a large process takes its time.
static ATTACHING: Window = Window::new(Duration::from_secs(1));

/// How long a fork waits that was told of by [`begin`].
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    // Without a destructor, so that it can be read at any time, exit included.
    static KNOWN: Cell<Known> = const { Cell::new(Known::Foreign) };
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Known {
    /// A thread of the host's, which it knows.
    Foreign,
    /// One of this library's, of which the host's runtime knows nothing.
    Own,
    /// One of this library's, of which it knows.
    Attached,
}

/// Keeps forks out while the calling thread makes itself known.
#[derive(Debug)]
pub struct Attaching {
    _amid: Amid,
}

/// Whether the calling thread is to make itself known to the host's runtime now, which it is asked once: no, if it is the
/// host's own. It waits while a fork is under way, for at most a second, and keeps forks out until what it answers is
/// dropped; these wait for 100 ms at most.
pub fn attaching() -> Option<Attaching> {
    if KNOWN.get() != Known::Own {
        return None;
    }
    KNOWN.set(Known::Attached);
    Some(Attaching { _amid: ATTACHING.enter() })
}

/// Before a fork, where that holds locks which a thread needs that makes itself known: this is called without them. It
/// waits until no thread is at it or at its end, for at most a second, and keeps others from it until [`end`].
pub fn begin() {
    super::install();
    ATTACHING.close(Instant::now() + PATIENCE);
}

/// After such a fork, in the parent.
pub fn end() {
    ATTACHING.open();
}

#[cfg(unix)]
pub(super) fn prepare(until: Instant) {
    ATTACHING.close(until);
}

#[cfg(unix)]
pub(super) fn parent() {
    ATTACHING.open();
}

#[cfg(unix)]
pub(super) fn child() {
    ATTACHING.forget();
}

/// Does `work` as a thread of this library, which ends after it.
pub(super) fn as_own_thread(work: impl FnOnce()) {
    struct Ends;
    impl Drop for Ends {
        fn drop(&mut self) {
            #[cfg(unix)]
            if KNOWN.get() == Known::Attached {
                destructors::enter();
            }
        }
    }
    KNOWN.set(Known::Own);
    let _ends = Ends;
    work();
}

/// The end of a thread, with what runtimes do in destructors of `pthread_key_create`.
#[cfg(unix)]
mod destructors {
    use std::{
        ffi::c_void,
        mem,
        ptr::without_provenance_mut,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use super::ATTACHING;
    use crate::pool::fork::generation;

    /// A thread's value of this key is the generation in which it ends, twice, and 1 more before the first round of
    /// destructors.
    static KEY: AtomicUsize = AtomicUsize::new(NONE);
    const NONE: usize = usize::MAX;

    /// Keeps forks out from here to the end of the calling thread. It waits while a fork is under way.
    pub(super) fn enter() {
        let Some(key) = key() else {
            return;
        };
        let amid = ATTACHING.enter();
        let value = without_provenance_mut::<c_void>((generation() as usize) << 1 | 1);
        // SAFETY: the key was made by `key`, and is never deleted.
        if unsafe { libc::pthread_setspecific(key, value) } == 0 {
            mem::forget(amid);
        }
    }

    /// None if the system has no more of them.
    fn key() -> Option<libc::pthread_key_t> {
        let known = KEY.load(SeqCst);
        if known != NONE {
            return Some(known as libc::pthread_key_t);
        }
        let mut made = 0;
        // SAFETY: there is room for a key; the destructor is a function of this library, which is never unloaded, and
        // does not unwind.
        if unsafe { libc::pthread_key_create(&raw mut made, Some(ended)) } != 0 {
            return None;
        }
        match KEY.compare_exchange(NONE, made as usize, SeqCst, SeqCst) {
            Ok(_) => Some(made),
            Err(known) => {
                // SAFETY: it was made above, and nobody has used it.
                unsafe { libc::pthread_key_delete(made) };
                Some(known as libc::pthread_key_t)
            }
        }
    }

    extern "C" fn ended(value: *mut c_void) {
        let value = value.addr();
        if value & 1 == 1
            && let Some(key) = key()
        {
            // Those of this round come in any order: the next one comes when all have been called.
            // SAFETY: as in `enter`.
            if unsafe { libc::pthread_setspecific(key, without_provenance_mut(value & !1)) } == 0 {
                return;
            }
        }
        let now = generation();
        if value >> 1 == now as usize & (usize::MAX >> 1) {
            ATTACHING.leave(now);
        }
    }
}
