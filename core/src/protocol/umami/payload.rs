//! What one hit is sent as.

use super::{
    super::{
        Enriched, common, habit,
        json::Object,
        text::Shown,
        uri::{self, Uri},
    },
    AGENT, ID, IP, TAG, TIMESTAMP, Umami,
};
use crate::{
    Value,
    hit::{Hit, Kind},
};

// In UTF-16 units.
const MAX_SITE: usize = 100;
const MAX_NAME: usize = 50;
const MAX_ID: usize = 50;
const MAX_TEXT: usize = 500;

impl Umami {
    /// Writes the hit as an object.
    pub(super) fn write(&self, enriched: &Enriched<'_>, now: u64, body: &mut Vec<u8>) {
        let hit = enriched.hit;
        let has = |since| self.version >= since;
        let mut event = Object::open(body);
        event.put_text("type", "event");
        let mut payload = Object::open(event.key("payload"));
        payload.put_text("website", &self.website);
        write_page(hit, &mut payload);
        if let Some(ip) = hit.ip().filter(|_| has(IP)) {
            payload.put("ip", &Shown(ip));
        }
        if has(TAG) {
            payload.put_text("tag", &self.tag);
        }
        if has(AGENT) {
            payload.put_clean("userAgent", hit.agent(), usize::MAX);
        }
        if has(TIMESTAMP) {
            payload.put("timestamp", &(common::millis(hit, now) / 1_000));
        }
        if has(ID) {
            write_id(hit, &mut payload);
        }
        write_event(hit, &mut payload);
        payload.close();
        event.close();
    }
}

fn write_page(hit: &Hit, payload: &mut Object<'_>) {
    let has_host = !hit.site().is_empty() && hit.site().len() <= MAX_SITE;
    if has_host {
        payload.put_text("hostname", hit.site());
    }
    if let Some(url) = uri::page(hit) {
        // Two slashes would be followed by a host.
        if has_host && hit.path().starts_with(b"/") && !hit.path().starts_with(b"//") {
            let [_, _, path, mark, query] = url.pieces;
            payload.put_uri("url", &Uri { pieces: [path, mark, query], max: url.max });
        } else {
            payload.put_uri("url", &url);
        }
    }
    payload.put_clean("title", hit.title().as_bytes(), MAX_TEXT);
    if let Some(referrer) = uri::referrer(hit) {
        payload.put_uri("referrer", &Uri { max: MAX_TEXT, ..referrer });
    }
    payload.put_clean("language", hit.language().as_bytes(), usize::MAX);
}

fn write_id(hit: &Hit, payload: &mut Object<'_>) {
    let user = common::user(hit, MAX_ID);
    match hit.visitor() {
        _ if !user.is_empty() => payload.put_clean("id", user.as_bytes(), MAX_ID),
        Some(visitor) => payload.put_uuid("id", visitor),
        None => {}
    }
}

fn write_event(hit: &Hit, payload: &mut Object<'_>) {
    match hit.kind() {
        Kind::Page => return,
        Kind::Download => payload.put_text("name", "file_download"),
        Kind::Event => payload.put_clean_joined("name", common::name(hit, "_"), MAX_NAME),
        Kind::NotFound => payload.put_text("name", "page_not_found"),
        Kind::Search => payload.put_text("name", "search"),
    }
    let mut data = Object::open(payload.key("data"));
    match (hit.kind(), uri::page(hit)) {
        (Kind::Download, Some(url)) => data.put_uri("link_url", &Uri { max: MAX_TEXT, ..url }),
        (Kind::Search, _) => data.put_clean("search_term", hit.label().as_bytes(), MAX_TEXT),
        (Kind::Event, _) => {
            common::put_event(&mut data, hit, MAX_TEXT);
            common::put_value(&mut data, hit.value().filter(|value| common::is_storable(*value)));
        }
        _ => {}
    }
    let revenue = habit::unsaid_revenue(hit);
    if let Some(revenue) = revenue.filter(|revenue| common::is_storable(*revenue)) {
        data.put("revenue", &Value::Number(revenue));
    }
    let is_own = |key: &str| is_own(key) || revenue.is_some() && key == "revenue";
    let fits = |value: &Value<'_>| !matches!(value, Value::Number(number) if !common::is_storable(*number));
    for (key, value) in common::properties(hit, is_own).filter(|(_, value)| fits(value)) {
        common::put_property(&mut data, key, &value, MAX_TEXT);
    }
    data.close();
}

fn is_own(key: &str) -> bool {
    ["category", "label", "link_url", "search_term", "value"].contains(&key)
}
