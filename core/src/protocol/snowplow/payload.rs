//! What one hit is sent as.

use super::{
    super::{
        Shown, common, habit,
        json::{Object, push_nested},
        uri::{self, Uri},
    },
    MAX_ID, Snowplow,
    described::Described,
};
use crate::hit::{Hit, Kind};

const TRACKER: &str = concat!("trackside-", env!("CARGO_PKG_VERSION"));

// In UTF-16 units.
const MAX_URL: usize = 4_096;
/// Of a page's address alone.
const MAX_PATH: usize = 3_000;
const MAX_TITLE: usize = 2_000;
const MAX_AGENT: usize = 1_000;
pub(super) const MAX_TEXT: usize = 1_000;

impl Snowplow {
    /// Writes an event.
    pub(super) fn write(&self, hit: &Hit, now: u64, body: &mut Vec<u8>) {
        let mut event = Object::open(body);
        let described = Described::of(hit);
        let code = match described {
            Some(_) => "ue",
            None if hit.kind() == Kind::Page => "pv",
            None => "se",
        };
        event.put_text("e", code);
        event.put_uuid("eid", hit.id());
        let millis = common::millis(hit, now);
        event.put_digits("dtm", millis);
        event.put_text("p", &self.platform);
        event.put_text("tv", TRACKER);
        event.put_text("tna", &self.namespace);
        event.put_text("aid", &self.app_id);
        event.put_digits("stm", now / 1_000);
        if self.is_true_time {
            event.put_digits("ttm", millis);
        }
        write_visitor(hit, &mut event);
        write_page(hit, &mut event);
        if let Some(described) = described {
            push_nested(event.key("ue_pr"), |out| described.write(&self.language, out));
        } else if hit.kind() != Kind::Page {
            write_structured(hit, &mut event);
        }
        if !self.properties_schema.is_empty() && common::properties(hit, |_| false).next().is_some() {
            push_nested(event.key("co"), |out| self.write_context(hit, out));
        }
        event.close();
    }

    fn write_context(&self, hit: &Hit, out: &mut Vec<u8>) {
        let mut wrapper = Object::open(out);
        wrapper.put_text("schema", "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0");
        let out = wrapper.key("data");
        out.push(b'[');
        let mut context = Object::open(out);
        context.put_text("schema", &self.properties_schema);
        let mut data = Object::open(context.key("data"));
        for (key, value) in common::properties(hit, |_| false) {
            common::put_property(&mut data, key, &value, usize::MAX);
        }
        data.close();
        context.close();
        out.push(b']');
        wrapper.close();
    }
}

fn write_visitor(hit: &Hit, event: &mut Object<'_>) {
    if let Some(visitor) = hit.visitor() {
        event.put_uuid("duid", visitor);
        event.put_uuid("tnuid", visitor);
    }
    event.put_clean("uid", common::user(hit, MAX_ID).as_bytes(), MAX_ID);
    if let Some(session) = common::session(hit) {
        event.put_uuid("sid", session);
    }
    if hit.is_new() {
        event.put_text("vid", "1");
    }
    if let Some(ip) = hit.ip() {
        event.put("ip", &Shown(ip));
    }
    event.put_clean("ua", hit.agent(), MAX_AGENT);
    event.put_clean("lang", hit.language().as_bytes(), MAX_ID);
}

fn write_page(hit: &Hit, event: &mut Object<'_>) {
    if let Some(url) = uri::page(hit) {
        let [scheme, host, path, mark, query] = url.pieces;
        let path = uri::first_written(path, MAX_PATH);
        event.put_uri("url", &Uri { pieces: [scheme, host, path, mark, query], max: MAX_URL });
    }
    event.put_clean("page", hit.title().as_bytes(), MAX_TITLE);
    if let Some(referrer) = uri::referrer(hit) {
        event.put_uri("refr", &referrer);
    }
}

fn write_structured(hit: &Hit, event: &mut Object<'_>) {
    let category = if hit.category().is_empty() { "event" } else { hit.category() };
    event.put_clean("se_ca", category.as_bytes(), MAX_TEXT);
    event.put_clean("se_ac", hit.name().as_bytes(), MAX_TEXT);
    event.put_clean("se_la", hit.label().as_bytes(), MAX_TEXT);
    if let Some(value) = habit::revenue(hit).map(|(_, amount)| amount).or(hit.value()) {
        event.put("se_va", &Shown(value));
    }
}
