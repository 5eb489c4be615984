//! A receiver of your own: one file that says what it is called, what its keys are, and what is sent.
//!
//! [A sink of your own](super::own_sink) takes hits wherever you like. Where the other end speaks HTTP, less will do: a
//! [`Protocol`](crate::protocol::Protocol) writes the request and reads the answer, and trackside does the rest, as it does
//! for its own receivers: connections, time-outs, TLS, proxies, batches, retries, the spool and the books.
//!
//! ```
//! use std::sync::Arc;
//! use trackside::{
//!     Config, Headers, Hit, Reason, Tracker,
//!     protocol::{self, Enriched, Key, Needs, Outcome, Outgoing, Protocol, ReceiverType, Values, WrongKey},
//! };
//!
//! /// `tally`: counts paths.
//! static TALLY: ReceiverType = ReceiverType::new("tally", KEYS, make);
//!
//! static KEYS: &[Key] = &[
//!     Key::url("url").required("where paths are counted").identity().doc("the counter's address"),
//!     Key::secret("token").required("the counter's token").doc("on the counter's page, under Settings"),
//! ];
//!
//! fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
//!     let token = values.secret("token").cloned().unwrap_or_default();
//!     Ok(Arc::new(Tally { url: values.text("url").to_owned(), token }))
//! }
//!
//! #[derive(Debug)]
//! struct Tally {
//!     url: String,
//!     token: trackside::config::Secret,
//! }
//!
//! impl Protocol for Tally {
//!     fn needs(&self) -> Needs {
//!         // Of what promises the least, what this one does better.
//!         let mut needs = Needs::default();
//!         needs.batch = 50;
//!         needs
//!     }
//!
//!     fn admit(&self, hit: &Hit) -> Result<(), Reason> {
//!         if hit.site().is_empty() { Err(Reason::NoSite) } else { Ok(()) }
//!     }
//!
//!     fn group(&self, _: &Hit) -> u64 {
//!         0
//!     }
//!
//!     fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
//!         out.start("POST", &self.url);
//!         out.header("content-type", "text/plain");
//!         out.secret_header("authorization", "Bearer ", &self.token);
//!         for enriched in batch.iter().take(50) {
//!             out.body().extend_from_slice(enriched.hit.path());
//!             out.body().push(b'\n');
//!         }
//!         batch.len().min(50)
//!     }
//!
//!     fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
//!         match protocol::classify(status, headers) {
//!             // It answers 200 whatever it did, and says how many it took.
//!             Outcome::Delivered => match std::str::from_utf8(body).unwrap_or_default().trim().parse() {
//!                 Ok(taken) => Outcome::Took(taken, Reason::Rejected),
//!                 Err(_) => Outcome::Refused(Reason::Rejected),
//!             },
//!             outcome => outcome,
//!         }
//!     }
//! }
//!
//! let config = Config::builder()
//!     .receiver(&TALLY)
//!     .toml(
//!         "consent.policy = 'none'
//!          [[destination]]
//!          type = 'tally'
//!          url = 'http://tally.example.com/paths'
//!          token = 's3cret'",
//!     )
//!     .build()?;
//! let tracker = Tracker::open(config)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/own_receiver.rs` is a whole one, with a check of its own; trackside's tests have it take, throw away, split and
//! fail over a socket, and deliver what a killed process left in its spool.
//!
//! The keys are read as those of trackside's own types are: unknown ones are mistakes, all mistakes are told at once, a
//! secret may be `env:NAME` or `file:PATH` and is never shown, and each can be set in the environment. What one key asks
//! of another is for `make` to say, by [`WrongKey`](crate::protocol::WrongKey).
//!
//! What is to be thought about:
//!
//! - **[`Needs`](crate::protocol::Needs)** is a contract. With `dedupe` hits that perhaps arrived are sent again; without,
//!   they are dropped(`ambiguous`). `window` is how old a hit may be when it arrives.
//! - **`admit`** refuses what the receiver would throw away and not tell of. Everything that is admitted must make a
//!   request that the receiver takes: a hit holds whatever a client sent, control characters and bytes outside UTF-8
//!   included.
//! - **`encode`** takes the leading hits that one request may hold, at least one. The pool hands it no more than `batch`.
//! - **`classify`** says what became of the hits. What statuses mean everywhere
//!   [`protocol::classify`](crate::protocol::classify) knows, `Retry-After` included; the rest is what this receiver says in a 2xx
//!   of hits that it threw away: all of them (`Refused`), which (`Partial`), or how many (`Took`). Each is counted by its
//!   reason, and the observer told. What leaves it open is `Unknown`, not `Retry`.
//! - **[`check`](crate::protocol::ReceiverType::check)**, which a type may do without, is how a destination is
//!   [checked](super::checking) before hits depend on it: where the receiver has a debug endpoint, or says more in its
//!   answer than `classify` needs.
//!
//! # In trackside itself
//!
//! A new receiver is such a file in `core/src/protocol/` and a line in the table beside it (`TYPES`). Tests ask for the
//! rest:
//!
//! - vectors in `tests/vectors/`, whose expected bodies come from a second implementation: its own is in
//!   `tests/vectors/receivers.py`;
//! - a page with every key in `bindings/rust/src/guide/receivers/`;
//! - an entry in `bindings/cli/tests/it/check/receivers.rs`, by which `trackside check` is run against it.
//!
//! Its keys and its contract stand in `core/src/protocol/receivers.md`, which a test compares with what is declared and
//! writes when it is asked to.
