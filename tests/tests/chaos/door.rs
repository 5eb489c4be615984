//! Where requests come in: a whole tracker before the pool, and what is known of both books without asking them.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex},
    time::Instant,
};

use trackside_core::{
    Annotations, Config, Hit, Reason, Request, Response,
    ledger::Hits,
    transport::{Left, Reentrant, Submitted, Transport},
};
use trackside_transports::{Tracker, clock::Clock, pool::Pool};

use crate::{
    hits::{Maker, number},
    random::Random,
};

/// The pool, and what was said to each hit that was submitted to it.
#[derive(Debug)]
struct Noting {
    pool: Arc<Pool>,
    answers: Mutex<Vec<(u64, Submitted)>>,
}

impl Transport for Noting {
    fn submit(&self, hit: Hit) -> Submitted {
        let number = number(&hit);
        let answer = self.pool.submit(hit);
        self.answers.lock().unwrap().push((number, answer));
        answer
    }

    fn submit_until(&self, _: Hit, _: Instant) -> Result<Submitted, Reentrant> {
        Err(Reentrant)
    }

    fn flush(&self, until: Instant) -> Result<Left, Reentrant> {
        self.pool.flush(until)
    }

    fn close(&self, until: Instant) -> Result<Left, Reentrant> {
        self.pool.close(until)
    }

    fn stats(&self) -> Vec<Hits> {
        self.pool.stats()
    }
}

/// Takes hits as they are, and those of requests.
#[derive(Debug)]
pub(crate) struct Door {
    tracker: Tracker,
    noting: Arc<Noting>,
    /// How the requests ended; no reason: tracked.
    ended: Mutex<BTreeMap<Option<Reason>, u64>>,
}

impl Door {
    pub(crate) fn new(pool: Arc<Pool>, clock: Arc<dyn Clock>) -> Self {
        let toml = "consent.policy = 'none'\nprivacy.path = 'full'\ntrack.ignore = ['/private/']";
        let config = Config::builder().toml(toml).build().unwrap();
        let noting = Arc::new(Noting { pool, answers: Mutex::default() });
        let tracker =
            Tracker::builder(config).clock(clock).transport(Arc::clone(&noting) as Arc<dyn Transport>).open();
        Self { tracker: tracker.unwrap(), noting, ended: Mutex::default() }
    }

    pub(crate) fn submit(&self, hit: Hit) -> Submitted {
        self.noting.submit(hit)
    }

    /// A request of any kind, from its first byte to its end.
    pub(crate) fn visit(&self, maker: &Maker, random: &mut Random) {
        let end = *random.one_of(&[
            None,
            None,
            Some(Reason::Ignored),
            Some(Reason::Status),
            Some(Reason::ContentType),
            Some(Reason::Abandoned),
        ]);
        // What is ignored has no number, as there is no hit of it.
        let path =
            if end == Some(Reason::Ignored) { "/private/".to_owned() } else { maker.path(random.below(300)) };
        let headers = [("host", "www.example.com"), ("accept", "text/html")];
        let request = Request::new("GET", &path, &headers);
        let exchange = self.tracker.begin(&request);
        if end != Some(Reason::Abandoned) {
            let status = if end == Some(Reason::Status) { 500 } else { 200 };
            let kind = if end == Some(Reason::ContentType) { "text/css" } else { "text/html" };
            let headers = [("content-type", kind)];
            let verdict = exchange.finish(&request, &Response::new(status, &headers), &Annotations::new());
            assert_eq!(verdict.reason(), end);
        }
        *self.ended.lock().unwrap().entry(end).or_default() += 1;
    }

    /// The book of requests says what was seen here. Answers what was said to each hit.
    pub(crate) fn close(self) -> Vec<(u64, Submitted)> {
        let (book, mut ended) = (self.tracker.stats().requests, self.ended.into_inner().unwrap());
        let tracked = ended.remove(&None).unwrap_or(0);
        let all = tracked + ended.values().sum::<u64>();
        assert_eq!((book.seen(), book.tracked, book.late), (all, tracked, 0), "{book:?}");
        let skipped = book.skipped.iter().filter(|(_, n)| *n > 0).map(|&(reason, n)| (Some(reason), n));
        assert_eq!(skipped.collect::<BTreeMap<_, _>>(), ended);
        mem::take(&mut *self.noting.answers.lock().unwrap())
    }
}
