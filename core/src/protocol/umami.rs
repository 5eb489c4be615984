//! `umami`: the collecting endpoint of Umami, of the version that runs there.
//!
//! Sources: Umami's own source (`src/app/api/{send,batch}/route.ts`) at its versions, and its [manual].
//!
//! # What is sent
//!
//! JSON by POST: to an address that ends with `/batch` an array of up to 100 hits and 1 MB, to another one hit. The
//! request's own agent is that of the hit if it goes alone, and always the same browser's for an array: Umami throws
//! away what programs send, a whole array with it. Of each hit, as `payload` of a `type` of `event`:
//!
//! | key | value | since |
//! | --- | --- | --- |
//! | `website` | the website's id, as configured | |
//! | `hostname`, `url` | the site, and path and query; the whole address where the path begins with two slashes or the site has over 100 characters | |
//! | `referrer`, `title`, `language` | 500 characters, the language 35 | |
//! | `name` | of an event: its category and name joined (`cart_add`), 50 characters; `file_download`, `page_not_found`, `search`; none of a page view | |
//! | `data` | of these: `category`, `label`, `value`, `search_term`, `link_url`, and the properties; `revenue`, where there is a `currency` of three capital letters, is the property of that name if it is a number, else the value | |
//! | `ip` | the address, as far as the destination may know it | 2.10 |
//! | `tag` | as configured | 2.11 |
//! | `userAgent` | the agent | 2.16 |
//! | `timestamp` | the second of the hit, at most that of the sending | 2.17 |
//! | `id` | the user's id, or where that is blank or longer than 50 characters the visitor's | 2.18 |
//!
//! Before 2.10 the address is sent as `X-Forwarded-For`; before 2.17 a hit counts when it arrives. A page view has no
//! properties in Umami. In addresses everything that RFC 3986 does not allow is percent-encoded; in texts control
//! characters and what is not UTF-8 become U+FFFD. What is empty is left out, and so are numbers of 10¹⁵ and more, over
//! which Umami's store would fail.
//!
//! # What is refused
//!
//! An event without a name (`bad-name`); in a batch a hit without an agent, and before 2.18, where visitors are told
//! apart by address and agent, one without either (`no-visitor`). Before 2.17 what is older than ten minutes is dropped
//! (`expired`), as it would count when it arrives. Where Umami answers a hit with `beep`, it took it for a bot's
//! (`bot-there`), and where with 403, its address is blocked there (`filtered-there`). In a batch it tells of each hit that
//! it did not take (`rejected`), or perhaps took (`ambiguous`), but calls a bot's processed like any other. From 3.0.2 on
//! the answer has a `cache` if any hit of the batch counts: without one all that it calls processed were taken for bots'
//! (`bot-there`). An answer that is not Umami's refuses all (`rejected`): to a batch one without `size` and `details`, to
//! one hit one without `cache`, which before 2.16 is all there is: a token (three words with dots between).
//!
//! [manual]: https://umami.is/docs/api/sending-stats

use std::{
    fmt::{self, Display, Formatter, Write},
    sync::Arc,
};

use serde::{Deserialize, de::IgnoredAny};
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, Tells, Values, WrongKey,
    answer, common, habit,
    items::{self, Bounds},
    json::Object,
    text::Shown,
    uri::{self, Uri},
};
use crate::{
    Headers, Value,
    hit::{Hit, Kind},
    ledger::Reason,
};

/// `umami`: Umami.
pub static TYPE: ReceiverType = ReceiverType::new("umami", KEYS, make)
    .title("Umami")
    .example(
        "url = \"https://umami.example.com/api/batch\"\nwebsite = \"3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20\"",
    )
    .check(|_| &super::check::umami::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .required("where hits are posted, such as \"https://umami.example.com/api/batch\"")
        .identity()
        .doc("where hits are posted: many at once if the path ends with `/batch`, else one by one"),
    Key::text("website", "a website's id, which is a UUID", is_uuid)
        .required("the website's id, a UUID, under Settings, Websites, Edit")
        .identity()
        .doc("the website's id"),
    Key::text("version", "the version that runs there, 2.7 or later, such as \"2.18\"", is_version)
        .default_text("3.1")
        .doc("the version of Umami: what it can be told, and what its answers tell"),
    Key::text("tag", "a tag of up to 50 characters", is_tag).doc("marks every hit"),
];

fn is_uuid(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}

fn is_version(text: &str) -> bool {
    Version::of(text).is_some_and(|version| version >= FIRST)
}

fn is_tag(text: &str) -> bool {
    text.encode_utf16().count() <= 50 && !text.chars().any(char::is_control)
}

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let [url, website, version] = ["url", "website", "version"].map(|key| values.text(key));
    let version = Version::of(version).unwrap_or(ID);
    if common::is_batch(url) && version < BATCH {
        return Err(WrongKey::new(
            "url",
            "ends with /batch, which Umami has from version 2.17 on; write /api/send, or the version that runs there",
        ));
    }
    Ok(Arc::new(Umami::new(url, website, version).tag(values.text("tag"))))
}

/// Umami names no limit, but goes through the request's headers again for each hit.
const MAX_HITS: usize = 100;
/// In bytes.
const MAX_BODY: usize = 1_000_000;
// In UTF-16 units.
const MAX_SITE: usize = 100;
const MAX_NAME: usize = 50;
const MAX_ID: usize = 50;
const MAX_TEXT: usize = 500;
/// How far back a hit may be dated before [`TIMESTAMP`], in seconds.
const WINDOW: u64 = 10 * 60;
/// The agent of a batch, which belongs to no visitor: a browser's, as Umami takes nothing of a batch whose own agent
/// is missing or a program's, whatever its hits' agents are.
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A version of Umami, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// `text`: two numbers with a dot between, such as `2.18`, perhaps a third, which is 0 otherwise; none if it is
    /// anything else.
    pub fn of(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, '.');
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
        let (major, minor) = (number(numbers.next()?)?, number(numbers.next()?)?);
        Some(Self { major, minor, patch: number(numbers.next().unwrap_or("0"))? })
    }

    const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, patch: 0 }
    }
}

/// The first that is known here.
const FIRST: Version = Version::new(2, 7);
const IP: Version = Version::new(2, 10);
const TAG: Version = Version::new(2, 11);
const AGENT: Version = Version::new(2, 16);
const TIMESTAMP: Version = Version::new(2, 17);
/// The first that has `/api/batch`.
const BATCH: Version = Version::new(2, 17);
const ID: Version = Version::new(2, 18);
/// The first whose answer to a batch has `cache`.
const CACHE: Version = Version { patch: 2, ..Version::new(3, 0) };

/// The wire format of `umami`.
#[derive(Debug)]
pub struct Umami {
    url: String,
    website: String,
    version: Version,
    tag: String,
    is_batch: bool,
}

impl Umami {
    /// Posts to `url`, whose path ends with `/api/send` or `/api/batch`, for the website of this id, to an Umami of
    /// `version`.
    pub fn new(url: &str, website: &str, version: Version) -> Self {
        let is_batch = common::is_batch(url);
        Self { url: url.to_owned(), website: website.to_owned(), version, tag: String::new(), is_batch }
    }

    /// Marks every hit. Defaults to no tag.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        Self { tag: tag.to_owned(), ..self }
    }

    fn write(&self, enriched: &Enriched<'_>, now: u64, body: &mut Vec<u8>) {
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

impl Protocol for Umami {
    fn needs(&self) -> Needs {
        let parts = Parts::ALL.without(Part::Session).only_if(self.version >= TIMESTAMP, Part::Time);
        let has_id = self.version >= ID;
        Needs {
            address: self.version < ID,
            batch: if self.is_batch { MAX_HITS } else { 1 },
            window: if self.version < TIMESTAMP { WINDOW } else { u64::MAX },
            tells: if self.is_batch { Tells::Each } else { Tells::Whole },
            tells_bots: !self.is_batch,
            parts: parts.only_if(has_id, Part::User).only_if(has_id, Part::Visitor),
            ..Needs::default()
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        let is_by_address = self.version < ID;
        let has_agent = !hit.agent().trim_ascii().is_empty();
        // It would be taken for the sending host's, or for the batch's browser's.
        if is_by_address && hit.ip().is_none() || (is_by_address || self.is_batch) && !has_agent {
            return Err(Reason::NoVisitor);
        }
        common::check_name(hit)
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        let Some(first) = batch.first() else {
            return 0;
        };
        if self.is_batch {
            out.header("user-agent", BROWSER);
            let bounds = Bounds { items: MAX_HITS, bytes: MAX_BODY, after: 0 };
            return items::write_array(batch, bounds, out.body(), |enriched, body| {
                self.write(enriched, now, body);
            });
        }
        if !first.hit.agent().is_empty() {
            out.header("user-agent", Printable(first.hit.agent()));
        }
        if let Some(ip) = first.hit.ip().filter(|_| self.version < IP) {
            out.header("x-forwarded-for", ip);
        }
        self.write(first, now, out.body());
        1
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        match answer::classify(status, headers) {
            Outcome::Delivered if self.is_batch => of_batch(body, self.version >= CACHE),
            Outcome::Delivered => of_one(body),
            Outcome::Refused(_) if status == 403 && !self.is_batch => Outcome::Refused(Reason::FilteredThere),
            outcome => outcome,
        }
    }
}

/// What Umami answers to one hit.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    /// To a bot.
    beep: Option<IgnoredAny>,
    /// A token, to one that it took.
    cache: Option<IgnoredAny>,
}

/// What Umami answers to a batch.
#[derive(Deserialize)]
struct Answers {
    /// How many hits it has read, by which the answer is known for Umami's.
    size: usize,
    /// Of each hit that it did not take, but for those of bots.
    details: Vec<Detail>,
    /// A token of the first hit that counts.
    #[serde(default)]
    cache: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Detail {
    index: usize,
    /// Has an `error`, which is an object with a `status` or a text.
    #[serde(default)]
    response: serde_json::Value,
}

fn of_one(body: &[u8]) -> Outcome {
    match serde_json::from_slice(body).unwrap_or_default() {
        Answer { beep: Some(_), .. } => Outcome::Refused(Reason::BotThere),
        Answer { cache: Some(_), .. } => Outcome::Delivered,
        // Of a version before 2.16, whatever is configured.
        _ if is_token(body) => Outcome::Delivered,
        _ => Outcome::Refused(Reason::Rejected),
    }
}

/// Whether it is a JSON web token (RFC 7519) and nothing else.
fn is_token(body: &[u8]) -> bool {
    let is_word = |word: &[u8]| {
        !word.is_empty() && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let words = body.trim_ascii().split(|b| *b == b'.');
    words.clone().count() == 3 && words.into_iter().all(is_word)
}

/// `has_cache`: whether the answer has one where a hit counts.
fn of_batch(body: &[u8], has_cache: bool) -> Outcome {
    let Ok(Answers { size, details, cache }) = serde_json::from_slice(body) else {
        return match of_one(body) {
            // Nothing says that any was taken.
            Outcome::Delivered => Outcome::Refused(Reason::Rejected),
            refused => refused,
        };
    };
    let mut refused: Vec<_> = details.iter().map(|detail| (detail.index, detail.reason())).collect();
    if has_cache && cache.is_none() {
        // It took none: what it says nothing of were bots'.
        let is_told = |index: &usize| details.iter().any(|detail| detail.index == *index);
        let bots = (0..size.min(MAX_HITS)).filter(|index| !is_told(index));
        refused.extend(bots.map(|index| (index, Reason::BotThere)));
    }
    if refused.is_empty() { Outcome::Delivered } else { Outcome::Partial(refused) }
}

impl Detail {
    fn reason(&self) -> Reason {
        match self.response.pointer("/error/status").and_then(serde_json::Value::as_u64) {
            Some(403) => Reason::FilteredThere,
            // It failed on the way, and would count a second copy.
            Some(500..=599) => Reason::Ambiguous,
            _ => Reason::Rejected,
        }
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

/// An agent as a header may have it: printable ASCII.
struct Printable<'a>(&'a [u8]);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| {
            f.write_char(if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '?' })
        })
    }
}

#[cfg(test)]
#[path = "umami_test.rs"]
mod test;
