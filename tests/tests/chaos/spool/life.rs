//! A process that has a spool.

use std::{
    ops::Range,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use trackside_core::{Hit, config::Fsync};
use trackside_transports::spool::{Budget, Options, Spool, State, Stored};

use super::{
    FOLDER,
    memory::{Memory, Process},
};
use crate::hits::number;

#[derive(Debug)]
pub(super) struct Life {
    pub(super) id: u64,
    pub(super) disk: Process,
    pub(super) spool: Spool,
    /// What it has read, and what has not ended.
    pub(super) held: Vec<Stored>,
    /// For a second after that nothing is written.
    pub(super) has_failed: bool,
    now: Instant,
    own: Option<std::path::PathBuf>,
}

impl Life {
    pub(super) fn new(memory: &Memory, seed: u64, limit: u64) -> Self {
        let disk = memory.process(seed);
        let spool = Spool::new(Options {
            folder: FOLDER.into(),
            fsync: [Fsync::Never, Fsync::Always][seed as usize % 2],
            budget: Arc::new(Budget::new(limit)),
            disk: Arc::new(disk.clone()),
        });
        let now = Instant::now();
        spool.tend(now);
        Self { id: disk.id(), disk, spool, held: Vec::new(), has_failed: false, now, own: None }
    }

    /// A minute later.
    pub(super) fn tend(&mut self) {
        self.now += Duration::from_secs(60);
        self.spool.tend(self.now);
    }

    /// On a busy machine two writes in a row may well take 5 ms, and then a worker is to try.
    pub(super) fn write(&mut self, hit: &Hit, tag: u8) -> bool {
        self.spool.write(hit, tag) || self.spool.save(hit, tag)
    }

    /// How many bytes the segments have that it began.
    pub(super) fn own_bytes(&mut self, memory: &Memory) -> u64 {
        let Some(own) = &self.own else { return 0 };
        let segments = memory.segments().into_iter().filter(|path| path.parent() == Some(own));
        segments.map(|path| memory.edit(&path, |bytes| bytes.len() as u64)).sum()
    }

    pub(super) fn is_in(&mut self, segment: &Path) {
        self.own = segment.parent().map(Path::to_owned);
    }

    /// What it reads, and how many hits of others it finds damaged.
    pub(super) fn read(&mut self, most: usize) -> (Vec<Stored>, u64) {
        let read = self.spool.read(most);
        // Nothing is damaged that belongs to one who lives.
        assert_eq!(read.lost, [0, 0]);
        (read.hits, read.adopted_lost)
    }

    /// Marks some of those that it holds, and answers their numbers.
    pub(super) fn mark(&mut self, which: Range<usize>, state: State) -> Vec<usize> {
        let marked = &self.held[which.clone()];
        let numbers = marked.iter().map(|stored| number(&stored.hit) as usize).collect();
        self.spool.mark(marked.iter().map(|stored| &stored.spot), state);
        if state.is_ended() {
            self.held.drain(which);
        }
        numbers
    }

    pub(super) fn close(self) {
        assert_eq!(self.spool.close(), [0, 0]);
    }
}
