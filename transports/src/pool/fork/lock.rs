use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    mem::ManuallyDrop,
    path::Path,
};

use super::generation;
#[cfg(unix)]
use super::locks::{Entry, without_fork};

/// The lock of a file, held as long as this lives and as long as its process does: no longer.
///
/// A lock belongs to the open file, which a forked child shares; so the child's handler closes the child's
/// descriptor of it, and the lock goes with the parent.
pub struct Lock {
    file: ManuallyDrop<File>,
    generation: u64,
    #[cfg(unix)]
    entry: &'static Entry,
}

impl Lock {
    /// Opens the file at `path` as `options` say and takes its lock; none if another has it.
    ///
    /// Whoever holds a lock may remove its file. The answer's file is at `path` as long as nobody else does so: one that
    /// was removed between being opened and being locked is not taken for it.
    ///
    /// # Errors
    ///
    /// The system's, if the file cannot be opened or its file system has no locks.
    pub fn take(path: &Path, options: &OpenOptions) -> io::Result<Option<Self>> {
        super::install();
        /// So often in a row nobody is too late.
        const TRIES: usize = 100;
        for _ in 1..TRIES {
            match Self::take_once(path, options)? {
                Some(lock) if !is_at(&lock.file, path) => {}
                taken => return Ok(taken),
            }
        }
        // There are file systems whose files have another number each time they are asked for it.
        Self::take_once(path, options)
    }

    fn take_once(path: &Path, options: &OpenOptions) -> io::Result<Option<Self>> {
        #[cfg(unix)]
        let (file, entry) = without_fork(|| {
            let file = options.open(path)?;
            let entry = Entry::of(&file);
            io::Result::Ok((file, entry))
        })?;
        #[cfg(not(unix))]
        let file = options.open(path)?;
        let locked = file.try_lock();
        let lock = Self {
            file: ManuallyDrop::new(file),
            generation: generation(),
            #[cfg(unix)]
            entry,
        };
        match locked {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Whether `file` is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        // What can be locked and not be looked at is as it was.
        (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
        (Err(_), Ok(_)) => true,
    }
}

/// Elsewhere a file that somebody has open keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lock").field("file", &*self.file).finish_non_exhaustive()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An inherited one: its descriptor is closed, and the number may be another's by now.
        if self.generation != generation() {
            return;
        }
        let close = || {
            #[cfg(unix)]
            self.entry.forget();
            // SAFETY: it is neither used nor dropped again.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        };
        #[cfg(unix)]
        without_fork(close);
        #[cfg(not(unix))]
        close();
    }
}
