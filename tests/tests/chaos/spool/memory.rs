//! A disk in memory that several processes have in common, each by a handle of its own, which ends with its process: at
//! any change of the disk, perhaps in the midst of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use trackside_transports::spool::{Disk, DiskFile, Held};

use crate::random::Random;

type Bytes = Arc<Mutex<Vec<u8>>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Mutex<Files>>);

#[derive(Debug, Default)]
struct Files {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Bytes>,
    /// Which process holds a lock.
    locks: BTreeMap<PathBuf, u64>,
    processes: u64,
}

/// Where something was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) at: u64,
    pub(super) length: u64,
}

impl Memory {
    /// The disk as a new process has it.
    pub(super) fn process(&self, seed: u64) -> Process {
        let mut files = self.0.lock().unwrap();
        files.processes += 1;
        Process(Arc::new(State {
            memory: self.clone(),
            id: files.processes,
            random: Mutex::new(Random::new(seed)),
            changes_left: AtomicU64::new(u64::MAX),
            is_dead: AtomicBool::new(false),
            tears: AtomicBool::new(false),
            keeps_torn: AtomicBool::new(false),
            wrote: Mutex::new(None),
        }))
    }

    /// The segments that are there, whose ever they are.
    pub(super) fn segments(&self) -> Vec<PathBuf> {
        let files = self.0.lock().unwrap();
        let is_segment = |path: &&PathBuf| path.extension().is_some_and(|it| it == "seg");
        files.files.keys().filter(is_segment).cloned().collect()
    }

    /// Those whose directory no process holds.
    pub(super) fn left(&self) -> Vec<PathBuf> {
        let is_left = |path: &PathBuf| {
            let lock = path.parent().unwrap().with_extension("lock");
            !self.0.lock().unwrap().locks.contains_key(&lock)
        };
        self.segments().into_iter().filter(is_left).collect()
    }

    /// Changes the bytes of a file behind everybody's back.
    pub(super) fn edit<T>(&self, path: &Path, edit: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let bytes = Arc::clone(&self.0.lock().unwrap().files[path]);
        edit(&mut bytes.lock().unwrap())
    }

    /// How many bytes the segments have in all.
    pub(super) fn bytes(&self) -> u64 {
        self.segments().iter().map(|path| self.edit(path, |bytes| bytes.len() as u64)).sum()
    }

    /// Whether nothing is left of any spool. The file of a lock may stay whose directory is gone.
    pub(super) fn is_bare(&self, folder: &Path) -> bool {
        let files = self.0.lock().unwrap();
        let is_lock = |path: &PathBuf| path.extension().is_some_and(|it| it == "lock");
        files.files.keys().all(is_lock) && files.folders.iter().all(|it| it.parent() != Some(folder))
    }
}

/// The disk as one process has it.
#[derive(Clone, Debug)]
pub(super) struct Process(Arc<State>);

#[derive(Debug)]
struct State {
    memory: Memory,
    id: u64,
    random: Mutex<Random>,
    changes_left: AtomicU64,
    is_dead: AtomicBool,
    tears: AtomicBool,
    keeps_torn: AtomicBool,
    wrote: Mutex<Option<Place>>,
}

impl Process {
    /// The process is killed in the midst of its `n`th change from now on.
    pub(super) fn die_at(&self, n: u64) {
        self.0.changes_left.store(n, SeqCst);
    }

    /// The process is killed.
    pub(super) fn die(&self) {
        self.0.is_dead.store(true, SeqCst);
        self.0.memory.0.lock().unwrap().locks.retain(|_, owner| *owner != self.0.id);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.is_dead.load(SeqCst)
    }

    /// Of the next frame a part is written, and what that is can be cut off or not.
    pub(super) fn tear(&self, is_cut: bool) {
        self.0.tears.store(true, SeqCst);
        self.0.keeps_torn.store(!is_cut, SeqCst);
    }

    /// As it was.
    pub(super) fn mend(&self) {
        self.0.tears.store(false, SeqCst);
        self.0.keeps_torn.store(false, SeqCst);
    }

    /// Where it wrote last.
    pub(super) fn wrote(&self) -> Place {
        self.0.wrote.lock().unwrap().clone().unwrap()
    }

    /// A number of its own.
    pub(super) fn id(&self) -> u64 {
        self.0.id
    }

    fn look<T>(&self, look: impl FnOnce(&mut Files) -> io::Result<T>) -> io::Result<T> {
        if self.is_dead() {
            return Err(ErrorKind::Other.into());
        }
        look(&mut self.0.memory.0.lock().unwrap())
    }

    /// Makes a change, unless the process is killed before it; if it is killed in it, nobody is told of it.
    fn change<T>(&self, change: impl FnOnce(&mut Files) -> io::Result<T>) -> io::Result<T> {
        if !self.is_last() {
            return self.look(change);
        }
        let is_made = self.0.random.lock().unwrap().percent(50);
        let changed = if is_made { self.look(change).map(drop) } else { Ok(()) };
        self.die();
        changed?;
        Err(ErrorKind::Other.into())
    }

    fn is_last(&self) -> bool {
        let left = self.0.changes_left.load(SeqCst);
        self.0.changes_left.store(left.saturating_sub(1), SeqCst);
        left <= 1
    }

    fn file(&self, path: &Path, bytes: &Bytes) -> Arc<dyn DiskFile> {
        Arc::new(MemoryFile { process: self.clone(), path: path.to_owned(), bytes: Arc::clone(bytes) })
    }
}

impl Disk for Process {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|files| {
            files.folders.extend(path.ancestors().map(Path::to_owned));
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.look(|files| {
            if !files.folders.contains(path) {
                return Err(ErrorKind::NotFound.into());
            }
            let all = files.folders.iter().chain(files.files.keys());
            let within = all.filter(|it| it.parent() == Some(path));
            Ok(within.map(|it| it.file_name().unwrap().to_str().unwrap().to_owned()).collect())
        })
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.look(|files| Ok(files.folders.contains(path))).unwrap_or(false)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let made = self.change(|files| {
            if files.files.contains_key(path) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            Ok(Arc::clone(files.files.entry(path.to_owned()).or_default()))
        });
        Ok(self.file(path, &made?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let found = self.look(|files| files.files.get(path).cloned().ok_or(ErrorKind::NotFound.into()));
        Ok(self.file(path, &found?))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(|files| files.files.remove(path).map(drop).ok_or(ErrorKind::NotFound.into()))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|files| {
            let all = files.folders.iter().chain(files.files.keys());
            if all.into_iter().any(|it| it.parent() == Some(path)) {
                return Err(ErrorKind::DirectoryNotEmpty.into());
            }
            if files.folders.remove(path) { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
        })
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.look(|_| Ok(()))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Held>>> {
        let is_taken = self.change(|files| {
            if files.locks.contains_key(path) {
                return Ok(false);
            }
            files.files.entry(path.to_owned()).or_default();
            files.locks.insert(path.to_owned(), self.0.id);
            Ok(true)
        })?;
        let lock = || Box::new(MemoryLock { process: self.clone(), path: path.to_owned() }) as Box<dyn Held>;
        Ok(is_taken.then(lock))
    }
}

#[derive(Debug)]
struct MemoryLock {
    process: Process,
    path: PathBuf,
}

impl Held for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        // The locks of one that is dead are gone, and others may have them.
        let id = self.process.0.id;
        let mut files = self.process.0.memory.0.lock().unwrap();
        if files.locks.get(&self.path) == Some(&id) {
            files.locks.remove(&self.path);
        }
    }
}

#[derive(Debug)]
struct MemoryFile {
    process: Process,
    path: PathBuf,
    bytes: Bytes,
}

impl MemoryFile {
    fn put(&self, new: &[u8], at: u64) {
        let mut bytes = self.bytes.lock().unwrap();
        let (at, end) = (at as usize, at as usize + new.len());
        let length = bytes.len().max(end);
        bytes.resize(length, 0);
        bytes[at..end].copy_from_slice(new);
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        self.process.look(|_| Ok(()))?;
        let all = self.bytes.lock().unwrap();
        let rest = all.get(at as usize..).unwrap_or_default();
        let read = rest.len().min(bytes.len());
        bytes[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        self.process.look(|_| Ok(()))?;
        let state = &self.process.0;
        if self.process.is_last() {
            let part = state.random.lock().unwrap().below(bytes.len() + 1);
            self.put(&bytes[..part], at);
            self.process.die();
            return Err(ErrorKind::Other.into());
        }
        // What becomes of a hit is one byte, for which there is always room.
        if bytes.len() > 1 && state.tears.swap(false, SeqCst) {
            let part = state.random.lock().unwrap().below(bytes.len());
            self.put(&bytes[..part], at);
            return Ok(part);
        }
        self.put(bytes, at);
        let place = Place { path: self.path.clone(), at, length: bytes.len() as u64 };
        *state.wrote.lock().unwrap() = Some(place);
        Ok(bytes.len())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        if self.process.0.keeps_torn.swap(false, SeqCst) {
            return Err(ErrorKind::Other.into());
        }
        self.process.change(|_| Ok(()))?;
        self.bytes.lock().unwrap().truncate(length as usize);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        self.process.look(|_| Ok(self.bytes.lock().unwrap().len() as u64))
    }

    fn sync(&self) -> io::Result<()> {
        self.process.look(|_| Ok(()))
    }
}
