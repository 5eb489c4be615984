//! The live facade: a configuration with a clock, a generator, and a pool for each destination.

mod builder;
mod closing;
mod exchange;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use trackside_core::{
    Annotations, Config, Event, Hit, Moment, Reason, Request, Response,
    endpoint::{self, Answer},
    enrich::Found,
    explain::{Explanation, Sending, explain},
    judge,
    ledger::Stats,
    transport::{Left, Reentrant, Submitted, Transport},
    visitor::{DailyKey, Visitor},
};

pub use self::{builder::Builder, closing::Closed, exchange::Exchange};
use crate::{
    clock::{self, Clock},
    destination::{OpenError, Swapped},
    entropy::{self, Entropy},
    hooks::Closures,
    keys::Keys,
    log,
    pool::{
        Observer,
        fork::{self, PerProcess},
    },
    proxies::ProxyWatch,
    requests::RequestBook,
    stage::Stage,
};

/// Counts a server's traffic: judges its exchanges and delivers their hits off the request thread.
///
/// Cloning it copies a pointer. When the last clone goes, it is closed within the configuration's `shutdown`, on the
/// thread that drops it, whose async tasks stand still meanwhile. Call [`close`](Self::close)
/// to choose the moment and to see what was left and both books. A process that exits without either is closed by an
/// exit handler; `_exit` and `abort` skip that. Where nobody calls `close`, the log and the
/// [observer](Builder::observer) are told what was [left](crate::pool::Report::Left).
///
/// After a fork, parent and child go on with the same `Tracker`: the child starts with empty queues,
/// threads of its own and a ledger at zero.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use trackside_core::{Annotations, Config, Request, Response, transport::Recording};
/// use trackside_transports::Tracker;
///
/// let config = Config::builder().toml("consent.policy = 'none'").build()?;
/// let recording = Arc::new(Recording::new());
/// let tracker = Tracker::builder(config).transport(recording.clone()).open()?;
///
/// let headers = [("host", "www.example.com")];
/// let request = Request::new("GET", "/", &headers);
/// let exchange = tracker.begin(&request);
/// let headers = [("content-type", "text/html")];
/// let verdict = exchange.finish(&request, &Response::new(200, &headers), &Annotations::new());
///
/// assert!(verdict.is_tracked());
/// assert_eq!(recording.hits().len(), 1);
/// let closed = tracker.close(Duration::from_secs(1))?;
/// assert!(closed.is_empty());
/// assert_eq!(closed.stats.requests.tracked, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tracker(Arc<Live>);

struct Live {
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// None: nobody is told apart without a cookie.
    keys: Option<Arc<dyn Keys>>,
    transport: Arc<dyn Transport>,
    stage: Arc<Stage>,
    requests: PerProcess<RequestBook>,
    proxies: ProxyWatch,
    observer: Option<Arc<dyn Observer>>,
    /// The process, by its generation, that closed it by itself and needs no other close; 0: none did.
    closed_in: AtomicU64,
}

impl Tracker {
    /// A tracker for `config`. This starts no thread and opens no store: the first hit does.
    ///
    /// # Errors
    ///
    /// When a destination or `geo.file` needs a feature that this build does not have, when one is of type `callback` or
    /// `celery`, whose sink is given to a [`builder`](Self::builder), and when the file of `geo.file` or
    /// `track.bots_list` cannot be used.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        Self::builder(config).open()
    }

    /// A tracker for `config` whose clock, entropy, keys, transport or sinks are to be swapped.
    pub fn builder(config: Config) -> Builder {
        Builder {
            config,
            clock: Arc::new(clock::System),
            entropy: Arc::new(entropy::System),
            keys: None,
            has_own_clock: false,
            transport: None,
            sinks: Swapped::new(),
            closures: Closures::default(),
            hooks: None,
            observer: None,
        }
    }

    /// Answers a request that is not the host's but trackside's own, as the beacon's are, counts it, and submits
    /// what it tells of. None: the request is the host's, and is to [begin](Self::begin). For adapters, which ask
    /// this first, with all of the request's headers.
    #[inline]
    pub fn answer(&self, request: &Request<'_>) -> Option<Answer> {
        let live = &self.0;
        let answer = endpoint::answer(&live.config, request, || live.draw(), &mut |hit| {
            // The destination's book says what became of it.
            let (Submitted::Queued | Submitted::Dropped(_)) = live.transport.submit(hit);
        })?;
        live.count(answer.reason());
        log::guarded(|| {
            tracing::debug!(target: "trackside", ?request, status = answer.status(), "answered");
        });
        Some(answer)
    }

    /// Looks at a request that has come.
    pub fn begin(&self, request: &Request<'_>) -> Exchange {
        let live = &self.0;
        live.proxies.look(&live.config, request);
        let moment = live.moment();
        let key = live.key(&moment);
        Exchange {
            live: Arc::clone(live),
            generation: fork::generation(),
            is_over: false,
            // Last, so that it is made in its place: it is large, and to move it stalls the processor.
            exchange: judge::begin(&live.config, request, moment, key.as_ref()),
        }
    }

    /// Takes up an event raised outside an exchange, for a visitor that an exchange gave out. Answers what
    /// became of it when it was submitted.
    pub fn event(&self, visitor: &Visitor, event: &Event<'_>) -> Submitted {
        self.raise(visitor, event, |hit| self.0.transport.submit(hit))
    }

    /// [`event`](Self::event) for importers, who rather wait than lose one: where a destination's queue is full, waits for
    /// room for at most `within`, and only then answers dropped(`queue-full` or `queue-bytes`). What is dropped for
    /// another reason does not wait, and nothing does where a spool takes it. With several destinations it waits for
    /// each in turn, for at most `within` in all. Never for the thread of a request.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from a worker, which would wait for itself: the event was not taken, and is in no book.
    pub fn event_within(
        &self,
        visitor: &Visitor,
        event: &Event<'_>,
        within: Duration,
    ) -> Result<Submitted, Reentrant> {
        let until = deadline(within);
        let mut refused = None;
        let submitted = self.raise(visitor, event, |hit| {
            self.0.transport.submit_until(hit, until).unwrap_or_else(|reentrant| {
                refused = Some(reentrant);
                Submitted::Dropped(Reason::NoWorker)
            })
        });
        match (submitted, refused) {
            (Submitted::Dropped(_), Some(reentrant)) => Err(reentrant),
            _ => Ok(submitted),
        }
    }

    fn raise(
        &self,
        visitor: &Visitor,
        event: &Event<'_>,
        mut submit: impl FnMut(Hit) -> Submitted,
    ) -> Submitted {
        let reason = if visitor.is_recorded() { Reason::Off } else { Reason::Consent };
        let mut answer = Submitted::Dropped(reason);
        judge::event(&self.0.config, visitor, event, &self.0.moment(), &mut |hit| {
            let submitted = submit(hit);
            if answer != Submitted::Queued {
                answer = submitted;
            }
        });
        answer
    }

    /// Why a request would be judged as it would be, and what would be sent. Sends and counts nothing.
    /// Nothing is drawn for it either: ids in it and the key of the day are made of sevens, so that at one time of the
    /// clock one request has one explanation.
    pub fn explain(
        &self,
        request: &Request<'_>,
        response: &Response<'_>,
        annotations: &Annotations<'_>,
    ) -> Explanation {
        let moment = Moment::new(self.0.clock.micros(), [7; 64]);
        let key = self.0.keys.as_ref().map(|_| DailyKey([7; 32]));
        explain(&self.0.config, self.0.stage.enricher(), request, response, annotations, moment, key.as_ref())
    }

    /// What the destination called `name` would make of `hit` now. None if there is no such destination, or if
    /// it is not offered the hit, which was recorded under another `ip` policy. Sends and counts nothing.
    pub fn sending(&self, name: &str, hit: &Hit) -> Option<Sending> {
        let destination = self.0.config.destinations().iter().find(|destination| destination.name == name)?;
        let is_offered = destination.ip == hit.ip_policy();
        is_offered.then(|| Sending::of(destination, self.0.stage.enricher(), hit, self.0.clock.micros()))
    }

    /// What a worker finds out about `hit`. The host's hooks are not asked.
    pub fn look(&self, hit: &Hit) -> Found {
        self.0.stage.enricher().look(hit)
    }

    /// Both books at this instant.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        stats.requests = self.0.book().snapshot();
        stats.destinations = self.0.transport.stats();
        stats
    }

    /// Waits until every hit submitted so far has been delivered or given up, for at most `within`, and
    /// says what was left.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from a worker.
    pub fn flush(&self, within: Duration) -> Result<Left, Reentrant> {
        self.0.transport.flush(deadline(within))
    }

    /// Delivers what can be delivered within `within`, stops for good, and answers what was left and both books. All
    /// clones are closed with it, and neither their end nor the process's waits again; requests are judged as before,
    /// but their hits are dropped(`closed`).
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from a worker.
    pub fn close(&self, within: Duration) -> Result<Closed, Reentrant> {
        let left = self.0.transport.close(deadline(within))?;
        self.0.closed_in.store(fork::generation(), Ordering::SeqCst);
        Ok(Closed { left, stats: self.stats() })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Counts an annotation that came after its exchange was over. For adapters.
    pub fn count_late(&self) {
        self.0.book().late();
    }
}

impl Live {
    fn moment(&self) -> Moment {
        Moment::new(self.clock.micros(), self.entropy.draw())
    }

    /// What an exchange begins with.
    fn draw(&self) -> (Moment, Option<DailyKey>) {
        let moment = self.moment();
        (moment, self.key(&moment))
    }

    /// The key of the moment's day, if an exchange may come to need it.
    fn key(&self, moment: &Moment) -> Option<DailyKey> {
        self.keys.as_ref()?.key(DailyKey::day(moment.micros()))
    }

    fn book(&self) -> &RequestBook {
        self.requests.get(RequestBook::default)
    }

    fn count(&self, reason: Option<Reason>) {
        match reason {
            None => self.book().track(),
            Some(reason) => self.book().skip(reason),
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("mode", &self.config.mode())
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// The instant `within` from now; a wait that no clock can count ends in a year.
fn deadline(within: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    Instant::now() + within.min(YEAR)
}
