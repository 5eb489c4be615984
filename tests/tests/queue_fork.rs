//! Forks while the workers of the parent are held inside the queue, and others submit to it: in a binary of its
//! own, since the test harness has threads.

#![allow(unsafe_code, reason = "fork is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
mod forks;

#[cfg(unix)]
fn main() {
    unix::children_go_on_beside_a_parent_that_is_held_inside_the_queue();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::{
        collections::BTreeMap,
        path::Path,
        sync::Arc,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        thread,
        time::Instant,
    };

    use rusqlite::Connection;
    use trackside::{Config, Tracker};
    use trackside_tests::{collector::Collector, folder::Folder};
    use trackside_transports::clock::{Clock, System};
    use uuid::Uuid;

    use crate::forks::{Book, Door, Family, LIMIT, assert_received, is_first, sent, visit};

    const FORKS: usize = 200;
    /// Threads that submit.
    const THREADS: usize = 2;
    /// Page views of each thread around each fork.
    const BURST: usize = 5;

    /// Where the parent's workers are held.
    static DOOR: Door = Door::new();

    /// Asked by a worker for the age of what it took from the queue, under the lock of its pool.
    #[derive(Debug)]
    struct Holding;

    impl Clock for Holding {
        fn micros(&self) -> u64 {
            let is_worker = thread::current().name().is_some_and(|name| name.starts_with("trackside-"));
            // The door is the parent's: its lock means nothing in a child.
            if is_worker && is_first() {
                DOOR.pass();
            }
            System.micros()
        }
    }

    pub(crate) fn children_go_on_beside_a_parent_that_is_held_inside_the_queue() {
        let collector = Collector::start().unwrap();
        let folder = Folder::new().unwrap();
        let path = folder.join("trackside.db");
        let toml = format!(
            "consent.policy = 'none'\ntrack.bots = 'keep'\nshutdown = '60s'\n[[destination]]\ntype = 'sqlite'\npath = '{}'\n\
             [[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\ntimeout = '60s'\nurl = '{}'\n",
            path.display(),
            collector.url("/collect")
        );
        let config = Config::builder().toml(&toml).build().unwrap();
        let mut family = Family::new(|| Tracker::builder(config).clock(Arc::new(Holding)).open().unwrap());
        visit(&family.tracker);
        // One worker of each destination.
        DOOR.wait_for(2);

        let bursts = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (tracker, bursts) = (family.tracker.clone(), bursts.clone());
                thread::spawn(move || {
                    for n in 1..=FORKS {
                        wait_until(|| bursts.load(SeqCst) >= n);
                        (0..BURST).for_each(|_| visit(&tracker));
                    }
                })
            })
            .collect();
        for n in 0..FORKS {
            let before = sent();
            bursts.store(n + 1, SeqCst);
            wait_until(|| sent() > before);
            family.fork(n);
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());

        DOOR.let_go(usize::MAX);
        visit(&family.tracker);
        let books = family.close();
        let (stored, posted) = (stored(&path), posted(&collector));
        let paths = |hits: &[(String, Uuid)]| hits.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(assert_received(&books, "ga-v1", &paths(&posted)), 0);
        let lost = assert_received(&books, "sqlite", &paths(&stored));
        // A grandchild may have come while its parent was waiting for the store for too long.
        let without = books.iter().filter(|book| book.is_without_store());
        assert!(without.into_iter().all(Book::is_of_grandchild));
        let posted_by: BTreeMap<_, _> = posted.iter().map(|(path, visitor)| (visitor, path)).collect();
        assert_eq!(posted_by.len(), posted.len(), "no two processes draw the same id");
        assert!(stored.iter().all(|(path, visitor)| posted_by.get(visitor) == Some(&path)));
        println!(
            "queue_fork: {FORKS} forks, {} hits, each posted once and stored once but {lost} that ledgers report as \
             dropped",
            posted.len()
        );
    }

    fn stored(path: &Path) -> Vec<(String, Uuid)> {
        let connection = Connection::open(path).unwrap();
        let mut select = connection.prepare("SELECT path, visitor FROM hit").unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?)));
        select.query_map((), row).unwrap().map(Result::unwrap).collect()
    }

    fn posted(collector: &Collector) -> Vec<(String, Uuid)> {
        let form = |body: &[u8]| serde_urlencoded::from_bytes::<BTreeMap<String, String>>(body).unwrap();
        let forms = collector.requests().into_iter().map(|request| form(&request.body));
        forms.map(|form| (form["dp"].clone(), form["cid"].parse().unwrap())).collect()
    }

    fn wait_until(done: impl Fn() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !done() {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
    }
}
