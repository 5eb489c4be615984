//! Forks all through the first hit of the parent's worker, which makes what only a first hit makes: a child finds none
//! of it half made, and delivers.

#![allow(unsafe_code, reason = "an allocator is unsafe by nature")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
};

/// So many allocations lie between two forks. What one has to be found in takes more.
const STEP: usize = 40;

/// How many allocations the worker has made, and at which it may go on.
static MADE: AtomicUsize = AtomicUsize::new(0);
static ALLOWED: AtomicUsize = AtomicUsize::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// Asked in place of the books, whose lock the worker may hold as it stops.
static IS_DELIVERED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static IS_MAIN: Cell<bool> = const { Cell::new(false) };
}

/// Stops the worker at every `STEP`th of its allocations.
struct Stops;

// SAFETY: it is the system's, which it only waits before.
unsafe impl GlobalAlloc for Stops {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !IS_MAIN.get() && !IS_OVER.load(SeqCst) {
            let made = MADE.fetch_add(1, SeqCst) + 1;
            while made.is_multiple_of(STEP) && ALLOWED.load(SeqCst) < made && !IS_OVER.load(SeqCst) {
                thread::yield_now();
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
static STOPS: Stops = Stops;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    use kit::{forks::*, *};
    use trackside_core::{
        Annotations, Config, Request, Response,
        protocol::{Enriched, Outcome},
        transport::Left,
    };
    use trackside_transports::{Tracker, sink::Sink};

    /// Children that are alive at once.
    const MOST: usize = 16;

    fn visit(tracker: &Tracker) {
        // An agent that no list has, so that all of them are gone through.
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let headers = [("host", "www.example.com"), ("accept", "text/html"), ("user-agent", agent)];
        let request = Request::new("GET", "/", &headers);
        let response = Response::new(200, &[("content-type", "text/html")]);
        assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
    }

    IS_MAIN.set(true);
    watchdog(300);
    let config = "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nbatch.age = '0ms'\n";
    let sink = || {
        Ok(Box::new(Does(|batch: &[Enriched<'_>], _| {
            IS_DELIVERED.store(true, SeqCst);
            all(batch, Outcome::Delivered)
        })) as Box<dyn Sink>)
    };
    let config = Config::builder().toml(config).build().unwrap();
    let tracker = Tracker::builder(config).sink("callback", sink).open().unwrap();
    let close = || {
        IS_OVER.store(true, SeqCst);
        assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
        assert_eq!(tracker.stats().destinations[0].delivered, 1);
    };
    visit(&tracker);
    let (mut forks, mut children) = (0, Vec::new());
    loop {
        let next = (forks + 1) * STEP;
        eventually("the worker gets on", || MADE.load(SeqCst) >= next || IS_DELIVERED.load(SeqCst));
        if IS_DELIVERED.load(SeqCst) {
            break;
        }
        children.push(fork(|| {
            IS_OVER.store(true, SeqCst);
            visit(&tracker);
            close();
        }));
        forks += 1;
        ALLOWED.store(next, SeqCst);
        if children.len() == MOST {
            children.drain(..).for_each(Child::succeeded);
        }
    }
    close();
    children.drain(..).for_each(Child::succeeded);
    assert!(forks > 50, "a first hit was made with {forks} times {STEP} allocations");
}
