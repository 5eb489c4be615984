//! The queue on disk as it is configured.

use std::{path::PathBuf, time::Duration};

/// Where spools are, and what they may take: `[spool]`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Spool {
    /// The folder of all spools. Defaults to `trackside-spool`.
    pub dir: PathBuf,
    /// How many bytes a process may use there, what it adopted included. Defaults to 1 GiB.
    pub bytes: u64,
    /// Defaults to [`Fsync::Never`].
    pub fsync: Fsync,
}

/// Which hits of a destination go to the disk: `spool` of the destination.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Spooling {
    /// `always`: all of them, as they come.
    Always,
    /// `off`: none.
    #[default]
    Off,
    /// `overflow`: those that the queue has no room for.
    Overflow,
}

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
