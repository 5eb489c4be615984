//! A tracker, and the children of its process that go on with it: what each of them sent, and what its ledger
//! says at its end.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    io::{PipeReader, PipeWriter, Read, Write, pipe},
    os::fd::AsRawFd,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use trackside::{Annotations, Request, Response, Tracker};
use trackside_core::Reason;
use trackside_tests::folder::Folder;

/// How long anything may take that takes no time at all on an idle machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A process that has not ended by then is ended by a signal, in seconds.
const WATCHDOG: u32 = 120;

/// Page views of a child at a time.
const EACH: usize = 2;

/// A child's child is so much more than its parent.
const GRANDCHILD: usize = 10_000;

/// Who this process is: 0 for the first, `n + 1` for its `n`th child.
static WHO: AtomicUsize = AtomicUsize::new(0);

/// How many page views this process has submitted.
static SENT: AtomicU64 = AtomicU64::new(0);

/// Where a child writes what its ledger says when it exits.
static REPORTS: OnceLock<(Tracker, PathBuf)> = OnceLock::new();

/// Whether this process is nobody's child here.
pub fn is_first() -> bool {
    WHO.load(SeqCst) == 0
}

/// How many page views this process has submitted.
pub fn sent() -> u64 {
    SENT.load(SeqCst)
}

/// The page view of a new visitor. No two have the same path.
pub fn visit(tracker: &Tracker) {
    let target = path(WHO.load(SeqCst), SENT.fetch_add(1, SeqCst));
    let headers = [("host", "www.example.com")];
    let request = Request::new("GET", &target, &headers);
    let headers = [("content-type", "text/html")];
    let response = Response::new(200, &headers);
    assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
}

fn path(who: usize, n: u64) -> String {
    format!("/{who}/{n}")
}

/// Does `work` in a child, which is the `who`th from then on.
pub fn fork(who: usize, work: impl FnOnce()) -> Child {
    // SAFETY: the child uses of what it inherits only what is fit for it; that is what is tested.
    let child = unsafe { libc::fork() };
    if child == 0 {
        watchdog();
        WHO.store(who, SeqCst);
        SENT.store(0, SeqCst);
        let done = catch_unwind(AssertUnwindSafe(work));
        // That of the standard library takes the lock that each of its threads takes as it begins and ends, and
        // which a fork may have left taken.
        // SAFETY: the child's other threads, workers, touch nothing that its handlers of exit take away.
        unsafe { libc::exit(if done.is_ok() { 0 } else { 101 }) };
    }
    assert!(child > 0, "{}", std::io::Error::last_os_error());
    Child { id: child, is_gone: false }
}

fn watchdog() {
    // SAFETY: no handler is installed, so that the signal ends the process.
    unsafe { libc::alarm(WATCHDOG) };
}

/// A child of this process, which does not outlive a test that fails.
pub struct Child {
    id: libc::pid_t,
    is_gone: bool,
}

impl Child {
    /// Waits for the child's end, and asks that it ended well.
    pub fn succeeded(mut self) {
        let status = self.wait();
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
    }

    fn wait(&mut self) -> libc::c_int {
        let mut status = 0;
        // SAFETY: waits for a child of this process; `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(self.id, &raw mut status, 0) }, self.id);
        self.is_gone = true;
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_gone {
            // SAFETY: it has not been waited for, so that the number is still its own.
            unsafe { libc::kill(self.id, libc::SIGKILL) };
            self.wait();
        }
    }
}

/// The first process and its children.
pub struct Family {
    pub tracker: Tracker,
    folder: Folder,
    /// Nothing is ever written here: its end is what the children wait for.
    closes: (PipeReader, PipeWriter),
    children: BTreeMap<usize, Child>,
}

impl Family {
    pub fn new(open: impl FnOnce() -> Tracker) -> Self {
        watchdog();
        // Before the tracker registers its own handler: the last one registered is called first.
        // SAFETY: the function never goes away.
        assert_eq!(unsafe { libc::atexit(report) }, 0);
        let (tracker, folder) = (open(), Folder::new().unwrap());
        assert!(REPORTS.set((tracker.clone(), folder.join("reports"))).is_ok());
        Self { tracker, folder, closes: pipe().unwrap(), children: BTreeMap::new() }
    }

    /// Forks the `n`th child.
    pub fn fork(&mut self, n: usize) {
        let child = fork(n + 1, || self.live(n));
        self.children.insert(n, child);
    }

    /// Waits for the `n`th child, if it does not wait itself for its parent to close.
    pub fn wait_for(&mut self, n: usize) {
        if times(n) == [Time::Before]
            && let Some(child) = self.children.remove(&n)
        {
            child.succeeded();
        }
    }

    /// What the `n`th child does with what it inherits.
    fn live(&self, n: usize) {
        // SAFETY: this is the child's own copy, and the child never drops the writer.
        unsafe { libc::close(self.closes.1.as_raw_fd()) };
        self.assert_blank();
        for time in times(n) {
            if *time == Time::After {
                assert_eq!((&self.closes.0).read(&mut [0]).unwrap(), 0);
            }
            (0..EACH).for_each(|_| visit(&self.tracker));
        }
        match n / 3 % 3 {
            // The handler of exit delivers them.
            0 => {}
            1 => assert!(self.tracker.close(LIMIT).unwrap().is_empty()),
            _ => {
                // While a worker of the child's may be at work.
                let grandchild = fork(n + 1 + GRANDCHILD, || {
                    self.assert_blank();
                    visit(&self.tracker);
                });
                visit(&self.tracker);
                grandchild.succeeded();
            }
        }
    }

    fn assert_blank(&self) {
        let books = self.tracker.stats().destinations;
        assert!(books.iter().all(|book| book.offered == 0), "a child's ledger begins at zero: {books:?}");
    }

    /// Closes the tracker, waits for all children, and answers every process's books.
    pub fn close(self) -> Vec<Book> {
        assert!(self.tracker.close(LIMIT).unwrap().is_empty());
        drop(self.closes);
        let forks = self.children.len();
        self.children.into_values().for_each(Child::succeeded);
        let reports = fs::read_to_string(self.folder.join("reports")).unwrap() + &lines(&self.tracker);
        let books: Vec<_> = reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(books.len() > forks, "every process reports");
        books
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Time {
    Before,
    After,
}

/// When the `n`th child sends: before the parent closes, after it, or both.
fn times(n: usize) -> &'static [Time] {
    [&[Time::Before][..], &[Time::After], &[Time::Before, Time::After]][n % 3]
}

/// What the ledger of one process says about one destination.
#[derive(Debug, serde::Deserialize, serde::Serialize)]
pub struct Book {
    who: usize,
    destination: String,
    sent: u64,
    offered: u64,
    delivered: u64,
    unavailable: u64,
    others: u64,
}

impl Book {
    /// Whether it is that of the `n`th child, or of a child of that.
    pub fn is_of(&self, n: usize) -> bool {
        self.who % GRANDCHILD == n + 1
    }

    /// Whether it is that of a child's child.
    pub fn is_of_grandchild(&self) -> bool {
        self.who > GRANDCHILD
    }

    /// Whether the process could not use its store.
    pub fn is_without_store(&self) -> bool {
        self.unavailable > 0
    }
}

fn lines(tracker: &Tracker) -> String {
    let count = |reasons: &[(Reason, u64)]| reasons.iter().map(|&(_, n)| n).sum::<u64>();
    let books = tracker.stats().destinations.into_iter().map(|book| {
        let dropped = book.dropped.iter().filter(|(reason, _)| *reason == Reason::StoreUnavailable);
        let unavailable = dropped.map(|&(_, n)| n).sum();
        Book {
            who: WHO.load(SeqCst),
            sent: sent(),
            offered: book.offered,
            delivered: book.delivered,
            unavailable,
            others: count(&book.refused) + count(&book.dropped) - unavailable + book.panics,
            destination: book.name,
        }
    });
    books.map(|book| serde_json::to_string(&book).unwrap() + "\n").collect()
}

/// At the exit of a child, after its tracker was closed. What panics here aborts the child.
extern "C" fn report() {
    if let Some((tracker, path)) = REPORTS.get()
        && !is_first()
    {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(lines(tracker).as_bytes()).unwrap();
    }
}

/// Asks that `destination` received of each process what its ledger says, and nothing twice; answers how many
/// hits the ledgers report as lost, each since its process could not open the store.
pub fn assert_received(books: &[Book], destination: &str, paths: &[String]) -> u64 {
    let received: BTreeSet<_> = paths.iter().collect();
    assert_eq!(received.len(), paths.len(), "no hit is doubled");
    let (mut all, mut lost) = (0, 0);
    let mut reported = BTreeSet::new();
    for book in books.iter().filter(|book| book.destination == destination) {
        assert!(reported.insert(book.who), "one report each");
        assert_eq!((book.offered, book.others), (book.sent, 0), "{book:?}");
        assert_eq!(book.delivered + book.unavailable, book.sent, "{book:?}");
        let there = (0..book.sent).filter(|&n| received.contains(&path(book.who, n))).count() as u64;
        assert_eq!(there, book.delivered, "none is missing: {book:?}");
        all += there;
        lost += book.unavailable;
    }
    assert_eq!(all, paths.len() as u64, "nobody else's");
    lost
}

/// Holds the threads that come to it.
pub struct Door {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    came: usize,
    let_go: usize,
}

impl Door {
    pub const fn new() -> Self {
        Self { state: Mutex::new(State { came: 0, let_go: 0 }), changed: Condvar::new() }
    }

    /// Waits to be let go.
    pub fn pass(&self) {
        let mut state = self.state();
        state.came += 1;
        let number = state.came;
        self.changed.notify_all();
        let is_held = |state: &mut State| state.let_go < number;
        drop(self.changed.wait_while(state, is_held).unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until `n` threads have come.
    pub fn wait_for(&self, n: usize) {
        let waited = self.changed.wait_timeout_while(self.state(), LIMIT, |state| state.came < n);
        assert!(!waited.unwrap_or_else(PoisonError::into_inner).1.timed_out());
    }

    /// Lets the first `n` go, those that have yet to come included.
    pub fn let_go(&self, n: usize) {
        self.state().let_go = n;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
