//! The typed builder of a destination.

use std::{fmt, path::Path, time::Duration};

use super::{
    AfterUnknown, Compression, Destination, IpPolicy, Keep, Spooling, WhenFull, Workers, builder,
    schema::{AFTER_UNKNOWN, COMPRESSIONS, IPS, SPOOLINGS, WHEN_FULL},
    tree::Tree,
    units,
};

/// One destination of a [`Builder`](super::Builder). Begun by [`Destination::sqlite`] and its like; what
/// is not set has the default that [`config`](super) tells, and what is wrong is told by
/// [`Builder::build`](super::Builder::build).
///
/// ```
/// use trackside_core::config::{Config, Destination, Policy};
///
/// let config = Config::builder()
///     .consent(Policy::Notice)
///     .destination(Destination::sqlite("trackside.db"))
///     .destination(Destination::ga4("G-ABC123DEF4", "s3cret").queue_hits(500))
///     .build()?;
/// let names: Vec<_> = config.destinations().iter().map(|destination| destination.name.as_str()).collect();
/// assert_eq!(names, ["sqlite", "ga4"]);
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is given to a builder"]
pub struct DestinationBuilder(Tree);

impl Destination {
    /// The embedded store, in the file `path`.
    pub fn sqlite(path: impl AsRef<Path>) -> DestinationBuilder {
        DestinationBuilder::new("sqlite").set(&["path"], file(path.as_ref()))
    }

    /// JSON lines, appended to the file `path`.
    pub fn file(path: impl AsRef<Path>) -> DestinationBuilder {
        DestinationBuilder::new("file").set(&["path"], file(path.as_ref()))
    }

    /// JSON lines on the standard output.
    pub fn stdout() -> DestinationBuilder {
        Self::file("-")
    }

    /// A sink of the host's own, which it gives under this name when it opens the tracker.
    pub fn callback(name: impl Into<String>) -> DestinationBuilder {
        DestinationBuilder::new("callback").name(name)
    }

    /// A task of a Celery application. The sink is that of the Python binding, or one that the host gives.
    pub fn celery(tracking_id: impl Into<String>) -> DestinationBuilder {
        DestinationBuilder::new("celery").text("tracking_id", tracking_id)
    }

    /// A receiver of the type `kind`, whatever types there are: its keys are set by
    /// [`with`](DestinationBuilder::with).
    ///
    /// ```
    /// use trackside_core::config::{Config, Destination};
    ///
    /// let destination = Destination::of("ga-v1").with("tracking_id", "UA-12345-6").with("version", "2");
    /// let config = Config::builder().toml("visitor.identity = 'none'").destination(destination).build()?;
    /// # Ok::<(), trackside_core::config::ConfigError>(())
    /// ```
    pub fn of(kind: &str) -> DestinationBuilder {
        DestinationBuilder::new(kind)
    }

    /// Google Analytics 4. The secret may be `env:NAME` or `file:PATH`.
    pub fn ga4(measurement_id: impl Into<String>, api_secret: impl Into<String>) -> DestinationBuilder {
        DestinationBuilder::new("ga4").text("measurement_id", measurement_id).text("api_secret", api_secret)
    }

    /// A collector that speaks the Measurement Protocol v1.
    pub fn ga_v1(tracking_id: impl Into<String>) -> DestinationBuilder {
        DestinationBuilder::new("ga-v1").text("tracking_id", tracking_id)
    }
}

impl DestinationBuilder {
    fn new(kind: &str) -> Self {
        Self(Tree::table()).text("type", kind)
    }

    /// Sets `key`, whatever keys its type has; a dot leads into a table.
    pub fn with(self, key: &str, value: impl Into<KeyValue>) -> Self {
        let path: Vec<_> = key.split('.').collect();
        self.set(&path, value.into().0)
    }

    /// Sets `name`.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.text("name", name)
    }

    /// Sets `task`, of celery.
    pub fn task(self, task: impl Into<String>) -> Self {
        self.text("task", task)
    }

    /// Sets `url`, of ga4, ga-v1 and celery.
    pub fn url(self, url: impl Into<String>) -> Self {
        self.text("url", url)
    }

    /// Sets `version`, of ga-v1 and celery.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.text("version", version)
    }

    /// Sets `keep`, of sqlite.
    pub fn keep(self, keep: Keep) -> Self {
        self.text("keep", units::keep_text(keep))
    }

    /// Sets `ip`.
    pub fn ip(self, ip: IpPolicy) -> Self {
        self.set(&["ip"], builder::word(ip, IPS))
    }

    /// Sets `third_party`.
    pub fn third_party(self, third_party: bool) -> Self {
        self.set(&["third_party"], Tree::Bool(third_party))
    }

    /// Sets `workers`.
    pub fn workers(self, workers: Workers) -> Self {
        let workers = match workers {
            Workers::Auto => Tree::Text("auto".to_owned()),
            Workers::Count(count) => number(count),
        };
        self.set(&["workers"], workers)
    }

    /// Sets `queue.hits`.
    pub fn queue_hits(self, hits: usize) -> Self {
        self.set(&["queue", "hits"], number(hits))
    }

    /// Sets `queue.bytes`.
    pub fn queue_bytes(self, bytes: usize) -> Self {
        self.set(&["queue", "bytes"], number(bytes))
    }

    /// Sets `queue.when_full`.
    pub fn when_full(self, when_full: WhenFull) -> Self {
        self.set(&["queue", "when_full"], builder::word(when_full, WHEN_FULL))
    }

    /// Adds the name of an event to `queue.important`.
    pub fn important(mut self, event: impl Into<String>) -> Self {
        self.0.push(&["queue", "important"], Tree::Text(event.into()));
        self
    }

    /// Sets `batch.hits`.
    pub fn batch_hits(self, hits: usize) -> Self {
        self.set(&["batch", "hits"], number(hits))
    }

    /// Sets `batch.bytes`.
    pub fn batch_bytes(self, bytes: usize) -> Self {
        self.set(&["batch", "bytes"], number(bytes))
    }

    /// Sets `batch.age`, to the millisecond.
    pub fn batch_age(self, age: Duration) -> Self {
        self.set(&["batch", "age"], builder::duration(age))
    }

    /// Sets `timeout`, to the millisecond.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(&["timeout"], builder::duration(timeout))
    }

    /// Sets `timeouts.resolve`, of ga4 and ga-v1, to the millisecond.
    pub fn timeout_resolve(self, timeout: Duration) -> Self {
        self.set(&["timeouts", "resolve"], builder::duration(timeout))
    }

    /// Sets `timeouts.connect`, likewise.
    pub fn timeout_connect(self, timeout: Duration) -> Self {
        self.set(&["timeouts", "connect"], builder::duration(timeout))
    }

    /// Sets `timeouts.send`, likewise.
    pub fn timeout_send(self, timeout: Duration) -> Self {
        self.set(&["timeouts", "send"], builder::duration(timeout))
    }

    /// Sets `timeouts.answer`, likewise.
    pub fn timeout_answer(self, timeout: Duration) -> Self {
        self.set(&["timeouts", "answer"], builder::duration(timeout))
    }

    /// Sets `proxy`, of every receiver over HTTP. It may be `env:NAME` or `file:PATH`.
    pub fn proxy(self, proxy: impl Into<String>) -> Self {
        self.text("proxy", proxy)
    }

    /// Sets `ca`, of every receiver over HTTP.
    pub fn ca(self, path: impl AsRef<Path>) -> Self {
        self.set(&["ca"], file(path.as_ref()))
    }

    /// Sets `compression`, of every receiver over HTTP.
    pub fn compression(self, compression: Compression) -> Self {
        self.set(&["compression"], builder::word(compression, COMPRESSIONS))
    }

    /// Sets `max_age`, to the millisecond.
    pub fn max_age(self, max_age: Duration) -> Self {
        self.set(&["max_age"], builder::duration(max_age))
    }

    /// Sets `spool`.
    pub fn spool(self, spool: Spooling) -> Self {
        self.set(&["spool"], builder::word(spool, SPOOLINGS))
    }

    /// Sets `after_unknown`. With sqlite, [`AfterUnknown::Resend`] is a mistake.
    pub fn after_unknown(self, after_unknown: AfterUnknown) -> Self {
        self.set(&["after_unknown"], builder::word(after_unknown, AFTER_UNKNOWN))
    }

    pub(super) fn into_tree(self) -> Tree {
        self.0
    }

    fn text(self, key: &str, text: impl Into<String>) -> Self {
        self.set(&[key], Tree::Text(text.into()))
    }

    fn set(mut self, path: &[&str], value: Tree) -> Self {
        self.0.set(path, value);
        self
    }
}

/// The value of a key: a text, a list of texts, a whole number or a truth value.
#[derive(Clone)]
pub struct KeyValue(Tree);

impl From<bool> for KeyValue {
    fn from(value: bool) -> Self {
        Self(Tree::Bool(value))
    }
}

impl From<i64> for KeyValue {
    fn from(number: i64) -> Self {
        Self(Tree::Integer(number))
    }
}

impl<const N: usize> From<[&str; N]> for KeyValue {
    fn from(texts: [&str; N]) -> Self {
        Self(Tree::List(texts.map(|text| Tree::Text(text.to_owned())).into()))
    }
}

impl From<&str> for KeyValue {
    fn from(text: &str) -> Self {
        Self(Tree::Text(text.to_owned()))
    }
}

impl From<String> for KeyValue {
    fn from(text: String) -> Self {
        Self(Tree::Text(text))
    }
}

/// Shows nothing: it may hold a secret.
impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValue").finish_non_exhaustive()
    }
}

/// Shows nothing: it may hold a secret.
impl fmt::Debug for DestinationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DestinationBuilder").finish_non_exhaustive()
    }
}

fn file(path: &Path) -> Tree {
    path.to_str().map_or(Tree::Foreign("a path outside UTF-8"), |path| Tree::Text(path.to_owned()))
}

fn number(number: usize) -> Tree {
    Tree::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
