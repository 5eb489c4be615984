//! From a destination of the configuration to its transport.

use std::{fmt, sync::Arc};

use trackside_core::{
    config::{Config, Destination, Receiver},
    protocol::{self, Protocol},
    transport::Transport,
};

use crate::{
    clock::Clock,
    pool::{FanOut, Options, Pool},
    sink::SinkFactory,
    sinks,
};

/// A pool for each destination, behind one fan-out.
pub(crate) fn open_all(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Transport>, OpenError> {
    let pools = config
        .destinations()
        .iter()
        .map(|destination| Ok((destination.ip, open(destination, clock)?)))
        .collect::<Result<Vec<_>, OpenError>>()?;
    Ok(Arc::new(FanOut::new(pools)))
}

fn open(destination: &Destination, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Transport>, OpenError> {
    let protocol: Option<Arc<dyn Protocol>> = protocol::of(&destination.receiver).map(Arc::from);
    // A store recognises a second copy by the hit's id; a file does not.
    let dedupe = match (&destination.receiver, &protocol) {
        (_, Some(protocol)) => protocol.needs().dedupe,
        (receiver, None) => matches!(receiver, Receiver::Sqlite { .. }),
    };
    let options = Options {
        name: destination.name.clone(),
        workers: destination.workers,
        queue: destination.queue,
        batch: destination.batch,
        max_age: destination.max_age,
        dedupe,
        protocol: protocol.clone(),
        clock: Arc::clone(clock),
    };
    Ok(match (&destination.receiver, protocol) {
        #[cfg(feature = "sqlite")]
        (Receiver::Sqlite { path, keep }, _) => pool(options, sinks::sqlite::factory(path.clone(), *keep)),
        (Receiver::File { path }, _) => pool(options, sinks::file::factory(path.clone())),
        #[cfg(feature = "http")]
        (receiver, Some(protocol)) => {
            if cfg!(not(feature = "tls")) && receiver.url().is_some_and(|url| url.starts_with("https:")) {
                return Err(OpenError::new(destination, "an https url", "tls"));
            }
            pool(options, sinks::http::factory(protocol, destination.timeout))
        }
        #[cfg(not(feature = "sqlite"))]
        (Receiver::Sqlite { .. }, _) => return Err(OpenError::new(destination, "a store", "sqlite")),
        #[allow(
            unreachable_patterns,
            reason = "reachable without the feature `http`, and for receivers to come"
        )]
        _ => return Err(OpenError::new(destination, "a receiver on the network", "http")),
    })
}

fn pool(options: Options, factory: impl SinkFactory) -> Arc<dyn Transport> {
    Arc::new(Pool::new(options, factory))
}

/// A destination needs a feature that this build does not have.
#[derive(Debug)]
pub struct OpenError {
    name: String,
    kind: &'static str,
    what: &'static str,
    feature: &'static str,
}

impl OpenError {
    fn new(destination: &Destination, what: &'static str, feature: &'static str) -> Self {
        Self { name: destination.name.clone(), kind: destination.receiver.kind(), what, feature }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, what, feature } = self;
        write!(
            f,
            "destination `{name}` ({kind}) is {what}, which this build cannot reach; build trackside with the feature `{feature}`"
        )
    }
}

impl std::error::Error for OpenError {}
