//! A subscriber that panics, as that of tracing-subscriber does when nobody reads the standard error any more.
//! It is the process's, so it has one of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use kit::*;
use tracing::{Event, Metadata, Subscriber, span};
use trackside_core::{Annotations, Config, Reason, Request, Response, transport::Transport};
use trackside_transports::{
    Tracker,
    pool::Pool,
    sink::{Sink, SinkError},
};

struct Panics;

impl Subscriber for Panics {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("on purpose");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_log_that_panics_breaks_neither_page_nor_worker() {
    tracing::subscriber::set_global_default(Panics).unwrap();

    let pool = Pool::with_backoff(options("logs"), quick(), || {
        Err::<Box<dyn Sink>, _>(SinkError::new("on purpose"))
    });
    for lost in 1..=3 {
        submit_all(&pool, &hits(1));
        assert!(pool.flush(soon()).unwrap().is_empty());
        assert_eq!(stats(&pool).dropped, [(Reason::StoreUnavailable, lost)]);
    }
    assert!(pool.close(soon()).unwrap().is_empty());

    // At debug level each verdict is told, and the hundredth that is skipped for one reason is warned of.
    let config = Config::builder().toml("consent.policy = 'none'\ntrack.ignore = ['/']").build().unwrap();
    let tracker = Tracker::open(config).unwrap();
    for _ in 0..100 {
        let request = Request::new("GET", "/", &[("host", "www.example.com")]);
        let exchange = tracker.begin(&request);
        let response = Response::new(200, &[("content-type", "text/html")]);
        let verdict = exchange.finish(&request, &response, &Annotations::new());
        assert_eq!(verdict.reason(), Some(Reason::Ignored));
    }
    assert_eq!(tracker.stats().requests.seen(), 100);
}
