//! What happens to a pool when the process forks, and when it exits.
//!
//! A fork copies the memory and one thread. What the other threads were doing stays half done in the child
//! for ever: their locks stay taken, their hits stay in flight. So the child touches nothing of what it
//! inherited: a handler of `pthread_atfork` adds 1 to a static [`generation`], every public call compares it,
//! and on a change the inherited pool is leaked and a new one built ([`PerProcess`]).
//!
//! SQLite asks for more: its table of locks is copied, too, and a child's commits can vanish when the parent
//! closes the same file. So connections live behind a [`Gate`], which a fork closes before it copies them.
//!
//! Locks of files ask for it, too: a child shares them, and would keep them when the parent is gone. So the child's
//! handler closes the descriptors behind each [`Lock`].
//!
//! A host's runtime may have locks of its own, for threads that it meets and threads that end; so a thread of this
//! library makes itself known to it, and ends, where no fork can fall into it ([`attaching`]).
//!
//! Threads of the standard library begin and end under a lock of the process, which a fork may leave taken;
//! so a child's are made by [`spawn`]. A Rust program whose threads come and go while it forks has to leave its
//! children by C's `exit`: `std::process::exit` takes that lock, too.
//!
//! `_exit`, `abort` and a signal's death skip the handler that [`at_exit`] relies on; a fork by the bare
//! system call skips the others. On platforms without fork the same names are here and do nothing.
//!
//! This module and those below it are the only ones with unsafe code.

#![allow(unsafe_code, reason = "the handlers of fork and exit are C, and what they guard is shared by hand")]

mod attach;
#[cfg(unix)]
mod exit;
mod gate;
#[cfg(unix)]
mod handlers;
mod list;
mod lock;
#[cfg(unix)]
mod locks;
mod per_process;
mod thread;
mod window;

#[cfg(unix)]
pub use self::exit::at_exit;
#[cfg(unix)]
pub use self::handlers::install;
#[cfg(all(unix, feature = "http"))]
pub(crate) use self::locks::without_fork;
pub use self::{
    attach::{Attaching, attaching, begin, end},
    gate::{Gate, may_open},
    lock::Lock,
    per_process::PerProcess,
    thread::spawn,
};

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is closed when the process exits.
pub trait CloseAtExit: Send + Sync {
    /// Closes within its own deadline.
    fn close_at_exit(&self);
}

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// How many forks lie between the first process of this memory and this one, counted from 1. It costs one
/// atomic load, and is true from the first [`install`] on.
pub fn generation() -> u64 {
    GENERATION.load(Relaxed)
}

/// Whether this process was forked from one that used this library.
fn is_child() -> bool {
    generation() > 1
}

#[cfg(not(unix))]
mod elsewhere;
#[cfg(all(not(unix), feature = "http"))]
pub(crate) use self::elsewhere::without_fork;
#[cfg(not(unix))]
pub use self::elsewhere::{at_exit, install};
