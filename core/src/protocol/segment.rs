//! `segment` and `rudderstack`: Segment's tracking API, and RudderStack's, which takes the same.
//!
//! Sources: the [HTTP API] of Segment and its [common fields]; RudderStack's gateway (`gateway/openapi.yaml`).
//!
//! # What is sent
//!
//! One JSON body by POST to `/v1/batch`, up to 500 kB, each item of up to 32 kB; the write key as the user of
//! `Authorization: Basic`. `sentAt` is the time of sending. Of each hit:
//!
//! | key | value |
//! | --- | --- |
//! | `type` | `page` for a page view, else `track` |
//! | `messageId` | the hit's id, by which Segment knows a second copy |
//! | `anonymousId`, `userId` | the visitor, and the user |
//! | `timestamp` | the hit's own time, at most that of the sending |
//! | `context` | `ip`, or where there is none the place as `location`; `userAgent`, `locale`, `sessionId` (the second in which the session began), `page` (`url`, `path`, `search`, `title`, `referrer`), `campaign` (`name`, `source`, `medium`, `term`, `content`), `library` |
//! | `name` | of a page view: the title |
//! | `event` | of others: category and name with a blank between, `File Downloaded`, `Products Searched`, `Page Not Found` |
//! | `properties` | of a page view those of `context.page`; of an event `category`, `label`, `value`, and with a property `currency` of three capital letters `revenue`: the property of that name if it is a number, else the value; of a download `url`; of a search `query`; then the hit's own, as many as there is room for |
//!
//! In addresses everything that RFC 3986 does not allow is percent-encoded; in texts control characters and what is
//! not UTF-8 become U+FFFD. What is empty is left out, as is a property with a name of the above.
//!
//! # What is refused
//!
//! A hit without visitor and without a user's id of which anything can be seen (`no-visitor`), for which RudderStack would
//! refuse the whole request, an event without a name (`bad-name`), and a hit of more than 32 kB
//! even without its properties (`too-large`): Segment answers 200 to whatever it throws away.
//!
//! [HTTP API]: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
//! [common fields]: https://segment.com/docs/connections/spec/common/

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Parts, Protocol, ReceiverType, Values, WrongKey, answer, common,
    habit,
    iso::Iso,
    items::{self, Bounds},
    json::Object,
    text::{Shown, can_be_seen},
    uri::{self, Uri},
};
use crate::{
    Headers, Value,
    config::Secret,
    enrich::{Campaign, Found},
    hit::{Hit, Kind},
    ledger::Reason,
};

/// `segment`: Segment.
pub static SEGMENT: ReceiverType = ReceiverType::new("segment", SEGMENT_KEYS, make_segment)
    .title("Segment")
    .example("write_key = \"env:SEGMENT_KEY\"")
    .check(|_| &super::check::segment::SEGMENT);

/// `rudderstack`: RudderStack.
pub static RUDDERSTACK: ReceiverType = ReceiverType::new("rudderstack", RUDDERSTACK_KEYS, make_rudderstack)
    .title("RudderStack")
    .example("url = \"https://data.example.com/v1/batch\"\nwrite_key = \"env:RUDDERSTACK_KEY\"")
    .check(|_| &super::check::segment::RUDDERSTACK);

static SEGMENT_KEYS: &[Key] = &[
    Key::url("url")
        .default_text(URL)
        .identity()
        .doc("where batches are posted, in the EU `https://events.eu1.segmentapis.com/v1/batch`"),
    WRITE_KEY,
];

static RUDDERSTACK_KEYS: &[Key] = &[
    Key::url("url")
        .required("the data plane's address, such as \"https://data.example.com/v1/batch\"")
        .identity()
        .doc("the data plane, with `/v1/batch`"),
    WRITE_KEY,
];

const WRITE_KEY: Key = Key::secret("write_key")
    .required("the source's write key, as \"env:NAME\", \"file:PATH\" or itself")
    .identity()
    .doc("write key of the source");

const URL: &str = "https://api.segment.io/v1/batch";

fn make_segment(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    make(values, true)
}

/// Only a server that is set up for it knows copies.
fn make_rudderstack(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    make(values, false)
}

fn make(values: &Values, knows_copies: bool) -> Result<Arc<dyn Protocol>, WrongKey> {
    let write_key = values.secret("write_key").cloned().unwrap_or_default();
    Ok(Arc::new(Segment::new(values.text("url"), &write_key, knows_copies)))
}

const MAX_ITEMS: usize = 2_500;
/// In bytes; more than RudderStack's own limit would do.
const MAX_BODY: usize = 500_000;
/// In bytes.
const MAX_ITEM: usize = 32_000;
/// A record of so many bytes makes an item that is not too large, whatever it holds.
const SMALL: usize = 2_000;
/// `,"sentAt":"2026-07-22T10:00:02.500Z"}`
const AFTER: usize = 37;

/// The wire format of `segment` and `rudderstack`.
#[derive(Debug)]
pub struct Segment {
    url: String,
    /// As `Authorization` has it.
    credentials: Secret,
    knows_copies: bool,
}

impl Segment {
    /// Posts to `url`, which ends with `/v1/batch`, for the source whose write key is `write_key`. `knows_copies`:
    /// whether a second copy of a hit is recognised there, as Segment does.
    pub fn new(url: &str, write_key: &Secret, knows_copies: bool) -> Self {
        let credentials = BASE64_STANDARD.encode(format!("{}:", write_key.reveal()));
        Self { url: url.to_owned(), credentials: Secret::new(credentials), knows_copies }
    }
}

impl Protocol for Segment {
    fn needs(&self) -> Needs {
        Needs {
            visitor: true,
            dedupe: self.knows_copies,
            batch: MAX_ITEMS,
            parts: Parts::ALL,
            ..Needs::default()
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        if hit.visitor().is_none() && !can_be_seen(hit.user_id()) {
            return Err(Reason::NoVisitor);
        }
        common::check_name(hit)?;
        if hit.size() > SMALL && is_too_large(hit) { Err(Reason::TooLarge) } else { Ok(()) }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        out.secret_header("authorization", "Basic ", &self.credentials);
        let mut object = Object::open(out.body());
        let bounds = Bounds { items: MAX_ITEMS, bytes: MAX_BODY, after: AFTER };
        let taken = items::write_array(batch, bounds, object.key("batch"), |enriched, body| {
            write(enriched, now, true, body);
        });
        object.put("sentAt", &Shown(Iso(now / 1_000)));
        object.close();
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        match answer::classify_unless_page(status, headers, body) {
            Outcome::Delivered if is_failure(body) => Outcome::Refused(Reason::Rejected),
            outcome => outcome,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    success: bool,
}

fn is_failure(body: &[u8]) -> bool {
    serde_json::from_slice::<Answer>(body).is_ok_and(|answer| !answer.success)
}

/// Whether the hit would be, without its properties. The campaign, which is found later, is a part of the query.
#[cold]
fn is_too_large(hit: &Hit) -> bool {
    let mut item = Vec::new();
    write(&Enriched::new(hit), hit.micros(), false, &mut item);
    // A byte of the query that is not UTF-8 takes three; and the names.
    item.len() + 3 * hit.query().len() + 100 > MAX_ITEM
}

fn write(enriched: &Enriched<'_>, now: u64, with_properties: bool, body: &mut Vec<u8>) {
    let hit = enriched.hit;
    let start = body.len();
    let is_page = hit.kind() == Kind::Page;
    let mut item = Object::open(body);
    item.put_text("type", if is_page { "page" } else { "track" });
    item.put_uuid("messageId", hit.id());
    if let Some(visitor) = hit.visitor() {
        item.put_uuid("anonymousId", visitor);
    }
    item.put_clean("userId", common::user(hit, usize::MAX).as_bytes(), usize::MAX);
    item.put("timestamp", &Shown(Iso(common::millis(hit, now))));
    let mut context = Object::open(item.key("context"));
    write_context(enriched, &mut context);
    context.close();
    match event_name(hit.kind()) {
        Some(name) => item.put_text("event", name),
        None if is_page => item.put_clean("name", hit.title().as_bytes(), usize::MAX),
        None => item.put_clean_joined("event", common::name(hit, " "), usize::MAX),
    }
    let mut properties = Object::open(item.key("properties"));
    write_own_properties(hit, &mut properties);
    let revenue = habit::unsaid_revenue(hit);
    if let Some(revenue) = revenue {
        properties.put("revenue", &Value::Number(revenue));
    }
    let is_own = |key: &str| match key {
        "revenue" => revenue.is_some(),
        _ if is_page => is_own_of_page(key),
        _ => is_own_of_event(key),
    };
    for (key, value) in common::properties(hit, is_own).take_while(|_| with_properties) {
        let before = (properties.members(), properties.length());
        common::put_property(&mut properties, key, &value, usize::MAX);
        // Both objects are still to be closed.
        if properties.length() - start + "}}".len() > MAX_ITEM {
            properties.take_back(before.0, before.1);
        }
    }
    properties.close();
    item.close();
}

fn event_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Download => Some("File Downloaded"),
        Kind::NotFound => Some("Page Not Found"),
        Kind::Search => Some("Products Searched"),
        Kind::Event | Kind::Page => None,
    }
}

fn write_context(enriched: &Enriched<'_>, context: &mut Object<'_>) {
    let hit = enriched.hit;
    if let Some(ip) = hit.ip() {
        context.put("ip", &Shown(ip));
    } else if !enriched.country().is_empty() {
        let mut location = Object::open(context.key("location"));
        location.put_text("country", enriched.country());
        location.put_text("region", enriched.region());
        location.put_clean("city", enriched.city().as_bytes(), usize::MAX);
        location.close();
    }
    context.put_clean("userAgent", hit.agent(), usize::MAX);
    context.put_clean("locale", hit.language().as_bytes(), usize::MAX);
    if let Some(session) = hit.session() {
        context.put("sessionId", &session);
    }
    let page = uri::page(hit);
    if page.is_some() || !hit.title().is_empty() || !hit.referrer().is_empty() {
        let mut object = Object::open(context.key("page"));
        write_page(hit, &mut object);
        object.close();
    }
    if let Some(campaign) = enriched.found.map(Found::campaign).filter(|campaign| is_told(campaign)) {
        let mut object = Object::open(context.key("campaign"));
        for (key, text) in [
            ("name", campaign.name()),
            ("source", campaign.source()),
            ("medium", campaign.medium()),
            ("term", campaign.term()),
            ("content", campaign.content()),
        ] {
            object.put_clean(key, text.as_bytes(), usize::MAX);
        }
        object.close();
    }
    let mut library = Object::open(context.key("library"));
    library.put_text("name", common::LIBRARY);
    library.put_text("version", common::VERSION);
    library.close();
}

/// Whether there is more than a click's id, for which there is no place.
fn is_told(campaign: &Campaign) -> bool {
    [campaign.name(), campaign.source(), campaign.medium(), campaign.term(), campaign.content()]
        .iter()
        .any(|text| !text.is_empty())
}

fn write_page(hit: &Hit, page: &mut Object<'_>) {
    if let Some(url) = uri::page(hit) {
        page.put_uri("url", &url);
        page.put_uri("path", &uri::path(hit));
        if !hit.query().is_empty() {
            page.put_uri("search", &Uri { pieces: [&b"?"[..], hit.query()], max: usize::MAX });
        }
    }
    page.put_clean("title", hit.title().as_bytes(), usize::MAX);
    if let Some(referrer) = uri::referrer(hit) {
        page.put_uri("referrer", &referrer);
    }
}

fn write_own_properties(hit: &Hit, properties: &mut Object<'_>) {
    match hit.kind() {
        Kind::Page => write_page(hit, properties),
        Kind::Event => {
            common::put_event(properties, hit, usize::MAX);
            common::put_value(properties, hit.value());
        }
        Kind::Search => properties.put_clean("query", hit.label().as_bytes(), usize::MAX),
        Kind::Download | Kind::NotFound => {
            if let Some(url) = uri::page(hit) {
                properties.put_uri("url", &url);
            }
        }
    }
}

fn is_own_of_page(key: &str) -> bool {
    ["path", "referrer", "search", "title", "url"].contains(&key)
}

fn is_own_of_event(key: &str) -> bool {
    ["category", "label", "query", "url", "value"].contains(&key)
}

#[cfg(test)]
#[path = "segment_test.rs"]
mod test;
