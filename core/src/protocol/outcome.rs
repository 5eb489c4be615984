use std::time::Duration;

use crate::ledger::Reason;

/// What became of the hits of one delivery attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The receiver took them, or at least does not say otherwise.
    Delivered,
    /// It took all but these, counted from the first hit of the attempt.
    Partial(Vec<(usize, Reason)>),
    /// It will never take them.
    Refused(Reason),
    /// It certainly did not process them and may take them later, after the wait it asked for.
    Retry(Option<Duration>),
    /// They are too many for one request.
    Split,
    /// The store cannot be written, and waiting would not help: they are dropped(`store-unavailable`).
    Unavailable,
    /// They were perhaps processed, perhaps not.
    Unknown,
}
