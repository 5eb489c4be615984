//! Wire formats: hits in, an HTTP request out; an HTTP answer in, an outcome out.
//!
//! One file per receiver. Everything here is pure; the sending is a sink's business.

mod answer;
mod form;
pub mod ga4;
pub mod ga_v1;
mod json;
mod outcome;
mod outgoing;
mod text;

use std::fmt;

use self::{ga_v1::GaV1, ga4::Ga4};
pub use self::{outcome::Outcome, outgoing::Outgoing};
use crate::{
    Headers,
    config::Receiver,
    enrich::Found,
    hit::{Hit, Place},
    ledger::Reason,
};

/// A receiver's wire format.
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// What the receiver needs and can take.
    fn needs(&self) -> Needs;

    /// Whether the receiver would count this hit.
    ///
    /// # Errors
    ///
    /// The reason for which it would not.
    fn admit(&self, hit: &Hit) -> Result<(), Reason>;

    /// A hint by which the batcher sorts: hits of different groups cannot share a request. Different
    /// groups may have the same number; `encode` compares the fields themselves.
    fn group(&self, hit: &Hit) -> u64;

    /// Writes the request for the leading hits of `batch`, all of them admitted, that one request may
    /// hold, and answers how many those are: at least one of a batch that is not empty. `now` is the time
    /// of sending in microseconds since the Unix epoch. `out` is cleared first. Of an empty batch it writes a
    /// request without hits, which is never sent: the HTTP sink looks at its URL before the first delivery.
    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize;

    /// Reads the receiver's answer. `body` may be cut off after 64 KiB.
    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome;
}

/// A hit with what a worker found out about it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Enriched<'a> {
    /// The hit as it was submitted.
    pub hit: &'a Hit,
    /// What a worker found out about it; none if nobody has looked.
    pub found: Option<&'a Found>,
}

impl<'a> Enriched<'a> {
    /// `hit`, at which nobody has looked.
    pub fn new(hit: &'a Hit) -> Self {
        Self { hit, found: None }
    }

    /// `hit`, with what was found out about it.
    pub fn with(hit: &'a Hit, found: &'a Found) -> Self {
        Self { hit, found: Some(found) }
    }

    /// The country where the visitor is, whoever knew it: its ISO 3166-1 code of two letters; else empty.
    pub fn country(&self) -> &'a str {
        self.of_place(self.hit.country(), Place::country)
    }

    /// The part of the country, by its ISO 3166-2 code without the country's; empty if it is not known.
    pub fn region(&self) -> &'a str {
        self.of_place(self.hit.region(), Place::region)
    }

    /// The city; empty if it is not known.
    pub fn city(&self) -> &'a str {
        self.of_place(self.hit.city(), Place::city)
    }

    fn of_place(&self, told: &'a str, of: fn(&Place) -> &str) -> &'a str {
        match self.found.and_then(Found::place) {
            Some(place) if self.hit.country().is_empty() => of(place),
            _ => told,
        }
    }
}

/// What a receiver needs and can take: from this an unsafe configuration is told at start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Needs {
    /// Whether a hit without a visitor is refused.
    pub visitor: bool,
    /// Whether a second copy of a hit is recognised by its id.
    pub dedupe: bool,
    /// How many hits one request may hold.
    pub batch: usize,
    /// Whether one request holds hits of one visitor only.
    pub one_visitor: bool,
    /// How far back a hit may be dated, in seconds.
    pub window: u64,
    /// Whether the receiver can tell a bot's hit from a person's by what it is sent.
    pub marks_bots: bool,
    /// Whether it takes a body with `Content-Encoding: gzip`.
    pub gzip: bool,
}

impl Default for Needs {
    /// What asks for the least and promises the least: one hit a request, of any age, with or without a
    /// visitor, a second copy counts again, and a bot is a person.
    fn default() -> Self {
        Self {
            visitor: false,
            dedupe: false,
            batch: 1,
            one_visitor: false,
            window: u64::MAX,
            marks_bots: false,
            gzip: false,
        }
    }
}

/// The wire format of `receiver`; none for those that take hits as they are.
pub fn of(receiver: &Receiver) -> Option<Box<dyn Protocol>> {
    match receiver {
        Receiver::Callback | Receiver::File { .. } | Receiver::Sqlite { .. } => None,
        // A task is handed what `ga-v1` would post.
        Receiver::Celery { url, tracking_id, version, .. } | Receiver::GaV1 { url, tracking_id, version } => {
            Some(Box::new(GaV1::new(url, tracking_id, version)))
        }
        Receiver::Ga4 { url, measurement_id, api_secret } => {
            Some(Box::new(Ga4::new(url, measurement_id, api_secret.clone())))
        }
    }
}
