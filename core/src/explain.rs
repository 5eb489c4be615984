//! Why a request is judged as it is, and what would be sent: for a person to read.

mod client;
mod consent;
mod escape;
mod text;

pub use self::{
    client::{Client, Hop},
    consent::Voice,
    escape::{escape, escape_json},
};
use crate::{
    Annotations, Hit, Moment, Reason, Request, Response,
    config::{Config, Destination},
    decide::{self, Facts, Rule},
    endpoint::{self, Answer, beacon},
    enrich::{Enricher, Found},
    judge::{self, Exchange, Verdict},
    protocol::{self, Enriched, Outgoing},
    visitor::{DailyKey, Notice},
};

/// Everything there is to know about one exchange, of which nothing is sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What trackside answers in the host's place, if the request is one of its own.
    pub answer: Option<Answer>,
    /// Why it is one of its own, and who sent it, for a person to read; empty without an answer.
    pub answered: String,
    /// The verdict, with the headers to append; of a request that is answered, without.
    pub verdict: Verdict,
    /// Who the client is.
    pub client: Client,
    /// What the judge made of it; none of a request that is answered and tells of no page.
    pub page: Option<Page>,
    /// The hits that would be submitted.
    pub hits: Vec<ExplainedHit>,
}

/// What the judge makes of a page that is asked for, or that the beacon reports.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page {
    /// The method and the target of the request that was judged, with the status of its response.
    pub asked: String,
    /// What every rule says, in the order in which they are asked, the rules after the first no included.
    pub rules: Vec<Ruling>,
    /// Who the visitor is, for a person to read.
    pub visitor: String,
    /// What the visitor has allowed, and what follows, for a person to read.
    pub consent: String,
    /// Who may have said so, in the order in which they are believed.
    pub voices: Vec<Voice>,
    /// The notice, where it is due.
    pub notice: Option<Notice>,
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
    /// It takes this hit as it is, into which the destination's `set` and `drop` make the one that came.
    WriteChanged(Hit),
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
        // In the order in which a worker asks: the last is asked of the hit that came.
        let changed = enricher.change(hit, &destination.changes);
        let sent = changed.as_ref().map_or(*hit, |(hit, found)| Enriched::with(hit, found));
        let protocol = protocol::of(&destination.receiver);
        let admitted = enricher.admit(&sent, protocol.as_deref());
        match (admitted.and_then(|()| destination.only.admit(hit.hit)), protocol) {
            (Err(reason), _) => Self::Refused(reason),
            (Ok(()), Some(protocol)) => {
                let mut request = Outgoing::new();
                protocol.encode(&[sent], now, &mut request);
                Self::Request(Box::new(request))
            }
            (Ok(()), None) => match changed {
                Some((hit, _)) => Self::WriteChanged(hit),
                None => Self::Write,
            },
        }
    }
}

/// Explains an exchange: [`endpoint::answer`], or `finish` with every rule's view, as [`judge`] judges it, then the
/// workers' part with `enricher`. The host's hooks are not asked.
pub fn explain(
    config: &Config,
    enricher: &Enricher,
    request: &Request<'_>,
    response: &Response<'_>,
    annotations: &Annotations<'_>,
    moment: Moment,
    key: Option<&DailyKey>,
) -> Explanation {
    let client = Client::of(config, request, &Facts::new(config, request));
    let mut hits = Vec::new();
    let answer = endpoint::answer(config, request, || (moment, key.cloned()), &mut |hit| hits.push(hit));
    let (verdict, page) = match &answer {
        Some(answer) => {
            let begun = (moment, key);
            let page =
                beacon::reported(config, request, begun, |page, response, annotations, exchange, notice| {
                    Page::of(config, page, response, annotations, &exchange, moment, notice)
                });
            (answer.reason().map_or_else(Verdict::default, Verdict::skip), page)
        }
        None => {
            let exchange = judge::begin(config, request, moment, key);
            let notice = judge::notice(config, &exchange, request);
            let page = Page::of(config, request, response, annotations, &exchange, moment, notice);
            let verdict =
                judge::finish(config, exchange, request, response, annotations, &mut |hit| hits.push(hit));
            (verdict, Some(page))
        }
    };
    let hits = hits.into_iter().map(|hit| explained(config, enricher, hit, moment.micros())).collect();
    let answered = answer.as_ref().map(|_| endpoint::describe(config, request)).unwrap_or_default();
    Explanation { answer, answered, verdict, client, page, hits }
}

impl Page {
    fn of(
        config: &Config,
        request: &Request<'_>,
        response: &Response<'_>,
        annotations: &Annotations<'_>,
        exchange: &Exchange,
        moment: Moment,
        notice: Option<Notice>,
    ) -> Self {
        let facts = Facts::new(config, request)
            .with_response(response)
            .with_beacon(annotations.beacon, moment.seconds())
            .with_footing(judge::footing(exchange));
        let rules = decide::BEGIN.iter().chain([&decide::CONSENT]).chain(decide::FINISH);
        let rules: Vec<_> = rules.map(|rule| ruling(rule, &facts)).collect();
        let counts = rules.iter().all(|ruling| ruling.reason.is_none());
        let [visitor, consent] = judge::describe(config, exchange, counts.then_some(request));
        Self {
            asked: format!("{} {} {}", escape(request.method), escape(request.target), response.status),
            rules,
            visitor,
            consent,
            voices: consent::voices(config, request),
            notice,
        }
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
