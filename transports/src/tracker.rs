//! The live facade: a configuration with a clock, a generator, and a pool for each destination.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use trackside_core::{
    Annotations, Config, Event, Hit, Moment, Reason, Request, Response,
    endpoint::{self, Answer},
    enrich::Found,
    explain::{Explanation, Sending, explain},
    hit::Edit,
    judge::{self, Verdict},
    ledger::Stats,
    protocol::Enriched,
    transport::{Left, Reentrant, Submitted, Transport},
    visitor::{DailyKey, Notice, Visitor, consent::Consent},
};
use uuid::Uuid;

use crate::{
    clock::{self, Clock},
    destination::{self, Means, OpenError, Swapped},
    entropy::{self, Entropy},
    hooks::{Closures, Hooks},
    keys::{self, DerivedKeys, Keys},
    log,
    pool::{
        Observer,
        fork::{self, PerProcess},
    },
    proxies::ProxyWatch,
    requests::RequestBook,
    sink::SinkFactory,
    stage::Stage,
};

/// Counts a server's traffic: judges its exchanges and delivers their hits off the request thread.
///
/// Cloning it copies a pointer. When the last clone goes, it is closed within the configuration's
/// `shutdown`; call [`close`](Self::close) to choose the moment and to see what was left. A process that
/// exits without either is closed by an exit handler; `_exit` and `abort` skip that.
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
/// tracker.close(Duration::from_secs(1))?;
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
        let reason = if visitor.is_recorded() { Reason::Off } else { Reason::Consent };
        let mut answer = Submitted::Dropped(reason);
        let live = &self.0;
        judge::event(&live.config, visitor, event, &live.moment(), &mut |hit| {
            let submitted = live.transport.submit(hit);
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

    /// Delivers what can be delivered within `within`, stops for good, and says what was left. All clones
    /// are closed with it, and neither their end nor the process's waits again; requests are judged as before,
    /// but their hits are dropped(`closed`).
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from a worker.
    pub fn close(&self, within: Duration) -> Result<Left, Reentrant> {
        let left = self.0.transport.close(deadline(within))?;
        self.0.closed_in.store(fork::generation(), Ordering::SeqCst);
        Ok(left)
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

impl fork::CloseAtExit for Live {
    fn close_at_exit(&self) {
        if self.closed_in.load(Ordering::SeqCst) != fork::generation() {
            // A worker that ends the process cannot wait for itself: there is nobody left to tell.
            self.transport.close(deadline(self.config.shutdown())).ok();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        fork::CloseAtExit::close_at_exit(self);
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

/// Opens a [`Tracker`] whose clock, entropy, keys, transport or sinks are swapped.
#[must_use = "a builder builds nothing until `open`"]
pub struct Builder {
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    keys: Option<Arc<dyn Keys>>,
    has_own_clock: bool,
    transport: Option<Arc<dyn Transport>>,
    sinks: Swapped,
    closures: Closures,
    hooks: Option<Box<dyn Hooks>>,
    observer: Option<Arc<dyn Observer>>,
}

impl Builder {
    /// Where the time comes from. Defaults to the system's clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self.has_own_clock = true;
        self
    }

    /// Where randomness comes from. Defaults to a generator seeded by the system.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Where the key of each day comes from, in place of `visitor.keys`. It is asked only where the configuration
    /// has visitors told apart without a cookie. Defaults to what [`keys`](crate::keys) says; where the clock or the
    /// transport is swapped, as tests do, to keys in memory, so that no file is read or made.
    pub fn keys(mut self, keys: Arc<dyn Keys>) -> Self {
        self.keys = Some(keys);
        self
    }

    /// What takes the hits, in place of the configuration's destinations: none of these is opened, and no
    /// [`sink`](Self::sink) made. Defaults to them.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// What delivers for the destination called `name`, in place of the sink of its type; one of type
    /// `callback` or `celery` has no other. [`sinks::callback`](crate::sinks::callback) makes a factory of a closure. Of
    /// two for one destination the later stands.
    ///
    /// Everything else stays as configured: queue and batches, what the protocol of the type refuses and which
    /// hits it lets share a request, and the retries; so a sink in place of one of type `sqlite` has to know a
    /// hit that comes again by its id.
    pub fn sink(mut self, name: impl Into<String>, factory: impl SinkFactory) -> Self {
        self.sinks.insert(name.into(), Box::new(factory));
        self
    }

    /// Which hits the destinations are to have: those for which `filter` answers true. The others are
    /// refused(`filtered`). Asked once per hit, when that has been looked at, by the worker of whichever destination
    /// comes to it first; a destination that comes much later, after a pause, has it asked once more. It is asked for
    /// one hit at a time and may take its time, but all other hits wait meanwhile. Of two the later stands. Defaults
    /// to all.
    ///
    /// Should it panic, that is logged, and counted with the [panics](trackside_core::ledger::Hits::panics) of each
    /// destination that has the hit, and the hit goes on. It must not wait for the tracker: `flush` and `close` answer
    /// [`Reentrant`] there. Where the [transport](Self::transport) is swapped there are no workers, and it is never
    /// asked.
    ///
    /// ```
    /// use trackside_core::{Config, hit::Text};
    /// use trackside_transports::Tracker;
    ///
    /// let config = Config::builder().toml("visitor.identity = 'none'").build()?;
    /// let tracker = Tracker::builder(config)
    ///     .filter(|hit| !hit.hit.path().starts_with(b"/intranet/"))
    ///     .edit(|hit, edit| {
    ///         if hit.hit.path().starts_with(b"/invitation/") {
    ///             edit.set(Text::Path, "/invitation/%7Btoken%7D");
    ///         }
    ///     })
    ///     .open()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter(mut self, filter: impl Fn(&Enriched<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.closures.filter = Some(Arc::new(filter));
        self
    }

    /// What is to be changed about a hit before the destinations have it. Asked as [`filter`](Self::filter) is, and
    /// after it; an edited hit is a new record, at which the worker looks again. Of two the later stands. Defaults to
    /// nothing.
    ///
    /// Should it panic, that is logged and counted, and the hit goes on as it was.
    pub fn edit(mut self, editor: impl Fn(&Enriched<'_>, &mut Edit) + Send + Sync + 'static) -> Self {
        self.closures.editor = Some(Arc::new(editor));
        self
    }

    /// Filter and editor in one, in place of [`filter`](Self::filter) and [`edit`](Self::edit). Of two the later
    /// stands. Defaults to these.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks = Some(Box::new(hooks));
        self
    }

    /// Who is told of outages and losses, seldom and never of one hit, beside the log. Of two the later stands.
    /// Defaults to nobody. Where the [transport](Self::transport) is swapped it is never told.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use trackside_core::Config;
    /// use trackside_transports::{
    ///     Tracker,
    ///     pool::{Observer, Report},
    /// };
    ///
    /// #[derive(Debug)]
    /// struct Pager;
    ///
    /// impl Observer for Pager {
    ///     fn observe(&self, destination: &str, report: &Report) {
    ///         if let Report::Opened { failures, .. } = report {
    ///             eprintln!("{destination} failed {failures} times in a row");
    ///         }
    ///     }
    /// }
    ///
    /// let config = Config::builder().toml("visitor.identity = 'none'").build()?;
    /// let tracker = Tracker::builder(config).observer(Arc::new(Pager)).open()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Opens the tracker. This starts no thread and opens no store: the first hit does. The files of `geo.file` and
    /// `track.bots_list` are read.
    ///
    /// # Errors
    ///
    /// When a destination or `geo.file` needs a feature that this build does not have, when one of type `callback` or
    /// `celery` has no [`sink`](Self::sink), when there is none for a sink, and when the file of `geo.file` or
    /// `track.bots_list` cannot be used.
    pub fn open(self) -> Result<Tracker, OpenError> {
        destination::check(&self.config, &self.sinks)?;
        fork::install();
        for warning in self.config.warnings() {
            tracing::warn!(target: "trackside", "{warning}");
        }
        let is_of_a_test = self.has_own_clock || self.transport.is_some();
        let keys = keys::open(&self.config).map(|configured| match self.keys {
            Some(keys) => keys,
            None if is_of_a_test => Arc::new(DerivedKeys::random(&*self.entropy)),
            None => configured,
        });
        let stage = Arc::new(Stage::open(&self.config)?);
        let hooks = self.hooks.or_else(|| self.closures.hooks());
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let means = Means {
                    clock: self.clock.clone(),
                    keys: keys.clone(),
                    stage: stage.clone(),
                    observer: self.observer,
                };
                destination::open_all(&self.config, &means, hooks, self.sinks)?
            }
        };
        let proxies = ProxyWatch::new(&self.config);
        let live = Arc::new(Live {
            config: self.config,
            clock: self.clock,
            entropy: self.entropy,
            keys,
            transport,
            stage,
            requests: PerProcess::new(),
            proxies,
            closed_in: AtomicU64::new(0),
        });
        let weak: Weak<Live> = Arc::downgrade(&live);
        fork::at_exit(weak);
        Ok(Tracker(live))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("mode", &self.config.mode())
            .field("transport", &self.transport)
            .field("sinks", &self.sinks.keys())
            .finish_non_exhaustive()
    }
}

/// A request that has begun. Finish it when the response's head is known; one that is dropped unfinished
/// is skipped(`abandoned`).
#[must_use = "an exchange that is dropped is skipped(abandoned)"]
pub struct Exchange {
    live: Arc<Live>,
    exchange: judge::Exchange,
    generation: u64,
    /// Whether it is finished or abandoned.
    is_over: bool,
}

impl Exchange {
    /// The visitor's id, if there is one. That of a new visitor is recorded only if the response can carry
    /// its cookie.
    pub fn visitor_id(&self) -> Option<Uuid> {
        self.exchange.visitor_id()
    }

    /// Whether the visitor came without a valid cookie and would be given one.
    pub fn is_new(&self) -> bool {
        self.exchange.is_new()
    }

    /// What the visitor has allowed, whoever said so.
    pub fn consent(&self) -> Consent {
        self.exchange.consent()
    }

    /// Says what the visitor has allowed, as [`judge::Exchange::set_consent`] does. An exchange that is over stays as
    /// it is, and counts it as late.
    pub fn set_consent(&mut self, consent: Consent) {
        if self.is_over {
            self.count_late();
        } else {
            self.exchange.set_consent(&self.live.config, consent);
        }
    }

    /// Whether the notice is due, which takes no request to say.
    pub fn is_notice_due(&self) -> bool {
        !self.is_over && self.exchange.is_notice_due()
    }

    /// The notice, if it is due: on the visitor's first page, or, where visitors are asked, on each until they
    /// answer. Takes the request that `begin` took.
    pub fn notice(&self, request: &Request<'_>) -> Option<Notice> {
        judge::notice(&self.live.config, self.open()?, request)
    }

    /// An owned snapshot of the visitor, for [`Tracker::event`] later. Takes the request that `begin` took.
    pub fn visitor(&self, request: &Request<'_>) -> Option<Visitor> {
        Some(judge::visitor(&self.live.config, self.open()?, request))
    }

    /// The markup that loads the beacon, if there is one. Whoever gives it to the page notes that by
    /// [`Annotations::set_beacon`].
    pub fn beacon(&self) -> Option<&str> {
        endpoint::beacon::tag(&self.live.config)
    }

    /// Judges the exchange, submits its hits, and answers with the headers to append to the response.
    /// Takes the request that `begin` took.
    ///
    /// An exchange that was begun before a fork belongs to the parent: in the child it is
    /// skipped(`abandoned`) without being counted, so that nothing is counted twice.
    pub fn finish(
        mut self,
        request: &Request<'_>,
        response: &Response<'_>,
        annotations: &Annotations<'_>,
    ) -> Verdict {
        self.end(request, response, annotations)
    }

    /// [`finish`](Self::finish), for adapters that keep the exchange when it is over. A second call answers
    /// skipped(`abandoned`) and counts nothing.
    pub fn end(
        &mut self,
        request: &Request<'_>,
        response: &Response<'_>,
        annotations: &Annotations<'_>,
    ) -> Verdict {
        if self.is_over || self.is_inherited() {
            self.is_over = true;
            return Verdict::skip(Reason::Abandoned);
        }
        let live = &self.live;
        let verdict = judge::end(&live.config, &self.exchange, request, response, annotations, &mut |hit| {
            // The destination's book says what became of it.
            let (Submitted::Queued | Submitted::Dropped(_)) = live.transport.submit(hit);
        });
        // Not before: should the judge panic, it is counted when it is dropped.
        self.is_over = true;
        live.count(verdict.reason());
        log::guarded(|| {
            tracing::debug!(target: "trackside", %verdict, ?request, status = response.status());
        });
        verdict
    }

    /// Ends it as skipped(`abandoned`), for adapters that keep it when it is over. An exchange that is over
    /// stays as it is.
    pub fn abandon(&mut self) {
        if !self.is_over && !self.is_inherited() {
            self.live.count(Some(Reason::Abandoned));
        }
        self.is_over = true;
    }

    /// Whether it is finished or abandoned.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn open(&self) -> Option<&judge::Exchange> {
        if self.is_over { None } else { Some(&self.exchange) }
    }

    /// Whether it was begun by the parent of this process.
    fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// Counts an annotation that came after it was over. For adapters.
    pub fn count_late(&self) {
        self.live.book().late();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.exchange).finish()
    }
}
