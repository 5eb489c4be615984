//! Seeds that are made of `tests/vectors`.

use std::{fs, net::IpAddr, path::Path};

use serde_json::Value as Json;

use super::{
    MANNER, Seeds, blob,
    block::{Annotation, Event, Property, RequestBlock, ResponseBlock},
    vector::{Added, Answered, Asked, Raised, Text, Vector},
};
use crate::{headers::Input, reader, slip::Slip};

/// Vectors that differ in what is read of them, each with the configuration under which it is most of all.
const VECTORS: [(&str, u8); 46] = [
    ("abandoned", 0),
    ("api-any-type-any-method", 2),
    ("cache-expires-after-date", 0),
    ("cache-qualified-private", 0),
    ("cache-several-headers", 7),
    ("cache-targeted-freshness", 0),
    ("content-type-accept-names-configured-types", 6),
    ("content-type-none-sec-fetch-dest-document", 0),
    ("cookie-among-others", 1),
    ("cookie-bare-uuid", 0),
    ("cookie-malformed", 0),
    ("cookie-of-raw-bytes", 1),
    ("cookie-times-out-of-order", 1),
    ("cut-annotations", 1),
    ("cut-event", 1),
    ("cut-path", 1),
    ("cut-query", 1),
    ("cut-referrer-and-agent", 1),
    ("event-held-back", 6),
    ("event-ids-count", 0),
    ("event-of-a-page", 1),
    ("event-values", 0),
    ("ga4-properties", 1),
    ("identity-none", 3),
    ("ip-of-a-unix-socket", 0),
    ("ip-v4-mapped", 1),
    ("language-first-tag", 0),
    ("language-unusable", 1),
    ("method-head-skipped", 6),
    ("method-of-raw-bytes", 1),
    ("mode-dry-run-tracked", 4),
    ("mode-off", 5),
    ("not-modified-lapsed-session", 0),
    ("notice-escaped", 7),
    ("page-returning-visitor", 0),
    ("path-glob-several-stars", 6),
    ("path-of-odd-targets", 6),
    ("path-raw-bytes", 1),
    ("prefetch-sec-purpose-anywhere-in-the-list", 0),
    ("query-campaign", 0),
    ("referrer-cleaned", 0),
    ("site-authority-beats-absolute-form", 0),
    ("site-ipv6-literal", 6),
    ("story-three-sessions", 0),
    ("target-absolute-form-with-userinfo", 3),
    ("upgrade-101-skipped", 0),
];

/// Calls `each` with a vector's name, its configuration here, and both blocks of its first call; an
/// abandoned exchange has no second.
fn each(mut each: impl FnMut(&str, u8, Vec<u8>, Option<Vec<u8>>)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    for (name, configuration) in VECTORS {
        let text = fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        let vector: Vector = serde_json::from_str(&text).unwrap();
        let call = &vector.calls[0];
        let response = call.response.as_ref().map(|answered| response(answered, &call.annotations).bytes());
        each(name, configuration, request(&call.request).bytes(), response);
    }
}

pub(super) fn blobs(seeds: &mut Seeds<Vec<u8>>) {
    each(|name, configuration, request, response| {
        seeds.add(name, blob(configuration, 0, 0, &request, &response.unwrap_or_default()));
    });
}

pub(super) fn inputs(seeds: &mut Seeds<Input<'static>>) {
    each(|name, configuration, request, response| {
        // OK because there are few, and a test ends.
        let request = reader::request(request.leak()).expect("it was made so");
        let response = response.map(|block| reader::response(block.leak()).expect("it was made so"));
        let input =
            Input { configuration, manner: MANNER, slip: Slip::default(), request, response, later: None };
        seeds.add(name, input);
    });
}

fn request(asked: &Asked) -> RequestBlock {
    RequestBlock {
        secure: asked.secure,
        method: asked.method.0.clone(),
        target: asked.target.0.clone(),
        authority: asked.authority.as_ref().map(|it| it.0.clone()).unwrap_or_default(),
        peer: match asked.peer {
            None => Vec::new(),
            Some(IpAddr::V4(address)) => address.octets().to_vec(),
            Some(IpAddr::V6(address)) => address.octets().to_vec(),
        },
        headers: headers(&asked.headers),
    }
}

fn response(answered: &Answered, added: &Added) -> ResponseBlock {
    let texts = [
        added.title.clone().map(Annotation::Title),
        added.user_id.clone().map(Annotation::UserId),
        added.route.clone().map(Annotation::Route),
    ];
    let properties =
        added.properties.iter().map(|(key, json)| Annotation::Property(key.clone(), value(json)));
    let events = added.events.iter().map(|raised| Annotation::Event(event(raised)));
    let annotations = texts.into_iter().flatten().chain(properties).chain(events).collect();
    ResponseBlock { status: answered.status, headers: headers(&answered.headers), annotations }
}

fn headers(given: &[(Text, Text)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    given.iter().map(|(name, value)| (name.0.clone(), value.0.clone())).collect()
}

fn event(raised: &Raised) -> Event {
    Event {
        name: raised.name.clone(),
        category: raised.category.clone().unwrap_or_default(),
        label: raised.label.clone().unwrap_or_default(),
        value: raised.value,
        properties: raised.properties.iter().map(|(key, json)| (key.clone(), value(json))).collect(),
    }
}

fn value(json: &Json) -> Property {
    match json {
        Json::Bool(truth) => Property::Truth(*truth),
        Json::Number(number) => Property::Number(number.as_f64().unwrap()),
        Json::String(text) => Property::Text(text.clone()),
        other => panic!("no property can be {other}"),
    }
}
