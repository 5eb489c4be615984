//! A destination as it is configured: its receiver, and the bounds of its pool.

use std::{fmt, path::PathBuf, time::Duration};

use super::{Http, IpPolicy, Only, Spooling};
use crate::{hit::Edit, protocol::Remote};

/// One `[[destination]]`: a receiver with a pool of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Destination {
    /// Names the ledger's row. Defaults to the type.
    pub name: String,
    /// The service or store at the other end.
    pub receiver: Receiver,
    /// What it is told of the client's address. Defaults to `privacy.ip`.
    pub ip: IpPolicy,
    /// Which hits it takes. Defaults to all.
    pub only: Only,
    /// What its workers change about each hit before it is sent: `set` and `drop`. Defaults to nothing.
    pub changes: Edit,
    /// Whether somebody else runs it. Defaults to false for sqlite, file, callback, and a celery whose `url` is not
    /// Google's, true for the others.
    pub third_party: bool,
    /// How many threads deliver. Defaults to [`Workers::Auto`], and to one for celery.
    pub workers: Workers,
    /// The bounds of its queue.
    pub queue: Queue,
    /// The bounds of a batch.
    pub batch: Batch,
    /// How long one attempt may take, and for receivers on the network how it is made.
    pub http: Http,
    /// Up to which age a hit is tried again, and up to which it is tried at all if it comes from the spool; then it is
    /// dropped(`expired`). Defaults to 1 h, with a spool to 72 h.
    pub max_age: Duration,
    /// What becomes of hits of which nobody knows whether they arrived. Defaults to [`AfterUnknown::Drop`]. A
    /// receiver that knows a second copy by the hit's id, as the store does, is sent them again in any case.
    pub after_unknown: AfterUnknown,
    /// Which of its hits go to the disk. Defaults to [`Spooling::Off`].
    pub spool: Spooling,
}

/// The service or store of a destination, and its own keys.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Receiver {
    /// `callback`: a sink that the host gives when it opens the tracker.
    Callback,
    /// `celery`: what `ga-v1` would post, handed to a task of a Celery application. The sink is that of the
    /// Python binding, or one that the host gives.
    Celery {
        /// The task, by its name: `task(params, provider_url)`. Defaults to `trackside.celery.submit_tracking`.
        task: String,
        /// Where the task posts: its `provider_url`. Defaults to that of `ga-v1`.
        url: String,
        /// `tid`.
        tracking_id: String,
        /// `v`. Defaults to 1.
        version: String,
        /// Whether the visitor is the one of Google's tag, if the browser has its `_ga`. Defaults to not.
        join: bool,
    },
    /// `file`: JSON lines.
    File {
        /// The file; none for the standard output (`path = "-"`).
        path: Option<PathBuf>,
    },
    /// A service that trackside speaks to over HTTP by itself, such as `ga4`; all of them stand in
    /// [`TYPES`](crate::protocol::TYPES).
    Remote(Remote),
    /// `sqlite`: the embedded store.
    Sqlite {
        /// The database file. Defaults to `trackside.db`.
        path: PathBuf,
        /// How long hits are kept. Defaults to for ever.
        keep: Option<Keep>,
    },
}

impl Receiver {
    /// The `type` of the destination.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Celery { .. } => "celery",
            Self::File { .. } => "file",
            Self::Remote(remote) => remote.kind().name(),
            Self::Sqlite { .. } => "sqlite",
        }
    }

    /// Where hits are sent, for receivers on the network; not where a task of Celery sends them.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Callback | Self::Celery { .. } | Self::File { .. } | Self::Sqlite { .. } => None,
            Self::Remote(remote) => Some(remote.values().text("url")),
        }
    }
}

/// How long a store keeps its hits: a number of calendar months or of days.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Keep {
    /// So many days of 24 hours.
    Days(u32),
    /// So many calendar months.
    Months(u32),
}

/// How many threads deliver a destination's hits: `workers`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Workers {
    /// `auto`: one where a request holds a batch; up to eight, started on demand, where it holds one hit
    /// or one visitor.
    Auto,
    /// So many, from 1 to 64.
    Count(usize),
}

/// The bounds of a destination's queue: `queue`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Queue {
    /// Hits at most. Defaults to 10,000.
    pub hits: usize,
    /// Bytes at most. Defaults to 16 MiB.
    pub bytes: usize,
    /// What gives way when it is full. Defaults to [`WhenFull::DropNewest`].
    pub when_full: WhenFull,
    /// The names of the events that travel apart, in a queue of a tenth of both bounds, and before all others.
    /// None by default.
    pub important: Vec<String>,
}

/// What gives way when a queue is full: `queue.when_full`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// `drop-newest`: the hit that comes.
    DropNewest,
    /// `drop-oldest`: the hit that has waited longest.
    DropOldest,
}

/// What becomes of hits of which nobody knows whether they arrived, where the receiver would count a second copy:
/// `after_unknown`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AfterUnknown {
    /// `drop`: they are dropped(`ambiguous`), so that none is counted twice.
    Drop,
    /// `resend`: they are sent again, so that none is lost.
    Resend,
}

/// The bounds of a batch: `batch`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batch {
    /// Hits at most. Defaults to 100, or the receiver's own limit if that is lower, or if the receiver has a
    /// [pace](crate::protocol::Needs::pace).
    pub hits: usize,
    /// Bytes of records at most. Defaults to 256 KiB.
    pub bytes: usize,
    /// How long the first hit waits for others. Defaults to 200 ms, or the receiver's
    /// [pace](crate::protocol::Needs::pace).
    pub age: Duration,
}

/// A key or token that is never shown.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, to be sent and never to be shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
