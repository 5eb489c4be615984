//! An adapter for any other server, in a page of code.
//!
//! An adapter tells trackside of each request and of its response's head, and appends what the verdict says. What it
//! needs of its server:
//!
//! | | |
//! | --- | --- |
//! | method and target | as they stand in the request line: the path that the client asked for, before any mounting or rewriting, with its query |
//! | headers | all of them, as bytes: [`Headers`](crate::Headers) is implemented for slices of pairs and for `http::HeaderMap` |
//! | peer | the address of the connection, and none for a unix socket; `[proxy]` finds out [who stands behind it](super::proxies) |
//! | https | whether the server ends TLS itself |
//! | the response's status and headers | before they are sent, so that there may be some more |
//!
//! What it must not do: touch a body, wait, or let trackside's trouble become the page's.
//!
//! ```
//! use std::net::IpAddr;
//! use trackside::{Annotations, Request, Response, Tracker};
//!
//! /// What some server calls a request.
//! struct Asked {
//!     method: String,
//!     target: String,
//!     headers: Vec<(String, String)>,
//!     peer: Option<IpAddr>,
//! }
//!
//! /// And a response, whose body may be anything.
//! struct Answered<B> {
//!     status: u16,
//!     headers: Vec<(String, String)>,
//!     body: B,
//! }
//!
//! /// The adapter: `handle` is the rest of the server.
//! fn counted<B, E>(
//!     tracker: &Tracker,
//!     asked: &Asked,
//!     handle: impl FnOnce(&Asked, &mut Annotations<'static>) -> Result<Answered<B>, E>,
//! ) -> Result<Answered<B>, E> {
//!     let request = Request::new(&asked.method, &asked.target, &asked.headers).with_peer(asked.peer);
//!     let exchange = tracker.begin(&request);
//!
//!     // What the handler wants to add: a title, the user, events.
//!     let mut annotations = Annotations::new();
//!     // On an error, and on a panic, the exchange is dropped: it is skipped(`abandoned`).
//!     let mut answered = handle(asked, &mut annotations)?;
//!
//!     let verdict =
//!         exchange.finish(&request, &Response::new(answered.status, &answered.headers), &annotations);
//!     // To be added, and not to replace what is there.
//!     for (name, value) in verdict.headers() {
//!         answered.headers.push((name.to_owned(), value.to_owned()));
//!     }
//!     Ok(answered)
//! }
//!
//! # use std::{convert::Infallible, sync::Arc};
//! # use trackside::{Config, Event, transport::Recording};
//! # let recording = Arc::new(Recording::new());
//! # let config = Config::builder().toml("consent.policy = 'none'").build()?;
//! # let tracker = Tracker::builder(config).transport(recording.clone()).open()?;
//! let asked = Asked {
//!     method: "GET".to_owned(),
//!     target: "/news/".to_owned(),
//!     headers: vec![("host".to_owned(), "www.example.com".to_owned())],
//!     peer: "203.0.113.9".parse().ok(),
//! };
//! let answered = counted(&tracker, &asked, |_, annotations| {
//!     *annotations = Annotations::new().title("News").event(Event::new("read"));
//!     let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
//!     Ok::<_, Infallible>(Answered { status: 200, headers, body: "<h1>News</h1>" })
//! })?;
//! assert!(answered.headers.iter().any(|(name, _)| name == "Set-Cookie"));
//! assert_eq!((recording.hits().len(), answered.body), (2, "<h1>News</h1>"));
//!
//! let failed = counted(&tracker, &asked, |_, _| Err::<Answered<&str>, _>("the database is gone"));
//! assert!(failed.is_err());
//! assert_eq!(tracker.stats().requests.seen(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What else a good adapter does
//!
//! - Where the request is gone when the response comes, it keeps what [`FINISH_HEADERS`](crate::FINISH_HEADERS)
//!   names, and lends `begin` the whole request.
//! - It asks [`Tracker::answer`](crate::Tracker::answer) first, which answers requests of trackside's own, such as
//!   those of the beacon.
//! - It gives handlers the exchange, for the notice ([`Exchange::notice`](crate::Exchange::notice)) and the visitor.
//! - It tells the route that answered, such as `/user/{id}`.
//! - Where the server or a middleware has put the client's address in place of the proxy's, it says so by
//!   [`Request::with_resolved`](crate::Request::with_resolved).
//! - Of two that overlap the outer one counts.
//! - When the server ends, it closes the tracker, off the event loop.
//!
//! `tests/adapters` has the scenarios that the adapters here pass: those for tower, actix-web, WSGI, ASGI and Django, and
//! a server in C on libmicrohttpd. A new one can be run through them; they are data, and need a client and a site of a
//! dozen pages.
//!
//! # In other languages
//!
//! The same page in C is `bindings/c/examples/minimal.c`: `trackside_exchange_begin`, `_finish`, `_headers`, `_free`. All
//! that a good adapter does is `visit.c` beside it, for libmicrohttpd.
//! An interpreter hands over a request and a response in one piece each: `trackside_exchange_begin_blob` and
//! `_end_blob`. In Python it is `Tracker.begin(…)` and `Exchange.finish(…)`; most servers speak WSGI or ASGI, for
//! which there are middlewares.
