//! A host whose runtime ends a thread inside its sink, as CPython does while it goes down.

#![cfg(unix)]
#![allow(unsafe_code, reason = "it does what a host in C does")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    ffi::c_void,
    mem, ptr,
    sync::{Mutex, mpsc},
    time::Duration,
};

use trackside_ffi::*;

const CONFIG: &str = "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\n";
const LONG: Duration = Duration::from_secs(60);

// As libc declares it, but for how it ends.
unsafe extern "C-unwind" {
    fn pthread_exit(value: *mut c_void) -> !;
}

static BEGUN: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);

unsafe extern "C-unwind" fn deliver(_: *mut c_void, _: *mut trackside_batch) -> trackside_outcome {
    BEGUN.lock().unwrap().take().unwrap().send(()).unwrap();
    // SAFETY: nothing of this frame is left to be dropped.
    unsafe { pthread_exit(ptr::null_mut()) }
}

fn open() -> *mut trackside_tracker {
    // SAFETY: C cannot tell them apart.
    let deliver: trackside_deliver = Some(unsafe {
        mem::transmute::<
            unsafe extern "C-unwind" fn(*mut c_void, *mut trackside_batch) -> trackside_outcome,
            unsafe extern "C" fn(*mut c_void, *mut trackside_batch) -> trackside_outcome,
        >(deliver)
    });
    let sink =
        trackside_sink { size: size_of::<trackside_sink>(), userdata: ptr::null_mut(), deliver, free: None };
    let (toml, name) = (trackside_bytes::of(CONFIG), trackside_bytes::of("callback"));
    let (mut options, mut tracker) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the places are there, and the handles alive.
    unsafe {
        assert_eq!(trackside_options_new(&mut options, ptr::null_mut()), TRACKSIDE_OK);
        assert_eq!(trackside_options_toml(options, toml, ptr::null_mut()), TRACKSIDE_OK);
        assert_eq!(trackside_options_sink(options, name, &sink, ptr::null_mut()), TRACKSIDE_OK);
        assert_eq!(trackside_tracker_open(options, &mut tracker, ptr::null_mut()), TRACKSIDE_OK);
        trackside_options_free(options);
    }
    tracker
}

/// A page view, which is tracked.
fn visit(tracker: *const trackside_tracker) {
    let header =
        |name, value| trackside_header { name: trackside_bytes::of(name), value: trackside_bytes::of(value) };
    let (host, html) = (header("host", "www.example.com"), header("content-type", "text/html"));
    let request = trackside_request {
        size: size_of::<trackside_request>(),
        method: trackside_bytes::of("GET"),
        target: trackside_bytes::of("/"),
        authority: trackside_bytes::EMPTY,
        peer: trackside_bytes::EMPTY,
        headers: &host,
        header_count: 1,
        secure: trackside_truth::from(false),
        resolved: trackside_truth::from(false),
    };
    let response = trackside_response {
        size: size_of::<trackside_response>(),
        headers: &html,
        header_count: 1,
        status: 200,
    };
    let mut exchange = ptr::null_mut();
    // SAFETY: the structs and the place are there, and the handles alive.
    unsafe {
        let begun = trackside_exchange_begin(tracker, &request, &mut exchange, ptr::null_mut());
        assert_eq!(begun, TRACKSIDE_OK);
        let finished = trackside_exchange_finish(exchange, &response, ptr::null_mut());
        assert_eq!(finished, TRACKSIDE_OK);
        trackside_exchange_free(exchange);
    }
}

#[test]
fn a_thread_that_is_ended_inside_a_sink_takes_nothing_with_it() {
    let (begun, has_begun) = mpsc::channel();
    *BEGUN.lock().unwrap() = Some(begun);
    let tracker = open();
    visit(tracker);
    has_begun.recv_timeout(LONG).unwrap();
    let mut left = trackside_left { size: size_of::<trackside_left>(), queued: 0, in_flight: 0, spooled: 0 };
    // SAFETY: the handle is alive, and the place is there.
    unsafe {
        assert_eq!(trackside_tracker_close(tracker, 100, &mut left, ptr::null_mut()), TRACKSIDE_OK);
        trackside_tracker_free(tracker);
    }
    assert_eq!((left.queued, left.in_flight), (0, 1));
}
