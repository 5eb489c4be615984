//! Threads, sockets and files: what takes the hits that core makes to their receivers.

// What the tests have in common names the crate as they do from outside.
#[cfg(test)]
extern crate self as trackside_transports;

pub mod check;
pub mod clock;
mod destination;
mod drain;
pub mod entropy;
mod files;
pub mod hooks;
pub mod keys;
pub mod load;
mod log;
mod looks;
mod places;
pub mod pool;
mod proxies;
mod requests;
pub mod sink;
pub mod sinks;
pub mod spool;
mod stage;
mod tracker;

pub use self::{
    destination::OpenError,
    drain::drain,
    load::LoadError,
    stage::Stage,
    tracker::{Builder, Closed, Exchange, Tracker},
};
