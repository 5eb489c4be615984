//! A segment, as those who write it, read it and mark its hits share it.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, Release, SeqCst},
        },
    },
};

use super::{
    budget::Budget,
    disk::{Disk, DiskFile},
    format::{STATE, State},
    home::Home,
};

/// One file of hits. It is removed when nothing more will be written to it, all of it has been read, and each hit in
/// it has ended.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    disk: Arc<dyn Disk>,
    budget: Arc<Budget>,
    /// Keeps the directory's lock.
    home: Arc<Home>,
    /// How far it has been written.
    committed: AtomicU64,
    is_sealed: AtomicBool,
    /// Of the budget.
    reserved: AtomicU64,
    /// Hits written, by the last bit of their tag.
    written: [AtomicU64; 2],
    ended: AtomicU64,
    /// How many hits were there, once all of it has been read; `u64::MAX` until then.
    total: AtomicU64,
    is_removed: AtomicBool,
    /// Whether its hits cannot be found any more.
    is_spoilt: AtomicBool,
    /// Whether something was written since it was last synced.
    is_dirty: AtomicBool,
    /// For who reads and marks; taken by workers alone.
    file: Mutex<Option<Arc<dyn DiskFile>>>,
}

/// Where a hit is.
#[derive(Clone, Debug)]
pub struct Spot {
    segment: Arc<Segment>,
    offset: u32,
}

impl Segment {
    /// One that `reserved` bytes of the budget were taken for, and of which `committed` have been written.
    pub(super) fn new(
        path: PathBuf,
        disk: &Arc<dyn Disk>,
        budget: &Arc<Budget>,
        home: &Arc<Home>,
        reserved: u64,
        committed: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            path,
            disk: Arc::clone(disk),
            budget: Arc::clone(budget),
            home: Arc::clone(home),
            committed: AtomicU64::new(committed),
            is_sealed: AtomicBool::new(false),
            reserved: AtomicU64::new(reserved),
            written: [const { AtomicU64::new(0) }; 2],
            ended: AtomicU64::new(0),
            total: AtomicU64::new(u64::MAX),
            is_removed: AtomicBool::new(false),
            is_spoilt: AtomicBool::new(false),
            is_dirty: AtomicBool::new(false),
            file: Mutex::new(None),
        })
    }

    pub(super) fn committed(&self) -> u64 {
        self.committed.load(SeqCst)
    }

    /// A hit with `tag` was written, and the file is now `length` bytes long. Called by one thread at a time.
    pub(super) fn commit(&self, length: u64, tag: u8) {
        // This is on a request's way: a store costs it a tenth of what changing a value in one step does, and what is
        // dirty already is only looked at. The last store, which readers look at first, publishes the others.
        let written = &self.written[usize::from(tag & 1)];
        written.store(written.load(Relaxed) + 1, Release);
        if !self.is_dirty() {
            self.is_dirty.store(true, SeqCst);
        }
        self.committed.store(length, SeqCst);
    }

    pub(super) fn written(&self) -> [u64; 2] {
        [self.written[0].load(SeqCst), self.written[1].load(SeqCst)]
    }

    /// Whether every hit that was written has ended; more may be written.
    pub(super) fn is_settled(&self) -> bool {
        let ended = self.ended.load(SeqCst);
        self.written().iter().sum::<u64>() == ended
    }

    /// Nothing more will be written.
    pub(super) fn seal(&self) {
        let committed = self.committed();
        let reserved = self.reserved.fetch_min(committed, SeqCst);
        self.budget.give_back(reserved.saturating_sub(committed));
        self.is_sealed.store(true, SeqCst);
    }

    pub(super) fn is_sealed(&self) -> bool {
        self.is_sealed.load(SeqCst)
    }

    /// Nothing that is written to it can be read.
    pub(super) fn spoil(&self) {
        self.is_spoilt.store(true, SeqCst);
    }

    pub(super) fn is_spoilt(&self) -> bool {
        self.is_spoilt.load(SeqCst)
    }

    /// The file, to be read and marked.
    pub(super) fn file(&self) -> io::Result<Arc<dyn DiskFile>> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match &*file {
            Some(file) => Ok(Arc::clone(file)),
            None => Ok(Arc::clone(file.insert(self.disk.open(&self.path)?))),
        }
    }

    /// It has been read to its end, and there were `total` hits.
    pub(super) fn read_to_end(&self, total: u64) {
        self.total.store(total, SeqCst);
        self.remove_if_over();
    }

    /// So many hits have ended.
    pub(super) fn end(&self, hits: u64) {
        self.ended.fetch_add(hits, SeqCst);
        self.remove_if_over();
    }

    pub(super) fn is_removed(&self) -> bool {
        self.is_removed.load(SeqCst)
    }

    /// Whether something was written since it was last synced.
    pub(super) fn is_dirty(&self) -> bool {
        self.is_dirty.load(SeqCst)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        if self.is_dirty.swap(false, SeqCst) && !self.is_removed() && !self.is_spoilt() {
            let synced = self.file().and_then(|file| file.sync());
            synced.inspect_err(|_| self.is_dirty.store(true, SeqCst))?;
        }
        Ok(())
    }

    fn remove_if_over(&self) {
        let total = self.total.load(SeqCst);
        if self.ended.load(SeqCst) != total || self.is_removed.swap(true, SeqCst) {
            return;
        }
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        // One that stays is found with its hits ended, and removed, by who adopts the directory.
        self.disk.remove_file(&self.path).ok();
        self.budget.give_back(self.reserved.swap(0, SeqCst));
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // What is left of it is no longer this process's; what was inherited never was.
        if !self.home.is_inherited() {
            self.budget.give_back(self.reserved.swap(0, SeqCst));
        }
    }
}

impl Spot {
    pub(super) fn new(segment: &Arc<Segment>, offset: u32) -> Self {
        Self { segment: Arc::clone(segment), offset }
    }

    /// Writes down what has become of the hit. One byte, so that it is never half written, in place, so that a
    /// full disk does not stop it.
    pub(super) fn mark(&self, state: State) -> io::Result<()> {
        let segment = &*self.segment;
        let at = u64::from(self.offset) + u64::from(STATE);
        let marked = segment.file().and_then(|file| match file.write_at(&[state as u8], at)? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        });
        segment.is_dirty.store(true, SeqCst);
        if state.is_ended() {
            segment.end(1);
        }
        marked
    }

    /// Sees to it that the marks are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.segment.sync()
    }
}
