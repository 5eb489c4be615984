//! Tests of a site that is counted.
//!
//! # Tests that are not about counting
//!
//! `mode = "off"`: nothing is looked at, nothing is stored, no header is added. Requests are counted as
//! skipped(`off`), and handlers are given a visit that knows nothing.
//!
//! A handler may also be called without the layer: `Visit::default()` belongs to no exchange and ignores
//! what it is told.
//!
//! # Tests of what is recorded
//!
//! Open the configuration with a transport that keeps hits in memory. No thread is started and no file
//! written, and the hits are there as soon as the response is. The test calls the router as a service, for which
//! `[dev-dependencies]` need `tower-service = "0.3"`.
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use axum::{Router, body::Body, http::Request, response::Html, routing::get};
//! use tower_service::Service;
//! use trackside::{Tracker, Visit, load, tower::TracksideLayer, transport::Recording};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recording = Arc::new(Recording::new());
//! let config = load::toml("consent.policy = 'none'")?;
//! let tracker = Tracker::builder(config).transport(recording.clone()).open()?;
//!
//! async fn pricing(visit: Visit) -> Html<&'static str> {
//!     visit.title("Pricing");
//!     Html("<h1>Pricing</h1>")
//! }
//! let mut app: Router =
//!     Router::new().route("/pricing", get(pricing)).layer(TracksideLayer::new(tracker.clone()));
//!
//! let request = Request::get("/pricing").header("host", "www.example.com").body(Body::empty())?;
//! let response = app.call(request).await?;
//!
//! assert!(response.headers().contains_key("set-cookie"));
//! let hits = recording.take();
//! assert_eq!(hits.len(), 1);
//! assert_eq!(hits[0].title(), "Pricing");
//! assert_eq!(tracker.stats().requests.tracked, 1);
//! # Ok(())
//! # }
//! ```
//!
//! What a receiver would get of it, request by request, is told by a [sink](crate::guide::own_sink) in place of
//! its own.
//!
//! # Time and ids
//!
//! [`Builder::clock`](crate::Builder::clock) takes a [`Clock`](crate::clock::Clock) that the test sets, to
//! let a session end without waiting; [`Builder::entropy`](crate::Builder::entropy) fixes the ids.
