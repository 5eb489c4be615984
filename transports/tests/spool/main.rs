//! The spool by itself, without a pool.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod adoption;
mod contract;
mod damage;
mod faults;
mod inspect;
#[path = "../kit/mod.rs"]
mod kit;
mod life;
mod model;
mod receivers;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use kit::{disk::Faulty, eventually, hit, hits, ids};
use trackside_core::{Hit, config::Fsync};
use trackside_transports::spool::{Budget, Options, Read, Spool, State, Stored};

/// A folder that goes with its test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("trackside-spool-{}-{}", std::process::id(), COUNT.fetch_add(1, SeqCst));
        Self(std::env::temp_dir().join(name))
    }

    fn options(&self) -> Options {
        Options {
            folder: self.0.join("stats"),
            fsync: Fsync::Never,
            budget: Arc::new(Budget::new(1 << 30)),
            disk: Arc::new(Faulty::default()),
        }
    }

    /// One that is open.
    fn spool(&self) -> Spool {
        open(self.options())
    }

    /// The segments of all directories.
    fn segments(&self) -> Vec<PathBuf> {
        let mut found: Vec<_> = self
            .directories()
            .iter()
            .flat_map(|directory| fs::read_dir(directory).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort();
        found
    }

    fn directories(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.0.join("stats")) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    }

    /// Whether nothing is left of any spool.
    fn is_bare(&self) -> bool {
        fs::read_dir(self.0.join("stats")).unwrap().next().is_none()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn open(options: Options) -> Spool {
    let spool = Spool::new(options);
    spool.tend(Instant::now());
    assert_eq!(spool.troubles(), Vec::<String>::new());
    spool
}

/// A spool whose disk fails as it is told, and is not opened yet.
fn unopened(place: &Place) -> (Spool, Faulty) {
    let disk = Faulty::default();
    let options = Options { disk: Arc::new(disk.clone()), ..place.options() };
    (Spool::new(options), disk)
}

/// Writes a hit. On a busy machine two writes in a row may well take 5 ms, and then a worker is to try.
fn put(spool: &Spool, hit: &Hit, tag: u8) -> bool {
    spool.write(hit, tag) || spool.save(hit, tag)
}

/// Writes `count` hits and answers them.
fn fill(spool: &Spool, count: usize) -> Vec<Hit> {
    let hits = hits(count);
    for hit in &hits {
        assert!(put(spool, hit, 0));
    }
    hits
}

/// Writes `count` hits as soon as the disk is tried again, a second after it failed.
fn fill_again(spool: &Spool, count: usize) -> Vec<Hit> {
    let mut hits = hits(1);
    eventually("the disk is tried again", || spool.save(&hits[0], 0));
    hits.append(&mut fill(spool, count - 1));
    hits
}

/// All that is to be read, without a trouble.
fn read(spool: &Spool) -> Vec<Stored> {
    let read = spool.read(usize::MAX >> 1);
    let Read { hits, lost, adopted_lost, troubles, .. } = read;
    assert_eq!((lost, adopted_lost, troubles), ([0, 0], 0, Vec::new()));
    hits
}

fn read_ids(stored: &[Stored]) -> Vec<uuid::Uuid> {
    stored.iter().map(|stored| stored.hit.id()).collect()
}

fn mark(spool: &Spool, stored: &[Stored], state: State) {
    spool.mark(stored.iter().map(|stored| &stored.spot), state);
}

/// As if the process were killed: nothing is closed, but its locks are gone. What it had open is leaked.
fn kill(spool: Spool, place: &Path) {
    std::mem::forget(spool);
    // A lock goes with its file's inode: whoever looks next makes another.
    for entry in fs::read_dir(place.join("stats")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "lock") {
            fs::remove_file(path).unwrap();
        }
    }
}
