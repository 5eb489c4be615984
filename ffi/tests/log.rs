//! The log: one test, for a process has one log.

#![allow(unsafe_code, reason = "it does what a host in C does")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    ffi::c_void,
    ptr, slice,
    sync::{Mutex, PoisonError},
    thread,
};

use trackside_core::{Annotations, Request, Response};
use trackside_ffi::{
    TRACKSIDE_CONFIG, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_LOG_DEBUG, TRACKSIDE_LOG_ERROR,
    TRACKSIDE_LOG_WARN, TRACKSIDE_OK, trackside_bytes, trackside_exchange_begin, trackside_log_set,
    trackside_options_free, trackside_options_new, trackside_options_toml, trackside_request,
    trackside_status, trackside_tracker_free, trackside_tracker_open,
};
use trackside_transports::{Tracker, load};

/// What one callback was told.
type Heard = Mutex<Vec<(i32, String)>>;

unsafe extern "C" fn hear(userdata: *mut c_void, level: i32, message: trackside_bytes) {
    // SAFETY: each test hands over a `Heard` that outlives its callback, and the message is as promised.
    let (heard, bytes) = unsafe {
        (&*userdata.cast::<Heard>(), slice::from_raw_parts(message.data.cast::<u8>(), message.length))
    };
    let text = str::from_utf8(bytes).unwrap().to_owned();
    heard.lock().unwrap_or_else(PoisonError::into_inner).push((level, text));
}

/// Calls the library, and changes the log, from inside of the log.
unsafe extern "C" fn meddle(userdata: *mut c_void, level: i32, message: trackside_bytes) {
    assert_eq!(open("mood = 'on'"), TRACKSIDE_CONFIG, "which it would tell the log");
    assert_eq!(set(Some(hear), TRACKSIDE_LOG_ERROR, userdata), TRACKSIDE_OK);
    // SAFETY: as the library's.
    unsafe { hear(userdata, level, message) };
}

fn set(
    log: Option<unsafe extern "C" fn(*mut c_void, i32, trackside_bytes)>,
    level: i32,
    userdata: *mut c_void,
) -> trackside_status {
    // SAFETY: what it is called with outlives it.
    unsafe { trackside_log_set(log, level, userdata, ptr::null_mut()) }
}

/// Opens a tracker with mistakes, of which the log is told.
fn open(toml: &str) -> trackside_status {
    let (mut options, mut tracker) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the places are there, the options are alive.
    unsafe {
        trackside_options_new(&mut options, ptr::null_mut());
        trackside_options_toml(options, trackside_bytes::of(toml), ptr::null_mut());
        let status = trackside_tracker_open(options, &mut tracker, ptr::null_mut());
        trackside_options_free(options);
        status
    }
}

/// Begins an exchange with this peer, of a tracker that sends nothing.
fn begin_from(peer: &str) -> trackside_status {
    let (mut options, mut tracker) = (ptr::null_mut(), ptr::null_mut());
    let toml = "visitor.identity = 'none'\nmode = 'dry-run'";
    // SAFETY: the places are there, the handles are alive.
    unsafe {
        trackside_options_new(&mut options, ptr::null_mut());
        trackside_options_toml(options, trackside_bytes::of(toml), ptr::null_mut());
        assert_eq!(trackside_tracker_open(options, &mut tracker, ptr::null_mut()), TRACKSIDE_OK);
        trackside_options_free(options);
        let mut request: trackside_request = std::mem::zeroed();
        request.size = size_of::<trackside_request>();
        request.peer = trackside_bytes::of(peer);
        let mut exchange = ptr::null_mut();
        let status = trackside_exchange_begin(tracker, &request, &mut exchange, ptr::null_mut());
        trackside_tracker_free(tracker);
        status
    }
}

fn page() {
    let tracker = Tracker::open(load::toml("visitor.identity = 'none'\nmode = 'dry-run'").unwrap()).unwrap();
    let headers = [("host", "www.example.com")];
    let request = Request::new("GET", "/page", &headers);
    let response = [("content-type", "text/html")];
    let response = Response::new(200, &response);
    assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
}

fn drain(heard: &Heard) -> Vec<(i32, String)> {
    std::mem::take(&mut heard.lock().unwrap())
}

#[test]
fn the_log() {
    let one = Heard::default();
    let two = Heard::default();
    let of = |heard: &Heard| ptr::from_ref(heard).cast_mut().cast();

    // Nobody is told, and nothing is installed for that.
    assert_eq!(set(None, 99, ptr::null_mut()), TRACKSIDE_OK);
    assert!(!tracing::dispatcher::has_been_set());
    assert_eq!(open("mood = 'on'"), TRACKSIDE_CONFIG);

    // Levels are what they are.
    for level in [0, 6, -1] {
        assert_eq!(set(Some(hear), level, of(&one)), TRACKSIDE_INVALID_ARGUMENT);
    }
    assert!(!tracing::dispatcher::has_been_set());

    // Up to the level, and the target `trackside` alone.
    assert_eq!(set(Some(hear), TRACKSIDE_LOG_WARN, of(&one)), TRACKSIDE_OK);
    assert_eq!(open("mood = 'on'"), TRACKSIDE_CONFIG);
    page();
    tracing::error!(target: "elsewhere", "not ours");
    tracing::error!("not ours either");
    let told = drain(&one);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, TRACKSIDE_LOG_ERROR);
    assert!(told[0].1.starts_with("mistakes in the configuration:\n"), "{told:?}");
    assert!(told[0].1.contains("mood: ") && told[0].1.contains("consent.policy: "), "all of them: {told:?}");

    // Another level, later.
    assert_eq!(set(Some(hear), TRACKSIDE_LOG_DEBUG, of(&one)), TRACKSIDE_OK);
    page();
    let told = drain(&one);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, TRACKSIDE_LOG_DEBUG);
    assert!(told[0].1.contains("verdict=tracked") && told[0].1.contains("status=200"), "{told:?}");

    // Another callback, later; on any thread.
    assert_eq!(set(Some(hear), TRACKSIDE_LOG_DEBUG, of(&two)), TRACKSIDE_OK);
    thread::spawn(page).join().unwrap();
    assert_eq!((drain(&one).len(), drain(&two).len()), (0, 1));

    // A callback that calls back, and changes the log, neither waits for itself nor is told of itself.
    assert_eq!(set(Some(meddle), TRACKSIDE_LOG_DEBUG, of(&one)), TRACKSIDE_OK);
    page();
    assert_eq!(drain(&one).len(), 1);
    page();
    assert_eq!(drain(&one).len(), 0, "it asked for errors alone");
    assert_eq!(open("mood = 'on'"), TRACKSIDE_CONFIG);
    assert_eq!(drain(&one).len(), 1);

    // Nobody any more; and then somebody again.
    assert_eq!(set(None, 0, ptr::null_mut()), TRACKSIDE_OK);
    assert_eq!(open("mood = 'on'"), TRACKSIDE_CONFIG);
    assert_eq!((drain(&one).len(), drain(&two).len()), (0, 0));
    assert_eq!(set(Some(hear), TRACKSIDE_LOG_DEBUG, of(&two)), TRACKSIDE_OK);
    page();
    assert_eq!((drain(&one).len(), drain(&two).len()), (0, 1));

    // What is begun wrong is in no book, and told once.
    for _ in 0..2 {
        assert_eq!(begin_from("127.0.0.1:8080"), TRACKSIDE_INVALID_ARGUMENT);
    }
    let told = drain(&two);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.starts_with("a request is not counted: `request.peer` is no address"), "{told:?}");

    // Several threads change it while others speak.
    let userdata = of(&one) as usize;
    thread::scope(|scope| {
        for level in 1..=4 {
            scope.spawn(move || {
                for n in 0..200 {
                    let log = if n % 3 == 0 { None } else { Some(hear as _) };
                    assert_eq!(set(log, level, userdata as *mut c_void), TRACKSIDE_OK);
                    page();
                }
            });
        }
    });
    assert_eq!(set(None, 0, ptr::null_mut()), TRACKSIDE_OK);
}
