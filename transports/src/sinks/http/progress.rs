//! How far an attempt has come, for who has to say why it failed.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Shared by an attempt and what carries it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU8>);

/// What has been reached. Each is behind the one before it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub(super) enum Reached {
    Nothing,
    /// A connection to the proxy.
    Proxy,
    /// A connection to the receiver, perhaps through the proxy; TLS is still to come.
    Receiver,
    /// A connection that can carry requests.
    Ready,
    /// The first byte of the request is written.
    Wrote,
}

impl Progress {
    pub(super) fn begin(&self) {
        self.0.store(Reached::Nothing as u8, Ordering::Relaxed);
    }

    pub(super) fn reach(&self, reached: Reached) {
        // Nobody else writes it: one attempt at a time.
        if !self.has_reached(reached) {
            self.0.store(reached as u8, Ordering::Relaxed);
        }
    }

    pub(super) fn has_reached(&self, reached: Reached) -> bool {
        self.0.load(Ordering::Relaxed) >= reached as u8
    }
}
