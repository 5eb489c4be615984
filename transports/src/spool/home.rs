//! The directory of one process, and the search for those whose process is gone.

use std::{
    collections::HashSet,
    fs::OpenOptions,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use super::disk::{Disk, Held, unlinked};
use crate::pool::fork::{self, Lock};

const LOCK: &str = ".lock";
const SEGMENT: &str = ".seg";

/// A directory whose lock this process holds. It lives as long as anybody deals with its segments; then it goes, if
/// it is empty, and its lock in any case.
#[derive(Debug)]
pub(super) struct Home {
    disk: Arc<dyn Disk>,
    pub(super) path: PathBuf,
    lock_path: PathBuf,
    /// None: it was let go.
    lock: Option<Box<dyn Held>>,
    segments: AtomicU64,
    generation: u64,
}

impl Home {
    /// A new directory below `folder`, called `id`, which nobody has ever used.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if another process has the lock, as one that sweeps has for a moment: the next id will do.
    pub(super) fn new(disk: &Arc<dyn Disk>, folder: &Path, id: u64) -> io::Result<Self> {
        disk.make_folder(folder)?;
        let name = format!("{id:016x}");
        let lock_path = folder.join(format!("{name}{LOCK}"));
        // Before the directory is there: one without an owner never is, not even for a moment.
        let Some(lock) = disk.lock(&lock_path)? else {
            return Err(io::Error::new(
                ErrorKind::AlreadyExists,
                "another process has a directory of this name",
            ));
        };
        let home = Self::locked(disk, folder.join(name), lock_path, lock);
        disk.make_folder(&home.path)?;
        Ok(home)
    }

    /// A directory below `folder` whose process is gone and which `is_wanted`, if there is one.
    pub(super) fn adopt(
        disk: &Arc<dyn Disk>,
        folder: &Path,
        is_wanted: impl Fn(&str) -> bool,
    ) -> io::Result<Option<Self>> {
        let mut names = match disk.list(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            listed => listed?,
        };
        // A link may lead into the directory of a living process, whose lock has another name.
        names.retain(|name| is_id(name) && is_wanted(name) && disk.is_folder(&folder.join(name)));
        names.sort_unstable();
        let mut failed = None;
        for name in names {
            let lock_path = folder.join(format!("{name}{LOCK}"));
            let lock = match disk.lock(&lock_path) {
                Ok(Some(lock)) => lock,
                Ok(None) => continue,
                Err(error) => {
                    failed.get_or_insert(error);
                    continue;
                }
            };
            let home = Self::locked(disk, folder.join(name), lock_path, lock);
            // Whoever had it may have emptied and removed it since it was listed.
            match disk.list(&home.path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => _ = failed.get_or_insert(error),
                Ok(_) => return Ok(Some(home)),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Removes the locks below `folder` that have no directory: of processes that were killed while they made or removed
    /// theirs.
    pub(super) fn sweep(disk: &Arc<dyn Disk>, folder: &Path) {
        let names: HashSet<_> = disk.list(folder).unwrap_or_default().into_iter().collect();
        let ids = names.iter().filter_map(|name| name.strip_suffix(LOCK));
        for id in ids.filter(|id| is_id(id) && !names.contains(*id)) {
            let lock_path = folder.join(format!("{id}{LOCK}"));
            if let Ok(Some(lock)) = disk.lock(&lock_path) {
                // Who lets go of no directory takes the lock's file along. One that has come meanwhile stays, and its
                // lock with it.
                drop(Self::locked(disk, folder.join(id), lock_path, lock));
            }
        }
    }

    fn locked(disk: &Arc<dyn Disk>, path: PathBuf, lock_path: PathBuf, lock: Box<dyn Held>) -> Self {
        let (disk, segments) = (Arc::clone(disk), AtomicU64::new(0));
        Self { disk, path, lock_path, lock: Some(lock), segments, generation: fork::generation() }
    }

    /// Whether somebody has removed it.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.disk.list(&self.path), Err(error) if error.kind() == ErrorKind::NotFound)
    }

    /// Whether it is another process's, and this is its child.
    pub(super) fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// A name for a new segment.
    pub(super) fn next_segment(&self) -> PathBuf {
        self.path.join(format!("{:08x}{SEGMENT}", self.segments.fetch_add(1, SeqCst)))
    }

    /// The segments that are there, in the order in which they were begun.
    pub(super) fn segments(&self) -> io::Result<Vec<PathBuf>> {
        segments(&*self.disk, &self.path)
    }
}

/// The segments in the directory `path`, in the order in which they were begun.
pub(super) fn segments(disk: &dyn Disk, path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = disk.list(path)?;
    names.retain(|name| {
        name.strip_suffix(SEGMENT).is_some_and(|id| id.len() == 8 && id.bytes().all(is_digit))
    });
    names.sort_unstable();
    Ok(names.into_iter().map(|name| path.join(name)).collect())
}

/// Whether a process holds the lock of the directory `id` below `folder`. No file is made.
pub(super) fn is_locked(folder: &Path, id: &str) -> io::Result<bool> {
    let path = folder.join(format!("{id}{LOCK}"));
    let mut options = OpenOptions::new();
    let options = unlinked(options.read(true));
    // Who asks may have no right to write. Some file systems, as NFS, lock only what is open for writing.
    let taken = match Lock::take(&path, options) {
        Err(error) if error.kind() != ErrorKind::NotFound => Lock::take(&path, options.write(true)),
        taken => taken,
    };
    match taken {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        taken => Ok(taken?.is_none()),
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_inherited() {
            return;
        }
        // Only in this order: while the directory is there, so is its lock, and it is one and the same.
        let is_gone = match self.disk.remove_folder(&self.path) {
            Err(error) => error.kind() == ErrorKind::NotFound,
            Ok(()) => true,
        };
        if is_gone {
            // A file that stays is in nobody's way.
            self.disk.remove_file(&self.lock_path).ok();
        }
        drop(self.lock.take());
    }
}

pub(super) fn is_id(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(is_digit)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}
