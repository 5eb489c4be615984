//! `ga-v1`: the Measurement Protocol of Universal Analytics, version 1.
//!
//! Google stopped counting it in 2024. Compatible collectors still take it, and so does whatever a
//! Django site with the origin's middleware posted to.
//!
//! Sources: the protocol's [reference] and [parameters].
//!
//! # What is sent
//!
//! One form a hit, by POST, at most 8,192 bytes long. Parameters stand in this order; one without a value
//! is left out:
//!
//! | parameter | value |
//! | --- | --- |
//! | `v` | the protocol's version, as configured |
//! | `z` | a decimal below 2³¹ against caches, made of the hit's id: the same in every attempt |
//! | `t` | `pageview` or `event` |
//! | `dt` | the page's title |
//! | `dh` | the site, cut at 100 bytes |
//! | `dr` | the referrer |
//! | `dp` | the path, percent-decoded once, without the query; `/` for a page without a path |
//! | `tid` | the tracking id, as configured |
//! | `cid` | the visitor |
//! | `uip` | the address, as far as the destination may know it |
//! | `geoid` | the country that a proxy told of, where there is no address |
//! | `ua` | the agent |
//! | `ec` | an event's category, cut at 150 bytes; `event` if it has none, as the protocol demands one |
//! | `ea` | an event's name |
//! | `el` | an event's label |
//! | `ev` | an event's value, rounded; left out if it is negative or above 2⁵³ |
//!
//! Bytes outside UTF-8 are sent as they came. In a form that would be too long the referrer is shortened,
//! then the title, the label, the agent and the path, each to nothing before the next is touched.
//!
//! A hit is counted when it arrives: the origin never sent its age (`qt`), and neither does this.
//!
//! # What is refused
//!
//! A hit without a visitor (`no-visitor`), a page view without a site (`no-site`) and an event without a
//! name (`bad-name`): the protocol demands them, and answers 2xx to whatever it throws away.
//!
//! [reference]: https://developers.google.com/analytics/devguides/collection/protocol/v1/reference
//! [parameters]: https://developers.google.com/analytics/devguides/collection/protocol/v1/parameters

use std::sync::Arc;

use percent_encoding::percent_decode;
use uuid::fmt::Hyphenated;

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Protocol, ReceiverType, Tells, Values, WrongKey, answer,
    form::{Form, shorten},
};
use crate::{
    Headers,
    hit::{
        Hit, Kind,
        cap::{self, cut},
    },
    ledger::Reason,
};

const MAX_BODY: usize = 8_192;
const MAX_SITE: usize = 100;
const MAX_CATEGORY: usize = 150;
/// From here on a double no longer tells one integer from the next.
const MAX_VALUE: f64 = 9_007_199_254_740_992.0;
/// Of what a form too long gives up.
const GIVES: [&str; 5] = ["dr", "dt", "el", "ua", "dp"];

/// In seconds: what is older may be thrown away.
const WINDOW: u64 = 4 * 60 * 60;

// The parameters' other limits hold because a record holds no more.
const _: () = assert!(cap::TITLE <= 1_500 && cap::URL <= 2_048 && cap::EVENT <= 500);

/// `ga-v1`: the Measurement Protocol of Universal Analytics.
pub static TYPE: ReceiverType = ReceiverType::new("ga-v1", KEYS, make)
    .title("Collectors that speak the Measurement Protocol v1")
    .example("tracking_id = \"UA-12345-6\"");

pub(crate) static KEYS: &[Key] = &[
    Key::url("url").default_text(URL).identity().doc("as for ga4; Google's own counts nothing any more"),
    Key::text("tracking_id", "an id such as \"UA-12345-6\": 1 to 64 printable ASCII characters", is_word)
        .required("the id of the property, such as \"UA-12345-6\"")
        .identity()
        .doc("`tid`: 1 to 64 printable ASCII characters"),
    Key::text("version", "a version such as \"1\": 1 to 64 printable ASCII characters", is_word)
        .default_text("1")
        .doc("`v`: 1 to 64 printable ASCII characters"),
];

const URL: &str = "https://www.google-analytics.com/collect";

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let [url, tracking_id, version] = ["url", "tracking_id", "version"].map(|key| values.text(key));
    Ok(Arc::new(GaV1::new(url, tracking_id, version)))
}

/// A short text that may stand in any request.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

const PARTS: &[Part] =
    &[Part::Visitor, Part::Page, Part::Event, Part::Title, Part::Referrer, Part::Address, Part::Agent];

/// The wire format of `ga-v1`.
#[derive(Debug)]
pub struct GaV1 {
    url: String,
    tracking_id: String,
    version: String,
}

impl GaV1 {
    /// Posts to `url` for the property `tracking_id`, in `version` of the protocol.
    pub fn new(url: &str, tracking_id: &str, version: &str) -> Self {
        Self { url: url.to_owned(), tracking_id: tracking_id.to_owned(), version: version.to_owned() }
    }

    fn write(&self, hit: &Hit, body: &mut Vec<u8>) {
        let mut form = Form::new(body);
        form.put("v", &self.version);
        form.put_shown("z", cache_buster(hit));
        form.put(
            "t",
            match hit.kind() {
                Kind::Page => "pageview",
                _ => "event",
            },
        );
        form.put("dt", hit.title());
        form.put("dh", cut(hit.site().as_bytes(), MAX_SITE));
        form.put("dr", hit.referrer());
        match hit.kind() {
            // The same by RFC 9110 §4.2.3, and the protocol demands one.
            Kind::Page if hit.path().is_empty() => form.put("dp", "/"),
            _ => form.put_bytes("dp", percent_decode(hit.path())),
        }
        form.put("tid", &self.tracking_id);
        if let Some(visitor) = hit.visitor() {
            form.put("cid", visitor.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]));
        }
        if let Some(ip) = hit.ip() {
            form.put_shown("uip", ip);
        } else {
            // It beats the address, which tells more.
            form.put("geoid", hit.country());
        }
        form.put("ua", hit.agent());
        if hit.kind() != Kind::Page {
            let category = if hit.category().is_empty() { "event" } else { hit.category() };
            form.put("ec", cut(category.as_bytes(), MAX_CATEGORY));
            form.put("ea", hit.name());
            form.put("el", hit.label());
            if let Some(value) = hit.value().filter(|value| (0.0..=MAX_VALUE).contains(value)) {
                form.put_shown("ev", value.round() as u64);
            }
        }
    }
}

impl Protocol for GaV1 {
    fn needs(&self) -> Needs {
        Needs {
            address: false,
            visitor: true,
            dedupe: false,
            batch: 1,
            one_visitor: true,
            window: WINDOW,
            marks_bots: false,
            // Nothing says that it does.
            gzip: false,
            tells: Tells::Nothing,
            parts: PARTS,
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.kind() {
            _ if hit.visitor().is_none() => Err(Reason::NoVisitor),
            Kind::Page if hit.site().is_empty() => Err(Reason::NoSite),
            _ if hit.kind() != Kind::Page && hit.name().is_empty() => Err(Reason::BadName),
            _ => Ok(()),
        }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/x-www-form-urlencoded");
        let Some(first) = batch.first() else {
            return 0;
        };
        self.write(first.hit, out.body());
        for name in GIVES {
            shorten(out.body(), name, MAX_BODY);
        }
        1
    }

    fn classify(&self, status: u16, headers: &dyn Headers, _: &[u8]) -> Outcome {
        answer::classify(status, headers)
    }
}

fn cache_buster(hit: &Hit) -> u32 {
    let [.., a, b, c, d] = hit.id().into_bytes();
    u32::from_be_bytes([a & 0x7f, b, c, d])
}

#[cfg(test)]
#[path = "ga_v1_test.rs"]
mod test;
