//! Posts hits to a receiver over HTTP/1.1 (RFC 9112).
//!
//! One attempt is one request, on a kept-alive connection where there is one, within one time-out for name
//! look-up, connecting, sending and reading together, and within those of its stages, each of which may come late by
//! a sixty-fourth. Whatever the server answers, also a redirect, goes to the protocol, with at most the first 64 KiB of
//! the body; a longer body costs the connection. Without an answer, the attempt is *retry* if no byte of the request
//! was handed to the system, else *unknown*.
//!
//! A proxy is used only if it is configured, whatever the environment says, and no redirect is followed. Certificates
//! are checked against the roots of `webpki-roots`, or those of a file.

mod ask;
mod compress;
mod connect;
mod fault;
mod first;
mod join;
mod line;
mod progress;
mod resolve;
#[cfg(feature = "tls")]
mod roots;
mod sink;
mod steady;
mod watch;

use std::{path::Path, sync::Arc};

use trackside_core::{config::Http, protocol::Protocol};

pub(crate) use self::ask::{Told, ask};
use self::sink::HttpSink;
use crate::{
    files,
    sink::{Sink, SinkFactory},
};

/// Sinks that speak `protocol` as `http` says; a [`Duration`](std::time::Duration) will do, after which an attempt is
/// given up.
///
/// # Errors
///
/// The factory fails if the receiver's URL is none, or one of a scheme that this build cannot speak (`https` needs
/// the feature `tls`), if the proxy is none, and if the file of certificates cannot be used.
pub fn factory(protocol: Arc<dyn Protocol>, http: impl Into<Http>) -> impl SinkFactory {
    let mut http = http.into();
    http.ca = http.ca.as_deref().map(files::absolute);
    first::make();
    move || Ok(Box::new(HttpSink::open(Arc::clone(&protocol), &http)?) as Box<dyn Sink>)
}

/// Sees that certificates can be read from the file at `path`.
///
/// # Errors
///
/// Says why not, and what would be right.
pub(crate) fn check_ca(path: &Path) -> Result<(), String> {
    #[cfg(feature = "tls")]
    roots::read(path)?;
    #[cfg(not(feature = "tls"))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod test;
