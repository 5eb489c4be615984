//! A host's own sinks in place of those that the configuration stands for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use kit::*;
use trackside_core::{
    Annotations, Config, Event, Reason, Request, Response,
    explain::Sending,
    protocol::Outcome,
    transport::{Left, Recording, Reentrant},
};
use trackside_transports::{OpenError, Tracker, sink::SinkFactory};

fn config_of(destinations: &str) -> Config {
    Config::builder().toml("consent.policy = 'none'\ntrack.bots = 'keep'").toml(destinations).build().unwrap()
}

/// A page seen by a visitor of its own, or by `visitor`.
fn visit(tracker: &Tracker, visitor: Option<&str>) {
    let cookie = visitor.map(|id| format!("trackside={id}")).unwrap_or_default();
    let headers = [("host", "www.example.com"), ("cookie", &cookie)];
    let request = Request::new("GET", "/", &headers);
    let exchange = tracker.begin(&request);
    let response = Response::new(200, &[("content-type", "text/html")]);
    assert!(exchange.finish(&request, &response, &Annotations::new()).is_tracked());
}

/// A page that was not there: an event of somebody without a visitor's id.
fn lose(tracker: &Tracker) {
    let request = Request::new("GET", "/", &[("host", "www.example.com")]);
    let exchange = tracker.begin(&request);
    let response = Response::new(404, &[("content-type", "text/html")]);
    let annotations = Annotations::new().event(Event::new("lost"));
    assert!(!exchange.finish(&request, &response, &annotations).is_tracked());
}

fn refusal(config: &str, sink: Option<&str>) -> OpenError {
    let mut builder = Tracker::builder(config_of(config));
    if let Some(name) = sink {
        builder = builder.sink(name, does(|batch, _| all(batch, Outcome::Delivered)));
    }
    builder.open().unwrap_err()
}

const MINE: &str = "[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.age = '0ms'\n";

#[test]
fn a_callback_without_a_sink_and_a_sink_without_a_destination_are_told() {
    let error = refusal(MINE, None);
    assert!(error.is_no_sink() && !error.is_feature() && !error.is_unknown_destination());
    assert_eq!(
        error.to_string(),
        "destination `mine` (callback) has no sink; give one under this name when the tracker is opened, or \
         write another `type`"
    );
    let error = refusal("[[destination]]\ntype = 'celery'\ntracking_id = 'UA-1'\n", None);
    assert!(error.is_no_sink());
    assert_eq!(
        error.to_string(),
        "destination `celery` (celery) has no sink, which comes with trackside's Python binding, and this \
         program does not use that; write another `type`"
    );
    let error = refusal(&format!("{MINE}[[destination]]\ntype = 'sqlite'\n"), Some("mein"));
    assert!(error.is_unknown_destination() && !error.is_feature() && !error.is_no_sink());
    assert_eq!(
        error.to_string(),
        "a sink is given for `mein`, and no destination is called that; the configuration has `mine`, `sqlite`"
    );
    // So it is where the mode sends nothing: switching it on brings no surprise.
    assert!(refusal(&format!("mode = 'off'\n{MINE}"), None).is_no_sink());
}

#[test]
fn a_transport_in_place_of_all_destinations_needs_no_sink() {
    let recording = Arc::new(Recording::new());
    let tracker = Tracker::builder(config_of(MINE)).transport(recording.clone()).open().unwrap();
    visit(&tracker, None);
    assert_eq!(recording.hits().len(), 1);
    let unknown = Tracker::builder(config_of(MINE))
        .transport(recording)
        .sink("mein", does(|batch, _| all(batch, Outcome::Delivered)));
    assert!(format!("{unknown:?}").contains("\"mein\""));
    assert!(unknown.open().unwrap_err().is_unknown_destination());
}

#[test]
fn of_two_sinks_for_a_destination_the_later_stands() {
    let notes = Notes::default();
    let at = notes.clone();
    let tracker = Tracker::builder(config_of(MINE))
        .sink("mine", does(|_, _| panic!("it was replaced")))
        .sink(
            "mine",
            does(move |batch, _| {
                at.note(batch);
                all(batch, Outcome::Delivered)
            }),
        )
        .open()
        .unwrap();
    visit(&tracker, None);
    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
    assert_eq!(notes.seen().len(), 1);
    let book = &tracker.stats().destinations[0];
    assert_eq!((book.name.as_str(), book.delivered, book.panics), ("mine", 1, 0));
}

/// A tracker of one destination whose batches are noted, one by one, as the visitors in them.
fn noting(config: &str, name: &str) -> (Tracker, Arc<Mutex<Vec<Vec<String>>>>) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let at = Arc::clone(&batches);
    let sink = does(move |batch, _| {
        let visitors = batch.iter().map(|enriched| enriched.hit.visitor().unwrap().to_string());
        at.lock().unwrap().push(visitors.collect());
        all(batch, Outcome::Delivered)
    });
    (Tracker::builder(config_of(config)).sink(name, sink).open().unwrap(), batches)
}

const ALICE: &str = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
const BOB: &str = "6c3b0d1f-65b1-4b47-8a1f-4b3b8b2c0e22";

#[test]
fn in_place_of_ga4_the_batches_and_refusals_are_those_of_its_protocol() {
    let keys = "type = 'ga4'\nmeasurement_id = 'G-1'\napi_secret = 's3cret'\nbatch.age = '1h'\nworkers = 1\n";
    let (tracker, batches) = noting(&format!("[[destination]]\n{keys}"), "ga4");
    (0..25).for_each(|_| visit(&tracker, Some(ALICE)));
    for _ in 0..5 {
        visit(&tracker, Some(ALICE));
        visit(&tracker, Some(BOB));
    }
    lose(&tracker);
    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
    let mut sizes: Vec<_> = batches
        .lock()
        .unwrap()
        .iter()
        .map(|batch| {
            assert!(batch.iter().all(|visitor| *visitor == batch[0]), "one visitor a request: {batch:?}");
            (batch[0].clone(), batch.len())
        })
        .collect();
    // Which visitor's come first is not promised.
    sizes.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [(ALICE, 25), (ALICE, 5), (BOB, 5)].map(|(id, n)| (id.to_owned(), n));
    assert_eq!(sizes, expected, "25 hits a request");
    let book = &tracker.stats().destinations[0];
    assert_balanced(book);
    assert_eq!((book.delivered, book.refused.as_slice()), (35, &[(Reason::NoVisitor, 1)][..]));
}

#[test]
fn in_place_of_ga_v1_a_batch_is_one_hit() {
    let keys = "type = 'ga-v1'\ntracking_id = 'UA-1'\nname = 'old'\n";
    let (tracker, batches) = noting(&format!("[[destination]]\n{keys}"), "old");
    for _ in 0..3 {
        visit(&tracker, Some(ALICE));
    }
    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
    assert_eq!(*batches.lock().unwrap(), vec![vec![ALICE.to_owned()]; 3]);
}

#[test]
fn in_place_of_a_store_the_unknown_is_sent_again_and_elsewhere_dropped() {
    for (kind, sent, delivered, dropped) in
        [("sqlite", 2, 1, vec![]), ("callback", 1, 0, vec![(Reason::Ambiguous, 1)])]
    {
        let tries = Arc::new(AtomicUsize::new(0));
        let at = Arc::clone(&tries);
        let sink = does(move |batch, _| {
            let is_first = at.fetch_add(1, SeqCst) == 0;
            all(batch, if is_first { Outcome::Unknown } else { Outcome::Delivered })
        });
        let config = config_of(&format!("[[destination]]\ntype = '{kind}'\n"));
        let tracker = Tracker::builder(config).sink(kind, sink).open().unwrap();
        visit(&tracker, None);
        assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
        let book = &tracker.stats().destinations[0];
        assert_eq!((tries.load(SeqCst), book.delivered, &book.dropped), (sent, delivered, &dropped));
    }
}

#[test]
fn the_queues_bounds_are_those_of_the_configuration() {
    let door = Door::default();
    let at = door.clone();
    let sink = does(move |batch, _| {
        at.pass();
        all(batch, Outcome::Delivered)
    });
    let config = config_of(&format!("{MINE}queue.hits = 2\nbatch.hits = 1\n"));
    let tracker = Tracker::builder(config).sink("mine", sink).open().unwrap();
    visit(&tracker, None);
    door.wait_for(1);
    for _ in 0..5 {
        visit(&tracker, None);
    }
    let book = &tracker.stats().destinations[0];
    assert_eq!((book.in_flight, book.queued), (1, 2));
    assert_eq!(book.dropped, [(Reason::QueueFull, 3)]);
    door.open();
    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
}

/// Counts itself.
struct Counted(Arc<AtomicIsize>);

impl Counted {
    fn new() -> (Self, Arc<AtomicIsize>) {
        let count = Arc::new(AtomicIsize::new(1));
        (Self(Arc::clone(&count)), count)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// A sink that waits at `door`, and how many copies of what made it there are.
fn counted(door: &Door) -> (impl SinkFactory, Arc<AtomicIsize>) {
    let (counted, count) = Counted::new();
    let at = door.clone();
    let sink = does(move |batch, _| {
        assert!(counted.0.load(SeqCst) > 0);
        at.pass();
        all(batch, Outcome::Delivered)
    });
    (sink, count)
}

#[test]
fn what_is_refused_or_replaced_is_dropped_at_once() {
    let door = Door::default();
    let ((first, replaced), (second, refused)) = (counted(&door), counted(&door));
    let builder = Tracker::builder(config_of(MINE)).sink("mein", first).sink("mein", second);
    assert_eq!((replaced.load(SeqCst), refused.load(SeqCst)), (0, 1));
    assert!(builder.open().is_err());
    assert_eq!(refused.load(SeqCst), 0);
}

#[test]
fn closed_and_dropped_nothing_of_it_is_left() {
    let door = Door::default();
    let (sink, count) = counted(&door);
    let tracker = Tracker::builder(config_of(MINE)).sink("mine", sink).open().unwrap();
    assert_eq!(count.load(SeqCst), 1, "opening makes no sink");
    visit(&tracker, None);
    door.wait_for(1);
    assert_eq!(count.load(SeqCst), 3, "the pool's, the worker's and the sink's");
    door.open();
    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
    assert_eq!(count.load(SeqCst), 1);
    drop(tracker);
    assert_eq!(count.load(SeqCst), 0);
}

#[test]
fn a_worker_that_is_stuck_keeps_it_until_it_returns() {
    let door = Door::default();
    let (sink, count) = counted(&door);
    let tracker = Tracker::builder(config_of(MINE)).sink("mine", sink).open().unwrap();
    visit(&tracker, None);
    door.wait_for(1);
    assert_eq!(tracker.close(Duration::ZERO).unwrap().left, Left::new(0, 1));
    drop(tracker);
    assert_eq!(count.load(SeqCst), 2);
    door.open();
    eventually("the worker has let go of it", || count.load(SeqCst) == 0);
}

#[test]
fn whoever_closes_inside_its_own_sink_is_told() {
    let seen = Arc::new(Mutex::new(None::<Tracker>));
    let (at, answers) = (Arc::clone(&seen), Arc::new(Mutex::new(Vec::new())));
    let told = Arc::clone(&answers);
    let sink = does(move |batch, _| {
        let tracker = at.lock().unwrap().take().unwrap();
        let closed = tracker.close(LONG).map(|closed| closed.left);
        told.lock().unwrap().extend([tracker.flush(LONG), closed]);
        // Here it may be the last one, which cannot wait for itself either.
        drop(tracker);
        all(batch, Outcome::Delivered)
    });
    let tracker = Tracker::builder(config_of(MINE)).sink("mine", sink).open().unwrap();
    *seen.lock().unwrap() = Some(tracker.clone());
    visit(&tracker, None);
    drop(tracker);
    eventually("the sink was called", || answers.lock().unwrap().len() == 2);
    assert_eq!(*answers.lock().unwrap(), [Err(Reentrant), Err(Reentrant)]);
}

#[test]
fn what_would_be_sent_is_told_by_destination() {
    let config = config_of(
        "[[destination]]\ntype = 'callback'\n
         [[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1'\nurl = 'http://stats.example/c'\n
         [[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-1'\napi_secret = 's'\nip = 'full'\n",
    );
    let recording = Arc::new(Recording::new());
    let tracker = Tracker::builder(config).transport(recording.clone()).open().unwrap();
    visit(&tracker, Some(ALICE));
    let hits = recording.take();
    let [masked, full] = hits.as_slice() else { panic!("one for each policy: {hits:?}") };
    assert!(matches!(tracker.sending("callback", masked), Some(Sending::Write)));
    let Some(Sending::Request(request)) = tracker.sending("ga-v1", masked) else { panic!("it is admitted") };
    assert_eq!((request.method(), request.url()), ("POST", "http://stats.example/c"));
    assert!(tracker.sending("ga4", masked).is_none(), "it has a record of its own");
    assert!(matches!(tracker.sending("ga4", full), Some(Sending::Request(_))));
    assert!(tracker.sending("nobody", full).is_none());
    lose(&tracker);
    let refused = tracker.sending("ga-v1", &recording.take()[0]);
    assert!(matches!(refused, Some(Sending::Refused(Reason::NoVisitor))), "{refused:?}");
}
