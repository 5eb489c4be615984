use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use trackside_core::{
    Annotations, Config, Reason, Request, Response, config::Destination, protocol::Outcome, transport::Left,
};
use trackside_transports::{Tracker, sink::Delivery, sinks::callback};

use crate::LIMIT;

fn visit(tracker: &Tracker) {
    let request = Request::new("GET", "/", &[("host", "www.example.com")]);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let verdict = tracker.begin(&request).finish(&request, &response, &Annotations::new());
    assert!(verdict.is_tracked());
}

#[test]
fn one_that_panics_loses_that_batch_and_begins_anew() {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut own = 0;
    let sink = callback::factory(move |batch, _| {
        own += 1;
        let call = calls.fetch_add(1, SeqCst);
        assert!(call != 1, "as told");
        // The copy that panicked is not used again.
        assert_eq!(own, if call == 0 { 1 } else { call - 1 });
        Delivery::new(batch.len(), Outcome::Delivered)
    });
    let destination = Destination::callback("mine").batch_hits(1);
    let config = Config::builder().toml("consent.policy = 'none'").destination(destination).build().unwrap();
    let tracker = Tracker::builder(config).sink("mine", sink).open().unwrap();
    for _ in 0..4 {
        visit(&tracker);
    }
    assert_eq!(tracker.close(LIMIT).unwrap().left, Left::default());
    let book = &tracker.stats().destinations[0];
    assert_eq!((book.delivered, book.panics), (3, 1));
    assert_eq!(book.dropped, [(Reason::Ambiguous, 1)]);
}
