//! The contract of a receiver: what it needs, what it can take, and what it says.

use std::time::Duration;

use super::Parts;

/// What a receiver needs and can take: from this an unsafe configuration is told at start, the pool takes its batches
/// and its rules for what is sent again, and the guide has its table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Needs {
    /// Whether visitors are told apart by their address: the destination's `ip` must be written then, and not `"none"`.
    pub address: bool,
    /// Whether a hit without a visitor is refused.
    pub visitor: bool,
    /// Whether a second copy of a hit is recognised by its id.
    pub dedupe: bool,
    /// How many hits one request may hold.
    pub batch: usize,
    /// Whether one request holds hits of one visitor only.
    pub one_visitor: bool,
    /// How far apart its requests are to be, where the operator says nothing else: hits wait so long for others
    /// (`batch.age`), and a batch has as many as a request may hold (`batch.hits`). None: as for all.
    pub pace: Option<Duration>,
    /// How far back a hit may be dated, in seconds.
    pub window: u64,
    /// Whether the receiver can tell a bot's hit from a person's by what it is sent.
    pub marks_bots: bool,
    /// Whether it takes a body with `Content-Encoding: gzip`.
    pub gzip: bool,
    /// What its answer tells of hits that it throws away.
    pub tells: Tells,
    /// Whether its answer tells so of the hits, too, that it throws away as it takes them for a bot's.
    pub tells_bots: bool,
    /// What of a hit it can be told.
    pub parts: Parts,
}

impl Default for Needs {
    /// What asks for the least and promises the least: one hit a request, of any age, with or without a
    /// visitor, a second copy counts again, a bot is a person, and whatever becomes of a hit, the answer is the same.
    fn default() -> Self {
        Self {
            address: false,
            visitor: false,
            dedupe: false,
            batch: 1,
            one_visitor: false,
            pace: None,
            window: u64::MAX,
            marks_bots: false,
            gzip: false,
            tells: Tells::Nothing,
            tells_bots: false,
            parts: Parts::NONE,
        }
    }
}

/// What a receiver's answer tells of hits that it throws away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Tells {
    /// How many of a request's hits they are, not which.
    Counts,
    /// Which of a request's hits they are.
    Each,
    /// Nothing: a 2xx proves that the request came, no more.
    Nothing,
    /// Whether they are all of the request's.
    Whole,
}
