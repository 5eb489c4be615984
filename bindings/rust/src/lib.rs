//! Counts the page views of a Rust server, on the server.
//!
//! Trackside looks at each HTTP request and its response, decides whether it is a page view, builds the hit
//! and delivers it off the request thread: into an embedded SQLite store, a file, or a service such as
//! Google Analytics 4, to as many of them as the configuration names.
//!
//! # In scope
//!
//! What a server sees: pages, visitors, sessions, and events that your code raises. Tracking never breaks,
//! delays or changes a page: when a store is down or a disk is full, hits are lost and counted as lost.
//!
//! # Out of scope
//!
//! What only a script in the browser sees, such as scrolling; logs and metrics of the server itself.
//!
//! # Quick start
//!
//! ```toml
//! [dependencies]
//! trackside = { path = "../trackside/bindings/rust", features = ["axum"] } # a checkout; not on the registry yet
//! ```
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use std::net::SocketAddr;
//!
//! use axum::{Router, response::Html, routing::get};
//! use trackside::{Tracker, tower::TracksideLayer};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // The law of your visitors' country decides whether they must be told ("notice"), asked ("opt-in"), told that they may
//! // refuse ("opt-out"), or nothing of it ("none"). Without a cookie: "visitor.identity = 'cookieless'".
//! let tracker = Tracker::from_toml("consent.policy = 'notice'")?;
//! let app = Router::new()
//!     .route("/", get(|| async { Html("<h1>Hello</h1>") }))
//!     .layer(TracksideLayer::new(tracker));
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Hits are then in `trackside.db`. The layer has the only clone of the tracker here: dropped in an async task it
//! blocks that thread for up to `shutdown`, which [`guide::running`](guide::running#shutdown) shows how to avoid.
//! [`guide::quick_start`] goes on from here. What examples of the reference take from `trackside_core` or
//! `trackside_transports`, the packages where the items stand, is found in this one under the same name.
//!
//! # How it goes
//!
//! ```text
//! request ─► begin ─► Exchange ──► (your handler) ──► finish ─► Verdict ─► headers to append
//!                                                        │
//!                                                        └─► Hit ─► Transport: never waits
//! ```
//!
//! The layer of the feature `tower` does this for any server that speaks `http`. By hand it is:
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use trackside::{Annotations, Config, Request, Response, Tracker, transport::Recording};
//!
//! // A transport that keeps hits in memory; without it they go where the configuration says.
//! let recording = Arc::new(Recording::new());
//! let config = Config::builder().toml("consent.policy = 'none'").build()?;
//! let tracker = Tracker::builder(config).transport(recording.clone()).open()?;
//!
//! // The request has come: who is it, and may it count?
//! let headers = [("host", "www.example.com"), ("accept", "text/html")];
//! let request = Request::new("GET", "/news/?utm_source=mail", &headers)
//!     .with_peer("203.0.113.9".parse().ok());
//! let exchange = tracker.begin(&request);
//! assert!(exchange.is_new());
//!
//! // The response's head is known: does it count, and what is to be added to it?
//! let headers = [("content-type", "text/html")];
//! let annotations = Annotations::new().title("News");
//! let verdict = exchange.finish(&request, &Response::new(200, &headers), &annotations);
//! assert!(verdict.is_tracked());
//! let names: Vec<_> = verdict.headers().map(|(name, _)| name).collect();
//! assert_eq!(names, ["Set-Cookie", "Cache-Control"]);
//!
//! // What was recorded: the address is masked already, the query cut to what names a campaign.
//! let hit = &recording.hits()[0];
//! assert_eq!(hit.title(), "News");
//! assert_eq!(hit.ip(), "203.0.113.0".parse().ok());
//! assert_eq!(hit.query(), b"utm_source=mail");
//!
//! tracker.close(Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! None of them changes what the others do.
//!
//! | feature | adds | |
//! | --- | --- | --- |
//! | `sqlite` | the embedded store, which needs a C compiler to build | default |
//! | `http` | receivers on the network | default |
//! | `tls` | `https:` for them, by rustls; nothing process-wide is touched | |
//! | `geo` | where addresses are, by a MaxMind DB file (`geo.file`) | |
//! | `tower` | `tower::TracksideLayer` and `Visit` | |
//! | `actix` | `actix::Trackside`, a middleware for actix-web | |
//! | `axum` | `tower`, and what axum knows of peer, route and path | |

#![forbid(unsafe_code)]

#[cfg(feature = "actix")]
pub mod actix;
mod connection;
#[cfg(feature = "axum")]
mod extract;
pub mod guide;
pub mod spool;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tower")]
mod visit;

#[doc(inline)]
pub use trackside_core::{
    Annotations, Config, Event, FINISH_HEADERS, Headers, Hit, Moment, REQUEST_HEADERS, RESPONSE_HEADERS,
    Reason, Request, Response, Value, config, endpoint, enrich, explain, exposition, hit, is_field_value,
    judge::{self, Verdict},
    ledger, protocol, transport,
    visitor::{DailyKey, Notice, Visitor, consent},
};
#[doc(inline)]
pub use trackside_transports::{
    Builder, Closed, Exchange, LoadError, OpenError, Stage, Tracker, check, clock, entropy, hooks, keys,
    load, pool, sink, sinks,
};

pub use self::connection::{Peer, Resolved, Secure};
#[cfg(feature = "tower")]
pub use self::visit::Visit;

/// The project's README, whose programs must compile.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
