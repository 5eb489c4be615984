//! The command as its users run it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::let_underscore_must_use,
    reason = "tests fail by panicking"
)]

mod check;
mod client;
mod explain;
mod failures;
mod folder;
mod forget;
mod help;
mod load;
mod metrics;
mod output;
mod place;
mod report;
mod server;
mod signals;
mod spool;
mod story;
