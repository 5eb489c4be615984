//! Why a request is judged as it is, and what would be sent: for a person to read.

mod escape;
mod text;

pub use self::escape::{escape, escape_json};
use crate::{
    Annotations, Hit, Moment, Reason, Request, Response,
    config::{Config, Destination},
    decide::{self, Facts, Rule},
    enrich::{Enricher, Found},
    judge::{self, Verdict},
    protocol::{self, Enriched, Outgoing},
    visitor::{DailyKey, Notice},
};

/// Everything there is to know about one exchange, of which nothing is sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What every rule says, in the order in which they are asked, the rules after the first no included.
    pub rules: Vec<Ruling>,
    /// The verdict, with the headers to append.
    pub verdict: Verdict,
    /// Who the visitor is, for a person to read.
    pub visitor: String,
    /// What the visitor has allowed, and what follows, for a person to read.
    pub consent: String,
    /// The notice, where it is due.
    pub notice: Option<Notice>,
    /// The hits that would be submitted.
    pub hits: Vec<ExplainedHit>,
}

/// What one rule says.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ruling {
    /// The rule's name.
    pub rule: &'static str,
    /// The reason for its no; none for a yes.
    pub reason: Option<Reason>,
    /// What it saw, for a person to read.
    pub view: String,
}

/// A hit, and what each destination makes of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExplainedHit {
    /// The hit.
    pub hit: Hit,
    /// What a worker finds out about it.
    pub found: Found,
    /// The destinations that are offered it, by name.
    pub destinations: Vec<(String, Sending)>,
}

/// What a destination makes of a hit.
#[derive(Debug)]
#[non_exhaustive]
pub enum Sending {
    /// It refuses the hit.
    Refused(Reason),
    /// It sends this request. Secrets are shown by `Outgoing::url` alone.
    Request(Box<Outgoing>),
    /// It takes the hit as it is, as a store, a file and a sink of the host's own do.
    Write,
}

impl Sending {
    /// What `destination` makes of `hit` alone, at which `enricher` looks, at `now` microseconds since the Unix
    /// epoch.
    pub fn of(destination: &Destination, enricher: &Enricher, hit: &Hit, now: u64) -> Self {
        let found = enricher.look(hit);
        Self::found(destination, enricher, &Enriched::with(hit, &found), now)
    }

    fn found(destination: &Destination, enricher: &Enricher, hit: &Enriched<'_>, now: u64) -> Self {
        if destination.third_party && hit.hit.is_confined() {
            return Self::Refused(Reason::NoConsent);
        }
        let protocol = protocol::of(&destination.receiver);
        match (enricher.admit(hit, protocol.as_deref()), protocol) {
            (Err(reason), _) => Self::Refused(reason),
            (Ok(()), None) => Self::Write,
            (Ok(()), Some(protocol)) => {
                let mut request = Outgoing::new();
                protocol.encode(&[*hit], now, &mut request);
                Self::Request(Box::new(request))
            }
        }
    }
}

/// Explains an exchange: `finish` with every rule's view, as [`judge`] judges it, then the workers' part with
/// `enricher`. The host's hooks are not asked.
pub fn explain(
    config: &Config,
    enricher: &Enricher,
    request: &Request<'_>,
    response: &Response<'_>,
    annotations: &Annotations<'_>,
    moment: Moment,
    key: Option<&DailyKey>,
) -> Explanation {
    let exchange = judge::begin(config, request, moment, key);
    let [visitor, consent] = judge::describe(config, &exchange);
    let footing = judge::footing(&exchange);
    let facts = Facts::new(config, request)
        .with_response(response)
        .with_beacon(annotations.beacon, moment.seconds())
        .with_footing(footing);
    let notice = judge::notice(config, &exchange, request);
    let mut hits = Vec::new();
    let verdict = judge::finish(config, exchange, request, response, annotations, &mut |hit| hits.push(hit));
    Explanation {
        rules: decide::BEGIN
            .iter()
            .chain([&decide::CONSENT])
            .chain(decide::FINISH)
            .map(|rule| ruling(rule, &facts))
            .collect(),
        verdict,
        visitor,
        consent,
        notice,
        hits: hits.into_iter().map(|hit| explained(config, enricher, hit, moment.micros())).collect(),
    }
}

fn ruling(rule: &Rule, facts: &Facts<'_>) -> Ruling {
    Ruling { rule: rule.name, reason: (rule.check)(facts).err(), view: (rule.view)(facts) }
}

fn explained(config: &Config, enricher: &Enricher, hit: Hit, now: u64) -> ExplainedHit {
    let found = enricher.look(&hit);
    let seen = Enriched::with(&hit, &found);
    let offered = config.destinations.iter().filter(|destination| destination.ip == hit.ip_policy());
    let sending = |destination: &Destination| Sending::found(destination, enricher, &seen, now);
    let destinations = offered.map(|destination| (destination.name.clone(), sending(destination))).collect();
    ExplainedHit { hit, found, destinations }
}
