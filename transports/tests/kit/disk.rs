//! A disk that fails, fills or is slow as it is told.

use std::{
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use trackside_transports::spool::{Disk, DiskFile, Held, Os};

/// The machine's disk, with faults.
#[derive(Clone, Debug, Default)]
pub struct Faulty(Arc<Faults>);

/// What is wrong with it at the moment.
#[derive(Debug, Default)]
pub struct Faults {
    /// Nothing can be written.
    pub fails: AtomicBool,
    /// Nothing can be opened for reading.
    pub is_unreadable: AtomicBool,
    /// How long a write takes, in milliseconds.
    pub slow: AtomicU64,
    /// This file alone takes eight.
    pub slow_file: Mutex<Option<PathBuf>>,
    /// Of the next write so many bytes arrive, less 1; 0: all of them.
    pub torn: AtomicU64,
    /// Who writes is held up, and how many are.
    pub is_stuck: AtomicBool,
    pub stuck: AtomicU64,
    /// Files cannot be cut.
    pub is_uncut: AtomicBool,
    /// How often something was synced.
    pub syncs: AtomicU64,
    /// How often something was opened, and written.
    pub opened: AtomicU64,
    pub written: AtomicU64,
    /// What happens behind the next opening.
    pub opening: Meanwhile,
    /// What happens during the next read.
    pub meanwhile: Meanwhile,
    /// What happens when a folder is to go.
    pub leaving: Meanwhile,
}

/// Something that happens once, in the midst of something else.
#[derive(Default)]
pub struct Meanwhile(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Meanwhile {
    pub fn set(&self, work: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(work));
    }

    fn happen(&self) {
        let work = self.0.lock().unwrap().take();
        if let Some(work) = work {
            work();
        }
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl Faulty {
    pub fn faults(&self) -> &Faults {
        &self.0
    }

    fn write(&self) -> io::Result<()> {
        let slow = self.0.slow.load(SeqCst);
        if slow > 0 {
            thread::sleep(Duration::from_millis(slow));
        }
        self.0.stuck.fetch_add(1, SeqCst);
        while self.0.is_stuck.load(SeqCst) {
            thread::yield_now();
        }
        self.0.stuck.fetch_sub(1, SeqCst);
        if self.0.fails.load(SeqCst) { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn file(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file })
    }
}

impl Disk for Faulty {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.write()?;
        Os.make_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        Os.list(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        Os.is_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.write()?;
        Ok(self.file(path, Os.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.0.opened.fetch_add(1, SeqCst);
        let is_unreadable = self.0.is_unreadable.load(SeqCst);
        self.0.opening.happen();
        if is_unreadable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(self.file(path, Os.open(path)?))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Os.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.0.leaving.happen();
        Os.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.syncs.fetch_add(1, SeqCst);
        Os.sync_folder(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Held>>> {
        Os.lock(path)
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: Faulty,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
}

impl DiskFile for FaultyFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        self.disk.0.meanwhile.happen();
        self.file.read_at(bytes, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        if self.disk.0.slow_file.lock().unwrap().as_ref() == Some(&self.path) {
            thread::sleep(Duration::from_millis(8));
        }
        self.disk.write()?;
        self.disk.0.written.fetch_add(1, SeqCst);
        match self.disk.0.torn.swap(0, SeqCst) {
            0 => self.file.write_at(bytes, at),
            torn => self.file.write_at(&bytes[..bytes.len().min(torn as usize - 1)], at),
        }
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        if self.disk.0.is_uncut.load(SeqCst) {
            return Err(ErrorKind::Other.into());
        }
        self.file.cut(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.0.syncs.fetch_add(1, SeqCst);
        self.file.sync()
    }
}
