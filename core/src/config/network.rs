//! How a destination on the network is reached.

use std::{path::PathBuf, time::Duration};

use super::Secret;

/// How requests of a destination travel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Http {
    /// How long one attempt may take, from the look-up of the name to the end of the answer: `timeout`. Defaults to
    /// 10 s.
    pub timeout: Duration,
    /// How long its stages may take: `timeouts`.
    pub stages: Stages,
    /// The proxy through which connections are made: `proxy`. Defaults to none, whatever the environment says.
    pub proxy: Option<Secret>,
    /// A file of certificates in PEM, in place of the built-in authorities: `ca`. Defaults to these.
    pub ca: Option<PathBuf>,
    /// Whether bodies are compressed: `compression`. Defaults to [`Compression::Auto`].
    pub compression: Compression,
}

/// How long each stage of an attempt may take, within the whole: `timeouts`. Each defaults to `timeout`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stages {
    /// To look up the receiver's name.
    pub resolve: Duration,
    /// To connect, TLS included.
    pub connect: Duration,
    /// To write the request.
    pub send: Duration,
    /// To read the answer, once the request is written.
    pub answer: Duration,
}

/// Whether bodies are compressed: `compression`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Compression {
    /// `auto`: with gzip where the receiver is known to take it.
    Auto,
    /// `gzip`: always.
    Gzip,
    /// `none`: never.
    None,
}

impl From<Duration> for Http {
    /// Each attempt within `timeout`, and everything else as by default.
    fn from(timeout: Duration) -> Self {
        let stages = Stages { resolve: timeout, connect: timeout, send: timeout, answer: timeout };
        Self { timeout, stages, proxy: None, ca: None, compression: Compression::Auto }
    }
}
