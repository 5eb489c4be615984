//! What core makes of a vector.

use std::{
    fs,
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use maxminddb::Reader;
use serde_json::{Value as Json, json};
use trackside_core::{
    Annotations, Config, Event, Hit, Moment, Reason, Request, Response, Value, endpoint,
    enrich::{Enricher, Lists, Locate},
    explain::Sending,
    hit::Place,
    judge::{self, Verdict},
};

use crate::vector::{Added, Call, DELAY, Raised, answered, bytes, posted, shown};

fn value(json: &Json) -> Value<'_> {
    match json {
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => Value::from(number.as_f64().unwrap()),
        Json::String(text) => Value::from(text.as_str()),
        other => panic!("no property can be {other}"),
    }
}

impl Added {
    fn annotations(&self) -> Annotations<'_> {
        let mut annotations = Annotations::new();
        if let Some(title) = &self.title {
            annotations = annotations.title(title);
        }
        if let Some(user_id) = &self.user_id {
            annotations = annotations.user_id(user_id);
        }
        if let Some(route) = &self.route {
            annotations = annotations.route(route);
        }
        if self.beacon {
            annotations = annotations.beacon();
        }
        for (key, json) in &self.properties {
            annotations = annotations.property(key, value(json));
        }
        self.events.iter().map(Raised::event).fold(annotations, Annotations::event)
    }
}

impl Raised {
    fn event(&self) -> Event<'_> {
        let mut event = Event::new(&self.name);
        if let Some(category) = &self.category {
            event = event.category(category);
        }
        if let Some(label) = &self.label {
            event = event.label(label);
        }
        if let Some(value) = self.value {
            event = event.value(value);
        }
        self.properties.iter().fold(event, |event, (key, json)| event.property(key, value(json)))
    }
}

/// What core makes of a call, in the vectors' words; the bytes of each hit and each body are added to `raw`.
pub(crate) fn outcome(config: &Config, call: &Call, raw: &mut Vec<Vec<u8>>) -> Json {
    let (mut outcome, hits) = judged(config, call);
    outcome["hits"] = hits.iter().map(|hit| recorded(config, hit, call.now + DELAY, raw)).collect();
    outcome
}

/// The same without the hits, and the hits themselves.
pub(crate) fn judged(config: &Config, call: &Call) -> (Json, Vec<Hit>) {
    let entropy = bytes(&call.entropy).try_into().expect("64 bytes of entropy");
    let asked = &call.request;
    let request = Request::new(&asked.method, &asked.target, &asked.headers)
        .with_authority(asked.authority.as_ref().map(AsRef::as_ref))
        .with_peer(asked.peer)
        .with_secure(asked.secure)
        .with_resolved(asked.resolved);
    let key = call.daily_key();
    let mut hits = Vec::new();
    let draw = || (Moment::new(call.now, entropy), key.clone());
    if let Some(answer) = endpoint::answer(config, &request, draw, &mut |hit| hits.push(hit)) {
        let reason = answer.reason().map_or("tracked", Reason::code);
        let headers: Vec<_> = answer.headers().collect();
        return (answered(reason, answer.status(), &headers, answer.content(), Vec::new()), hits);
    }
    let mut exchange = judge::begin(config, &request, Moment::new(call.now, entropy), key.as_ref());
    exchange.set_consent(config, call.consent.consent());
    let visitor = json!({
        "id": exchange.visitor_id().map(|id| id.to_string()),
        "new": exchange.is_new(),
    });
    let notice = judge::notice(config, &exchange, &request)
        .map(|notice| shown(notice.text(), &notice.html(), notice.banner()));
    let verdict = match &call.response {
        // The exchange is dropped, as the facade would then say.
        None => Verdict::skip(Reason::Abandoned),
        Some(answered) => {
            let response = Response::new(answered.status, &answered.headers);
            let annotations = call.annotations.annotations();
            judge::finish(config, exchange, &request, &response, &annotations, &mut |hit| hits.push(hit))
        }
    };
    let headers: Vec<_> = verdict.headers().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let outcome = json!({
        "verdict": verdict.reason().map_or("tracked", Reason::code),
        "headers": headers,
        "notice": notice,
        "visitor": visitor,
        "hits": [],
    });
    (outcome, hits)
}

static LISTS: LazyLock<Arc<Lists>> = LazyLock::new(|| Arc::new(Lists::built_in()));

/// What looks at hits, with the files that the configuration names.
pub(crate) fn enricher(config: &Config) -> Enricher {
    let own =
        config.bots_list().map(|path| Lists::with_crawlers(&fs::read_to_string(path).unwrap()).unwrap());
    let enricher = Enricher::new(config, own.map_or_else(|| Arc::clone(&LISTS), Arc::new));
    match config.geo_file() {
        Some(path) => enricher.with_places(Arc::new(Places(Reader::open_readfile(path).unwrap()))),
        None => enricher,
    }
}

#[derive(Debug)]
struct Places(Reader<Vec<u8>>);

impl Locate for Places {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        let found: Json = self.0.lookup(address).unwrap().decode().unwrap()?;
        let names = &found["city"]["names"];
        let name = names.get("en").or(names.as_object().and_then(|names| names.values().next()));
        let code = |place: &Json| place["iso_code"].as_str().unwrap_or_default().to_owned();
        let city = name.and_then(Json::as_str).unwrap_or_default();
        Place::named(&code(&found["country"]), &code(&found["subdivisions"][0]), city)
    }
}

fn recorded(config: &Config, hit: &Hit, now: u64, raw: &mut Vec<Vec<u8>>) -> Json {
    raw.push(serde_json::to_vec(hit).unwrap());
    let enricher = enricher(config);
    let found = enricher.look(hit);
    let mut destinations = serde_json::Map::new();
    for destination in config.destinations().iter().filter(|destination| destination.ip == hit.ip_policy()) {
        let sent = match Sending::of(destination, &enricher, hit, now) {
            Sending::Refused(reason) => json!({ "outcome": reason.code() }),
            Sending::Request(out) => {
                raw.push(out.payload().to_owned());
                json!({ "outcome": "admitted", "request": posted(out.method(), out.url(), &out.headers().collect::<Vec<_>>(), out.payload()) })
            }
            _ => json!({ "outcome": "admitted" }),
        };
        destinations.insert(destination.name.clone(), sent);
    }
    json!({ "hit": hit, "found": found, "destinations": destinations })
}
