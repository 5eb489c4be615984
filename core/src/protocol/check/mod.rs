//! How a destination is checked before hits depend on it: what its receiver is asked, and what the answer means.
//!
//! A check is one [`Question`] after the other, each a request and a way to read its answer, which says what is to be
//! asked next. A receiver that has a debug endpoint is asked there; others are sent the [test hit](fn@hit), which is marked
//! so that it can be told from visitors'. What is found is one or more [`Finding`]s.
//!
//! A [`ReceiverType`](super::ReceiverType) names its first question by
//! [`check`](super::ReceiverType::check); one that names none is asked [`TEST_HIT`], whose answer its own
//! [`classify`](super::Protocol::classify) reads.
//!
//! As everything here this is pure: what sends the requests is `trackside_transports::check`.

mod answer;
mod finding;
pub(super) mod ga4;
pub(super) mod ga_v1;
pub(super) mod goatcounter;
mod hidden;
mod hit;
pub(super) mod matomo;
pub(super) mod plausible;
pub(super) mod posthog;
#[cfg(test)]
mod receivers_test;
pub(super) mod segment;
pub(super) mod snowplow;
#[cfg(test)]
mod test;
pub(super) mod umami;
pub(super) mod webhook;

use std::fmt;

pub use self::{
    answer::Answer,
    finding::{Finding, Grade},
    hit::{PATH, TITLE, VISITOR, hit},
};
use super::{Enriched, Holds, Outgoing, Remote, Tells, Values};
use crate::{hit::Hit, ledger::Reason};

/// One request of a check, and how its answer is read.
#[derive(Clone, Copy)]
pub struct Question {
    means: Means,
    ask: fn(&Test<'_>, &mut Outgoing),
    hear: fn(&Test<'_>, &Answer<'_>) -> Heard,
}

/// By what means a receiver is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Means {
    /// A hit that asks which address it is taken to come from.
    Address,
    /// An endpoint that validates and counts nothing.
    Debug,
    /// A hit that must not be taken, as it is not signed rightly.
    ForgedHit,
    /// Whether it is there at all.
    Health,
    /// A marked hit, which counts.
    TestHit,
}

/// What an answer means, and what is to be asked next.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Heard {
    /// What the answer says.
    pub findings: Vec<Finding>,
    /// What is asked next; none: that was all.
    pub next: Option<&'static Question>,
}

/// A destination under test: its receiver as configured, and the hit that it is tried with.
#[derive(Clone, Copy, Debug)]
pub struct Test<'a> {
    remote: &'a Remote,
    hit: &'a Hit,
    now: u64,
    wants_hit: bool,
}

/// Sends the test hit as any hit would be sent, and reads the answer as it is read of any.
pub static TEST_HIT: Question = Question::hit(hear_hit);

impl Question {
    /// Asks by `means` with the request that `ask` writes, whose answer `hear` reads. What `ask` writes may be begun
    /// with [`Test::encode`], the request of the test hit.
    pub const fn new(
        means: Means,
        ask: fn(&Test<'_>, &mut Outgoing),
        hear: fn(&Test<'_>, &Answer<'_>) -> Heard,
    ) -> Self {
        Self { means, ask, hear }
    }

    /// Asks with the test hit, sent as any hit is, and reads the answer by `hear`.
    pub const fn hit(hear: fn(&Test<'_>, &Answer<'_>) -> Heard) -> Self {
        Self::new(Means::TestHit, send, hear)
    }

    /// By what means it asks.
    pub fn means(&self) -> Means {
        self.means
    }

    /// Writes the request.
    pub fn ask(&self, test: &Test<'_>, out: &mut Outgoing) {
        (self.ask)(test, out);
    }

    /// Reads the answer.
    pub fn hear(&self, test: &Test<'_>, answer: &Answer<'_>) -> Heard {
        (self.hear)(test, answer)
    }
}

/// Shows the means: functions have no name.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Question").field(&self.means).finish()
    }
}

impl Means {
    /// What it is, in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "whose address the test hit has there",
            Self::Debug => "the debug endpoint, which counts nothing",
            Self::ForgedHit => "a test hit with a wrong signature",
            Self::Health => "whether it is up",
            Self::TestHit => "a test hit, which counts",
        }
    }

    /// The word for it, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Debug => "debug",
            Self::ForgedHit => "forged-hit",
            Self::Health => "health",
            Self::TestHit => "test-hit",
        }
    }
}

impl Heard {
    /// These findings, and nothing more to ask.
    pub fn new(findings: impl IntoIterator<Item = Finding>) -> Self {
        Self { findings: findings.into_iter().collect(), next: None }
    }

    /// And then this question.
    #[must_use]
    pub fn then(self, next: &'static Question) -> Self {
        Self { next: Some(next), ..self }
    }
}

impl From<Finding> for Heard {
    fn from(finding: Finding) -> Self {
        Self::new([finding])
    }
}

impl<'a> Test<'a> {
    /// Tries `remote` with `hit`, sent at `now` microseconds since the Unix epoch.
    pub fn new(remote: &'a Remote, hit: &'a Hit, now: u64) -> Self {
        Self { remote, hit, now, wants_hit: false }
    }

    /// Whether a receiver that has a debug endpoint is sent the test hit, too, which then counts. Defaults to false.
    #[must_use]
    pub fn with_hit(self, wants_hit: bool) -> Self {
        Self { wants_hit, ..self }
    }

    /// Whether the test hit is sent even where a debug endpoint has been asked.
    pub fn wants_hit(&self) -> bool {
        self.wants_hit
    }

    /// What the destination's keys hold.
    pub fn values(&self) -> &'a Values {
        self.remote.values()
    }

    /// The receiver as a sentence names it: by its own name, if it has one.
    pub fn title(&self) -> &'static str {
        match (self.remote.kind().name(), self.remote.kind().title) {
            ("ga-v1", _) => "the collector",
            ("webhook", _) => "the webhook",
            (name, "") => name,
            (_, title) => title,
        }
    }

    /// What is asked first.
    pub fn first(&self) -> &'static Question {
        (self.remote.kind().check)(self.values())
    }

    /// The hit.
    pub fn hit(&self) -> &'a Hit {
        self.hit
    }

    /// Writes the request of the hit, as it is written of any.
    pub fn encode(&self, out: &mut Outgoing) {
        self.remote.protocol().encode(&[Enriched::new(self.hit)], self.now, out);
    }

    /// Whether the receiver takes hits such as this at all: where it does not, nothing is to be asked.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration, if it does not.
    pub fn admit(&self) -> Result<(), Finding> {
        self.remote.protocol().admit(self.hit).map_err(|reason| {
            let way_out = match reason {
                Reason::NoVisitor => {
                    "let visitors be told apart (`visitor.identity`, and the destination's `ip` and `drop`), or take another \
                     `type`"
                }
                Reason::NoSite => "write the host names that count as `site`",
                _ => "look the reason up in the reference, and see the receiver's page in the guide",
            };
            let name = self.title();
            Finding::wrong(format!("no page view would be sent to {name}: it would be refused({reason})"), way_out)
        })
    }

    /// The names of the receiver's keys that are secrets, as a sentence has them.
    fn secret_keys(&self) -> Option<String> {
        let secrets = self.remote.kind().keys.iter().filter(|key| matches!(key.holds, Holds::Secret));
        let names: Vec<_> = secrets.map(|key| format!("`{}`", key.name)).collect();
        (!names.is_empty()).then(|| names.join(" and "))
    }

    /// The secrets of its keys.
    fn secrets(&self) -> impl Iterator<Item = &'a str> {
        let keys = self.remote.kind().keys.iter();
        keys.filter_map(|key| self.values().secret(key.name)).map(|secret| secret.reveal())
    }

    /// Where the hit is to be seen if it was counted.
    fn seen(&self) -> String {
        format!("look there for the page {PATH} with the title `{TITLE}`")
    }
}

fn send(test: &Test<'_>, out: &mut Outgoing) {
    test.encode(out);
}

/// Where in `url` its path ends with `end`: before that stands the `/debug` of a debug endpoint.
fn counterpart(url: &str, end: &str) -> Option<usize> {
    let path = url.split('?').next()?;
    path.strip_suffix(end).map(str::len)
}

/// What is true of any answer to the test hit.
fn hear_hit(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let finding = answer.verdict();
    let proves = test.remote.protocol().needs().tells != Tells::Nothing;
    if !finding.is_right() || proves {
        return finding.into();
    }
    let name = test.title();
    let unproven = Finding::unproven(
        format!("that it counts: {name} gives the same answer to hits that it throws away"),
        test.seen(),
    );
    Heard::new([finding, unproven])
}
