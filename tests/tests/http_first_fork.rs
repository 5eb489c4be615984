//! Forks before each allocation of the first POST of the parent's worker, and of what makes ready for it, which is what
//! ureq makes only once: a child finds none of it half made, and posts. In a binary of its own, since the test harness
//! has threads.

#![allow(unsafe_code, reason = "fork is the subject, and an allocator is unsafe by nature")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
mod forks;

#[cfg(unix)]
fn main() {
    unix::children_post_that_were_forked_during("a factory was made", |config| drop(unix::factory(config)));
    unix::children_post_that_were_forked_during("a receiver was checked", unix::check);
    unix::children_post_beside_a_parent_that_is_held_anywhere_in_its_first_post();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::{
        alloc::{GlobalAlloc, Layout, System},
        cell::Cell,
        collections::BTreeMap,
        sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        thread,
        time::{Duration, Instant},
    };

    use trackside::{Config, Tracker};
    use trackside_core::protocol::{self, Enriched};
    use trackside_tests::collector::Collector;
    use trackside_transports::{
        check, pool,
        sink::{Delivery, Sink, SinkFactory},
        sinks,
    };

    use crate::forks::{Family, LIMIT, assert_received, fork, is_first, visit};

    /// How many allocations a thread that is held has come to, and at which it may go on.
    static CAME: AtomicUsize = AtomicUsize::new(0);
    static ALLOWED: AtomicUsize = AtomicUsize::new(0);
    /// Whether the first POST is over.
    static IS_POSTED: AtomicBool = AtomicBool::new(false);

    thread_local! {
        static IS_HELD: Cell<bool> = const { Cell::new(false) };
    }

    /// Holds a thread before each of its allocations.
    struct Holds;

    // SAFETY: it is the system's, which it only waits before.
    unsafe impl GlobalAlloc for Holds {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if IS_HELD.get() {
                let came = CAME.fetch_add(1, SeqCst) + 1;
                while ALLOWED.load(SeqCst) < came {
                    thread::sleep(Duration::from_micros(50));
                }
            }
            // SAFETY: as the caller promises.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
            // SAFETY: as the caller promises; it came from there.
            unsafe { System.dealloc(place, layout) }
        }
    }

    #[global_allocator]
    static HOLDS: Holds = Holds;

    /// One whose first delivery in the first process is held.
    struct Held(Box<dyn Sink>);

    impl Sink for Held {
        fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
            IS_HELD.set(is_first() && !IS_POSTED.load(SeqCst));
            let delivery = self.0.deliver(batch, now);
            IS_HELD.set(false);
            IS_POSTED.store(true, SeqCst);
            delivery
        }
    }

    fn config(collector: &Collector) -> Config {
        let toml = format!(
            "consent.policy = 'none'\ntrack.bots = 'keep'\nshutdown = '60s'\n[[destination]]\ntype = 'ga-v1'\nworkers = 1\n\
             tracking_id = 'UA-1-1'\ntimeout = '60s'\nurl = '{}'\n",
            collector.url("/collect")
        );
        Config::builder().toml(&toml).build().unwrap()
    }

    pub(crate) fn factory(config: &Config) -> impl SinkFactory + use<> {
        sinks::http::factory(protocol::of(&config.destinations()[0].receiver).unwrap(), LIMIT)
    }

    pub(crate) fn check(config: &Config) {
        check::check(config, &config.destinations()[0], &check::Options::new(LIMIT));
    }

    /// The pages of the hits, but that of a check.
    fn paths(collector: &Collector) -> Vec<String> {
        let forms = collector
            .requests()
            .into_iter()
            .map(|request| serde_urlencoded::from_bytes::<BTreeMap<String, String>>(&request.body).unwrap());
        forms.map(|form| form["dp"].clone()).filter(|path| path != "/trackside-check").collect()
    }

    /// Registered after the library's handlers, and so called before them: the fork is to wait for what is let go here.
    extern "C" fn let_go() {
        ALLOWED.store(usize::MAX, SeqCst);
    }

    /// `work` is what the process does first with ureq.
    pub(crate) fn children_post_that_were_forked_during(what: &str, work: fn(&Config)) {
        let collector = Collector::start().unwrap();
        let config = config(&collector);
        let mut forks = 0;
        loop {
            // Each in a process that has made nothing.
            fork(forks + 1, || fork_at(forks + 1, &config, work)).succeeded();
            let received = paths(&collector).len();
            if received == forks {
                break;
            }
            forks += 1;
            assert_eq!(received, forks, "one hit of each");
        }
        assert!(forks > 10, "{what} with {forks} allocations");
        println!("http_first_fork: {forks} forks while {what}, as many hits");
    }

    /// Forks a child while a thread that does `work` is before its `n`th allocation, if it comes to it.
    fn fork_at(n: usize, config: &Config, work: fn(&Config)) {
        pool::fork::install();
        // SAFETY: the function only stores a number, and never goes away.
        assert_eq!(unsafe { libc::pthread_atfork(Some(let_go), None, None) }, 0);
        ALLOWED.store(n - 1, SeqCst);
        let worker = thread::spawn({
            let config = config.clone();
            move || {
                IS_HELD.set(true);
                work(&config);
                IS_HELD.set(false);
            }
        });
        let until = Instant::now() + LIMIT;
        while CAME.load(SeqCst) < n && !worker.is_finished() {
            assert!(Instant::now() < until, "it gets on");
            thread::yield_now();
        }
        if CAME.load(SeqCst) == n {
            let child = fork(n, || {
                let tracker = Tracker::builder(config.clone()).open().unwrap();
                visit(&tracker);
                assert!(tracker.close(LIMIT).unwrap().is_empty());
            });
            child.succeeded();
        }
        worker.join().unwrap();
    }

    pub(crate) fn children_post_beside_a_parent_that_is_held_anywhere_in_its_first_post() {
        let collector = Collector::start().unwrap();
        let config = config(&collector);
        let factory = factory(&config);
        let held = move || factory().map(|sink| Box::new(Held(sink)) as Box<dyn Sink>);
        let mut family = Family::new(|| Tracker::builder(config).sink("ga-v1", held).open().unwrap());
        visit(&family.tracker);
        let mut forks = 0;
        loop {
            let until = Instant::now() + LIMIT;
            while CAME.load(SeqCst) <= forks && !IS_POSTED.load(SeqCst) {
                assert!(Instant::now() < until, "the worker gets on");
                thread::yield_now();
            }
            if IS_POSTED.load(SeqCst) {
                break;
            }
            family.fork(forks);
            family.wait_for(forks);
            forks += 1;
            ALLOWED.store(forks, SeqCst);
        }
        let books = family.close();

        let paths = paths(&collector);
        assert_eq!(assert_received(&books, "ga-v1", &paths), 0);
        assert!(forks > 20, "a first POST was made with {forks} allocations");
        println!("http_first_fork: {forks} forks, {} hits, each posted once", paths.len());
    }
}
