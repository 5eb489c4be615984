//! Hands hits to the host's own code, in place of a receiver.
//!
//! One attempt is one call with the batch and the time, on a worker of the destination. The code makes one
//! attempt, as any [`Sink`] does, and says what became of how many of the leading hits; queue, batches,
//! retries and counting are the pool's. A claim about more hits than there are, or about none, is taken for one
//! about all of them, or about the first. Code that panics leaves its hits *unknown*.
//!
//! ```
//! use std::{sync::{Arc, Mutex}, time::Duration};
//! use trackside_core::{Annotations, Config, Request, Response, config::Destination, protocol::Outcome};
//! use trackside_transports::{Tracker, sink::Delivery, sinks::callback};
//!
//! let config = Config::builder()
//!     .toml("consent.policy = 'none'")
//!     .destination(Destination::callback("mine"))
//!     .build()?;
//! let paths = Arc::new(Mutex::new(Vec::new()));
//! let seen = Arc::clone(&paths);
//! let sink = callback::factory(move |batch, _now| match seen.lock() {
//!     Ok(mut seen) => {
//!         seen.extend(batch.iter().map(|enriched| enriched.hit.path().to_vec()));
//!         Delivery::new(batch.len(), Outcome::Delivered)
//!     }
//!     Err(_) => Delivery::new(batch.len(), Outcome::Unavailable),
//! });
//! let tracker = Tracker::builder(config).sink("mine", sink).open()?;
//!
//! let headers = [("host", "www.example.com")];
//! let request = Request::new("GET", "/news", &headers);
//! let exchange = tracker.begin(&request);
//! let headers = [("content-type", "text/html")];
//! exchange.finish(&request, &Response::new(200, &headers), &Annotations::new());
//!
//! assert!(tracker.close(Duration::from_secs(5))?.is_empty());
//! assert_eq!(*paths.lock().unwrap(), [b"/news"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod sink;

use trackside_core::protocol::Enriched;

use self::sink::CallbackSink;
use crate::sink::{Delivery, Sink, SinkFactory};

/// Sinks that call `deliver` with the batch, which is never empty, and the time in microseconds since the Unix
/// epoch. Each sink has a clone of it.
///
/// # Errors
///
/// The factory never fails.
pub fn factory<F>(deliver: F) -> impl SinkFactory
where
    F: FnMut(&[Enriched<'_>], u64) -> Delivery + Clone + Send + Sync + 'static,
{
    move || Ok(Box::new(CallbackSink(deliver.clone())) as Box<dyn Sink>)
}

#[cfg(test)]
mod test;
