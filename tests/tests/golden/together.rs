//! Hits of several vectors' calls in one request: its body is made of the bodies that the vectors expect of each alone.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use trackside_core::{
    Config, Hit,
    enrich::Found,
    protocol::{self, Enriched, Outgoing},
};

use crate::{
    core,
    vector::{DELAY, Vector, posted},
};

/// In bytes: what a request of any receiver holds that takes several hits.
const ROOM: usize = 16 * 1024;

/// A hit that a destination takes, what is known of it, and the body that carries it alone.
struct Sent<'a> {
    hit: Hit,
    found: Found,
    body: &'a Json,
}

/// Holds the requests of several hits against the vector's, and answers how many hits were in the largest.
pub(crate) fn compare(config: &Config, vector: &Vector) -> usize {
    let mut most = 0;
    for ((name, now), sent) in admitted(config, vector) {
        let destination = config.destinations().iter().find(|it| it.name == name).unwrap();
        let Some(protocol) = protocol::of(&destination.receiver) else { continue };
        let limit = protocol.needs().batch;
        let mut rest = &sent[..];
        while !rest.is_empty() {
            let batch: Vec<_> = rest.iter().map(|sent| Enriched::with(&sent.hit, &sent.found)).collect();
            let mut out = Outgoing::new();
            let taken = protocol.encode(&batch, now + DELAY, &mut out);
            let got = &posted("", "", &out.headers().collect::<Vec<_>>(), out.payload())["body"];
            let expected = merged(&rest[..taken]);
            assert_eq!(expected.as_ref(), Some(got), "{}: {taken} for {name}", vector.name);
            let one_more = rest.get(taken).filter(|_| taken < limit).and_then(|_| merged(&rest[..=taken]));
            let has_room = one_more.is_some_and(|body| body.to_string().len() < ROOM);
            assert!(!has_room, "{}: {name} takes {taken} of {}", vector.name, rest.len());
            most = most.max(taken);
            rest = &rest[taken..];
        }
    }
    most
}

/// What each destination takes of the calls of one moment, by its name and the moment.
fn admitted<'a>(config: &Config, vector: &'a Vector) -> BTreeMap<(String, u64), Vec<Sent<'a>>> {
    let enricher = core::enricher(config);
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for call in &vector.calls {
        let (_, hits) = core::judged(config, call);
        for (hit, expected) in hits.into_iter().zip(&call.expect.hits) {
            for (name, outcome) in expected.destinations.as_object().unwrap() {
                let Some(request) = outcome.get("request") else { continue };
                let sent = Sent { hit: hit.clone(), found: enricher.look(&hit), body: &request["body"] };
                all.entry((name.clone(), call.now)).or_default().push(sent);
            }
        }
    }
    all
}

/// One body of several: of texts the lines, of JSON the arrays' items; none where they differ in anything else.
fn merged(sent: &[Sent<'_>]) -> Option<Json> {
    let (first, rest) = sent.split_first()?;
    rest.iter().try_fold(first.body.clone(), |whole, sent| match (whole, sent.body) {
        (Json::String(lines), Json::String(line)) => Some(json!(format!("{lines}\n{line}"))),
        (whole, body) => both(whole, body),
    })
}

fn both(left: Json, right: &Json) -> Option<Json> {
    match (left, right) {
        (Json::Array(mut left), Json::Array(right)) => {
            left.extend(right.iter().cloned());
            Some(left.into())
        }
        (Json::Object(left), Json::Object(right)) if left.keys().eq(right.keys()) => {
            let members = left.into_iter().zip(right.values());
            let whole: Option<serde_json::Map<_, _>> =
                members.map(|((key, left), right)| Some((key, both(left, right)?))).collect();
            whole.map(Json::Object)
        }
        (left, right) => (left == *right).then_some(left),
    }
}
