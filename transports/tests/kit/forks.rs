//! Forks, children and the file in which all of them note what was delivered.

#![allow(unsafe_code, reason = "fork, pipe and waitpid are C")]

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use trackside_core::{
    Hit,
    protocol::{Enriched, Outcome},
    transport::{Submitted, Transport},
};
use trackside_transports::{
    pool::{
        Options, Pool,
        fork::{CloseAtExit, at_exit},
    },
    sink::SinkFactory,
};
use uuid::Uuid;

use super::{Does, all, assert_balanced, hit, quick, stats};

/// Ends this process by a signal if the test does not end by itself.
pub fn watchdog(seconds: u32) {
    // SAFETY: no handler is installed, so that the signal ends the process.
    unsafe { libc::alarm(seconds) };
}

/// Runs `work` in a child, which then exits normally: with 0, or 101 if it panicked.
pub fn fork(work: impl FnOnce()) -> Child {
    // SAFETY: the child uses of what it inherits only what is fit for it; that is what is tested.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            watchdog(120);
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // That of the standard library takes a lock that a thread of the parent may have held.
            // SAFETY: the handlers of exit take nothing away that the child's workers use.
            unsafe { libc::exit(if done.is_ok() { 0 } else { 101 }) };
        }
        pid => Child(pid),
    }
}

/// Forks in the midst of what is being done: the child for the parent, none in the child.
pub fn fork_here() -> Option<Child> {
    // SAFETY: as above.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => {
            watchdog(120);
            None
        }
        pid => Some(Child(pid)),
    }
}

/// Ends the process at once, without any handler.
pub fn exit_at_once() -> ! {
    // SAFETY: it does not return.
    unsafe { libc::_exit(0) }
}

pub struct Child(libc::pid_t);

impl Child {
    /// Ends the child, whatever it does.
    pub fn kill(self) {
        let mut status = 0;
        // SAFETY: the child is this process's own and has not been waited for; `status` outlives the call.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, &raw mut status, 0);
        }
    }

    /// Waits for the child's end, and asks that it exited with 0.
    pub fn succeeded(self) {
        let mut status = 0;
        // SAFETY: `status` outlives the call.
        let pid = unsafe { libc::waitpid(self.0, &raw mut status, 0) };
        assert_eq!(pid, self.0);
        assert!(
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
            "child {pid} ended with status {status:#x}"
        );
    }
}

/// Lets children wait for their parent: a pipe that nothing is ever written to.
pub struct Starter {
    read: libc::c_int,
    write: libc::c_int,
}

impl Starter {
    pub fn new() -> Self {
        let mut ends = [0; 2];
        // SAFETY: there is room for both ends.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
        let [read, write] = ends;
        Self { read, write }
    }

    /// In the child: lets go of the end that only the parent is to hold.
    pub fn inherit(&self) {
        // SAFETY: the descriptor is this child's own copy.
        unsafe { libc::close(self.write) };
    }

    /// In the child: waits for the parent's `start`.
    pub fn wait(&self) {
        let mut byte = [0_u8];
        // SAFETY: there is room for the one byte; the end of the pipe is what is waited for.
        assert_eq!(unsafe { libc::read(self.read, byte.as_mut_ptr().cast(), 1) }, 0);
    }

    /// In the parent: lets all children go on.
    pub fn start(self) {
        // SAFETY: both descriptors are this process's own.
        unsafe {
            libc::close(self.write);
            libc::close(self.read);
        }
    }
}

/// A folder that goes when its process ends well.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trackside-{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn remove(self) {
        fs::remove_dir_all(self.0).unwrap();
    }
}

/// A file to which several processes append lines, whole ones.
pub fn appending(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

/// Makes sinks that append the ids of delivered hits to the file at `path`, after `before` has had its way.
pub fn noting(path: PathBuf, before: impl Fn() + Clone + Send + Sync + 'static) -> impl SinkFactory {
    move || {
        let (before, mut file) = (before.clone(), appending(&path));
        Ok(Box::new(Does(move |batch: &[Enriched<'_>], _| {
            before();
            let lines: String = batch.iter().map(|enriched| format!("{}\n", enriched.hit.id())).collect();
            file.write_all(lines.as_bytes()).unwrap();
            all(batch, Outcome::Delivered)
        })))
    }
}

/// What a tracker is to the pool: somebody who closes it at exit.
pub struct Owner {
    pub pool: Pool,
    shutdown: Duration,
}

impl Owner {
    pub fn new(options: Options, factory: impl SinkFactory) -> Arc<Self> {
        let pool = Pool::with_backoff(options, quick(), factory);
        let owner = Arc::new(Self { pool, shutdown: super::LONG });
        let weak = Arc::downgrade(&owner);
        at_exit(weak as Weak<dyn CloseAtExit>);
        owner
    }

    pub fn close(&self) {
        let left = self.pool.close(Instant::now() + self.shutdown).unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
}

impl CloseAtExit for Owner {
    fn close_at_exit(&self) {
        self.close();
    }
}

/// Submits `count` new hits and notes in the file `sent` that they were taken.
pub fn send(pool: &Pool, count: usize, sent: &Path) {
    let before = stats(pool).offered;
    let mut lines = String::new();
    for _ in 0..count {
        let hit: Hit = hit();
        lines += &format!("{}\n", hit.id());
        assert_eq!(pool.submit(hit), Submitted::Queued);
    }
    appending(sent).write_all(lines.as_bytes()).unwrap();
    assert_eq!(stats(pool).offered, before + count as u64);
}

/// Asks that the child's books begin at zero, whatever the parent's hold.
pub fn assert_blank(pool: &Pool) {
    let book = stats(pool);
    assert_eq!((book.offered, book.queued, book.in_flight), (0, 0, 0), "a child's ledger begins at zero");
    assert_balanced(&book);
}

/// Asks that each id of the file `sent` stands in `delivered` once, and no other.
pub fn assert_delivered_once(sent: &Path, delivered: &Path) {
    let read = |path: &Path| {
        let mut ids = BTreeMap::new();
        for line in fs::read_to_string(path).unwrap().lines() {
            *ids.entry(line.parse::<Uuid>().unwrap()).or_insert(0) += 1;
        }
        ids
    };
    let (sent, delivered) = (read(sent), read(delivered));
    let doubled: Vec<_> = delivered.iter().filter(|&(_, &count)| count != 1).collect();
    let missing: Vec<_> = sent.keys().filter(|&id| !delivered.contains_key(id)).collect();
    let foreign: Vec<_> = delivered.keys().filter(|&id| !sent.contains_key(id)).collect();
    assert!(
        doubled.is_empty() && missing.is_empty() && foreign.is_empty(),
        "of {} sent: doubled {doubled:?}, missing {missing:?}, foreign {foreign:?}",
        sent.len()
    );
}
