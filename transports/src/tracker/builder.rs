use std::{
    fmt,
    sync::{Arc, Weak, atomic::AtomicU64},
};

use trackside_core::{Config, hit::Edit, protocol::Enriched, transport::Transport};

use super::{Live, Tracker};
use crate::{
    clock::Clock,
    destination::{self, Means, OpenError, Swapped},
    entropy::Entropy,
    hooks::{Closures, Hooks},
    keys::{self, DerivedKeys, Keys},
    pool::{
        Observer,
        fork::{self, PerProcess},
    },
    proxies::ProxyWatch,
    sink::SinkFactory,
    stage::Stage,
};

/// Opens a [`Tracker`] whose clock, entropy, keys, transport or sinks are swapped.
#[must_use = "a builder builds nothing until `open`"]
pub struct Builder {
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) keys: Option<Arc<dyn Keys>>,
    pub(super) has_own_clock: bool,
    pub(super) transport: Option<Arc<dyn Transport>>,
    pub(super) sinks: Swapped,
    pub(super) closures: Closures,
    pub(super) hooks: Option<Box<dyn Hooks>>,
    pub(super) observer: Option<Arc<dyn Observer>>,
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
    /// [`Reentrant`](trackside_core::transport::Reentrant) there. Where the [transport](Self::transport) is swapped
    /// there are no workers, and it is never asked.
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
    /// `track.bots_list` are read, and a file of [keys](crate::keys) that is there is turned, if that is due.
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
            None => {
                keys::outdate(&self.config);
                configured
            }
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
                    observer: self.observer.clone(),
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
            observer: self.observer,
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
