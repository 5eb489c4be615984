//! A sink of your own: hits to where trackside has no receiver, and tests of what a receiver would get.
//!
//! # A destination whose sink is yours
//!
//! A destination of type `callback` has everything that the others have (queue, batches, retries, a row of the
//! books), but for the last step, which is yours:
//!
//! ```
//! use std::{sync::mpsc, time::Duration};
//! use trackside::{
//!     Annotations, Config, Request, Response, Tracker,
//!     config::Destination,
//!     protocol::Outcome,
//!     sink::Delivery,
//!     sinks::callback,
//! };
//!
//! let config = Config::builder()
//!     .toml("consent.policy = 'none'")
//!     .destination(Destination::callback("bus").batch_hits(50))
//!     .build()?;
//!
//! // Called on a worker with up to 50 hits, never on a request's thread.
//! let (bus, messages) = mpsc::channel();
//! let sink = callback::factory(move |batch, _now| {
//!     for enriched in batch {
//!         let hit = enriched.hit;
//!         if bus.send(format!("{} {}", hit.site(), hit.path().escape_ascii())).is_err() {
//!             // None of them is waited for again; `Retry(None)` would try all of them later.
//!             return Delivery::new(batch.len(), Outcome::Unavailable);
//!         }
//!     }
//!     Delivery::new(batch.len(), Outcome::Delivered)
//! });
//! let tracker = Tracker::builder(config).sink("bus", sink).open()?;
//!
//! let headers = [("host", "www.example.com")];
//! let request = Request::new("GET", "/pricing", &headers);
//! let exchange = tracker.begin(&request);
//! let headers = [("content-type", "text/html")];
//! exchange.finish(&request, &Response::new(200, &headers), &Annotations::new());
//!
//! assert!(tracker.close(Duration::from_secs(5))?.is_empty());
//! assert_eq!(messages.recv()?, "www.example.com /pricing");
//! assert_eq!(tracker.stats().destinations[0].delivered, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The closure is cloned for each worker, so it may keep a buffer or a connection of its own; what all of them
//! share goes into an `Arc`. It makes one attempt and says how that went ([`Outcome`](crate::protocol::Outcome));
//! it neither sleeps nor tries again by itself. A failure that is the receiver's own answer, and not the network's, it
//! says to be one ([`answered`](crate::sink::Delivery::answered)): one hit over which the receiver always fails then holds
//! up the others for three attempts, and is refused(`poison`) in the end. What takes long is better a type that implements
//! [`Sink`](crate::sink::Sink), made by a factory that may fail. Of the tracker, a sink may raise
//! [`event`](crate::Tracker::event)s and read the books; to `flush` or `close` it from there is refused, since the
//! worker would wait for itself.
//!
//! # What a receiver would get
//!
//! [`Builder::sink`](crate::Builder::sink) also replaces the sink of a destination of any other type, by its name.
//! Which hits that receiver refuses and which share a request stays as it is, so that a test sees the very
//! requests:
//!
//! ```
//! use std::{sync::{Arc, Mutex}, time::Duration};
//! use trackside::{
//!     Annotations, Request, Response, Tracker, load,
//!     protocol::{self, Outcome, Outgoing},
//!     sink::Delivery,
//!     sinks::callback,
//! };
//!
//! let config = load::toml(
//!     "consent.policy = 'none'
//!      [[destination]]
//!      type = 'ga4'
//!      measurement_id = 'G-ABC123DEF4'
//!      api_secret = 's3cret'",
//! )?;
//! let ga4 = protocol::of(&config.destinations()[0].receiver);
//! let ga4 = ga4.ok_or("GA4 has a wire format")?;
//! let bodies = Arc::new(Mutex::new(Vec::new()));
//! let seen = Arc::clone(&bodies);
//! let sink = callback::factory(move |batch, now| {
//!     let mut request = Outgoing::new();
//!     let taken = ga4.encode(batch, now, &mut request);
//!     let outcome = match seen.lock() {
//!         Ok(mut seen) => {
//!             seen.push(String::from_utf8_lossy(request.payload()).into_owned());
//!             // As if the receiver had answered so.
//!             ga4.classify(204, &[("", ""); 0], b"")
//!         }
//!         Err(_) => Outcome::Unavailable,
//!     };
//!     Delivery::new(taken, outcome)
//! });
//! let tracker = Tracker::builder(config).sink("ga4", sink).open()?;
//!
//! // Without an agent it would be a bot's, which GA4 is not told of.
//! let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
//! let headers = [("host", "www.example.com"), ("user-agent", agent)];
//! let request = Request::new("GET", "/pricing", &headers);
//! let exchange = tracker.begin(&request);
//! let headers = [("content-type", "text/html")];
//! exchange.finish(&request, &Response::new(200, &headers), &Annotations::new());
//!
//! tracker.close(Duration::from_secs(5))?;
//! assert!(bodies.lock().unwrap()[0].contains(r#""page_location":"http://www.example.com/pricing""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
