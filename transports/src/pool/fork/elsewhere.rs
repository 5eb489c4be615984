//! Platforms without fork.

use std::sync::Weak;

/// Does nothing: there is no fork to prepare for.
pub fn install() {}

/// What is closed when the process exits.
pub trait CloseAtExit: Send + Sync {
    /// Closes within its own deadline.
    fn close_at_exit(&self);
}

/// Does nothing: here a tracker is closed by the host.
pub fn at_exit(_: Weak<dyn CloseAtExit>) {}
