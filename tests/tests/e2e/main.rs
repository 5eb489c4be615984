//! The whole way, seen from outside: a real axum server on TCP, an HTTP client that keeps cookies, a
//! collector on the loopback interface and a real SQLite file. What the two books say is compared with
//! what the client asked, what the collector was sent and what the store holds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(feature = "c")]
mod c;
#[cfg(feature = "caches")]
mod caches;
mod closing;
mod collector;
mod delivery;
mod kit;
mod processes;
mod receivers;
mod skipped;
mod store;
mod two;
mod visitors;
