//! Posts hits to a receiver over HTTP/1.1 (RFC 9112).
//!
//! One attempt is one request, on a kept-alive connection where there is one, within one time-out for name
//! look-up, connecting, sending and reading together. Whatever the server answers, also a redirect, goes
//! to the protocol, with at most the first 64 KiB of the body; a longer body costs the connection. Without
//! an answer, the attempt is *retry* if no byte of the request was handed to the system, else *unknown*.
//!
//! No proxy is used, whatever the environment says, and no redirect is followed. Certificates are checked
//! against the roots of `webpki-roots`.

mod resolve;
mod sink;
mod watch;

use std::{sync::Arc, time::Duration};

use trackside_core::protocol::Protocol;

use self::sink::HttpSink;
use crate::sink::{Sink, SinkFactory};

/// Sinks that speak `protocol`, and give an attempt up after `timeout`.
///
/// # Errors
///
/// The factory fails if the receiver's URL is none, or one of a scheme that this build cannot speak:
/// `https` needs the feature `tls`.
pub fn factory(protocol: Arc<dyn Protocol>, timeout: Duration) -> impl SinkFactory {
    move || Ok(Box::new(HttpSink::open(Arc::clone(&protocol), timeout)?) as Box<dyn Sink>)
}

#[cfg(test)]
mod test;
