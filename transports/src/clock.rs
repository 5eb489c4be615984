//! The time of day.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// Tells the time of day.
///
/// Waiting and batching go by the machine's monotonic clock; this one dates hits and says how old they are.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Microseconds since the Unix epoch. A panic of it reaches the host.
    fn micros(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it holds nothing")]
pub struct System;

impl Clock for System {
    fn micros(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_micros().try_into().unwrap_or(u64::MAX)
    }
}
