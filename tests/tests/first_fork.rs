//! Forks all through the first POST of the parent's worker, which makes what ureq makes only once: a child finds none of
//! it half made, and posts. In a binary of its own, since the test harness has threads.

#![allow(unsafe_code, reason = "fork is the subject, and an allocator is unsafe by nature")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
mod forks;

#[cfg(unix)]
fn main() {
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
        sink::{Delivery, Sink},
        sinks,
    };

    use crate::forks::{Family, LIMIT, assert_received, is_first, visit};

    /// How many allocations the worker's first POST has come to, and at which it may go on.
    static CAME: AtomicUsize = AtomicUsize::new(0);
    static ALLOWED: AtomicUsize = AtomicUsize::new(0);
    /// Whether the first POST is over.
    static IS_POSTED: AtomicBool = AtomicBool::new(false);

    thread_local! {
        static IS_IN_FIRST_POST: Cell<bool> = const { Cell::new(false) };
    }

    /// Holds the worker before each allocation of its first POST.
    struct Holds;

    // SAFETY: it is the system's, which it only waits before.
    unsafe impl GlobalAlloc for Holds {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if IS_IN_FIRST_POST.get() {
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
            let is_held = is_first() && !IS_POSTED.load(SeqCst);
            IS_IN_FIRST_POST.set(is_held);
            let delivery = self.0.deliver(batch, now);
            IS_IN_FIRST_POST.set(false);
            IS_POSTED.store(true, SeqCst);
            delivery
        }
    }

    pub(crate) fn children_post_beside_a_parent_that_is_held_anywhere_in_its_first_post() {
        let collector = Collector::start().unwrap();
        let toml = format!(
            "consent.policy = 'none'\ntrack.bots = 'keep'\nshutdown = '60s'\n[[destination]]\ntype = 'ga-v1'\nworkers = 1\n\
             tracking_id = 'UA-1-1'\ntimeout = '60s'\nurl = '{}'\n",
            collector.url("/collect")
        );
        let config = Config::builder().toml(&toml).build().unwrap();
        let protocol = protocol::of(&config.destinations()[0].receiver).unwrap();
        let factory = sinks::http::factory(protocol, LIMIT);
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

        let forms = collector
            .requests()
            .into_iter()
            .map(|request| serde_urlencoded::from_bytes::<BTreeMap<String, String>>(&request.body).unwrap());
        let paths: Vec<_> = forms.map(|form| form["dp"].clone()).collect();
        assert_eq!(assert_received(&books, "ga-v1", &paths), 0);
        assert!(forks > 20, "a first POST was made with {forks} allocations");
        println!("first_fork: {forks} forks, {} hits, each posted once", paths.len());
    }
}
