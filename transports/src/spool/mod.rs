//! The queue on disk of a destination whose hits are to outlive a crash. This page is the specification of what it
//! writes.
//!
//! # Files
//!
//! ```text
//! <spool.dir>/<destination>-<fingerprint>/        one folder for each destination; 8 hex digits
//!     5f0c…9a.lock                                the lock of the directory of the same name
//!     5f0c…9a/                                    the directory of one process; 16 hex digits, drawn at random
//!         00000000.seg  00000001.seg  …           segments; 8 hex digits, counted from 0
//! ```
//!
//! The fingerprint is of those who are told, and how much: the first four bytes of the SHA-256 of some parts, each with
//! its length before it, in eight bytes. The first two are the `type` and the destination's `ip` policy, `full`, `masked`
//! or `none`. Of a receiver on the network the value of each of its keys that is an
//! [identity](trackside_core::protocol::Key::identity) follows, in the order in which it declares them, of a
//! secret the SHA-256, in hex, of `trackside spool`, a zero byte and the secret; of `celery`, its `url` and its
//! `tracking_id`; of a file or a store, its absolute path and an empty part; of all others, two empty parts.
//! So hits are adopted for the receiver alone that they were meant for.
//!
//! Folders and files are for their owner alone. All numbers are little-endian. A checksum is a CRC-32 (IEEE).
//!
//! A segment begins with a header, twice:
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 8 | `trkspool` |
//! | 8 | 4 | version: 1 |
//! | 12 | 8 | when the segment was begun, µs since the epoch |
//! | 20 | 8 | nonce, drawn at random |
//! | 28 | 4 | checksum of what stands before |
//!
//! From byte 64 on there are frames, one behind the other, each with one hit:
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 2 | `a5 3c` |
//! | 2 | 1 | state: `1e` waiting, `2d` attempt begun, `4b` delivered, `55` refused, `66` dropped |
//! | 3 | 1 | tag: the writer's own, without a meaning to others |
//! | 4 | 4 | length of the record, 1 to 65,536 |
//! | 8 | 4 | checksum of the nonce and the record |
//! | 12 | 4 | checksum of the nonce and the bytes 0, 1 and 3 to 11 |
//! | 16 | … | the hit's [record](trackside_core::Hit::record): what may be stored, and nothing else |
//!
//! # Invariants
//!
//! 1. A frame is written by one call of the system, at the end of a segment that nobody else writes. So a process
//!    that is killed leaves whole frames, and at most one torn one at the end of each segment.
//! 2. A segment that a write failed in, or that is full, is never written to again, except for states.
//! 3. A state is one byte, outside the checksums, written over in place: it is never half written, and needs no room
//!    on a full disk. What is no state counts as *attempt begun*.
//! 4. A hit whose state is delivered, refused or dropped is never offered again. One that waits is. One whose attempt
//!    has begun is, if the receiver knows a second copy or the operator wants it so; else it is dropped(`ambiguous`).
//! 5. Before an attempt at a receiver that does not know a second copy, the state becomes *attempt begun*; after one
//!    of which is known that nothing was processed, *waiting* again.
//! 6. A segment is removed when nothing more will be written to it and all of its hits have ended; a directory, when
//!    it is empty and its process wants it no more.
//! 7. A directory exists only under its lock's file, which goes after it. Whoever has the lock owns the directory; a
//!    process holds it as long as it lives or deals with the directory, and a forked child does not have it. So a
//!    directory that can be locked belongs to nobody, and exactly one process adopts it. A lock's file is removed by who
//!    holds the lock alone, and only where there is no directory; who has locked a file looks whether it is still the one
//!    of that name. So a lock without a directory, which a process left that was killed at the wrong moment, is removed
//!    by whichever finds it.
//! 8. A torn end is passed over. A damaged record, and damage up to the next whole head of a frame, is passed over and
//!    counted: dropped(`corrupt`). Segments and records of another version, and segments whose header is damaged in
//!    both copies, are left alone and told of; if that happens to one while its process lives, the hits in it are counted
//!    as well: dropped(`corrupt`).
//! 9. Any bytes are read in linear time and in bounded memory. Of a segment at most 64 MiB are read.
//! 10. Nothing that a client sends can look like a frame: it does not know the nonce.
//! 11. A request never waits for a lock or for a sync, and opens a file only to begin a segment. Its hit stays in memory if
//!     every stripe is busy, if the disk failed within the last second, if there is no room, or was none within the last
//!     second for a hit that was no larger, and as long as the disk is slow: two writes in a row took over 5 ms, or more
//!     than a third of the last ones did, or one took over 100 ms. That lasts a second, and twice as long each time that
//!     it comes back soon, or until workers find the disk quick. A stripe that is slow while the others are quick is passed
//!     over in the same way. (One write of 6 ms alone is no sign of the disk: its thread may have had to wait for a
//!     processor.)
//! 12. All segments of a process together, adopted ones included, do not grow beyond `spool.bytes`.
//! 13. A folder has hits for one receiver and under one `ip` policy. What is left in another folder of the same
//!     destination's name is neither read nor removed, and is told of.
//!
//! # What is promised
//!
//! A hit that was written survives the end of its process, however that comes. Whether it survives the end of the
//! machine depends on [`Fsync`].

mod budget;
mod cursor;
mod disk;
mod folder;
mod format;
mod home;
mod inspect;
mod pace;
mod pens;
mod reader;
mod scan;
mod segment;

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::{TryRng, rngs::SysRng};
use trackside_core::{Hit, config::Fsync};

pub use self::{
    budget::Budget,
    cursor::Stored,
    disk::{Disk, DiskFile, Held, Os},
    folder::folder,
    format::State,
    inspect::{Directory, Entries, Entry, Finding, SegmentError, directories},
    reader::Read,
    segment::Spot,
};
use self::{
    home::Home,
    pens::{Hand, Pens, Unwritten},
    reader::Reader,
};

/// So often a directory that could not be made is tried again.
const AGAIN: Duration = Duration::from_secs(10);
/// So often directories are looked for whose process is gone.
const SEARCH: Duration = Duration::from_secs(30);
/// So often segments are looked for that nobody needs.
const TIDY: Duration = Duration::from_secs(5);

/// What a spool needs to be told.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a spool needs to be told all of it")]
pub struct Options {
    /// The folder of the destination; it need not be there.
    pub folder: PathBuf,
    /// When what was written is sure to be on the disk.
    pub fsync: Fsync,
    /// How many bytes may be used.
    pub budget: Arc<Budget>,
    /// Where files are.
    pub disk: Arc<dyn Disk>,
}

/// The spool of one destination in one process.
///
/// Requests [`write`](Self::write), workers do all the rest. Making one opens nothing: [`tend`](Self::tend) does.
#[derive(Debug)]
pub struct Spool {
    options: Options,
    pens: Pens,
    shelf: Mutex<Shelf>,
    adopted: AtomicU64,
    ended: AtomicU64,
}

/// What workers share.
#[derive(Debug)]
struct Shelf {
    reader: Reader,
    home: Option<Arc<Home>>,
    is_closed: bool,
    /// Whether the folder could not be searched when that was last tried.
    is_blind: bool,
    due: Due,
    troubles: Vec<String>,
}

/// When things are to be done.
#[derive(Debug)]
struct Due {
    open: Instant,
    search: Instant,
    sync: Instant,
    tidy: Instant,
}

impl Spool {
    /// A spool with nothing in it.
    pub fn new(options: Options) -> Self {
        let (pens, begun) = Pens::new(&options.disk, &options.budget);
        let now = Instant::now();
        let shelf = Shelf {
            reader: Reader::new(&options, begun),
            home: None,
            is_closed: false,
            is_blind: false,
            due: Due { open: now, search: now, sync: now, tidy: now },
            troubles: Vec::new(),
        };
        Self { options, pens, shelf: Mutex::new(shelf), adopted: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }

    /// Writes a hit, and says whether it did: it never waits for a lock. `tag` is told again when the hit is read.
    #[inline]
    pub fn write(&self, hit: &Hit, tag: u8) -> bool {
        match self.pens.write(hit.record(), tag, Hand::Request) {
            Ok(()) => true,
            Err(Unwritten::Busy | Unwritten::Closed) => false,
            Err(why) => self.note(why),
        }
    }

    /// As [`write`](Self::write), for workers: they try a disk that was slow.
    pub fn save(&self, hit: &Hit, tag: u8) -> bool {
        match self.pens.write(hit.record(), tag, Hand::Worker) {
            Ok(()) => true,
            Err(Unwritten::Busy | Unwritten::Closed) => false,
            Err(why) => self.note(why),
        }
    }

    /// Whether there was no room a moment ago for a hit as large as this one: a smaller one may find some.
    pub(crate) fn is_full_for(&self, hit: &Hit) -> bool {
        self.pens.is_full_for(hit.record().len(), Instant::now())
    }

    /// Does what is due at the time `now`: opens a directory of its own, adopts one, syncs, tidies up.
    pub fn tend(&self, now: Instant) {
        let mut shelf = self.shelf();
        if shelf.is_closed {
            return;
        }
        if now >= shelf.due.search && shelf.home.as_ref().is_some_and(|home| home.is_gone()) {
            let folder = self.options.folder.display();
            shelf.troubles.push(format!(
                "this process's directory in the spool {folder} was removed, another is begun; see what tidies up there"
            ));
            shelf.home = None;
            shelf.due.open = now;
        }
        if shelf.home.is_none() && now >= shelf.due.open {
            shelf.due.open = now + AGAIN;
            match self.open() {
                Ok(home) => {
                    self.pens.open(&home);
                    let others = folder::others(&self.options.disk, &self.options.folder);
                    shelf.troubles.extend(others.iter().map(|other| other_receiver(other)));
                    shelf.home = Some(home);
                }
                Err(error) => {
                    let folder = self.options.folder.display();
                    shelf.troubles.push(format!(
                        "the spool {folder} cannot be opened, hits stay in memory ({error}); see that this process may write there, or set spool.dir"
                    ));
                }
            }
        }
        // Also without a directory of its own: a disk may be full of what is to be adopted.
        if now >= shelf.due.search {
            shelf.due.search = now + SEARCH;
            let mut told = Read::default();
            shelf.reader.search(&mut told);
            shelf.is_blind = !told.troubles.is_empty();
            Home::sweep(&self.options.disk, &self.options.folder);
            shelf.troubles.append(&mut told.troubles);
        }
        if now >= shelf.due.tidy {
            shelf.due.tidy = now + TIDY;
            self.pens.tidy();
            shelf.reader.forget();
        }
        let is_sync_due = match self.options.fsync {
            Fsync::Always => true,
            Fsync::Every(_) => now >= shelf.due.sync,
            _ => false,
        };
        if is_sync_due {
            if let Fsync::Every(interval) = self.options.fsync {
                shelf.due.sync = now + interval;
            }
            self.sync(&mut shelf);
        }
    }

    /// Whether there is something to be read; perhaps, while another is at it. It waits for nobody.
    pub fn has_unread(&self) -> bool {
        match self.shelf.try_lock() {
            Ok(mut shelf) => shelf.reader.has_unread(),
            Err(_) => true,
        }
    }

    /// Reads at most `most` hits more. Each is to end by [`mark`](Self::mark), in this process or in another.
    pub fn read(&self, most: usize) -> Read {
        self.read_and(most, |_, count| count())
    }

    /// As [`read`](Self::read), for who keeps a book as well: `book` is shown what was read, and calls what counts it here,
    /// so that no one is seen without the other.
    pub(crate) fn read_and(&self, most: usize, book: impl FnOnce(&Read, &dyn Fn())) -> Read {
        let mut read = Read::default();
        let mut shelf = self.shelf();
        shelf.reader.read(most, &mut read);
        read.troubles.append(&mut shelf.troubles);
        let adopted = read.hits.iter().filter(|hit| hit.is_adopted).count() as u64 + read.adopted_lost;
        let ended = read.lost.iter().sum::<u64>() + read.adopted_lost;
        // Before the shelf is free: what is neither unread nor pending has ended.
        book(&read, &|| {
            self.adopted.fetch_add(adopted, SeqCst);
            self.ended.fetch_add(ended, SeqCst);
        });
        drop(shelf);
        read
    }

    /// Writes down what has become of hits.
    pub fn mark<'a>(&self, spots: impl Iterator<Item = &'a Spot> + Clone, state: State) {
        self.mark_and(spots, state, |count| count());
    }

    /// As [`mark`](Self::mark), for who keeps a book as well: `book` calls what counts them here.
    pub(crate) fn mark_and<'a>(
        &self,
        spots: impl Iterator<Item = &'a Spot> + Clone,
        state: State,
        book: impl FnOnce(&dyn Fn()),
    ) {
        let (mut ended, mut marked) = (0, Ok(()));
        for spot in spots.clone() {
            marked = marked.and(spot.mark(state));
            ended += u64::from(state.is_ended());
        }
        if self.options.fsync == Fsync::Always && state == State::Begun {
            for spot in spots {
                marked = marked.and(spot.sync());
            }
        }
        book(&|| {
            self.ended.fetch_add(ended, SeqCst);
        });
        if let Err(error) = marked {
            let folder = self.options.folder.display();
            self.shelf().troubles.push(format!(
                "what has become of hits cannot be written into the spool {folder} ({error}); a crash may deliver them twice"
            ));
        }
    }

    /// How many hits have not ended that are in the spool, as far as they were written or read by this process.
    pub fn pending(&self) -> u64 {
        // What ended is read first, so that there are never more of them.
        let ended = self.ended.load(SeqCst);
        (self.pens.written() + self.adopted.load(SeqCst)).saturating_sub(ended)
    }

    /// Whether nothing is left to be done of what this process wrote and of what it found of others: all of that has
    /// been read and has ended. It waits for nobody.
    pub fn is_drained(&self) -> bool {
        !self.has_unread() && self.pending() == 0
    }

    /// Whether nobody knows what others have left: the folder cannot be searched.
    pub fn is_blind(&self) -> bool {
        self.shelf().is_blind
    }

    /// What the operator is to be told since this was last asked.
    pub fn troubles(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf().troubles)
    }

    /// Stops for good. What has not ended stays on the disk for another process, which may have it as soon as nobody
    /// deals with any hit of it any more. Answers how many of this process's hits turned out to be lost, by the last
    /// bit of their tag.
    pub fn close(&self) -> [u64; 2] {
        self.close_and(|_, count| count())
    }

    /// As [`close`](Self::close), for who keeps a book as well: `book` is shown what was lost, and calls what counts it
    /// here.
    pub(crate) fn close_and(&self, book: impl FnOnce([u64; 2], &dyn Fn())) -> [u64; 2] {
        self.pens.close();
        let mut shelf = self.shelf();
        if self.options.fsync != Fsync::Never {
            self.sync(&mut shelf);
        }
        let lost = shelf.reader.close();
        shelf.is_closed = true;
        shelf.home = None;
        book(lost, &|| {
            self.ended.fetch_add(lost.iter().sum(), SeqCst);
        });
        lost
    }

    fn open(&self) -> io::Result<Arc<Home>> {
        /// So many others may sweep at the same moment.
        const TRIES: usize = 8;
        let Options { disk, folder, .. } = &self.options;
        let mut tries = 1;
        loop {
            match Home::new(disk, folder, random()?) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => tries += 1,
                made => return made.map(Arc::new),
            }
        }
    }

    fn sync(&self, shelf: &mut Shelf) {
        let mut synced = match &shelf.home {
            Some(home) if shelf.reader.has_begun() => self.options.disk.sync_folder(&home.path),
            _ => Ok(()),
        };
        // Whatever became of the folder.
        let segments = shelf.reader.sync();
        synced = synced.and(segments);
        if let Err(error) = synced {
            let folder = self.options.folder.display();
            shelf.troubles.push(format!(
                "the spool {folder} cannot be synced ({error}); hits are safe from a crash of the process alone"
            ));
        }
    }

    /// Notes why hits are not written. A request does not wait to tell.
    #[cold]
    #[inline(never)]
    fn note(&self, why: Unwritten) -> bool {
        let folder = self.options.folder.display();
        let trouble = match why {
            Unwritten::Failed(error) => format!(
                "the spool {folder} cannot be written, hits stay in memory ({error}); see that there is room and that this process may write there"
            ),
            _ => format!(
                "the spool {folder} is full, hits stay in memory; raise spool.bytes, or see why they are not delivered"
            ),
        };
        if let Ok(mut shelf) = self.shelf.try_lock()
            && shelf.troubles.len() < 8
        {
            shelf.troubles.push(trouble);
        }
        false
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn other_receiver(folder: &Path) -> String {
    format!(
        "the spool {} has hits of a destination of this name for another receiver or ip policy, which stay there; they \
         are delivered by the configuration that they were made under, or remove the folder",
        folder.display()
    )
}

/// A number that nobody knows.
fn random() -> io::Result<u64> {
    SysRng.try_next_u64().map_err(|_| io::Error::other("the system has no random numbers to give"))
}

/// Microseconds since the Unix epoch.
fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros().try_into().unwrap_or(u64::MAX)
}
