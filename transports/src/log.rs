//! Tells the log, whatever the host's subscriber does.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Runs `tell`, which logs. A subscriber that panics harms neither a page nor a worker: that of
/// tracing-subscriber does when the standard error is a pipe that nobody reads any more.
pub(crate) fn guarded(tell: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(tell)) {
        mem::forget(panic); // Its drop could panic, too.
    }
}
