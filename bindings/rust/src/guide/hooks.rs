//! Filters and editors: your own say about each hit, off the request's thread.
//!
//! A *filter* says which hits the destinations are to have, and an *editor* what is to be changed about one before
//! they have it. Both are asked on a worker, when the hit has been looked at: they see what was recorded, whether it
//! came from a bot, and by which channel. The page has long been answered, so they may take their time, but all
//! other hits wait meanwhile.
//!
//! ```
//! use std::{sync::mpsc, time::Duration};
//! use trackside::{
//!     Annotations, Config, Request, Response, Tracker, config::Destination, hit::Text, protocol::Outcome,
//!     sink::Delivery, sinks::callback,
//! };
//!
//! let config = Config::builder()
//!     .toml("consent.policy = 'none'")
//!     .destination(Destination::callback("mine"))
//!     .build()?;
//! let (arrived, paths) = mpsc::channel();
//! let sink = callback::factory(move |batch, _now| {
//!     for enriched in batch {
//!         arrived.send(enriched.hit.path().escape_ascii().to_string()).ok();
//!     }
//!     Delivery::new(batch.len(), Outcome::Delivered)
//! });
//! let tracker = Tracker::builder(config)
//!     .sink("mine", sink)
//!     .filter(|hit| !hit.hit.path().starts_with(b"/intranet/"))
//!     .edit(|hit, edit| {
//!         if hit.hit.path().starts_with(b"/invitation/") {
//!             edit.set(Text::Path, "/invitation/%7Btoken%7D");
//!             edit.property("invited", true);
//!         }
//!     })
//!     .open()?;
//!
//! for path in ["/intranet/menu", "/invitation/d41d8cd98f00", "/"] {
//!     let headers = [("host", "www.example.com")];
//!     let request = Request::new("GET", path, &headers);
//!     let exchange = tracker.begin(&request);
//!     let headers = [("content-type", "text/html")];
//!     exchange.finish(&request, &Response::new(200, &headers), &Annotations::new());
//! }
//! tracker.close(Duration::from_secs(5))?;
//! assert_eq!(paths.try_iter().collect::<Vec<_>>(), ["/invitation/%7Btoken%7D", "/"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - What the filter does not want is refused(`filtered`), in the books of each destination.
//! - An edited hit is a new record with the same id. Its texts and properties can be changed, and visitor and address
//!   taken out; what tells hits from each other and what was decided about them cannot be changed.
//! - They speak for all destinations. What one of them alone takes, or changes, its `only`, `set` and `drop` say
//!   ([several at once](super::receivers#several-at-once)); they come after the hooks.
//! - Each hit is asked about once, for all destinations; one that comes much later, after a pause, asks again.
//!   Where destinations record addresses differently (`ip`), each kind of record is asked about.
//! - A hook that panics, or that fails ([`Hooks`](crate::hooks::Hooks), for code that returns errors), is logged and
//!   counted (`panics` in the books), and the hit goes on as it was. So do not let what must not leave the server
//!   depend on a hook alone: `privacy.query` and `privacy.path` cut it before it is recorded.
//! - They do not change what is answered to the request, and [`explain`](crate::explain) does not ask them.
