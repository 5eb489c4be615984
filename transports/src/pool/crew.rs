//! The threads of a pool: started at need, woken seldom.

use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, Thread},
    time::Instant,
};

use super::fork;

/// Of threads that call the host. The standard library reads its default from the environment, under a lock that a
/// fork may have left taken.
pub(crate) const STACK: usize = 2 << 20;

/// So many milliseconds after the system refused a thread it is asked again: each time costs the request.
const REFUSED: u64 = 100;

/// No worker watches. Who has been inside an attempt, or waited out a pause, looks at the queue after it.
const NOBODY: usize = usize::MAX;

/// The workers of a pool. Requests start the first; the others are recruited by workers, where one is too slow.
/// One at a time watches the queue, and is the one that requests wake.
#[derive(Debug)]
pub(super) struct Crew {
    seats: Box<[Seat]>,
    /// The seat of the worker that watches, or `NOBODY`. Changed only by who holds the desk.
    watcher: AtomicUsize,
    started: AtomicUsize,
    alive: AtomicUsize,
    stack: usize,
    made: Instant,
    /// Until then no thread is asked for, in milliseconds after `made`.
    refused_until: AtomicU64,
}

#[derive(Debug, Default)]
struct Seat {
    thread: OnceLock<Thread>,
    is_resting: AtomicBool,
}

impl Crew {
    pub(super) fn new(most: usize) -> Self {
        let seats = (0..most.max(1)).map(|_| Seat::default()).collect();
        Self {
            seats,
            watcher: AtomicUsize::new(NOBODY),
            started: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            stack: STACK,
            made: Instant::now(),
            refused_until: AtomicU64::new(0),
        }
    }

    /// A crew that no thread can be found for.
    #[cfg(test)]
    pub(super) fn that_cannot_start() -> Self {
        Self { stack: 1 << 60, ..Self::new(1) }
    }

    /// From now on no thread is to be had.
    #[cfg(test)]
    pub(super) fn refuse_threads(&self) {
        self.refused_until.store(u64::MAX, SeqCst);
    }

    #[cfg(test)]
    pub(super) fn is_resting(&self, seat: usize) -> bool {
        self.seats[seat].is_resting.load(SeqCst)
    }

    /// A crew of two that seems to have started and does nothing.
    #[cfg(test)]
    pub(super) fn without_threads() -> Self {
        Self { started: AtomicUsize::new(2), ..Self::new(2) }
    }

    pub(super) fn is_started(&self) -> bool {
        self.started.load(SeqCst) > 0
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(SeqCst) > 0
    }

    /// Starts the worker of seat `seat`, whose predecessors have been started, unless somebody has.
    ///
    /// # Errors
    ///
    /// The system's, if it has no thread to give; for a while after that, `WouldBlock`.
    pub(super) fn start<F>(&self, seat: usize, name: &str, work: impl FnOnce() -> F) -> io::Result<()>
    where
        F: FnOnce() + Send + 'static,
    {
        let now = self.made.elapsed().as_millis() as u64;
        if now < self.refused_until.load(SeqCst) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if seat >= self.seats.len() || self.started.compare_exchange(seat, seat + 1, SeqCst, SeqCst).is_err()
        {
            return Ok(());
        }
        self.alive.fetch_add(1, SeqCst);
        match fork::spawn(&format!("trackside-{name}"), self.stack, work()) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.alive.fetch_sub(1, SeqCst);
                self.refused_until.store(now + REFUSED, SeqCst);
                // If another has been started since, this seat stays empty.
                self.started.compare_exchange(seat + 1, seat, SeqCst, SeqCst).ok();
                Err(error)
            }
        }
    }

    /// Makes the calling thread known as the worker of `seat`, so that it can be woken.
    pub(super) fn sit(&self, seat: usize) {
        self.seats[seat].thread.set(thread::current()).ok();
    }

    /// The calling worker has ended.
    pub(super) fn leave(&self) {
        self.alive.fetch_sub(1, SeqCst);
    }

    /// Says that the worker of `seat` may be recruited, or not any more. Who begins to rest holds the desk, under
    /// which it has seen that another watches.
    pub(super) fn rest(&self, seat: usize, is_resting: bool) {
        self.seats[seat].is_resting.store(is_resting, SeqCst);
    }

    /// Makes the worker of `seat` the one that watches, unless another does. The caller holds the desk.
    pub(super) fn watch(&self, seat: usize) -> bool {
        let watcher = self.watcher.load(SeqCst);
        if watcher == NOBODY {
            self.watcher.store(seat, SeqCst);
        }
        watcher == NOBODY || watcher == seat
    }

    pub(super) fn is_watched(&self) -> bool {
        self.watcher.load(SeqCst) != NOBODY
    }

    /// The worker of `seat` watches no more; says whether it did. The caller holds the desk.
    pub(super) fn look_away(&self, seat: usize) -> bool {
        self.watcher.compare_exchange(seat, NOBODY, SeqCst, SeqCst).is_ok()
    }

    /// Wakes a resting worker, if there is one.
    pub(super) fn recruit(&self) -> bool {
        let resting = self.seats.iter().find(|seat| seat.is_resting.swap(false, SeqCst));
        resting.inspect(|seat| seat.wake()).is_some()
    }

    /// The seat of the next worker that can be started.
    pub(super) fn vacancy(&self) -> Option<usize> {
        let started = self.started.load(SeqCst);
        (started < self.seats.len()).then_some(started)
    }

    /// Wakes the worker that watches; where nobody does, one that rests.
    pub(super) fn wake(&self) {
        match self.seats.get(self.watcher.load(SeqCst)) {
            Some(seat) => seat.wake(),
            None => _ = self.recruit(),
        }
    }

    /// Wakes every worker.
    pub(super) fn wake_all(&self) {
        self.seats.iter().for_each(Seat::wake);
    }
}

impl Seat {
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}
