//! How to work with trackside, a page a subject.
//!
//! The keys of the configuration are told in [`config`](crate::config).

pub mod caches;
pub mod checking;
pub mod delivery;
pub mod hooks;
pub mod own_adapter;
pub mod own_receiver;
pub mod own_sink;
pub mod privacy;
pub mod proxies;
pub mod quick_start;
pub mod receivers;
pub mod running;
pub mod spool;
pub mod testing;
