//! `ga-v1`: the Measurement Protocol of Universal Analytics, version 1.
//!
//! Google stopped counting it in 2024. Compatible collectors still take it, and so does whatever a
//! Django site with the origin's middleware posted to.
//!
//! Sources: the protocol's [reference] and [parameters].
//!
//! # What is sent
//!
//! One form a hit, by POST, at most 8,192 bytes long. With a `url` whose path ends with `/batch`, or with `bulk = true`, up to
//! 20 of them, a line each and 16 KiB together. Parameters stand in this order; one without a value is left out:
//!
//! | parameter | value |
//! | --- | --- |
//! | `v` | the protocol's version, as configured |
//! | `z` | a decimal below 2³¹ against caches, made of the hit's id: the same in every attempt |
//! | `t` | `pageview`, `event`, `exception` or `timing` |
//! | `dt` | the page's title |
//! | `dh` | the site, cut at 100 bytes; not with `page = "dl"` |
//! | `dr` | the referrer |
//! | `dp` | the path, percent-decoded once, without the query; `/` for a page without a path; not with `page = "dl"` |
//! | `dl` | with `page = "dl"` the page's address, cut at 2,048 bytes |
//! | `tid` | the tracking id, as configured |
//! | `ds` | the data source, as configured |
//! | `cid`, `uid` | the visitor, with `join` by the id of Google's scripts, if the browser has one; and the user. With `dialect = "metrica"` the last 63 bits of the visitor's id as a decimal, or the id of Metrica's tag |
//! | `uip` | the address, as far as the destination may know it |
//! | `geoid` | the country that a proxy told of, where there is no address |
//! | `ua` | the agent |
//! | `ul` | the language, in lower case, cut at 20 bytes |
//! | `cn`, `cs`, `cm`, `ck`, `cc`, `ci` | the campaign's name, source, medium, term, content and id, cut at 100, 100, 50, 500, 500 and 100 bytes; not with `page = "dl"` where the address says it by `utm_…`, as the receiver reads it there |
//! | `gclid`, `dclid` | the id of a click on one of Google's advertisements, if it has 500 bytes at most; likewise |
//! | `sc` | with `session_start`, of the page view with which a session begins: `start` |
//! | `qt` | how many milliseconds ago the hit was, if that is a second or more; with `time = "qt"` |
//! | `et` | when the hit was, in seconds since the Unix epoch; with `time = "et"` |
//! | `ec` | an event's category, cut at 150 bytes; `event` if it has none, as the protocol demands one; `download`, `not-found` or `search` |
//! | `ea` | an event's name; of a download its address, of a search the term, both cut at 500 bytes |
//! | `el` | an event's label |
//! | `ev` | an event's value, rounded; left out if it is negative or above 2⁵³ |
//! | `pa`, `ti`, `tr`, `cu` | of an event that is a sale: `purchase`, the property `transaction_id` or else the hit's id, the amount from 0 to 2⁵³ and the currency |
//! | `exd`, `exf` | of an event of the category `exception`: its label or name, cut at 150 bytes; 1 if its property `fatal` is true, else 0. With `dialect = "metrica"` it is an event |
//! | `utc`, `utv`, `utt`, `utl` | of an event of the category `timing` with a value: category, name, value in whole milliseconds, label; likewise |
//! | `ni` | 1, of what is no page view and says by a property `non_interaction` that is true that it is nothing the visitor did; not with `dialect = "metrica"` |
//! | `cd…` | of the properties that `dimensions` names, in the order of their names: the value, cut at 150 bytes |
//! | `cm…` | of those that `metrics` names: the number, rounded |
//! | as `token_as` says | the token |
//!
//! Bytes outside UTF-8 are sent as they came. In a form that would be too long the referrer is shortened,
//! then the title, the campaign's content and term, the label, the agent and the page, each to nothing before the next is
//! touched; dimensions and metrics for which there is no room are left out.
//!
//! # What is refused
//!
//! A hit with neither visitor nor user, for Metrica one without a visitor (`no-visitor`), a page view without a site (`no-site`) and an event without a
//! name (`bad-name`): the protocol demands them, and answers 2xx to whatever it throws away.
//!
//! [reference]: https://developers.google.com/analytics/devguides/collection/protocol/v1/reference
//! [parameters]: https://developers.google.com/analytics/devguides/collection/protocol/v1/parameters

mod dialect;
mod payload;

use std::sync::Arc;

use self::dialect::Dialect;
use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, ScriptCookie, Tells,
    Values, WrongKey, answer, common,
};
use crate::{
    Headers,
    config::Secret,
    hit::{Hit, Kind},
    ledger::Reason,
};

const MAX_LINES: usize = 20;
/// In bytes, of all lines.
const MAX_BODY: usize = 16 * 1024;

// In seconds: what is older may be thrown away.
const WINDOW: u64 = 4 * 60 * 60;
/// Of collectors that are told the second: Yandex Metrica's.
const WINDOW_OF_SECONDS: u64 = 12 * 60 * 60;

/// `ga-v1`: the Measurement Protocol of Universal Analytics.
pub static TYPE: ReceiverType = ReceiverType::new("ga-v1", KEYS, make)
    .title("Collectors that speak the Measurement Protocol v1")
    .example("tracking_id = \"UA-12345-6\"")
    .check(super::check::ga_v1::first)
    .cookies(cookies);

/// Those of `celery`, too.
pub(crate) static TASK_KEYS: &[Key] = &[URL_KEY, TRACKING_ID, VERSION, JOIN];

static KEYS: &[Key] = &[
    URL_KEY,
    TRACKING_ID,
    VERSION,
    Key::text("data_source", "a word such as \"web\": 1 to 64 printable ASCII characters", is_word)
        .doc("`ds`: where hits come from, such as `\"web\"`, for collectors that tell by it"),
    Key::word("page", &["dh", "dl"])
        .default_text("dh")
        .doc("how a page is told: `\"dh\"`, its site and path apart, or `\"dl\"`, its address whole, with what is kept of the query"),
    Key::word("time", &["qt", "et", "none"]).default_text("qt").doc(
        "how a late hit's time is told: `\"qt\"`, by its age, `\"et\"`, by its second, as Yandex Metrica has it, or not at all",
    ),
    Key::word("dialect", Dialect::WORDS).default_text("google").doc(
        "whose protocol it is: `\"google\"`, or `\"metrica\"`, what Yandex Metrica has of it: it takes page views and events \
         alone, numbers for visitors (`cid`), which `join` finds in the cookie `_ym_uid`, and no hit without a visitor",
    ),
    Key::bool("session_start").default_bool(false).doc(
        "whether the first page view of a session begins one there, too (`sc`); those of a visitor whose first two pages \
         came within a second are two",
    ),
    Key::bool("bulk").default_bool(false).doc(
        "whether one request holds up to 20 hits, a line each; one whose path ends with `/batch` does in any case",
    ),
    Key::numbers("dimensions", 200, INDEX, is_index)
        .doc("custom dimensions, as names of properties and their numbers there, such as `{ plan = 1 }`"),
    Key::numbers("metrics", 200, INDEX, is_index).doc("custom metrics, likewise; of these properties only numbers are sent"),
    Key::secret("token").doc("the token that a collector asks for; Yandex Metrica's stands with the tag's settings"),
    Key::text("token_as", "a parameter's name, 1 to 16 of a-z, 0-9 and underscore", is_parameter)
        .default_text("ms")
        .doc("the parameter in which the token is sent"),
    JOIN,
];

const URL_KEY: Key = Key::url("url")
    .default_text("https://www.google-analytics.com/collect")
    .identity()
    .doc("as for ga4; Google's own counts nothing any more");
const TRACKING_ID: Key =
    Key::text("tracking_id", "an id such as \"UA-12345-6\": 1 to 64 printable ASCII characters", is_word)
        .required("the id of the property, such as \"UA-12345-6\"")
        .identity()
        .doc("`tid`: 1 to 64 printable ASCII characters");
const VERSION: Key =
    Key::text("version", "a version such as \"1\": 1 to 64 printable ASCII characters", is_word)
        .default_text("1")
        .doc("`v`: 1 to 64 printable ASCII characters");

const JOIN: Key = Key::bool("join").default_bool(false).doc(
    "whether a visitor whose browser has the cookie `_ga` is the one that Google's scripts made: `cid` is the id in it \
     then. It takes `visitor.identity = \"cookie\"`, and the visitor's consent",
);

/// Whether Google's own collector is at `url`.
pub(crate) fn is_google(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', ':', '?']).next().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "google-analytics.com" || host.ends_with(".google-analytics.com")
}

const INDEX: &str = "the number, 1 to 200, of a custom dimension or metric, as in { plan = 1 }";

fn is_index(name: &str, number: u64) -> bool {
    !name.is_empty() && (1..=200).contains(&number)
}

/// A short text that may stand in any request.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_parameter(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let [url, tracking_id, version] = ["url", "tracking_id", "version"].map(|key| values.text(key));
    let indexed = |key, prefix| -> Vec<_> {
        let numbers = values.numbers(key).iter();
        numbers.map(|(property, number)| (property.clone(), format!("{prefix}{number}"))).collect()
    };
    let plain = GaV1::new(url, tracking_id, version);
    Ok(Arc::new(GaV1 {
        data_source: values.text("data_source").to_owned(),
        is_bulk: plain.is_bulk || values.is_true("bulk"),
        is_whole: values.text("page") == "dl",
        time: match values.text("time") {
            "et" => Time::Second,
            "none" => Time::Arrival,
            _ => Time::Age,
        },
        dimensions: indexed("dimensions", "cd"),
        metrics: indexed("metrics", "cm"),
        token: values.secret("token").cloned(),
        token_as: values.text("token_as").to_owned(),
        joins: values.is_true("join"),
        dialect: Dialect::of(values.text("dialect")),
        begins_sessions: values.is_true("session_start"),
        ..plain
    }))
}

fn cookies(values: &Values) -> Vec<ScriptCookie> {
    if values.is_true("join") { vec![Dialect::of(values.text("dialect")).cookie()] } else { Vec::new() }
}

/// The wire format of `ga-v1`.
#[derive(Debug)]
pub struct GaV1 {
    url: String,
    tracking_id: String,
    version: String,
    /// Empty for none.
    data_source: String,
    is_bulk: bool,
    /// Whether a page is told by its whole address.
    is_whole: bool,
    time: Time,
    /// Names of properties, and the parameters in which they are sent.
    dimensions: Vec<(String, String)>,
    metrics: Vec<(String, String)>,
    token: Option<Secret>,
    token_as: String,
    joins: bool,
    dialect: Dialect,
    /// Whether a session's first page view begins one there.
    begins_sessions: bool,
}

/// How the collector is told when a hit was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Time {
    Age,
    Arrival,
    Second,
}

impl GaV1 {
    /// Posts to `url` for the property `tracking_id`, in `version` of the protocol: many hits a request if the path of
    /// `url` ends with `/batch`, pages by site and path, the time by the hit's age.
    pub fn new(url: &str, tracking_id: &str, version: &str) -> Self {
        Self {
            url: url.to_owned(),
            tracking_id: tracking_id.to_owned(),
            version: version.to_owned(),
            data_source: String::new(),
            is_bulk: common::is_batch(url),
            is_whole: false,
            time: Time::Age,
            dimensions: Vec::new(),
            metrics: Vec::new(),
            token: None,
            token_as: String::new(),
            joins: false,
            dialect: Dialect::Google,
            begins_sessions: false,
        }
    }

    /// What a task is handed, which posts one hit whatever `url` is.
    pub(super) fn of_task(url: &str, tracking_id: &str, version: &str) -> Self {
        Self { is_bulk: false, ..Self::new(url, tracking_id, version) }
    }

    /// Whether `cid` is what Google's scripts call the visitor in the browser, if a hit has that. Defaults to not.
    #[must_use]
    pub fn with_join(self, joins: bool) -> Self {
        Self { joins, ..self }
    }

    /// What the receiver's scripts call the visitor, if that is asked for.
    fn joined<'a>(&self, hit: &'a Hit) -> Option<&'a str> {
        if self.joins { hit.joined(self.dialect.cookie_name()) } else { None }
    }

    fn has_visitor(&self, hit: &Hit) -> bool {
        let is_users = self.dialect.takes_users() && !common::user(hit, usize::MAX).is_empty();
        hit.visitor().is_some() || is_users || self.joined(hit).is_some()
    }

    /// Writes the hits that one request may hold, a line each.
    fn write_lines(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        let mut taken = 0;
        for enriched in batch.iter().take(MAX_LINES) {
            let body = out.body();
            let before = body.len();
            if taken > 0 {
                body.push(b'\n');
            }
            let token = self.write(enriched, now, body);
            if taken > 0 && body.len() > MAX_BODY {
                body.truncate(before);
                break;
            }
            if let Some(token) = token {
                out.hide(token);
            }
            taken += 1;
        }
        taken
    }
}

impl Protocol for GaV1 {
    fn needs(&self) -> Needs {
        let has_properties = !(self.dimensions.is_empty() && self.metrics.is_empty());
        let parts = Parts::ALL.only_if(self.begins_sessions, Part::Session);
        Needs {
            address: false,
            visitor: true,
            dedupe: false,
            batch: if self.is_bulk { MAX_LINES } else { 1 },
            one_visitor: !self.is_bulk,
            pace: None,
            window: if self.time == Time::Second { WINDOW_OF_SECONDS } else { WINDOW },
            marks_bots: false,
            // Nothing says that it does.
            gzip: false,
            tells: Tells::Nothing,
            tells_bots: false,
            parts: parts
                .only_if(self.time != Time::Arrival, Part::Time)
                .only_if(has_properties, Part::Properties),
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.kind() {
            _ if !self.has_visitor(hit) => Err(Reason::NoVisitor),
            Kind::Page if hit.site().is_empty() => Err(Reason::NoSite),
            _ => common::check_name(hit),
        }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        // A form's reader would take the ends of lines for a part of a value.
        let form = if self.is_bulk { "text/plain" } else { "application/x-www-form-urlencoded" };
        out.header("content-type", form);
        self.write_lines(&batch[..batch.len().min(self.needs().batch)], now, out)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, _: &[u8]) -> Outcome {
        answer::classify(status, headers)
    }
}

#[cfg(test)]
#[path = "ga_v1_test.rs"]
mod test;
