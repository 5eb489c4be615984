//! A host whose runtime ends a thread inside its sink or its hooks, as CPython does while it goes down.

#![cfg(unix)]
#![allow(unsafe_code, reason = "it does what a host in C does")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{ffi::c_void, mem, ptr, sync::mpsc, time::Duration};

use trackside_ffi::*;

const LONG: Duration = Duration::from_secs(60);

// As libc declares it, but for how it ends.
unsafe extern "C-unwind" {
    fn pthread_exit(value: *mut c_void) -> !;
}

type Deliver = unsafe extern "C-unwind" fn(*mut c_void, *mut trackside_batch) -> trackside_outcome;
type Filter =
    unsafe extern "C-unwind" fn(*mut c_void, *const trackside_hit, *mut trackside_truth) -> trackside_status;
type Edit =
    unsafe extern "C-unwind" fn(*mut c_void, *const trackside_hit, *mut trackside_edit) -> trackside_status;

/// What the host's functions get: where they say that they have been called.
type Begun = mpsc::Sender<()>;

unsafe extern "C-unwind" fn deliver(begun: *mut c_void, _: *mut trackside_batch) -> trackside_outcome {
    end(begun)
}

unsafe extern "C-unwind" fn filter(
    begun: *mut c_void,
    _: *const trackside_hit,
    _: *mut trackside_truth,
) -> trackside_status {
    end(begun)
}

unsafe extern "C-unwind" fn edit(
    begun: *mut c_void,
    _: *const trackside_hit,
    _: *mut trackside_edit,
) -> trackside_status {
    end(begun)
}

fn end(begun: *mut c_void) -> ! {
    // SAFETY: it is never freed, see `left`.
    unsafe { &*begun.cast::<Begun>() }.send(()).unwrap();
    // SAFETY: nothing of this frame is left to be dropped.
    unsafe { pthread_exit(ptr::null_mut()) }
}

unsafe extern "C" fn take(_: *mut c_void, _: *mut trackside_batch) -> trackside_outcome {
    TRACKSIDE_OUTCOME_DELIVERED
}

/// A tracker of so many destinations, which all have this sink.
fn open(
    destinations: usize,
    sink: &trackside_sink,
    hooks: Option<&trackside_hooks>,
) -> *mut trackside_tracker {
    let names: Vec<_> = (0..destinations).map(|n| format!("mine-{n}")).collect();
    let mut toml = "consent.policy = 'none'\n".to_owned();
    for name in &names {
        toml += &format!("[[destination]]\ntype = 'callback'\nname = '{name}'\n");
    }
    let (mut options, mut tracker, none) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the places are there, and the handles alive.
    unsafe {
        assert_eq!(trackside_options_new(&mut options, none), TRACKSIDE_OK);
        assert_eq!(trackside_options_toml(options, trackside_bytes::of(&toml), none), TRACKSIDE_OK);
        for name in &names {
            assert_eq!(trackside_options_sink(options, trackside_bytes::of(name), sink, none), TRACKSIDE_OK);
        }
        if let Some(hooks) = hooks {
            assert_eq!(trackside_options_hooks(options, hooks, none), TRACKSIDE_OK);
        }
        assert_eq!(trackside_tracker_open(options, &mut tracker, none), TRACKSIDE_OK);
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

/// How many hits are left when a thread has ended inside a function of the host's.
fn left(open: impl FnOnce(*mut c_void) -> *mut trackside_tracker) -> u64 {
    let (begun, has_begun) = mpsc::channel::<()>();
    // It is never freed: the thread that has it is never gone.
    let tracker = open(ptr::from_mut(Box::leak(Box::new(begun))).cast());
    visit(tracker);
    has_begun.recv_timeout(LONG).unwrap();
    let mut left = trackside_left { size: size_of::<trackside_left>(), queued: 0, in_flight: 0, spooled: 0 };
    // SAFETY: the handle is alive, and the place is there.
    unsafe {
        assert_eq!(trackside_tracker_close(tracker, 100, &mut left, ptr::null_mut()), TRACKSIDE_OK);
        trackside_tracker_free(tracker);
    }
    assert!(left.in_flight > 0);
    left.in_flight + left.queued
}

fn sink(userdata: *mut c_void, deliver: trackside_deliver) -> trackside_sink {
    trackside_sink { size: size_of::<trackside_sink>(), userdata, deliver, free: None }
}

/// Another destination waits for its turn with the hook.
fn left_by_hook(filter: trackside_filter, edit: trackside_editor) -> u64 {
    left(|userdata| {
        let size = size_of::<trackside_hooks>();
        let hooks = trackside_hooks { size, userdata, filter, edit, free: None };
        open(2, &sink(ptr::null_mut(), Some(take)), Some(&hooks))
    })
}

#[test]
fn a_thread_that_is_ended_inside_a_sink_takes_nothing_with_it() {
    // SAFETY: C cannot tell them apart.
    let deliver = unsafe { mem::transmute::<Deliver, trackside_deliver>(deliver) };
    assert_eq!(left(|userdata| open(1, &sink(userdata, deliver), None)), 1);
}

#[test]
fn nor_does_one_inside_a_filter() {
    // SAFETY: as above.
    let filter = unsafe { mem::transmute::<Filter, trackside_filter>(filter) };
    assert_eq!(left_by_hook(filter, None), 2);
}

#[test]
fn nor_does_one_inside_an_editor() {
    // SAFETY: as above.
    let edit = unsafe { mem::transmute::<Edit, trackside_editor>(edit) };
    assert_eq!(left_by_hook(None, edit), 2);
}
