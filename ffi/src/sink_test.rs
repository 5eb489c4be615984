use std::{
    ptr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst},
    },
};

use trackside_core::{Reason, ledger::Hits, protocol::Outgoing};

use super::*;
use crate::{
    batch::{trackside_batch_classify, trackside_batch_request},
    boundary::inject::trackside_inject_panic,
    outgoing::trackside_outgoing,
    status::{
        TRACKSIDE_CONFIG, TRACKSIDE_INVALID_UTF8, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_OK,
        TRACKSIDE_PANIC, TRACKSIDE_REENTRANT, TRACKSIDE_WRONG_HANDLE,
    },
    test_kit::{
        Opened, Options,
        host::{Door, Host, LONG, MINE, close, eventually, tracker_of},
        page, read_bytes, tried,
    },
    tracker::{trackside_tracker, trackside_tracker_close, trackside_tracker_flush, trackside_tracker_free},
};

const GA4: &str =
    "[[destination]]\ntype = 'ga4'\nname = 'mine'\nmeasurement_id = 'G-1'\napi_secret = 's3cret'\n";

fn delivers() -> Arc<Host> {
    Host::new(|_| TRACKSIDE_OUTCOME_DELIVERED)
}

fn book(tracker: &Opened) -> Hits {
    tracker.live().stats().destinations.remove(0)
}

#[test]
fn what_is_refused_is_freed_at_once_and_once() {
    let options = Options::of(MINE);
    let name = trackside_bytes::of("mine");
    let give = |options, name, sink: &trackside_sink| {
        // SAFETY: the options are alive, NULL or another handle; the host bears any call.
        tried(|error| unsafe { trackside_options_sink(options, name, sink, error) }).unwrap_err()
    };

    let host = delivers();
    let (status, text) = give(ptr::null_mut(), name, &host.sink());
    assert_eq!((status, text.as_str(), host.freed()), (TRACKSIDE_NULL_ARGUMENT, "`options` is NULL", 1));

    let (host, other) = (delivers(), tracker_of(MINE, &delivers()));
    let (status, text) = give(other.0.cast(), name, &host.sink());
    assert_eq!((status, host.freed()), (TRACKSIDE_WRONG_HANDLE, 1));
    assert!(text.contains("`options`"), "{text}");

    let host = delivers();
    let (status, _) = give(options.0, trackside_bytes::of(b"m\xffne"), &host.sink());
    assert_eq!((status, host.freed()), (TRACKSIDE_INVALID_UTF8, 1));

    let host = delivers();
    let (status, text) = give(options.0, name, &trackside_sink { deliver: None, ..host.sink() });
    assert_eq!((status, text.as_str(), host.freed()), (TRACKSIDE_NULL_ARGUMENT, "`sink.deliver` is NULL", 1));

    let host = delivers();
    // SAFETY: nothing is asked for.
    unsafe { trackside_inject_panic(1) };
    let (status, _) = give(options.0, name, &host.sink());
    assert_eq!((status, host.freed()), (TRACKSIDE_PANIC, 1));
}

#[test]
fn a_sink_that_cannot_be_read_cannot_be_freed() {
    let (options, host) = (Options::of(MINE), delivers());
    let name = trackside_bytes::of("mine");
    // SAFETY: the options are alive; NULL is allowed to be tried.
    let null = tried(|error| unsafe { trackside_options_sink(options.0, name, ptr::null(), error) });
    assert_eq!(null.unwrap_err(), (TRACKSIDE_NULL_ARGUMENT, "`sink` is NULL".to_owned()));
    let crooked = trackside_sink { size: 3, ..host.sink() };
    // SAFETY: as above.
    let crooked = tried(|error| unsafe { trackside_options_sink(options.0, name, &crooked, error) });
    let (status, text) = crooked.unwrap_err();
    assert_eq!((status, host.freed()), (TRACKSIDE_INVALID_ARGUMENT, 0));
    assert!(text.contains("`sink.size`"), "{text}");
}

#[test]
fn options_that_open_nothing_free_it() {
    let (options, host) = (Options::of(MINE), delivers());
    host.give(&options, "mine").unwrap();
    assert_eq!(host.freed(), 0);
    drop(options);
    assert_eq!(host.freed(), 1);
}

#[test]
fn of_two_for_a_destination_the_earlier_is_freed() {
    let (options, first, second) = (Options::of(MINE), delivers(), delivers());
    first.give(&options, "mine").unwrap();
    second.give(&options, "mine").unwrap();
    assert_eq!((first.freed(), second.freed()), (1, 0));
    let tracker = options.open().unwrap();
    drop(options);
    assert_eq!(second.freed(), 0);
    drop(tracker);
    assert_eq!((first.freed(), second.freed()), (1, 1));
}

#[test]
fn a_host_without_free_is_not_told() {
    let host = delivers();
    let (options, sink) = (Options::of(MINE), trackside_sink { free: None, ..host.sink() });
    let name = trackside_bytes::of("mine");
    // SAFETY: the options are alive, and the host lives longer.
    tried(|error| unsafe { trackside_options_sink(options.0, name, &sink, error) }).unwrap();
    let tracker = options.open().unwrap();
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(close(&tracker, LONG), (0, 0));
    assert_eq!(book(&tracker).delivered, 1);
    drop(tracker);
    assert_eq!(host.freed(), 0);
}

#[test]
fn a_tracker_that_cannot_be_opened_frees_it() {
    let (options, host) = (Options::of(MINE), delivers());
    host.give(&options, "mein").unwrap();
    let (status, text) = options.open().unwrap_err();
    assert_eq!((status, host.freed()), (TRACKSIDE_NOT_FOUND, 1));
    assert!(text.contains("`mein`") && text.contains("`mine`"), "{text}");
    let (status, text) = options.open().unwrap_err();
    assert_eq!(status, TRACKSIDE_INVALID_ARGUMENT);
    assert!(text.contains("`mein`") && text.contains("trackside_options_sink"), "{text}");
}

#[test]
fn a_configuration_with_mistakes_leaves_it_for_the_next_try() {
    let (options, host) = (Options::of(MINE), delivers());
    host.give(&options, "mine").unwrap();
    options.toml("mode = 'onn'").unwrap();
    assert_eq!(options.open().unwrap_err().0, TRACKSIDE_CONFIG);
    assert_eq!(host.freed(), 0);
    options.toml("mode = 'on'").unwrap();
    drop(options.open().unwrap());
    assert_eq!(host.freed(), 1);
}

#[test]
fn a_callback_without_a_sink_is_told() {
    let (status, text) = Options::of(MINE).open().unwrap_err();
    assert_eq!(status, TRACKSIDE_CONFIG);
    assert!(text.starts_with("destination `mine` (callback) has no sink; "), "{text}");
}

#[test]
fn a_sink_belongs_to_the_first_tracker() {
    let (options, first, second) = (Options::of(MINE), delivers(), delivers());
    first.give(&options, "mine").unwrap();
    let one = options.open().unwrap();
    assert_eq!(options.open().unwrap_err().0, TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(first.freed(), 0);
    second.give(&options, "mine").unwrap();
    let two = options.open().unwrap();
    drop(one);
    assert_eq!((first.freed(), second.freed()), (1, 0));
    drop(two);
    assert_eq!((first.freed(), second.freed()), (1, 1));
}

#[test]
fn a_recording_tracker_calls_it_never() {
    let (options, host) = (Options::of(MINE).recording(), delivers());
    host.give(&options, "mine").unwrap();
    let tracker = options.open().unwrap();
    assert_eq!(host.freed(), 1);
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!((host.freed(), book(&tracker).delivered), (1, 1));
}

#[test]
fn freed_with_the_tracker_whether_it_was_used_and_closed_or_not() {
    for (is_used, is_closed) in [(false, false), (false, true), (true, false), (true, true)] {
        let host = delivers();
        let tracker = tracker_of(MINE, &host);
        if is_used {
            assert!(page(&tracker.live(), "/", 200));
        }
        if is_closed {
            assert_eq!(close(&tracker, LONG), (0, 0));
        }
        assert_eq!(host.freed(), 0);
        drop(tracker);
        assert_eq!(host.freed(), 1, "used {is_used}, closed {is_closed}");
    }
}

#[test]
fn what_outlives_the_tracker_keeps_it() {
    let host = delivers();
    let tracker = tracker_of(MINE, &host);
    let live = tracker.live();
    drop(tracker);
    assert!(page(&live, "/", 200));
    assert_eq!(host.freed(), 0);
    drop(live);
    assert_eq!(host.freed(), 1);
}

#[test]
fn several_workers_share_it() {
    let (door, early) = (Door::default(), Arc::new(AtomicUsize::new(0)));
    let at = door.clone();
    let host = Host::new(move |_| {
        // The first is slow, so that others are recruited.
        if early.fetch_add(1, SeqCst) == 0 {
            at.pass();
        }
        TRACKSIDE_OUTCOME_DELIVERED
    });
    let tracker = tracker_of(
        &format!("{MINE}workers = 4\nbatch.hits = 1\n").replace("batch = { age = '0ms' }\n", ""),
        &host,
    );
    for _ in 0..50 {
        assert!(page(&tracker.live(), "/", 200));
    }
    door.wait_for(1);
    door.open();
    assert_eq!(close(&tracker, LONG), (0, 0));
    assert_eq!(book(&tracker).delivered, 50);
    drop(tracker);
    assert_eq!(host.freed(), 1);
}

/// What becomes of a hit whose first attempt ends with `first`, and all others well.
fn ended(first: trackside_outcome) -> Hits {
    let calls = AtomicUsize::new(0);
    let host =
        Host::new(move |_| if calls.fetch_add(1, SeqCst) == 0 { first } else { TRACKSIDE_OUTCOME_DELIVERED });
    let tracker = tracker_of(MINE, &host);
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(close(&tracker, LONG), (0, 0));
    let book = book(&tracker);
    drop(tracker);
    assert_eq!(host.freed(), 1);
    book
}

#[test]
fn each_outcome_has_its_end() {
    let delivered = ended(TRACKSIDE_OUTCOME_DELIVERED);
    assert_eq!((delivered.delivered, delivered.retries), (1, 0));
    let retried = ended(TRACKSIDE_OUTCOME_RETRY);
    assert_eq!((retried.delivered, retried.retries), (1, 1));
    assert_eq!(ended(TRACKSIDE_OUTCOME_SPLIT).refused, [(Reason::TooLarge, 1)]);
    assert_eq!(ended(TRACKSIDE_OUTCOME_REFUSED).refused, [(Reason::Rejected, 1)]);
    assert_eq!(ended(TRACKSIDE_OUTCOME_UNAVAILABLE).dropped, [(Reason::StoreUnavailable, 1)]);
    // What is no outcome says nothing of what happened.
    for outcome in [TRACKSIDE_OUTCOME_UNKNOWN, 6, -1, i32::MIN, i32::MAX] {
        assert_eq!(ended(outcome).dropped, [(Reason::Ambiguous, 1)], "{outcome}");
    }
}

#[test]
fn in_place_of_a_stores_sink_the_unknown_is_tried_again() {
    let calls = AtomicUsize::new(0);
    let host = Host::new(move |_| if calls.fetch_add(1, SeqCst) == 0 { 77 } else { 0 });
    let tracker =
        tracker_of("consent.policy = 'none'\n[[destination]]\ntype = 'sqlite'\nname = 'mine'\n", &host);
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(close(&tracker, LONG), (0, 0));
    let book = book(&tracker);
    assert_eq!((book.delivered, book.retries), (1, 1));
}

#[test]
fn one_that_blocks_is_left_in_flight_counted_late_and_freed_when_it_returns() {
    let door = Door::default();
    let at = door.clone();
    let host = Host::new(move |_| {
        at.pass();
        TRACKSIDE_OUTCOME_DELIVERED
    });
    let tracker = tracker_of(MINE, &host);
    assert!(page(&tracker.live(), "/", 200));
    door.wait_for(1);
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(close(&tracker, 10), (1, 1), "the other waited in memory");
    let stuck = book(&tracker);
    assert_eq!((stuck.in_flight, stuck.delivered, stuck.pending()), (1, 0, 1));
    assert_eq!(stuck.dropped, [(Reason::Shutdown, 1)]);
    let live = tracker.live();
    drop(tracker);
    assert_eq!(host.freed(), 0);
    door.open();
    eventually("the late outcome is counted", || {
        let book = live.stats().destinations.remove(0);
        (book.in_flight, book.delivered, book.pending()) == (0, 1, 0)
    });
    assert_eq!(host.freed(), 0, "the tracker is still there");
    drop(live);
    eventually("the worker has let go of it", || host.freed() == 1);
}

#[test]
fn one_that_blocks_when_the_tracker_is_freed_is_freed_after_it_returned() {
    let (door, returned) = (Door::default(), Arc::new(AtomicUsize::new(0)));
    let (at, note) = (door.clone(), Arc::clone(&returned));
    let host = Host::new(move |_| {
        at.pass();
        note.fetch_add(1, SeqCst);
        TRACKSIDE_OUTCOME_DELIVERED
    });
    let tracker = tracker_of(&format!("shutdown = '10ms'\n{MINE}"), &host);
    assert!(page(&tracker.live(), "/", 200));
    door.wait_for(1);
    drop(tracker);
    assert_eq!((host.freed(), returned.load(SeqCst)), (0, 0));
    door.open();
    eventually("it is freed", || host.freed() == 1);
    assert_eq!(returned.load(SeqCst), 1);
}

#[test]
fn inside_its_own_tracker_cannot_be_waited_for() {
    let (place, told) = (Arc::new(AtomicPtr::new(ptr::null_mut())), Arc::new(Mutex::new(Vec::new())));
    let (at, note) = (Arc::clone(&place), Arc::clone(&told));
    let door = Door::default();
    let known = door.clone();
    let host = Host::new(move |_| {
        known.pass();
        let tracker: *mut trackside_tracker = at.swap(ptr::null_mut(), SeqCst);
        if tracker.is_null() {
            return TRACKSIDE_OUTCOME_DELIVERED;
        }
        let mut statuses = Vec::new();
        // SAFETY: the tracker is alive until it is freed here; nobody else has it.
        unsafe {
            statuses.push(trackside_tracker_flush(tracker, LONG, ptr::null_mut(), ptr::null_mut()));
            statuses.push(trackside_tracker_close(tracker, LONG, ptr::null_mut(), ptr::null_mut()));
            trackside_tracker_free(tracker);
        }
        if let Ok(mut told) = note.lock() {
            *told = statuses;
        }
        TRACKSIDE_OUTCOME_DELIVERED
    });
    let tracker = tracker_of(MINE, &host);
    let live = tracker.live();
    assert!(page(&live, "/", 200));
    door.wait_for(1);
    assert!(page(&live, "/", 200));
    drop(live);
    place.store(tracker.0, SeqCst);
    std::mem::forget(tracker);
    door.open();
    eventually("what is left is delivered, and then it is freed", || host.freed() == 1);
    assert_eq!(*told.lock().unwrap(), [TRACKSIDE_REENTRANT, TRACKSIDE_REENTRANT]);
}

#[test]
fn inside_another_tracker_can_be_waited_for() {
    let other = tracker_of(MINE, &delivers());
    let (place, status) = (Arc::new(AtomicPtr::new(other.0)), Arc::new(Mutex::new(None)));
    let (at, note) = (Arc::clone(&place), Arc::clone(&status));
    let host = Host::new(move |_| {
        // SAFETY: it is alive, and a tracker is for all threads.
        let closed =
            unsafe { trackside_tracker_close(at.load(SeqCst), LONG, ptr::null_mut(), ptr::null_mut()) };
        if let Ok(mut note) = note.lock() {
            *note = Some(closed);
        }
        TRACKSIDE_OUTCOME_DELIVERED
    });
    let tracker = tracker_of(MINE, &host);
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(close(&tracker, LONG), (0, 0));
    assert_eq!(*status.lock().unwrap(), Some(TRACKSIDE_OK));
    drop(other);
}

#[test]
fn inside_its_own_tracker_pages_are_counted_and_the_books_are_read() {
    let (place, offered) = (Arc::new(AtomicPtr::new(ptr::null_mut())), Arc::new(AtomicUsize::new(0)));
    let (at, note) = (Arc::clone(&place), Arc::clone(&offered));
    let host = Host::new(move |_| {
        let tracker: *mut trackside_tracker = at.swap(ptr::null_mut(), SeqCst);
        if !tracker.is_null() {
            let opened = std::mem::ManuallyDrop::new(Opened(tracker));
            page(&opened.live(), "/again", 200);
            note.store(book(&opened).offered as usize, SeqCst);
        }
        TRACKSIDE_OUTCOME_DELIVERED
    });
    let tracker = tracker_of(MINE, &host);
    place.store(tracker.0, SeqCst);
    assert!(page(&tracker.live(), "/", 200));
    eventually("both are delivered", || book(&tracker).delivered == 2);
    assert_eq!(offered.load(SeqCst), 2);
    assert_eq!(close(&tracker, LONG), (0, 0));
}

#[test]
fn each_destination_has_its_own_even_of_one_host() {
    let options = Options::of(&format!("{MINE}[[destination]]\ntype = 'callback'\nname = 'other'\n"));
    let host = delivers();
    host.give(&options, "mine").unwrap();
    host.give(&options, "other").unwrap();
    let tracker = options.open().unwrap();
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(close(&tracker, LONG), (0, 0));
    let delivered: Vec<_> = tracker.live().stats().destinations.iter().map(|book| book.delivered).collect();
    assert_eq!(delivered, [1, 1]);
    drop(tracker);
    // Once for each time it was given.
    assert_eq!(host.freed(), 2);
}

#[test]
fn in_place_of_ga4s_sink_its_requests_arrive() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let host = Host::new(move |batch| {
        let (mut view, mut outcome) = (trackside_outgoing::new(Outgoing::new()).view(), 77);
        // SAFETY: the batch is alive until this returns, and so is what the view shows.
        unsafe {
            trackside_batch_request(batch, &mut view, ptr::null_mut());
            if let Ok(mut seen) = seen.lock() {
                seen.push(String::from_utf8_lossy(read_bytes(view.body)).into_owned());
            }
            let none = trackside_bytes::EMPTY;
            trackside_batch_classify(batch, 204, ptr::null(), 0, none, &mut outcome, ptr::null_mut());
        }
        outcome
    });
    let tracker = tracker_of(&format!("consent.policy = 'none'\ntrack.bots = 'keep'\n{GA4}"), &host);
    let paths = ["/one", "/two", "/three"];
    paths.iter().for_each(|path| assert!(page(&tracker.live(), path, 200)));
    assert_eq!(close(&tracker, LONG), (0, 0));
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 3, "one visitor a request");
    for path in paths {
        let location = format!("\"page_location\":\"http://www.example.com{path}\"");
        assert_eq!(sent.iter().filter(|body| body.contains(&location)).count(), 1, "{sent:?}");
    }
    assert_eq!(tracker.live().stats().destinations[0].delivered, 3);
}
