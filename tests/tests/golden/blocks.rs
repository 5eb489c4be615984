//! What is in a vector as the blocks of the C ABI.

use std::net::IpAddr;

use serde_json::Value as Json;

use super::{
    block::{Annotation, Event, Property, RequestBlock, ResponseBlock},
    vector::{Added, Answered, Asked, Raised, Text},
};

/// The request as a block.
pub(crate) fn request(asked: &Asked) -> RequestBlock {
    RequestBlock {
        secure: asked.secure,
        resolved: asked.resolved,
        lent: false,
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

/// The response as a block, with the annotations.
pub(crate) fn response(answered: &Answered, added: &Added) -> ResponseBlock {
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
