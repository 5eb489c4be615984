//! From nothing to a counted page, and on from there.
//!
//! # Write down what is counted
//!
//! `trackside.toml`:
//!
//! ```toml
//! site = ["www.example.com"]      # requests for other hosts are skipped
//! consent.policy = "notice"       # or "opt-in", "opt-out" or "none": it depends on the law of your visitors
//! track.ignore = ["/admin/", "/feeds/*"]
//!
//! [[destination]]
//! type = "sqlite"
//! path = "trackside.db"
//! ```
//!
//! Every key may be overridden from the environment, as `TRACKSIDE__SHUTDOWN=10s`.
//! [`Tracker::from_file`](crate::Tracker::from_file) reads the two; [`Tracker::from_env`] asks
//! `TRACKSIDE_CONFIG` for the file's name. A wrong configuration is one error that lists every mistake.
//!
//! # Put the layer around your routes
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use std::{net::SocketAddr, time::Duration};
//!
//! use axum::{Router, response::Html, routing::get};
//! use trackside::{Tracker, tower::TracksideLayer};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let tracker = Tracker::from_file("trackside.toml")?;
//! let app = Router::new()
//!     .route("/", get(|| async { Html("<h1>Hello</h1>") }))
//!     .layer(TracksideLayer::new(tracker.clone()));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
//!     .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap_or(()) })
//!     .await?;
//! tokio::task::spawn_blocking(move || tracker.close(Duration::from_secs(5))).await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Show the notice
//!
//! With `consent.policy = "notice"`, a visitor's first page is to tell of the cookie. Trackside says when
//! and what; your page says it. With the features `tower` and `axum` a handler takes a `Visit`, whose
//! `notice()` has a `text` and an escaped `html`. The example `notice.rs` is a whole server.
//!
//! # See why a request was skipped
//!
//! Verdicts go to [`tracing`](https://docs.rs/tracing) at debug level, target `trackside`.
//! [`Tracker::stats`](crate::Tracker::stats) has the books: how many requests were tracked and skipped,
//! with each [`Reason`](crate::Reason), and what became of the hits at each destination.
//! [`Tracker::explain`](crate::Tracker::explain) walks through all rules for one request and sends nothing.
//!
//! The usual surprises:
//!
//! - `content-type`: only HTML counts unless `track.content_types` or `track.count = "api"` says otherwise. A response
//!   that names no type, as no 304 does, counts if `Sec-Fetch-Dest`, or else `Accept`, asks for a page: browsers send these,
//!   `curl` does not.
//! - A page that the report does not have: `curl` and other programs are bots, which it counts apart.
//! - A page below `track.ignore = ["/admin/"]` that counts: a prefix is plain, so that one is not `/admin` itself;
//!   `"*/admin"` is.
//! - `fragment`: a script asked for a part of a page; `track.fragments = true` counts these too.
//! - `unknown-site`: the request's host is not in `site`, or it names none. Tests that call a service by
//!   hand have to send a `Host`.
//! - Hits without an address: the server does not tell its peer; see [`Peer`](crate::Peer).
//! - The proxy's address in place of the client's: name your [proxy](super::proxies).
//!
//! [`Tracker::from_env`]: crate::Tracker::from_env
