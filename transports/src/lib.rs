//! Threads, sockets and files: what takes the hits that core makes to their receivers.

pub mod clock;
pub mod pool;
pub mod sink;
pub mod sinks;
