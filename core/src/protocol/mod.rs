//! Wire formats: hits in, an HTTP request out; an HTTP answer in, an outcome out.
//!
//! One file per receiver, which declares its `TYPE`: the word for it, its keys and its [`Protocol`]. All of them stand in
//! [`TYPES`], from which the configuration, the pools and the guide know what there is. Everything here is pure; the
//! sending is a sink's business.
//!
#![doc = include_str!("receivers.md")]

mod answer;
pub mod check;
mod common;
mod dated;
mod form;
pub mod ga4;
mod ga_cookies;
pub mod ga_v1;
pub mod goatcounter;
mod habit;
mod iso;
mod items;
mod json;
mod key;
#[cfg(test)]
mod kit;
pub mod matomo;
mod needs;
mod outcome;
mod outgoing;
mod parts;
pub mod plausible;
pub mod posthog;
mod receiver_type;
mod script_cookie;
pub mod segment;
pub mod snowplow;
mod text;
pub mod umami;
mod uri;
pub mod webhook;

use std::{fmt, sync::Arc};

use self::ga_v1::GaV1;
pub(crate) use self::key::{Absent, Given, Holds};
pub(crate) use self::text::Shown;
pub use self::{
    answer::classify,
    dated::Dated,
    key::{Key, Values},
    needs::{Needs, Tells},
    outcome::Outcome,
    outgoing::Outgoing,
    parts::{Part, Parts},
    receiver_type::{ReceiverType, Remote, TYPES, WrongKey},
    script_cookie::ScriptCookie,
};
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

    /// A hint by which the batcher sorts, asked for only where a request [holds one visitor](Needs::one_visitor): hits of
    /// different groups cannot share one. Different groups may have the same number; `encode` compares the fields
    /// themselves.
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

/// The wire format of `receiver`; none for those that take hits as they are.
pub fn of(receiver: &Receiver) -> Option<Arc<dyn Protocol>> {
    match receiver {
        Receiver::Callback | Receiver::File { .. } | Receiver::Sqlite { .. } => None,
        // A task is handed what `ga-v1` would post.
        Receiver::Celery { url, tracking_id, version, join, .. } => {
            Some(Arc::new(GaV1::of_task(url, tracking_id, version).with_join(*join)))
        }
        Receiver::Remote(remote) => Some(Arc::clone(remote.protocol())),
    }
}

/// The cookies of the receiver's own script that are read, so that its visitors in the browser and those of its hits are
/// one.
pub(crate) fn cookies(receiver: &Receiver) -> Vec<ScriptCookie> {
    match receiver {
        Receiver::Celery { join: true, .. } => vec![ga_cookies::client()],
        Receiver::Remote(remote) => remote.kind.cookies.map(|of| of(&remote.values)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod hostile_test;
