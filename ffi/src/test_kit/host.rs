//! A host that delivers hits itself.

use std::{
    ffi::c_void,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Opened, Options, tried};
use crate::{
    batch::trackside_batch,
    sink::{trackside_deliver, trackside_options_sink, trackside_outcome, trackside_release, trackside_sink},
    text::trackside_bytes,
    tracker::{trackside_left, trackside_tracker_close},
};

/// A destination of type callback that hands on each hit at once.
pub(crate) const MINE: &str = "consent.policy = 'none'\n
    [[destination]]\ntype = 'callback'\nname = 'mine'\nbatch = { age = '0ms' }\n";

/// A host's sink, whose attempts are made by a closure. The closure must not panic: C is in between.
pub(crate) struct Host {
    attempt: Box<dyn Fn(*mut trackside_batch) -> trackside_outcome + Send + Sync>,
    freed: AtomicUsize,
    called_after: AtomicUsize,
}

impl Host {
    pub(crate) fn new(
        attempt: impl Fn(*mut trackside_batch) -> trackside_outcome + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            attempt: Box::new(attempt),
            freed: AtomicUsize::new(0),
            called_after: AtomicUsize::new(0),
        })
    }

    /// What C would fill in. The test keeps the host for longer than the library may call it.
    pub(crate) fn sink(self: &Arc<Self>) -> trackside_sink {
        let userdata = Arc::into_raw(Arc::clone(self)).cast_mut().cast();
        let (deliver, free): (trackside_deliver, trackside_release) = (Some(deliver), Some(free));
        trackside_sink { size: size_of::<trackside_sink>(), userdata, deliver, free }
    }

    pub(crate) fn give(self: &Arc<Self>, options: &Options, name: &str) -> Result<(), (i32, String)> {
        let sink = self.sink();
        // SAFETY: the options are alive, and the host bears to be called by any thread.
        tried(|error| unsafe { trackside_options_sink(options.0, trackside_bytes::of(name), &sink, error) })
    }

    /// How often it was told that it is not called any more.
    pub(crate) fn freed(&self) -> usize {
        assert_eq!(self.called_after.load(SeqCst), 0, "it was called after that");
        self.freed.load(SeqCst)
    }
}

unsafe extern "C" fn deliver(userdata: *mut c_void, batch: *mut trackside_batch) -> trackside_outcome {
    // SAFETY: `sink` leaked it.
    let host = unsafe { &*userdata.cast::<Host>() };
    host.called_after.fetch_add(host.freed.load(SeqCst), SeqCst);
    let outcome = (host.attempt)(batch);
    host.called_after.fetch_add(host.freed.load(SeqCst), SeqCst);
    outcome
}

unsafe extern "C" fn free(userdata: *mut c_void) {
    // SAFETY: as above.
    unsafe { &*userdata.cast::<Host>() }.freed.fetch_add(1, SeqCst);
}

/// A tracker of [`MINE`], or of another configuration, with this sink.
pub(crate) fn tracker_of(toml: &str, host: &Arc<Host>) -> Opened {
    let options = Options::of(toml);
    host.give(&options, "mine").unwrap();
    options.open().unwrap()
}

/// Closes a tracker, for at most `milliseconds`, and says what was left in memory and in flight.
pub(crate) fn close(tracker: &Opened, milliseconds: u64) -> (u64, u64) {
    let size = size_of::<trackside_left>();
    let mut left = trackside_left { size, queued: 7, in_flight: 7, spooled: 7 };
    // SAFETY: the tracker is alive, and `left` a struct of its size.
    tried(|error| unsafe { trackside_tracker_close(tracker.0, milliseconds, &mut left, error) }).unwrap();
    (left.queued, left.in_flight)
}

/// As long as anything takes that is to happen.
pub(crate) const LONG: u64 = 60_000;

/// Waits for `condition`, and says what did not come true in time.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_millis(LONG);
    while !condition() {
        assert!(Instant::now() < until, "not in time: {what}");
        thread::yield_now();
    }
}

/// A door that holds whoever comes until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Door {
    /// Waits at the door.
    pub(crate) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += 1;
        changed.notify_all();
        while !state.1 {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until `count` have come.
    pub(crate) fn wait_for(&self, count: usize) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        let limit = Duration::from_millis(LONG);
        let (state, _) = changed.wait_timeout_while(state, limit, |state| state.0 < count).unwrap();
        assert!(state.0 >= count, "{} of {count} came to the door", state.0);
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }
}
