//! Platforms without fork.

use std::sync::Weak;

use super::CloseAtExit;

/// Does nothing: there is no fork to prepare for.
pub fn install() {}

/// Does nothing: here a tracker is closed by the host.
pub fn at_exit(_: Weak<dyn CloseAtExit>) {}

/// Does `work`: nobody forks here.
#[cfg(feature = "http")]
pub(crate) fn without_fork<R>(work: impl FnOnce() -> R) -> R {
    work()
}
