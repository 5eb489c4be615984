//! What all processes of a run agree on, since each makes it of the run's seed.

use std::{path::Path, sync::Arc, time::Duration};

use trackside_core::{
    config::{Fsync, Http, Spooling, Workers},
    ledger::Hits,
    protocol::Needs,
};
use trackside_transports::{
    clock::Clock,
    pool::{Backoff, Options, Pool},
    sinks,
    spool::{self, Budget},
};

use super::{diary::Noted, scribe::Scribe};
use crate::{hits::Maker, random::Random, receiver::Fault, wire::Wire};

#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) spooling: Spooling,
    /// Whether the receiver knows a second copy.
    pub(super) is_key: bool,
    pub(super) patience: Duration,
    pub(super) workers: usize,
    queue: usize,
    batch: usize,
    /// Hits a request holds, at most.
    narrow: usize,
    fsync: Fsync,
    budget: u64,
    /// How many attempts of a hundred end in a panic.
    panics: usize,
    seed: u64,
}

impl Setting {
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Random::of(seed, 1);
        let spoolings = [Spooling::Off, Spooling::Overflow, Spooling::Always, Spooling::Always];
        Self {
            spooling: *random.one_of(&spoolings),
            is_key: random.percent(50),
            patience: Duration::from_millis(random.within(40..90) as u64),
            workers: random.within(1..4),
            queue: random.within(10..300),
            batch: random.within(1..30),
            narrow: random.within(1..30),
            fsync: *random.one_of(&[Fsync::Never, Fsync::Always, Fsync::Every(Duration::from_millis(20))]),
            // Room for some segments of the smallest, or for all.
            budget: *random.one_of(&[600 << 10, 1 << 30]),
            panics: *random.one_of(&[0, 0, 3, 10]),
            seed,
        }
    }

    /// Faults that accuse nobody: where no server answers with a failure, no hit is refused for it.
    pub(super) fn faults() -> Vec<Fault> {
        vec![
            Fault::Deaf,
            Fault::HangUp,
            Fault::Mute,
            Fault::ResetMidRequest,
            Fault::ResetMidResponse,
            Fault::Slow,
            Fault::Unread,
        ]
    }

    pub(super) fn pool(&self, url: &str, folder: &Path, clock: Arc<dyn Clock>) -> Pool {
        let maker = Maker::new();
        let destination = maker.destination();
        let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
        (queue.hits, batch.hits, batch.age) = (self.queue, self.batch, Duration::from_millis(1));
        let mut needs = Needs::default();
        (needs.dedupe, needs.batch) = (self.is_key, self.narrow);
        let protocol = Arc::new(Wire::new(url, needs, Arc::new(Noted)));
        let mut http = Http::from(self.patience);
        http.stages.answer = self.patience * 3 / 4;
        let sink = sinks::http::factory(Arc::clone(&protocol) as Arc<_>, http);
        let options = Options {
            name: "chaos".to_owned(),
            workers: Workers::Count(self.workers),
            queue,
            batch,
            // Of whoever spools, by default: a clock that is a day off at one time and at another makes none too old.
            max_age: Duration::from_secs(72 * 3_600),
            dedupe: self.is_key,
            protocol: Some(protocol),
            clock,
            spool: self.spool(folder).map(|spool| (self.spooling, spool)),
            ..Options::of(destination)
        };
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(20));
        Pool::with_backoff(options, backoff, Noted::watch(sink, self.seed, self.panics))
    }

    fn spool(&self, folder: &Path) -> Option<spool::Options> {
        let budget = Arc::new(Budget::new(self.budget));
        let is_on = self.spooling != Spooling::Off;
        is_on.then(|| spool::Options {
            folder: folder.to_owned(),
            fsync: self.fsync,
            budget,
            disk: Arc::new(Scribe),
        })
    }

    /// Whether each hit that was submitted before has ended, or is in the spool.
    pub(super) fn is_sure(&self, book: &Hits) -> bool {
        match self.spooling {
            Spooling::Always => book.volatile == 0,
            _ => book.queued + book.in_flight == 0,
        }
    }
}
