//! Which file stands at a path: a file that is open may have been moved, deleted or replaced meanwhile.

use std::{
    fs::{self, Metadata},
    path::Path,
};

/// A file's device and inode: no other file has the same while this one is open.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Identity(u64, u64);

/// Elsewhere a file is not moved while it is open: any file at the path is the one.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Identity;

impl Identity {
    /// That of the file at `path`, if there is one. Costs one system call.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        Self(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Self {
        Self
    }
}
