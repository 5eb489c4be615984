use std::{ptr, slice};

use trackside_core::ledger::Breaker;

use super::{
    TRACKSIDE_BREAKER_CLOSED, TRACKSIDE_BREAKER_HALF_OPEN, trackside_hits_book, trackside_requests_book,
    trackside_stats, trackside_stats_destination, trackside_stats_destination_count, trackside_stats_free,
    trackside_stats_hits, trackside_stats_prometheus, trackside_stats_requests, trackside_stats_skipped,
};
use crate::{
    handle,
    reason::{
        TRACKSIDE_REASON_BAD_NAME, TRACKSIDE_REASON_CLOSED, TRACKSIDE_REASON_IGNORED, TRACKSIDE_REASON_NONE,
        TRACKSIDE_REASON_STATUS,
    },
    status::{
        TRACKSIDE_BUFFER, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT,
        TRACKSIDE_WRONG_HANDLE,
    },
    test_kit::{Options, page, tried},
    text::trackside_bytes,
};
use trackside_core::{
    Reason,
    ledger::{Hits, Requests, Stats},
};

const REQUESTS: trackside_requests_book =
    trackside_requests_book { size: size_of::<trackside_requests_book>(), seen: 0, tracked: 0, late: 0 };

const HITS: trackside_hits_book = trackside_hits_book {
    size: size_of::<trackside_hits_book>(),
    name: trackside_bytes::EMPTY,
    offered: 0,
    delivered: 0,
    refused: 0,
    dropped: 0,
    pending: 0,
    queued: 0,
    in_flight: 0,
    spooled: 0,
    panics: 0,
    retries: 0,
    openings: 0,
    breaker: TRACKSIDE_BREAKER_CLOSED,
    adopted: 0,
    volatile_hits: 0,
};

/// Books in which no two numbers are the same.
fn books() -> *mut trackside_stats {
    let mut hits = Hits::default();
    hits.name = "stats".to_owned();
    hits.offered = 900;
    hits.adopted = 100;
    hits.delivered = 500;
    hits.refused = vec![(Reason::NoVisitor, 1), (Reason::BadName, 2)];
    hits.dropped = vec![(Reason::QueueFull, 4), (Reason::Closed, 8)];
    hits.queued = 400;
    hits.in_flight = 85;
    hits.volatile = 21;
    hits.panics = 16;
    hits.retries = 32;
    hits.openings = 64;
    hits.breaker = Breaker::HalfOpen;
    let mut stats = Stats::default();
    stats.requests = Requests::new(100, vec![(Reason::Ignored, 20), (Reason::Status, 3)], 7);
    stats.destinations = vec![Hits::default(), hits];
    handle::give(trackside_stats::new(stats))
}

#[test]
fn the_book_of_requests() {
    let stats = books();
    let mut book = REQUESTS;
    // SAFETY: the stats are alive, and `book` is a struct of its size.
    unsafe {
        tried(|error| trackside_stats_requests(stats, &mut book, error)).unwrap();
        assert_eq!((book.seen, book.tracked, book.late), (123, 100, 7));
        assert_eq!(trackside_stats_skipped(stats, TRACKSIDE_REASON_IGNORED), 20);
        assert_eq!(trackside_stats_skipped(stats, TRACKSIDE_REASON_STATUS), 3);
        for none in [TRACKSIDE_REASON_NONE, TRACKSIDE_REASON_CLOSED, 99, u16::MAX] {
            assert_eq!(trackside_stats_skipped(stats, none), 0);
        }
        trackside_stats_free(stats);
    }
}

#[test]
fn the_books_of_hits() {
    let stats = books();
    let mut book = HITS;
    // SAFETY: as above; the name is read while the stats live.
    unsafe {
        assert_eq!(trackside_stats_destination_count(stats), 2);
        tried(|error| trackside_stats_destination(stats, 1, &mut book, error)).unwrap();
        assert_eq!(slice::from_raw_parts(book.name.data.cast::<u8>(), book.name.length), b"stats");
        let counts = [book.offered, book.adopted, book.delivered, book.refused, book.dropped, book.pending];
        assert_eq!(counts, [900, 100, 500, 3, 12, 485]);
        assert_eq!(book.volatile_hits, 21);
        assert_eq!([book.queued, book.in_flight, book.spooled], [400, 85, 0]);
        assert_eq!([book.panics, book.retries, book.openings], [16, 32, 64]);
        assert_eq!(book.breaker, TRACKSIDE_BREAKER_HALF_OPEN);
        assert_eq!(trackside_stats_hits(stats, 1, TRACKSIDE_REASON_BAD_NAME), 2);
        assert_eq!(trackside_stats_hits(stats, 1, TRACKSIDE_REASON_CLOSED), 8);
        assert_eq!(trackside_stats_hits(stats, 1, TRACKSIDE_REASON_IGNORED), 0);
        assert_eq!(trackside_stats_hits(stats, 0, TRACKSIDE_REASON_CLOSED), 0);
        assert_eq!(trackside_stats_hits(stats, 2, TRACKSIDE_REASON_CLOSED), 0);
        trackside_stats_free(stats);
    }
}

#[test]
fn the_books_are_text_for_prometheus() {
    let stats = books();
    let mut needed = 0;
    // SAFETY: the stats are alive, and the buffer has as much room as is said.
    unsafe {
        let none = |error: *mut _| trackside_stats_prometheus(stats, ptr::null_mut(), 0, &mut needed, error);
        assert_eq!(tried(none).unwrap_err().0, TRACKSIDE_BUFFER);
        let mut buffer = vec![b'x'; needed + 1];
        let at = buffer.as_mut_ptr().cast();
        let short = |error: *mut _| trackside_stats_prometheus(stats, at, needed - 1, &mut 0, error);
        assert_eq!(tried(short).unwrap_err().0, TRACKSIDE_BUFFER);
        assert!(buffer.iter().all(|&byte| byte == b'x'), "it was written though it has no room");
        let at = buffer.as_mut_ptr().cast();
        tried(|error| trackside_stats_prometheus(stats, at, needed, &mut needed, error)).unwrap();
        assert_eq!((buffer.pop(), buffer.pop()), (Some(b'x'), Some(0)));
        let text = String::from_utf8(buffer).unwrap();
        for line in [
            "trackside_requests_total{outcome=\"skipped\",reason=\"ignored\"} 20",
            "trackside_hits_total{destination=\"stats\",outcome=\"dropped\",reason=\"closed\"} 8",
            "trackside_hits_pending{destination=\"stats\",place=\"flight\"} 85",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
        }
        trackside_stats_free(stats);
    }
}

#[test]
fn bad_arguments_are_named() {
    let stats = books();
    // SAFETY: the stats are alive; the rest is checked.
    unsafe {
        let mut book = HITS;
        for index in [2, usize::MAX] {
            let told =
                tried(|error| trackside_stats_destination(stats, index, &mut book, error)).unwrap_err();
            let text = format!("`index` is {index}, but there are 2 destinations");
            assert_eq!(told, (TRACKSIDE_NOT_FOUND, text));
        }
        let told = tried(|error| trackside_stats_destination(stats, 0, ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`book` is NULL".to_owned()));
        let mut book = trackside_requests_book { size: 0, ..REQUESTS };
        let told = tried(|error| trackside_stats_requests(stats, &mut book, error)).unwrap_err();
        assert_eq!(told.0, TRACKSIDE_INVALID_ARGUMENT);

        let options = Options::new();
        let other = options.0.cast_const().cast();
        assert_eq!(
            tried(|error| trackside_stats_requests(other, &mut book, error)).unwrap_err().0,
            TRACKSIDE_WRONG_HANDLE
        );
        for none in [ptr::null(), other] {
            assert_eq!(trackside_stats_skipped(none, TRACKSIDE_REASON_IGNORED), 0);
            assert_eq!(trackside_stats_destination_count(none), 0);
            assert_eq!(trackside_stats_hits(none, 0, TRACKSIDE_REASON_CLOSED), 0);
        }
        trackside_stats_free(ptr::null_mut());
        trackside_stats_free(stats);
    }
}

#[test]
fn a_snapshot_does_not_change_and_outlives_its_tracker() {
    let opened =
        Options::of("consent.policy = 'none'\ntrack.ignore = ['/admin/']").recording().open().unwrap();
    assert!(page(&opened.live(), "/", 200));
    assert!(!page(&opened.live(), "/admin/", 200));
    let stats = opened.stats();
    assert!(page(&opened.live(), "/", 200));
    drop(opened);
    let (mut requests, mut hits) = (REQUESTS, HITS);
    // SAFETY: the stats are alive, and the books are structs of their sizes.
    unsafe {
        tried(|error| trackside_stats_requests(stats, &mut requests, error)).unwrap();
        tried(|error| trackside_stats_destination(stats, 0, &mut hits, error)).unwrap();
        assert_eq!((requests.seen, requests.tracked, hits.offered, hits.delivered), (2, 1, 1, 1));
        assert_eq!(trackside_stats_skipped(stats, TRACKSIDE_REASON_IGNORED), 1);
        trackside_stats_free(stats);
    }
}
