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
    /// # Errors
    ///
    /// The system's, if the file cannot be opened or its file system has no locks.
    pub fn take(path: &Path, options: &OpenOptions) -> io::Result<Option<Self>> {
        super::install();
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
