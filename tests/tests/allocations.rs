//! Heap allocations on the request thread. The allocator counts each thread apart.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use allocation_counter::measure;
use trackside_tests::{
    collector::Collector,
    folder::Folder,
    visit::{Page, Returning, site},
};

/// Requests in a test: enough for the workers to tick, to fall idle and to be woken.
const REQUESTS: usize = 1_000;

/// The most allocations that one of many visits made.
fn most(destinations: usize, page: Page) -> u64 {
    let (folder, collector) = (Folder::new().unwrap(), Collector::start().unwrap());
    let visitor = Returning::to(site(destinations, &folder, &collector).unwrap()).unwrap();
    // The first hit has started the workers. The second finds the cookie that the first was given.
    assert_eq!(visitor.visit(page).is_tracked(), page == Page::Tracked);
    let mut most = 0;
    for _ in 0..REQUESTS {
        let mut verdict = None;
        most = most.max(measure(|| verdict = Some(visitor.visit(page))).count_total);
        let verdict = verdict.unwrap();
        assert_eq!((verdict.is_tracked(), verdict.headers().count()), (page == Page::Tracked, 0));
    }
    assert!(visitor.tracker().close(Duration::from_secs(60)).unwrap().is_empty());
    let stats = visitor.tracker().stats();
    assert_eq!(stats.destinations.len(), destinations);
    for book in stats.destinations {
        assert_eq!(book.offered, if page == Page::Tracked { REQUESTS as u64 + 2 } else { 1 }, "{book:?}");
        assert_eq!(book.delivered, book.offered, "{book:?}");
    }
    most
}

#[test]
fn a_tracked_request_allocates_its_record_whatever_the_number_of_destinations() {
    for destinations in 1..=3 {
        assert_eq!(most(destinations, Page::Tracked), 1, "{destinations} destinations");
    }
}

#[test]
fn a_request_skipped_in_begin_allocates_nothing() {
    assert_eq!(most(2, Page::Ignored), 0);
}

#[test]
fn a_request_skipped_in_finish_allocates_once_at_most() {
    assert!(most(2, Page::Missing) <= 1);
}
