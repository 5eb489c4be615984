//! From a destination of the configuration to its transport.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use trackside_core::{
    config::{AfterUnknown, Config, Destination, Receiver, Spooling},
    protocol::{self, Protocol},
    transport::Transport,
};

use crate::{
    clock::Clock,
    files,
    hooks::Hooks,
    keys::Keys,
    pool::{Backoff, FanOut, Observer, Options, Pool},
    sink::{AnyFactory, WithHooks},
    sinks,
    spool::{self, Budget},
    stage::Stage,
};

/// The sinks that the host gives, by their destinations.
pub(crate) type Swapped = BTreeMap<String, Box<dyn AnyFactory>>;

/// Sees that each sink of `swapped` has a destination.
pub(crate) fn check(config: &Config, swapped: &Swapped) -> Result<(), OpenError> {
    let names = || config.destinations().iter().map(|destination| destination.name.as_str());
    match swapped.keys().find(|swapped| names().all(|name| name != swapped.as_str())) {
        Some(name) => Err(OpenError(Problem::Unknown {
            name: name.clone(),
            known: names().collect::<Vec<_>>().join("`, `"),
        })),
        None => Ok(()),
    }
}

/// What the pools of all destinations have in common.
pub(crate) struct Means {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Option<Arc<dyn Keys>>,
    pub(crate) stage: Arc<Stage>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

/// A pool for each destination, with the sink of `swapped` where there is one, behind one fan-out.
pub(crate) fn open_all(
    config: &Config,
    means: &Means,
    hooks: Option<Box<dyn Hooks>>,
    mut swapped: Swapped,
) -> Result<Arc<dyn Transport>, OpenError> {
    let hooks = hooks.map(Arc::from);
    let budget = Arc::new(Budget::new(config.spool().bytes));
    let pools = config
        .destinations()
        .iter()
        .map(|destination| {
            let sink = swapped.remove(&destination.name);
            let spool = spooled(config, destination, &budget);
            let pool: Arc<dyn Transport> = Arc::new(open(destination, means, hooks.as_ref(), sink, spool)?);
            Ok((destination.ip, pool))
        })
        .collect::<Result<Vec<_>, OpenError>>()?;
    Ok(Arc::new(FanOut::new(pools)))
}

/// A pool for one destination, without hooks.
pub(crate) fn open_alone(
    config: &Config,
    destination: &Destination,
    means: &Means,
) -> Result<Pool, OpenError> {
    let budget = Arc::new(Budget::new(config.spool().bytes));
    open(destination, means, None, None, spooled(config, destination, &budget))
}

fn spooled(config: &Config, destination: &Destination, budget: &Arc<Budget>) -> spool::Options {
    spool::Options {
        folder: spool::folder(&files::absolute(&config.spool().dir), destination),
        fsync: config.spool().fsync,
        budget: Arc::clone(budget),
        disk: Arc::new(spool::Os),
    }
}

fn open(
    destination: &Destination,
    means: &Means,
    hooks: Option<&Arc<dyn Hooks>>,
    sink: Option<Box<dyn AnyFactory>>,
    spool: spool::Options,
) -> Result<Pool, OpenError> {
    let protocol: Option<Arc<dyn Protocol>> = protocol::of(&destination.receiver);
    // A store recognises a second copy by the hit's id; a file does not. A sink in its place has to keep that.
    let knows_copies = match (&destination.receiver, &protocol) {
        (_, Some(protocol)) => protocol.needs().dedupe,
        (receiver, None) => matches!(receiver, Receiver::Sqlite { .. }),
    };
    let options = Options {
        dedupe: knows_copies || destination.after_unknown == AfterUnknown::Resend,
        protocol: protocol.clone(),
        stage: Some(Arc::clone(&means.stage)),
        clock: Arc::clone(&means.clock),
        keys: means.keys.clone(),
        spool: (destination.spool != Spooling::Off).then_some((destination.spool, spool)),
        observer: means.observer.clone(),
        ..Options::of(destination)
    };
    let factory = match sink {
        Some(factory) => factory,
        None => factory(destination, protocol)?,
    };
    let factory = match hooks {
        Some(hooks) => Box::new(WithHooks { factory, hooks: Arc::clone(hooks) }),
        None => factory,
    };
    Ok(Pool::of(options, Backoff::default(), factory))
}

/// What makes the sinks of the destination's type.
fn factory(
    destination: &Destination,
    protocol: Option<Arc<dyn Protocol>>,
) -> Result<Box<dyn AnyFactory>, OpenError> {
    Ok(match (&destination.receiver, protocol) {
        (receiver @ (Receiver::Callback | Receiver::Celery { .. }), _) => {
            return Err(OpenError(Problem::NoSink { name: destination.name.clone(), kind: receiver.kind() }));
        }
        #[cfg(feature = "sqlite")]
        (Receiver::Sqlite { path, keep }, _) => Box::new(sinks::sqlite::factory(path.clone(), *keep)),
        (Receiver::File { path }, _) => Box::new(sinks::file::factory(path.clone())),
        #[cfg(feature = "http")]
        (receiver, Some(protocol)) => {
            if cfg!(not(feature = "tls")) && receiver.url().is_some_and(|url| url.starts_with("https:")) {
                return Err(OpenError::feature(destination, "an https url", "tls"));
            }
            if let Some(ca) = &destination.http.ca {
                if cfg!(not(feature = "tls")) {
                    return Err(OpenError::feature(destination, "given certificates", "tls"));
                }
                sinks::http::check_ca(ca).map_err(|why| {
                    OpenError::file(format!("destination `{}`: ca", destination.name), ca, why)
                })?;
            }
            Box::new(sinks::http::factory(protocol, destination.http.clone()))
        }
        #[cfg(not(feature = "sqlite"))]
        (Receiver::Sqlite { .. }, _) => return Err(OpenError::feature(destination, "a store", "sqlite")),
        #[allow(
            unreachable_patterns,
            reason = "reachable without the feature `http`, and for receivers to come"
        )]
        _ => return Err(OpenError::feature(destination, "a receiver on the network", "http")),
    })
}

/// A tracker cannot be opened: a destination needs a feature that this build does not have or a sink that nobody
/// gave, there is none for a sink that was given, or a file that the configuration names cannot be used.
#[derive(Debug)]
pub struct OpenError(Problem);

#[derive(Debug)]
enum Problem {
    Feature {
        name: String,
        kind: &'static str,
        what: &'static str,
        feature: &'static str,
    },
    File {
        key: String,
        path: PathBuf,
        why: String,
    },
    #[cfg(not(feature = "geo"))]
    NoGeo {
        path: PathBuf,
    },
    NoSink {
        name: String,
        kind: &'static str,
    },
    Unknown {
        name: String,
        known: String,
    },
}

impl OpenError {
    /// Whether this build lacks a feature.
    pub fn is_feature(&self) -> bool {
        match self.0 {
            #[cfg(not(feature = "geo"))]
            Problem::NoGeo { .. } => true,
            Problem::Feature { .. } => true,
            _ => false,
        }
    }

    /// Whether a file that the configuration names, as `geo.file`, `track.bots_list` and a destination's `ca` do, cannot
    /// be used.
    pub fn is_file(&self) -> bool {
        matches!(self.0, Problem::File { .. })
    }

    /// Whether a destination of type `callback` or `celery` was given no sink.
    pub fn is_no_sink(&self) -> bool {
        matches!(self.0, Problem::NoSink { .. })
    }

    /// Whether a sink was given for a destination that there is not.
    pub fn is_unknown_destination(&self) -> bool {
        matches!(self.0, Problem::Unknown { .. })
    }

    /// What is wrong with the file of `key`, and the way out.
    pub(crate) fn file(key: impl Into<String>, path: &Path, why: String) -> Self {
        Self(Problem::File { key: key.into(), path: path.to_owned(), why })
    }

    #[cfg(not(feature = "geo"))]
    pub(crate) fn no_geo(path: &Path) -> Self {
        Self(Problem::NoGeo { path: path.to_owned() })
    }

    fn feature(destination: &Destination, what: &'static str, feature: &'static str) -> Self {
        let (name, kind) = (destination.name.clone(), destination.receiver.kind());
        Self(Problem::Feature { name, kind, what, feature })
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Feature { name, kind, what, feature } => write!(
                f,
                "destination `{name}` ({kind}) is {what}, which this build cannot reach; build trackside with the feature `{feature}`"
            ),
            Problem::File { key, path, why } => write!(f, "{key} `{}`: {why}", path.display()),
            #[cfg(not(feature = "geo"))]
            Problem::NoGeo { path } => write!(
                f,
                "geo.file `{}` is a MaxMind DB file, which this build cannot read; build trackside with the feature `geo`",
                path.display()
            ),
            Problem::NoSink { name, kind: "celery" } => write!(
                f,
                "destination `{name}` (celery) has no sink, which comes with trackside's Python binding, and this program does not use that; write another `type`"
            ),
            Problem::NoSink { name, kind } => write!(
                f,
                "destination `{name}` ({kind}) has no sink; give one under this name when the tracker is opened, or write another `type`"
            ),
            Problem::Unknown { name, known } => write!(
                f,
                "a sink is given for `{name}`, and no destination is called that; the configuration has `{known}`"
            ),
        }
    }
}

impl std::error::Error for OpenError {}
