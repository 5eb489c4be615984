//! `ga4`: the Measurement Protocol of Google Analytics 4.
//!
//! Sources: the protocol's [reference], its [guide] and the [limits] and [naming rules] of Analytics.
//!
//! # What is sent
//!
//! One JSON body by POST, below 130 kB, for up to 25 hits of one visitor, user, address or place, agent and consent. The
//! data stream and its secret stand in the URL.
//!
//! | key | value |
//! | --- | --- |
//! | `client_id` | two decimals with a dot between: the first and the last 32 bits of the visitor's id, at least 1 each |
//! | `user_id` | the user's id |
//! | `ip_override` | the address, as far as the destination may know it |
//! | `user_location` | `country_id`, `region_id` (`US-CA`) and `city`, where a proxy told of them and there is no address, which tells more |
//! | `user_agent` | the agent |
//! | `consent` | for ads' data and personalisation: `GRANTED` if the visitor allowed ads, else `DENIED` |
//! | `events[].name` | `page_view`, `file_download`, `page_not_found`, `view_search_results`, or an event's category and name joined and cleaned (`cart_add`) |
//! | `events[].timestamp_micros` | the hit's own time, moved into the 72 hours before the sending |
//! | `….params.session_id` | the second in which the session began; without a session, the one in which the hit's UTC day began, as no hit counts without |
//! | `….params.engagement_time_msec` | 1, as no hit counts without |
//! | `….params.page_location` | the page's address, up to 1,000 characters; none for an event outside a page; for a download, the page that led to it, if it is known |
//! | `….params.link_url`, `file_name`, `file_extension` | of a download: its address, its path and the end of its name |
//! | `….params.search_term` | of a search: the term |
//! | `….params.page_referrer` | of a page view, and of one that is not found: the referrer, up to 420 characters |
//! | `….params.page_title` | of a page view: the title, up to 300 characters |
//! | `….params.page_language` | of a page view: the language, in lower case |
//! | `….params.event_category`, `event_label`, `value` | of an event |
//! | `….params.…` | the properties, the first that fit into 25 parameters; the last of one name stands |
//!
//! Texts are cut at 100 characters (Unicode scalar values) where nothing else is said; what is empty is
//! left out. In addresses, bytes outside UTF-8 are percent-encoded; in the agent they become U+FFFD.
//!
//! # What is refused
//!
//! A hit without a visitor (`no-visitor`), and an event whose name is empty or reserved, or has no letter
//! to begin with (`bad-name`): Google answers 204 to whatever it throws away. A property of a reserved
//! name, or of one of the names above, is left out.
//!
//! [reference]: https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference
//! [guide]: https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events
//! [limits]: https://support.google.com/analytics/answer/9267744
//! [naming rules]: https://support.google.com/analytics/answer/13316687

mod name;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::Arc,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use uuid::Uuid;

use self::name::Name;
use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Protocol, ReceiverType, Tells, Values, WrongKey, answer,
    common,
    json::Object,
    text::{Address, Lossy, Lower, Shown, first_chars},
};
use crate::{
    Headers, Value,
    config::Secret,
    hit::{Hit, Kind, cap},
    ledger::Reason,
};

const MAX_EVENTS: usize = 25;
const MAX_PARAMS: usize = 25;
/// In bytes; the protocol wants less than 130 kB.
const MAX_BODY: usize = 129_999;
// In characters.
const MAX_LOCATION: usize = 1_000;
const MAX_REFERRER: usize = 420;
const MAX_TITLE: usize = 300;
const MAX_TEXT: usize = 100;

/// In seconds.
const WINDOW: u64 = 72 * 60 * 60;
const DAY: u64 = 24 * 60 * 60;

// A record holds no longer user id than the protocol takes.
const _: () = assert!(cap::USER_ID <= 256);

/// `ga4`: Google Analytics 4.
pub static TYPE: ReceiverType = ReceiverType::new("ga4", KEYS, make)
    .title("Google Analytics 4")
    .example("measurement_id = \"G-ABC123DEF4\"\napi_secret = \"env:GA4_SECRET\"");

static KEYS: &[Key] = &[
    Key::url("url")
        .default_text(URL)
        .identity()
        .doc("absolute, http or https, without userinfo and fragment, at most 2,048 bytes"),
    Key::text(
        "measurement_id",
        "the id of a web data stream, \"G-\" and up to 32 capital letters and digits",
        is_measurement_id,
    )
    .required("the id of the data stream, such as \"G-ABC123DEF4\"")
    .identity()
    .doc("the data stream, `\"G-…\"`"),
    Key::secret("api_secret")
        .required("the data stream's secret, as \"env:NAME\", \"file:PATH\" or itself")
        .doc("secret of the data stream"),
];

const URL: &str = "https://www.google-analytics.com/mp/collect";

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let secret = values.secret("api_secret").cloned().unwrap_or_default();
    Ok(Arc::new(Ga4::new(values.text("url"), values.text("measurement_id"), secret)))
}

fn is_measurement_id(text: &str) -> bool {
    text.strip_prefix("G-").is_some_and(|id| {
        (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

/// The wire format of `ga4`.
#[derive(Debug)]
pub struct Ga4 {
    /// Up to where the secret follows.
    url: String,
    api_secret: Secret,
}

impl Ga4 {
    /// Posts to `url`, which may have a query already, for the data stream `measurement_id`, whose secret
    /// is `api_secret`.
    pub fn new(url: &str, measurement_id: &str, api_secret: Secret) -> Self {
        let joint = if url.contains('?') { '&' } else { '?' };
        // `-` needs no escape, and every id holds one.
        let id = utf8_percent_encode(measurement_id, const { &NON_ALPHANUMERIC.remove(b'-') });
        Self { url: format!("{url}{joint}measurement_id={id}&api_secret="), api_secret }
    }
}

impl Protocol for Ga4 {
    fn needs(&self) -> Needs {
        Needs {
            address: false,
            visitor: true,
            dedupe: false,
            batch: MAX_EVENTS,
            one_visitor: true,
            window: WINDOW,
            marks_bots: false,
            // Nothing says that it does.
            gzip: false,
            tells: Tells::Nothing,
            parts: Part::ALL,
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        if hit.visitor().is_none() {
            return Err(Reason::NoVisitor);
        }
        Name::of(hit).map(drop)
    }

    fn group(&self, hit: &Hit) -> u64 {
        // Without the random state that would tell two workers' groups apart.
        let mut hasher = DefaultHasher::new();
        Shared::of(hit).hash(&mut hasher);
        hasher.finish()
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.push_secret(&self.api_secret);
        out.header("content-type", "application/json");
        let Some(first) = batch.first() else {
            return 0;
        };
        let shared = Shared::of(first.hit);
        let alike = batch.iter().take(MAX_EVENTS).map_while(|enriched| {
            let hit = enriched.hit;
            (Shared::of(hit) == shared).then_some(hit)
        });
        let mut body = Object::open(out.body());
        shared.write(&mut body);
        let taken = write_events(alike, now, body.key("events"));
        body.close();
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, _: &[u8]) -> Outcome {
        answer::classify(status, headers)
    }
}

/// What the hits of one request have in common.
#[derive(Eq, Hash, PartialEq)]
struct Shared<'a> {
    visitor: Option<Uuid>,
    user_id: &'a str,
    ip: Option<IpAddr>,
    /// Country, region and city, in place of an address.
    place: [&'a str; 3],
    agent: &'a [u8],
    grants_ads: bool,
}

impl<'a> Shared<'a> {
    fn of(hit: &'a Hit) -> Self {
        Self {
            visitor: hit.visitor(),
            user_id: hit.user_id(),
            ip: hit.ip(),
            place: if hit.ip().is_none() { [hit.country(), hit.region(), hit.city()] } else { [""; 3] },
            agent: hit.agent(),
            grants_ads: hit.grants_ads(),
        }
    }

    fn write(&self, body: &mut Object<'_>) {
        if let Some(visitor) = self.visitor {
            let [first, last] = client_id(visitor);
            body.put("client_id", &Shown(format_args!("{first}.{last}")));
        }
        body.put_text("user_id", self.user_id);
        if let Some(ip) = self.ip {
            body.put("ip_override", &Shown(ip));
        }
        let [country, region, city] = self.place;
        if !country.is_empty() {
            let mut location = Object::open(body.key("user_location"));
            location.put("country_id", country);
            if !region.is_empty() {
                location.put("region_id", &Shown(format_args!("{country}-{region}")));
            }
            location.put_text("city", city);
            location.close();
        }
        if !self.agent.is_empty() {
            body.put("user_agent", &Shown(Lossy(self.agent)));
        }
        let ads = if self.grants_ads { "GRANTED" } else { "DENIED" };
        body.put("consent", &Consent { ad_user_data: ads, ad_personalization: ads });
    }
}

#[derive(Serialize)]
struct Consent {
    ad_user_data: &'static str,
    ad_personalization: &'static str,
}

fn client_id(visitor: Uuid) -> [u32; 2] {
    let [a, b, c, d, .., w, x, y, z] = visitor.into_bytes();
    [[a, b, c, d], [w, x, y, z]].map(|bits| u32::from_be_bytes(bits).max(1))
}

/// Writes as many of `hits` as the body has room for, the first in any case, and answers how many.
fn write_events<'a>(hits: impl Iterator<Item = &'a Hit>, now: u64, body: &mut Vec<u8>) -> usize {
    let mut taken = 0;
    body.push(b'[');
    for hit in hits {
        let before = body.len();
        if taken > 0 {
            body.push(b',');
        }
        write_event(hit, now, body);
        // The array and the body are still to be closed.
        if taken > 0 && body.len() + "]}".len() > MAX_BODY {
            body.truncate(before);
            break;
        }
        taken += 1;
    }
    body.push(b']');
    taken
}

fn write_event(hit: &Hit, now: u64, body: &mut Vec<u8>) {
    let mut event = Object::open(body);
    // OK because hits without a name are not admitted.
    if let Ok(name) = Name::of(hit) {
        event.put_text("name", name.as_str());
    }
    let oldest = now.saturating_sub(WINDOW * 1_000_000);
    event.put("timestamp_micros", &hit.micros().clamp(oldest, now));
    let mut params = Object::open(event.key("params"));
    write_params(hit, &mut params);
    params.close();
    event.close();
}

fn write_params(hit: &Hit, params: &mut Object<'_>) {
    let seconds = hit.micros() / 1_000_000;
    let session = hit.session().unwrap_or(seconds - seconds % DAY);
    params.put_digits("session_id", session);
    params.put("engagement_time_msec", &1);
    if !hit.site().is_empty() && !hit.path().is_empty() {
        let pieces = common::page(hit);
        if hit.kind() == Kind::Download {
            put_address(params, "link_url", pieces, MAX_TEXT);
        } else {
            put_address(params, "page_location", pieces, MAX_LOCATION);
        }
    }
    match hit.kind() {
        Kind::Download => write_download_params(hit, params),
        Kind::Event => write_event_params(hit, params),
        Kind::NotFound => write_referrer(hit, params),
        Kind::Page => write_page_params(hit, params),
        Kind::Search => params.put_text("search_term", first_chars(hit.label(), MAX_TEXT)),
    }
    write_properties(hit, params);
}

fn put_address<const N: usize>(params: &mut Object<'_>, key: &str, pieces: [&[u8]; N], max: usize) {
    let address = Address { pieces, max };
    match address.as_texts() {
        Some(texts) => params.put_joined(key, texts),
        None => params.put(key, &Shown(address)),
    }
}

fn write_referrer(hit: &Hit, params: &mut Object<'_>) {
    if !hit.referrer().is_empty() {
        put_address(params, "page_referrer", [hit.referrer()], MAX_REFERRER);
    }
}

fn write_download_params(hit: &Hit, params: &mut Object<'_>) {
    if !hit.referrer().is_empty() {
        put_address(params, "page_location", [hit.referrer()], MAX_LOCATION);
    }
    put_address(params, "file_name", [hit.path()], MAX_TEXT);
    let name = hit.path().rsplit(|&b| b == b'/').next().unwrap_or_default();
    if let Some(dot) = memchr::memrchr(b'.', name).filter(|&dot| dot > 0 && dot + 1 < name.len()) {
        put_address(params, "file_extension", [&name[dot + 1..]], MAX_TEXT);
    }
}

fn write_page_params(hit: &Hit, params: &mut Object<'_>) {
    write_referrer(hit, params);
    params.put_text("page_title", first_chars(hit.title(), MAX_TITLE));
    let language = hit.language();
    if language.is_ascii() {
        params.put_text("page_language", &language.to_ascii_lowercase());
    } else {
        params.put("page_language", &Shown(Lower(language)));
    }
}

fn write_event_params(hit: &Hit, params: &mut Object<'_>) {
    params.put_text("event_category", first_chars(hit.category(), MAX_TEXT));
    params.put_text("event_label", first_chars(hit.label(), MAX_TEXT));
    if let Some(value) = hit.value() {
        params.put("value", &Value::Number(value));
    }
}

fn write_properties(hit: &Hit, params: &mut Object<'_>) {
    let named = || {
        hit.properties().filter_map(|(key, value)| match value {
            Value::Text(text) if text.is_empty() => None,
            value => Some((Name::of_property(key)?, value)),
        })
    };
    for (n, (name, value)) in named().enumerate() {
        if params.members() == MAX_PARAMS {
            break;
        }
        if named().skip(n + 1).any(|(later, _)| later == name) {
            continue;
        }
        match value {
            Value::Text(text) => params.put(name.as_str(), first_chars(&text, MAX_TEXT)),
            value => params.put(name.as_str(), &value),
        }
    }
}

#[cfg(test)]
#[path = "ga4_test.rs"]
mod test;
