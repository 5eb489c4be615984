//! A receiver that is away in part, or for a time that it says, behind the pool and HTTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use trackside_core::{
    Config, protocol,
    transport::{Submitted, Transport},
};
use trackside_tests::{
    collector::{Answer, Collector},
    hits,
};
use trackside_transports::{
    clock::Clock,
    pool::{Backoff, Options, Pool},
    sinks,
};

use crate::LIMIT;

/// Hits were made now, and no time passes.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn micros(&self) -> u64 {
        hits::NOW
    }
}

/// One hit a request, and next to no waits but those that the receiver asks for.
fn pool(collector: &Collector) -> Pool {
    let toml = format!(
        "consent.policy = 'none'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\nurl = '{}'\nworkers = 4",
        collector.url("/collect")
    );
    let config = Config::builder().toml(&toml).build().unwrap();
    let destination = config.destinations()[0].clone();
    let protocol = protocol::of(&destination.receiver).unwrap();
    let options = Options {
        protocol: Some(Arc::clone(&protocol)),
        clock: Arc::new(Still),
        ..Options::of(&destination)
    };
    let quick = Backoff::new(Duration::from_micros(10), Duration::from_micros(100));
    Pool::with_backoff(options, quick, sinks::http::factory(protocol, destination.http))
}

fn submit(pool: &Pool, count: usize) {
    for hit in hits::pages(count).unwrap() {
        assert_eq!(pool.submit(hit), Submitted::Queued);
    }
}

/// Behind a balancer, say, half of whose servers are down.
#[test]
fn a_receiver_that_is_busy_every_second_time_loses_nothing() {
    for status in [429, 503] {
        let collector = Collector::start().unwrap();
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        collector.script((0..3_000).map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            Answer::status(if random >> 63 == 0 { 204 } else { status })
        }));
        let pool = pool(&collector);
        submit(&pool, 1_000);
        assert!(pool.flush(Instant::now() + LIMIT).unwrap().is_empty());
        let book = pool.stats().remove(0);
        assert_eq!((book.delivered, book.refused, book.dropped), (1_000, vec![], vec![]), "{status}");
        assert!(collector.count() > 1_500, "{} requests are no outage", collector.count());
    }
}

#[test]
fn a_wait_that_the_receiver_asks_for_is_kept() {
    // The first is an hour after what `Still` tells, and the receiver itself tells no time.
    for (value, date) in [
        ("Sun, 22 Nov 2026 01:00:00 GMT", None),
        ("Sun, 22 Nov 2026 09:00:00 GMT", Some("Sun, 22 Nov 2026 08:00:00 GMT")),
        ("3600", None),
    ] {
        let collector = Collector::start().unwrap();
        let answer = Answer::status(503).header("Retry-After", value);
        collector.script([date.map_or(answer.clone(), |date| answer.header("Date", date))]);
        let pool = pool(&collector);
        submit(&pool, 1);
        assert!(collector.wait_for(1, LIMIT));
        // Without the wait it would be tried again at once, and taken.
        let left = pool.flush(Instant::now() + Duration::from_millis(300)).unwrap();
        assert_eq!((left.is_empty(), collector.count()), (false, 1), "{value} {date:?}");
        assert_eq!(pool.stats().remove(0).delivered, 0);
    }
}
