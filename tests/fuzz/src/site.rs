//! A tracker in C's hands, whose hits are kept and whose time and randomness stand still.

use std::{
    ffi::c_void,
    ptr, slice,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use trackside_ffi::*;

use crate::call::call;

/// What the targets choose among: each has something that the others have not.
pub const CONFIGURATIONS: [&str; 9] = [
    // Most of it as it comes.
    "consent.policy = 'notice'",
    // All that may be kept, and two records of each hit.
    "consent.policy = 'none'\n privacy = { ip = 'full', query = 'keep' }\n
     destination = [
       { type = 'file', path = '-' },
       { type = 'ga4', measurement_id = 'G-ABC1234567', api_secret = 'none', ip = 'none' },
     ]",
    "track.count = 'api'",
    "visitor.identity = 'none'\n privacy.query = 'drop'",
    "mode = 'dry-run'\n consent.policy = 'notice'",
    "mode = 'off'\n consent.policy = 'none'",
    // Rules.
    "consent.policy = 'none'\n site = ['www.example.com', '[2001:db8::1]']\n
     [track]\n ignore = ['/admin/', '/feeds/*', '*.css']\n only = ['/', '/*/page']\n status = ['2xx', '404']\n
     methods = ['GET', 'POST', 'HEAD']\n content_types = ['text/html', 'application/json']",
    // Cookies.
    "consent = { policy = 'notice', notice = '<{site}> & cookies' }\n visitor.session_timeout = '1s'\n
     visitor.cookie = { name = 'v', path = '/a', domain = 'example.com', max_age = '401d', renew = true,
       same_site = 'none', secure = true, http_only = false }",
    // Headers that others do not read.
    "consent = { policy = 'opt-out', dnt = 'honour' }\n
     proxy = { trusted = ['203.0.113.0/24', 'unix'], header = 'x-forwarded-for' }",
];

/// When everything happens, in microseconds since the Unix epoch: the golden vectors' time.
pub const NOW: u64 = 1_784_714_400_123_456;

/// What all randomness is made of.
pub const ENTROPY: [u8; 64] = {
    let mut bytes = [0; 64];
    let mut n = 0;
    while n < bytes.len() {
        bytes[n] = (n as u8).wrapping_mul(37).wrapping_add(11);
        n += 1;
    }
    bytes
};

/// One of the [`CONFIGURATIONS`], by any number.
pub fn configuration(number: u8) -> &'static str {
    CONFIGURATIONS[usize::from(number) % CONFIGURATIONS.len()]
}

/// A tracker that records, and what is counted and kept from here on.
///
/// To open one takes as long as many exchanges, so one that has kept nothing is used again. In the place of
/// one that has, another is opened at once: so an input gives back as much memory as it takes, and where it
/// does not, the fuzzer looks for a leak.
#[derive(Debug)]
pub struct Site {
    /// The handle.
    pub tracker: *mut trackside_tracker,
    number: u8,
    before: trackside_requests_book,
}

/// The handle of a tracker that nobody uses now.
#[derive(Debug)]
struct Idle(*mut trackside_tracker);

// SAFETY: a tracker is for all threads.
unsafe impl Send for Idle {}

/// With the numbers of their configurations.
static IDLE: Mutex<Vec<(u8, Idle)>> = Mutex::new(Vec::new());

impl Site {
    /// One with the configuration of this number.
    pub fn open(number: u8) -> Self {
        let number = number % CONFIGURATIONS.len() as u8;
        let mut idle = idle();
        let place = idle.iter().position(|(other, _)| *other == number);
        let tracker = place.map_or_else(|| open(number), |place| idle.swap_remove(place).1.0);
        Self { tracker, number, before: requests(tracker) }
    }

    /// The hits so far, each as JSON.
    pub fn hits(&self) -> Vec<String> {
        (0..recorded(self.tracker)).map(|index| self.hit(index)).collect()
    }

    fn hit(&self, index: usize) -> String {
        let mut hit = ptr::null_mut();
        let mut json = trackside_bytes::EMPTY;
        // SAFETY: the handles are live, the places are places; the text is read before its hit is freed.
        unsafe {
            call(0, |error| trackside_tracker_recorded(self.tracker, index, &mut hit, error)).ok();
            call(0, |error| trackside_hit_json(hit, &mut json, error)).ok();
            let text = String::from_utf8(read(json).to_vec()).expect("a hit's JSON is UTF-8");
            trackside_hit_free(hit);
            text
        }
    }

    /// Sees that the book of requests balances, and has so many more exchanges and late annotations.
    pub fn check_books(&self, seen: u64, late: u64) {
        let (before, after) = (self.before, requests(self.tracker));
        assert_eq!((after.seen - before.seen, after.late - before.late), (seen, late), "what was counted");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if recorded(self.tracker) > 0 {
            // SAFETY: the handle is live, and nobody uses it any more.
            unsafe { trackside_tracker_free(self.tracker) };
            self.tracker = open(self.number);
        }
        idle().push((self.number, Idle(self.tracker)));
    }
}

fn idle() -> MutexGuard<'static, Vec<(u8, Idle)>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(number: u8) -> *mut trackside_tracker {
    let mut options = ptr::null_mut();
    let mut tracker = ptr::null_mut();
    let toml = trackside_bytes::of(configuration(number));
    // SAFETY: the pointers are those of live handles, places and texts; the callbacks are what they should
    // be.
    unsafe {
        call(0, |error| trackside_options_new(&mut options, error)).ok();
        call(0, |error| trackside_options_toml(options, toml, error)).ok();
        call(0, |error| trackside_options_clock(options, Some(clock), ptr::null_mut(), error)).ok();
        call(0, |error| trackside_options_entropy(options, Some(entropy), ptr::null_mut(), error)).ok();
        call(0, |error| trackside_options_recording(options, error)).ok();
        call(512, |error| trackside_tracker_open(options, &mut tracker, error)).ok();
        trackside_options_free(options);
    }
    tracker
}

fn recorded(tracker: *const trackside_tracker) -> usize {
    let mut count = 0;
    // SAFETY: the handle is live, the place is one.
    call(0, |error| unsafe { trackside_tracker_recorded_count(tracker, &mut count, error) }).ok();
    count
}

/// The book of requests, which balances.
fn requests(tracker: *const trackside_tracker) -> trackside_requests_book {
    let size = size_of::<trackside_requests_book>();
    let mut book = trackside_requests_book { size, seen: 0, tracked: 0, late: 0 };
    let mut stats = ptr::null_mut();
    // SAFETY: the handle is live, the place is one.
    call(0, |error| unsafe { trackside_tracker_stats(tracker, &mut stats, error) }).ok();
    // SAFETY: as above; the struct has its size.
    call(0, |error| unsafe { trackside_stats_requests(stats, &mut book, error) }).ok();
    // SAFETY: the handle is live.
    let skipped = reasons().iter().map(|&reason| unsafe { trackside_stats_skipped(stats, reason) });
    assert_eq!(book.seen, book.tracked + skipped.sum::<u64>(), "the book of requests balances");
    // SAFETY: the handle is live, and nobody uses it any more.
    unsafe { trackside_stats_free(stats) };
    book
}

/// Every reason that there is.
fn reasons() -> &'static [trackside_reason] {
    static REASONS: OnceLock<Vec<trackside_reason>> = OnceLock::new();
    // SAFETY: any number may be asked for.
    let is_one = |&reason: &trackside_reason| !unsafe { trackside_reason_code(reason) }.is_null();
    REASONS.get_or_init(|| (0..=trackside_reason::MAX).filter(is_one).collect())
}

unsafe extern "C" fn clock(_: *mut c_void) -> u64 {
    NOW
}

unsafe extern "C" fn entropy(_: *mut c_void, bytes: *mut u8) {
    // SAFETY: there is room for as many.
    unsafe { bytes.copy_from_nonoverlapping(ENTROPY.as_ptr(), ENTROPY.len()) };
}

/// What a string says.
///
/// # Safety
///
/// It can be read until what it is borrowed from changes.
pub unsafe fn read<'a>(string: trackside_bytes) -> &'a [u8] {
    if string.data.is_null() {
        assert_eq!(string.length, 0, "an empty string");
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(string.data.cast(), string.length) }
}
