//! One store, written before and after forks: in a binary of its own, since the test harness has threads.

#![allow(unsafe_code, reason = "fork is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
fn main() {
    if let Some(path) = std::env::args_os().nth(1) {
        return unix::hold(path.as_ref());
    }
    unix::children_write_beside_the_parent();
    unix::a_child_that_forked_in_the_midst_of_a_batch_opens_nothing();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::{
        collections::BTreeSet,
        io::{BufRead, BufReader, Read},
        path::Path,
        process::{Command, Stdio},
        sync::atomic::{AtomicBool, AtomicUsize, Ordering},
        thread,
        time::{Duration, Instant},
    };

    use rusqlite::Connection;
    use trackside_core::{
        Hit,
        protocol::{Enriched, Outcome},
    };
    use trackside_tests::{folder::Folder, hits};
    use trackside_transports::{
        sink::{Sink, SinkFactory},
        sinks,
    };

    const LIMIT: Duration = Duration::from_secs(60);

    /// How a child ended.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    enum Child {
        Opened = 10,
        Stored = 11,
        Refused = 12,
        Failed = 13,
    }

    fn deliver(sink: &mut dyn Sink, hits: &[Hit]) -> Outcome {
        let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
        let delivery = sink.deliver(&batch, hits::NOW);
        assert_eq!(delivery.taken, hits.len());
        delivery.outcome
    }

    /// Forks a child that delivers `hits` by a sink of its own, if there are any, and answers how it
    /// ended.
    fn forked(factory: &impl SinkFactory, hits: &[Hit]) -> Child {
        // SAFETY: the child uses what the C library keeps usable after a fork, and leaves by `_exit`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let end = match factory() {
                Ok(_) if hits.is_empty() => Child::Opened,
                Ok(mut sink) => match deliver(&mut *sink, hits) {
                    Outcome::Delivered => Child::Stored,
                    _ => Child::Failed,
                },
                Err(error) if error.to_string().contains("when this process was forked") => Child::Refused,
                Err(_) => Child::Failed,
            };
            // SAFETY: ends the child, without running what belongs to the parent.
            unsafe { libc::_exit(end as i32) }
        }
        assert!(child > 0);
        let mut status = 0;
        // SAFETY: waits for the child made above; `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status), "child ended with status {status:#x}");
        [Child::Opened, Child::Stored, Child::Refused, Child::Failed]
            .into_iter()
            .find(|&end| end as i32 == libc::WEXITSTATUS(status))
            .unwrap_or_else(|| panic!("child exited with {}", libc::WEXITSTATUS(status)))
    }

    fn stored(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let check: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let mut select = connection.prepare("SELECT path FROM hit").unwrap();
        let paths = select.query_map((), |row| row.get(0)).unwrap();
        paths.map(Result::unwrap).collect()
    }

    fn assert_same(path: &Path, expected: BTreeSet<String>) {
        let stored = stored(path);
        let distinct: BTreeSet<_> = stored.iter().cloned().collect();
        assert_eq!(stored.len(), distinct.len(), "no hit is doubled");
        assert_eq!(distinct, expected);
    }

    fn paths(numbers: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
        numbers.into_iter().map(|n| format!("/page/{n}")).collect()
    }

    pub(crate) fn children_write_beside_the_parent() {
        const FORKS: usize = 200;
        const EACH: usize = 5;
        // The parent's hits are numbered from here.
        const OWN: usize = FORKS * EACH;
        let folder = Folder::new().unwrap();
        let path = folder.join("trackside.db");
        let factory = sinks::sqlite::factory(&path, None);
        let (is_over, written) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut expected = BTreeSet::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut sink = factory().unwrap();
                while !is_over.load(Ordering::Acquire) {
                    let n = written.load(Ordering::Acquire);
                    let hits = hits::pages_from(OWN + n, EACH).unwrap();
                    assert_eq!(deliver(&mut *sink, &hits), Outcome::Delivered);
                    written.store(n + EACH, Ordering::Release);
                }
                // The parent closes while children's hits are in the log of the store.
                drop(sink);
            });
            // Also when an assertion fails here: the thread is waited for.
            let _over = SetWhenDropped(&is_over);
            for fork in 0..FORKS {
                // The parent gets on in between.
                let before = written.load(Ordering::Acquire);
                wait_until(|| written.load(Ordering::Acquire) > before);
                let first = fork * EACH;
                match forked(&factory, &hits::pages_from(first, EACH).unwrap()) {
                    Child::Stored => expected.extend(paths(first..first + EACH)),
                    // A batch took longer than a fork waits.
                    Child::Refused => {}
                    Child::Opened | Child::Failed => panic!("fork {fork}"),
                }
            }
        });
        // Mostly there is no need to refuse.
        assert!(expected.len() >= OWN / 2, "{} of {OWN}", expected.len());
        expected.extend(paths(OWN..OWN + written.load(Ordering::Acquire)));
        assert_same(&path, expected);
    }

    struct SetWhenDropped<'a>(&'a AtomicBool);

    impl Drop for SetWhenDropped<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }

    pub(crate) fn a_child_that_forked_in_the_midst_of_a_batch_opens_nothing() {
        let folder = Folder::new().unwrap();
        let path = folder.join("trackside.db");
        let factory = sinks::sqlite::factory(&path, None);
        sinks::sqlite::check(&path).unwrap();
        // Another process holds the lock, for which the worker waits inside its batch.
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut sink = factory().unwrap();
                let hits = hits::pages_from(0, 3).unwrap();
                wait_until(|| deliver(&mut *sink, &hits) == Outcome::Delivered);
            });
            // The child only opens: its own wait for the lock would be long.
            wait_until(|| forked(&factory, &[]) == Child::Refused);
            drop(holder.stdin.take());
            assert!(holder.wait().unwrap().success());
        });
        // Neither the parent nor a later child is the worse for it.
        let mut sink = factory().unwrap();
        assert_eq!(deliver(&mut *sink, &hits::pages_from(3, 3).unwrap()), Outcome::Delivered);
        assert_eq!(forked(&factory, &hits::pages_from(6, 3).unwrap()), Child::Stored);
        drop(sink);
        assert_same(&path, paths(0..9));
    }

    /// Takes the store's lock, says so, and keeps it until its input ends.
    pub(crate) fn hold(path: &Path) {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        println!("held");
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }

    fn wait_until(mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !done() {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
    }
}
