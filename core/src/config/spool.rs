//! The queue on disk as it is configured.

use std::time::Duration;

/// When what is in the spool is sure to be on the disk: `spool.fsync`. That it outlives the process does not depend
/// on it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fsync {
    /// `always`: as soon as a worker has looked, within a few milliseconds, and what is noted before an attempt,
    /// before the attempt. A request does not wait for it.
    Always,
    /// An interval: so often.
    Every(Duration),
    /// `never`: when the system sees fit.
    #[default]
    Never,
}
