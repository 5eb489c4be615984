//! Writing: each thread has a stripe, and a segment of its own in it, unless more threads write than there are
//! stripes.

use std::{
    cell::Cell,
    fmt,
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Relaxed, Release, SeqCst},
        },
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{
    budget::Budget,
    disk::{Disk, DiskFile},
    format::{FIRST, FRAME, Header, Seal},
    home::Home,
    pace::{self, Pace},
    segment::Segment,
};

/// How many segments are written side by side, at most.
const STRIPES: usize = 8;
/// For so long nobody writes after a failure, in microseconds, nor what is as large as a hit for which there was no room.
const AWAY: u64 = 1_000_000;
/// A segment whose hits have all ended is not kept for others that may come, if it is older than this.
const LINGER: Duration = Duration::from_secs(60);

/// Who writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hand {
    /// A request, which does not wait for a slow disk.
    Request,
    /// A worker, which finds out whether it is quick again.
    Worker,
}

/// Why a hit was not written.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// There is no directory yet, the disk failed a moment ago or is slow, or every stripe is busy or slow.
    Busy,
    /// The spool was closed.
    Closed,
    /// The disk failed.
    Failed(io::Error),
    /// The segments have as many bytes as they may.
    Full,
}

/// The stripes.
pub(super) struct Pens {
    disk: Arc<dyn Disk>,
    budget: Arc<Budget>,
    stripes: [Stripe; STRIPES],
    /// Segments begun, for the reader. Kept out of every lock that a request could wait for.
    begun: Sender<Arc<Segment>>,
    made: Instant,
    /// How quick the disk is.
    pace: Pace,
    /// Nobody writes before then.
    failed_until: AtomicU64,
    /// Nobody writes a record of `full_from` bytes or more before then.
    full_until: AtomicU64,
    full_from: AtomicUsize,
}

#[derive(Default)]
#[repr(align(128))]
struct Stripe {
    pen: Mutex<Pen>,
    /// Hits written. Changed under the lock.
    written: AtomicU64,
    /// How quick its own segment is: a file may be slow while others are quick, as one that is just being synced.
    pace: Pace,
}

#[derive(Default)]
struct Pen {
    home: Option<Arc<Home>>,
    segment: Option<Open>,
    bytes: Vec<u8>,
    is_closed: bool,
}

struct Open {
    segment: Arc<Segment>,
    file: Arc<dyn DiskFile>,
    seal: Seal,
    at: u64,
    begun: Instant,
}

impl Pens {
    pub(super) fn new(disk: &Arc<dyn Disk>, budget: &Arc<Budget>) -> (Self, Receiver<Arc<Segment>>) {
        let (begun, receiver) = unbounded();
        let pens = Self {
            disk: Arc::clone(disk),
            budget: Arc::clone(budget),
            stripes: Default::default(),
            begun,
            made: Instant::now(),
            pace: Pace::default(),
            failed_until: AtomicU64::new(0),
            full_until: AtomicU64::new(0),
            full_from: AtomicUsize::new(0),
        };
        (pens, receiver)
    }

    /// Lets hits be written into `home`.
    pub(super) fn open(&self, home: &Arc<Home>) {
        for stripe in &self.stripes {
            let mut pen = stripe.pen.lock().unwrap_or_else(PoisonError::into_inner);
            if pen.is_closed {
                continue;
            }
            pen.home = Some(Arc::clone(home));
            // Of a directory that is gone.
            pen.retire();
            // What the usual hit needs; a larger one makes more of it.
            pen.bytes.reserve(4 << 10);
        }
    }

    /// Writes a record by one call of the system, and says so.
    pub(super) fn write(&self, record: &[u8], tag: u8, hand: Hand) -> Result<(), Unwritten> {
        let began = Instant::now();
        if self.is_away(began, hand) || self.is_full_for(record.len(), began) {
            return Err(Unwritten::Busy);
        }
        let mine = stripe();
        let (mut is_busy, mut is_full) = (false, false);
        for n in 0..STRIPES {
            let stripe = &self.stripes[(mine + n) % STRIPES];
            if hand == Hand::Request && stripe.pace.is_away(|| self.micros(began)) {
                is_busy = true;
                continue;
            }
            let mut pen = match stripe.pen.try_lock() {
                Ok(pen) => pen,
                Err(TryLockError::Poisoned(pen)) => pen.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    is_busy = true;
                    continue;
                }
            };
            let written = self.write_with(stripe, &mut pen, record, tag);
            if matches!(written, Err(Unwritten::Full)) {
                // Another segment may have room yet.
                is_full = true;
                continue;
            }
            drop(pen);
            self.note(stripe, &written, began, hand);
            return written;
        }
        if is_busy || !is_full {
            return Err(Unwritten::Busy);
        }
        let written = Err(Unwritten::Full);
        self.note_full(record.len(), began);
        written
    }

    /// How many hits were ever written.
    pub(super) fn written(&self) -> u64 {
        self.stripes.iter().map(|stripe| stripe.written.load(SeqCst)).sum()
    }

    /// Seals segments that nobody needs any more, so that they can go.
    pub(super) fn tidy(&self) {
        for stripe in &self.stripes {
            let Ok(mut pen) = stripe.pen.try_lock() else {
                continue;
            };
            let is_idle = pen.segment.as_ref().is_some_and(|open| {
                open.at > FIRST as u64 && open.begun.elapsed() >= LINGER && open.segment.is_settled()
            });
            if is_idle {
                pen.retire();
            }
        }
    }

    /// Nothing is written from now on.
    pub(super) fn close(&self) {
        for stripe in &self.stripes {
            // OK to wait for: it is held for one write at a time.
            let mut pen = stripe.pen.lock().unwrap_or_else(PoisonError::into_inner);
            pen.is_closed = true;
            pen.retire();
            pen.home = None;
        }
    }

    #[inline]
    fn write_with(&self, stripe: &Stripe, pen: &mut Pen, record: &[u8], tag: u8) -> Result<(), Unwritten> {
        let size = (FRAME + record.len()) as u64;
        let has_room = pen
            .segment
            .as_ref()
            .is_some_and(|open| open.at + size <= self.budget.segment() && !open.segment.is_spoilt());
        if !has_room {
            self.begin(pen)?;
        }
        let Pen { segment: Some(open), bytes, .. } = pen else {
            return Err(Unwritten::Busy);
        };
        open.seal.frame(record, tag, bytes);
        if let Err(error) = write_all(&*open.file, bytes, open.at) {
            pen.spoil();
            return Err(Unwritten::Failed(error));
        }
        open.at += size;
        // Before anybody can read the hit, so that none ends that was not counted. OK not to count in one step: whoever
        // counts has the pen.
        stripe.written.store(stripe.written.load(Relaxed) + 1, Release);
        open.segment.commit(open.at, tag);
        Ok(())
    }

    /// Begins a new segment.
    #[cold]
    #[inline(never)]
    fn begin(&self, pen: &mut Pen) -> Result<(), Unwritten> {
        if pen.is_closed {
            return Err(Unwritten::Closed);
        }
        let Some(home) = &pen.home else {
            return Err(Unwritten::Busy);
        };
        let size = self.budget.segment();
        let rest = pen.segment.as_ref().map_or(0, |open| size.saturating_sub(open.at));
        if !self.budget.take(size, rest) {
            // A smaller hit may fit into the one that there is. If nobody needs that any more it makes room, once it goes.
            if pen.segment.as_ref().is_some_and(|open| open.segment.is_settled()) {
                pen.retire();
            }
            return Err(Unwritten::Full);
        }
        let begun = create(&*self.disk, home).inspect_err(|_| self.budget.give_back(size));
        let (path, file, nonce) = begun.map_err(Unwritten::Failed)?;
        let home = Arc::clone(home);
        pen.retire();
        let at = FIRST as u64;
        let segment = Segment::new(path, &self.disk, &self.budget, &home, size, at);
        // The receiver lives as long as this.
        self.begun.send(Arc::clone(&segment)).ok();
        pen.segment = Some(Open { segment, file, seal: Seal::new(nonce), at, begun: Instant::now() });
        Ok(())
    }

    /// Whether the disk failed a moment ago, or is slow.
    #[inline]
    fn is_away(&self, now: Instant, hand: Hand) -> bool {
        let failed = self.failed_until.load(SeqCst);
        if failed > 0 && self.micros(now) < failed {
            return true;
        }
        hand == Hand::Request && self.pace.is_away(|| self.micros(now))
    }

    /// Whether there was no room for a record of so many bytes, or fewer, a moment ago.
    #[inline]
    pub(super) fn is_full_for(&self, bytes: usize, now: Instant) -> bool {
        let until = self.full_until.load(SeqCst);
        until > 0 && bytes >= self.full_from.load(SeqCst) && self.micros(now) < until
    }

    #[cold]
    #[inline(never)]
    fn note_full(&self, bytes: usize, began: Instant) {
        let now = self.micros(began);
        if now < self.full_until.load(SeqCst) {
            self.full_from.fetch_min(bytes, SeqCst);
        } else {
            self.full_from.store(bytes, SeqCst);
            self.full_until.store(now + AWAY, SeqCst);
        }
    }

    #[inline]
    fn note(&self, stripe: &Stripe, written: &Result<(), Unwritten>, began: Instant, hand: Hand) {
        let now = Instant::now();
        let took = now.duration_since(began);
        let is_worker = hand == Hand::Worker && written.is_ok();
        if pace::is_slow(took) {
            let now = self.micros(now);
            stripe.pace.slow(took, now);
            self.pace.slow(took, now);
        } else {
            stripe.pace.quick(is_worker);
            self.pace.quick(is_worker);
        }
        if matches!(written, Err(Unwritten::Failed(_))) {
            self.failed_until.store(self.micros(now) + AWAY, SeqCst);
        }
    }

    fn micros(&self, now: Instant) -> u64 {
        now.duration_since(self.made).as_micros() as u64
    }
}

impl fmt::Debug for Pens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pens").field("written", &self.written()).finish_non_exhaustive()
    }
}

impl Pen {
    /// Writes no more to its segment.
    fn retire(&mut self) {
        if let Some(open) = self.segment.take() {
            open.segment.seal();
        }
    }

    /// A write failed, perhaps half-way.
    #[cold]
    fn spoil(&mut self) {
        if let Some(open) = &self.segment {
            // If it cannot be cut, it is read as a torn end.
            open.file.cut(open.at).ok();
        }
        self.retire();
    }
}

/// The number of the calling thread's stripe.
fn stripe() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        // Without a destructor, so that it can be read during exit.
        static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    if STRIPE.get() == usize::MAX {
        STRIPE.set(THREADS.fetch_add(1, SeqCst) % STRIPES);
    }
    STRIPE.get()
}

/// Makes a segment with its header, and answers its nonce.
fn create(disk: &dyn Disk, home: &Home) -> io::Result<(std::path::PathBuf, Arc<dyn DiskFile>, u64)> {
    let nonce = super::random()?;
    let path = home.next_segment();
    let file = disk.create(&path)?;
    let header = Header { micros: super::micros(), nonce };
    if let Err(error) = write_all(&*file, &header.bytes(), 0) {
        disk.remove_file(&path).ok();
        return Err(error);
    }
    Ok((path, file, nonce))
}

/// By one call of the system, unless a signal comes between.
fn write_all(file: &dyn DiskFile, bytes: &[u8], at: u64) -> io::Result<()> {
    loop {
        return match file.write_at(bytes, at) {
            Ok(written) if written == bytes.len() => Ok(()),
            // Half of it: that is how a full disk says so.
            Ok(_) => Err(ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
    }
}
