//! Where the keys of cookieless ids come from.

use std::fmt;

use trackside_core::visitor::DailyKey;

/// Has the key of each UTC day.
pub trait Keys: fmt::Debug + Send + Sync + 'static {
    /// The key of the day `day`, which [`DailyKey::day`] counts from the Unix epoch; none if there is none, so that
    /// nobody takes a cookieless id. It is asked on the request thread, once for each exchange, and never waits. A
    /// panic of it reaches the host.
    fn key(&self, day: u64) -> Option<DailyKey>;
}

/// No keys: nobody takes a cookieless id.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it holds nothing")]
pub struct Without;

impl Keys for Without {
    fn key(&self, _: u64) -> Option<DailyKey> {
        None
    }
}
