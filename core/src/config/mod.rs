//! The one configuration, as final types: what stands here has been checked.

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use crate::decide::{ContentTypes, Methods, Patterns, Statuses};

/// A whole configuration, checked.
///
/// Read from TOML, JSON, the environment or a builder; see the module for the keys.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) mode: Mode,
    pub(crate) sites: Vec<String>,
    pub(crate) shutdown: Duration,
    pub(crate) identity: Identity,
    pub(crate) session_timeout: Duration,
    pub(crate) cookie: Cookie,
    pub(crate) consent: Policy,
    pub(crate) notice: String,
    pub(crate) count: Count,
    pub(crate) track: Track,
    pub(crate) ip: IpPolicy,
    pub(crate) query: QueryPolicy,
    pub(crate) destinations: Vec<Destination>,
    /// The distinct `ip` policies of all destinations: one record is made for each.
    pub(crate) ip_policies: Vec<IpPolicy>,
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// What the library does: `mode`. Defaults to [`Mode::On`].
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How long the process waits for delivery at its exit: `shutdown`. Defaults to 5 s.
    pub fn shutdown(&self) -> Duration {
        self.shutdown
    }

    /// Whether visitors are shown a notice: `consent.policy`.
    pub fn consent(&self) -> Policy {
        self.consent
    }

    /// Where the hits go: every `[[destination]]`. Defaults to the embedded store, `trackside.db`.
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// What was accepted but is likely not what was meant, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What the library does: `mode`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// `dry-run`: verdicts as usual, but no headers and no hits.
    DryRun,
    /// `off`: every request is skipped(`off`).
    Off,
    /// `on`.
    On,
}

/// How visitors are told apart: `visitor.identity`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// `cookie`: by a first-party cookie.
    Cookie,
    /// `none`: not at all.
    None,
}

/// What is counted: `track.count`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Count {
    /// `api`: calls of any type, without a cookie and without a notice.
    Api,
    /// `pages`: pages.
    Pages,
}

/// What the visitors' law asks for: `consent.policy`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// `none`: nothing.
    None,
    /// `notice`: visitors are told on their first page.
    Notice,
}

/// The visitor cookie: `visitor.cookie.*`.
#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) domain: String,
    pub(crate) max_age: Duration,
    pub(crate) renew: bool,
    pub(crate) same_site: SameSite,
    pub(crate) http_only: bool,
    pub(crate) secure: Secure,
}

/// `visitor.cookie.same_site`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SameSite {
    Lax,
    None,
    Strict,
}

/// `visitor.cookie.secure`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Secure {
    /// When the host says that the client came by https.
    Auto,
    Always,
    Never,
}

/// What is counted: `track.*`.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) ignore: Patterns,
    pub(crate) only: Patterns,
    pub(crate) status: Statuses,
    pub(crate) methods: Methods,
    pub(crate) content_types: ContentTypes,
}

/// What is recorded of the client's address: `privacy.ip` and a destination's `ip`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "the record's layout has room for these alone")]
pub enum IpPolicy {
    /// `masked`: the network, an IPv4 /24 or an IPv6 /48.
    Masked = 0,
    /// `full`: the address.
    Full = 1,
    /// `none`: nothing.
    None = 2,
}

impl IpPolicy {
    /// What may be recorded of `address`. An IPv6 address that stands for an IPv4 one is taken as that.
    pub fn apply(self, address: Option<IpAddr>) -> Option<IpAddr> {
        match (self, address?.to_canonical()) {
            (Self::None, _) => None,
            (Self::Full, address) => Some(address),
            (Self::Masked, IpAddr::V4(v4)) => {
                let [a, b, c, _] = v4.octets();
                Some(IpAddr::from([a, b, c, 0]))
            }
            (Self::Masked, IpAddr::V6(v6)) => {
                let [a, b, c, ..] = v6.segments();
                Some(IpAddr::from([a, b, c, 0, 0, 0, 0, 0]))
            }
        }
    }
}

/// What is recorded of the query: `privacy.query`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum QueryPolicy {
    /// What names a campaign.
    Campaign,
    Drop,
    Keep,
}

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
    /// Whether somebody else runs it. Defaults to false for sqlite and file, true for the others.
    pub third_party: bool,
    /// How many threads deliver. Defaults to [`Workers::Auto`].
    pub workers: Workers,
    /// The bounds of its queue.
    pub queue: Queue,
    /// The bounds of a batch.
    pub batch: Batch,
    /// How long one attempt may take. Defaults to 10 s.
    pub timeout: Duration,
    /// How old a hit may become before it is dropped(`expired`). Defaults to 1 h.
    pub max_age: Duration,
}

/// The service or store of a destination, and its own keys.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Receiver {
    /// `file`: JSON lines.
    File {
        /// The file; none for the standard output (`path = "-"`).
        path: Option<PathBuf>,
    },
    /// `ga-v1`: the Measurement Protocol of Universal Analytics, for collectors that still speak it.
    GaV1 {
        /// Where hits are posted. Defaults to Google's, which counts nothing any more.
        url: String,
        /// `tid`.
        tracking_id: String,
        /// `v`. Defaults to 1.
        version: String,
    },
    /// `ga4`: the Measurement Protocol of Google Analytics 4.
    Ga4 {
        /// Where events are posted. Defaults to Google's.
        url: String,
        /// The data stream, `G-…`.
        measurement_id: String,
        /// The data stream's secret.
        api_secret: Secret,
    },
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
            Self::File { .. } => "file",
            Self::GaV1 { .. } => "ga-v1",
            Self::Ga4 { .. } => "ga4",
            Self::Sqlite { .. } => "sqlite",
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
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Queue {
    /// Hits at most. Defaults to 10,000.
    pub hits: usize,
    /// Bytes at most. Defaults to 16 MiB.
    pub bytes: usize,
    /// What gives way when it is full. Defaults to [`WhenFull::DropNewest`].
    pub when_full: WhenFull,
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

/// The bounds of a batch: `batch`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batch {
    /// Hits at most. Defaults to 100, or the receiver's own limit.
    pub hits: usize,
    /// Bytes of records at most. Defaults to 256 KiB.
    pub bytes: usize,
    /// How long the first hit waits for others. Defaults to 200 ms.
    pub age: Duration,
}

/// A key or token that is never shown.
#[derive(Clone, Eq, PartialEq)]
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
