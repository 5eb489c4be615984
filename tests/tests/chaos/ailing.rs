//! A disk that fails, fills and dawdles at random.

use std::{
    io::{self, ErrorKind},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use trackside_transports::spool::{Disk, DiskFile, Held, Os};

use crate::random::Random;

/// The machine's disk, with faults.
#[derive(Clone, Debug)]
pub(crate) struct Ailing(Arc<State>);

#[derive(Debug)]
struct State {
    random: Mutex<Random>,
    mood: AtomicUsize,
    faults: AtomicU64,
    unmarked: AtomicU64,
    full: AtomicU64,
    read_only: AtomicU64,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mood {
    Well,
    /// Now and then anything fails.
    Flaky,
    /// Files do not grow.
    Full,
    ReadOnly,
    /// Some writes take as long as a rotating disk takes to wake up.
    Slow,
}

impl Mood {
    pub(crate) const ALL: [Self; 5] = [Self::Well, Self::Flaky, Self::Full, Self::ReadOnly, Self::Slow];
}

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wish {
    /// To make a file or a folder, or to write where nothing was.
    Grow,
    /// To write over a byte.
    Mark,
    /// To read, or to list.
    Read,
    /// To remove, to cut or to sync.
    Tend,
}

impl Ailing {
    pub(crate) fn new(seed: u64) -> Self {
        let random = Mutex::new(Random::of(seed, 7));
        let [faults, unmarked, full, read_only] = [const { AtomicU64::new(0) }; 4];
        Self(Arc::new(State { random, mood: AtomicUsize::new(0), faults, unmarked, full, read_only }))
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.0.mood.store(mood as usize, SeqCst);
    }

    pub(crate) fn faults(&self) -> u64 {
        self.0.faults.load(SeqCst)
    }

    /// How often it could not be written down what has become of a hit: each may come twice.
    pub(crate) fn unmarked(&self) -> u64 {
        self.0.unmarked.load(SeqCst)
    }

    /// How often the machine's own disk was full.
    pub(crate) fn full(&self) -> u64 {
        self.0.full.load(SeqCst)
    }

    /// How often the machine's own disk was read-only.
    pub(crate) fn read_only(&self) -> u64 {
        self.0.read_only.load(SeqCst)
    }

    /// Counts what the machine's own disk answered.
    fn count<T>(&self, answer: io::Result<T>) -> io::Result<T> {
        answer.inspect_err(|error| {
            let count = match error.kind() {
                ErrorKind::StorageFull => &self.0.full,
                ErrorKind::ReadOnlyFilesystem => &self.0.read_only,
                _ => return,
            };
            count.fetch_add(1, SeqCst);
        })
    }

    fn ask(&self, wish: Wish) -> io::Result<()> {
        let mood = Mood::ALL[self.0.mood.load(SeqCst)];
        let mut random = self.0.random.lock().unwrap();
        let (failure, slow) = match mood {
            Mood::Well => (None, false),
            Mood::Flaky => (random.percent(5).then_some(ErrorKind::Other), random.percent(1)),
            Mood::Full => ((wish == Wish::Grow).then_some(ErrorKind::StorageFull), false),
            Mood::ReadOnly => ((wish != Wish::Read).then_some(ErrorKind::ReadOnlyFilesystem), false),
            Mood::Slow => (None, wish != Wish::Read && random.percent(10)),
        };
        let pause = Duration::from_millis(random.within(1..12) as u64);
        drop(random);
        if slow {
            thread::sleep(pause);
        }
        self.0.faults.fetch_add(u64::from(failure.is_some() || slow), SeqCst);
        failure.map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// How much of so many bytes is written; a part, if the disk fills up with it.
    fn part(&self, bytes: usize) -> usize {
        let mood = Mood::ALL[self.0.mood.load(SeqCst)];
        let mut random = self.0.random.lock().unwrap();
        if mood == Mood::Flaky && bytes > 1 && random.percent(3) { random.below(bytes) } else { bytes }
    }

    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(AilingFile { disk: self.clone(), file })
    }
}

impl Disk for Ailing {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.ask(Wish::Grow)?;
        self.count(Os.make_folder(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.ask(Wish::Read)?;
        Os.list(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        Os.is_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.ask(Wish::Grow)?;
        Ok(self.file(self.count(Os.create(path))?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.ask(Wish::Read)?;
        Ok(self.file(self.count(Os.open(path))?))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.ask(Wish::Tend)?;
        Os.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.ask(Wish::Tend)?;
        Os.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.ask(Wish::Tend)?;
        Os.sync_folder(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Held>>> {
        self.ask(Wish::Grow)?;
        self.count(Os.lock(path))
    }
}

#[derive(Debug)]
struct AilingFile {
    disk: Ailing,
    file: Arc<dyn DiskFile>,
}

impl DiskFile for AilingFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        self.disk.ask(Wish::Read)?;
        self.file.read_at(bytes, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        let wish = if bytes.len() == 1 { Wish::Mark } else { Wish::Grow };
        self.disk.ask(wish).inspect_err(|_| {
            self.disk.0.unmarked.fetch_add(u64::from(wish == Wish::Mark), SeqCst);
        })?;
        self.disk.count(self.file.write_at(&bytes[..self.disk.part(bytes.len())], at))
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.disk.ask(Wish::Tend)?;
        self.file.cut(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.disk.ask(Wish::Read)?;
        self.file.length()
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.ask(Wish::Tend)?;
        self.file.sync()
    }
}
