//! `goatcounter`: the counting API of GoatCounter.
//!
//! Sources: the [API's manual] and GoatCounter's own source (`handlers/api.go`, `hit.go`).
//!
//! # What is sent
//!
//! One JSON body by POST to `/api/v0/count`, up to 500 hits and 1 MB, every two seconds unless `batch` says otherwise, as
//! GoatCounter takes 60 requests in 120 seconds; the token as `Authorization: Bearer`. With
//! `filter = false` the site's ignored addresses count too. Hits without a visitor, and without agent or address to
//! tell them apart by, go in requests of their own, with `no_sessions`. Of each hit:
//!
//! | key | value |
//! | --- | --- |
//! | `path` | the path; of an event its category and name as one word (`cart-add`), of a search `search-` and the term so; `download` or `not-found` and the path; 2,048 bytes |
//! | `event` | true for all but page views |
//! | `query` | of a page view: the query, from which GoatCounter reads the campaign |
//! | `title` | the title, of an event the label, of a search the term; 1,024 characters |
//! | `ref` | the referrer, 2,048 bytes |
//! | `ip`, `user_agent`, `language` | address, agent (512 characters) and language |
//! | `location` | the country, where it is known and there is no address |
//! | `created_at` | the hit's own time, at most that of the sending |
//! | `session` | a UUID of session and visitor, without a session the visitor |
//!
//! A site in GoatCounter has one host: the site's name is not sent, nor are users, values and properties. In addresses
//! everything that RFC 3986 does not allow is percent-encoded; in texts control characters and what is not UTF-8 become
//! U+FFFD.
//!
//! # What is refused
//!
//! A page view without a path, and an event whose name has no letter or digit (`bad-name`). What GoatCounter answers of
//! single hits is read: errors (`rejected`), and those that the site's filter ignores (`filtered-there`).
//!
//! [API's manual]: https://www.goatcounter.com/help/api

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter, Write},
    sync::Arc,
    time::Duration,
};

use http::HeaderName;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, Tells, Values, WrongKey,
    answer, common,
    iso::Iso,
    items::{self, Bounds},
    json::Object,
    text::Shown,
    uri::{self, Uri},
};
use crate::{
    Headers,
    config::Secret,
    hit::{Hit, Kind},
    ledger::Reason,
};

/// `goatcounter`: GoatCounter.
pub static TYPE: ReceiverType = ReceiverType::new("goatcounter", KEYS, make)
    .title("GoatCounter")
    .example("url = \"https://stats.example.com/api/v0/count\"\ntoken = \"env:GOATCOUNTER_TOKEN\"")
    .check(|_| &super::check::goatcounter::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .required("where hits are posted, such as \"https://mysite.goatcounter.com/api/v0/count\"")
        .identity()
        .doc("the site, with `/api/v0/count`"),
    Key::secret("token")
        .required("a token that may record page views, as \"env:NAME\", \"file:PATH\" or itself")
        .doc("token that may record page views"),
    Key::bool("filter")
        .default_bool(true)
        .doc("whether the addresses that the site ignores are ignored here, too"),
];

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let token = values.secret("token").cloned().unwrap_or_default();
    Ok(Arc::new(GoatCounter::new(values.text("url"), token, values.is_true("filter"))))
}

/// A site there has one host, and neither users nor properties.
const PARTS: Parts = Parts::ALL.without(Part::User).without(Part::Properties);

const MAX_HITS: usize = 500;
/// It lets a client count 60 times in 120 seconds, unless its own server is configured otherwise.
const PACE: Duration = Duration::from_secs(2);
// In bytes.
const MAX_BODY: usize = 1_000_000;
const MAX_PATH: usize = 2_048;
// In UTF-16 units.
const MAX_TITLE: usize = 1_024;
const MAX_AGENT: usize = 512;

const FILTERED: HeaderName = HeaderName::from_static("x-goatcounter-filter");
/// In seconds from now on.
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");
const LONGEST_WAIT: u64 = 60 * 60;

/// The wire format of `goatcounter`.
#[derive(Debug)]
pub struct GoatCounter {
    url: String,
    token: Secret,
    filters: bool,
}

impl GoatCounter {
    /// Posts to `url`, which ends with `/api/v0/count`, with a `token` that may count. `filters`: whether what the
    /// site ignores is ignored here, too.
    pub fn new(url: &str, token: Secret, filters: bool) -> Self {
        Self { url: url.to_owned(), token, filters }
    }
}

impl Protocol for GoatCounter {
    fn needs(&self) -> Needs {
        Needs { batch: MAX_HITS, pace: Some(PACE), tells: Tells::Each, parts: PARTS, ..Needs::default() }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        let is_named = match hit.kind() {
            Kind::Page => !hit.path().is_empty(),
            Kind::Event => !hit.name().is_empty() && Slug([hit.category(), hit.name()]).has_any(),
            Kind::Download | Kind::NotFound | Kind::Search => true,
        };
        if is_named { Ok(()) } else { Err(Reason::BadName) }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        out.secret_header("authorization", "Bearer ", &self.token);
        let Some(first) = batch.first() else {
            return 0;
        };
        let has_sessions = has_session(first.hit);
        let alike = batch.iter().take_while(|enriched| has_session(enriched.hit) == has_sessions).count();
        let mut object = Object::open(out.body());
        if !has_sessions {
            object.put("no_sessions", &true);
        }
        if !self.filters {
            object.put("filter", &[""; 0]);
        }
        let bounds = Bounds { items: MAX_HITS, bytes: MAX_BODY, after: 1 };
        let batch = batch.get(..alike).unwrap_or_default();
        let taken = items::write_array(batch, bounds, object.key("hits"), |enriched, body| {
            write(enriched, now, body);
        });
        object.close();
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        match answer::classify_unless_page(status, headers, body) {
            Outcome::Delivered => partial(filtered(headers)).unwrap_or(Outcome::Delivered),
            Outcome::Retry(None) => Outcome::Retry(reset(headers)),
            Outcome::Refused(reason) if status == 400 => {
                let lost = refused(body).map(|lost| lost.into_iter().chain(filtered(headers)).collect());
                lost.and_then(partial).unwrap_or(Outcome::Refused(reason))
            }
            outcome => outcome,
        }
    }
}

/// All hits but these are stored; none if there are none.
fn partial(lost: BTreeMap<usize, Reason>) -> Option<Outcome> {
    (!lost.is_empty()).then(|| Outcome::Partial(lost.into_iter().collect()))
}

/// Those of which the header has an index.
fn filtered(headers: &dyn Headers) -> BTreeMap<usize, Reason> {
    let listed = answer::text(headers, &FILTERED).unwrap_or_default();
    let indexes = listed.split(|c: char| !c.is_ascii_digit());
    indexes.filter_map(|index| Some((index.parse().ok()?, Reason::FilteredThere))).collect()
}

fn reset(headers: &dyn Headers) -> Option<Duration> {
    let seconds: u64 = answer::text(headers, &RESET)?.parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

#[derive(Deserialize)]
struct Errors<'a> {
    #[serde(borrow)]
    errors: BTreeMap<&'a str, IgnoredAny>,
}

/// The hits that an answer of 400 names; none if it does not say which.
fn refused(body: &[u8]) -> Option<BTreeMap<usize, Reason>> {
    let answer: Errors<'_> = serde_json::from_slice(body).ok()?;
    let indexes: Option<BTreeMap<_, _>> =
        answer.errors.keys().map(|index| Some((index.parse().ok()?, Reason::Rejected))).collect();
    indexes.filter(|indexes| !indexes.is_empty())
}

/// Whether GoatCounter can tell by it whose it is.
fn has_session(hit: &Hit) -> bool {
    hit.visitor().is_some() || (hit.ip().is_some() && !hit.agent().is_empty())
}

fn write(enriched: &Enriched<'_>, now: u64, body: &mut Vec<u8>) {
    let hit = enriched.hit;
    let mut object = Object::open(body);
    match hit.kind() {
        Kind::Page => object.put_uri("path", &Uri { pieces: [hit.path()], max: MAX_PATH }),
        Kind::Download => {
            object.put_uri("path", &Uri { pieces: [&b"download"[..], hit.path()], max: MAX_PATH })
        }
        Kind::NotFound => {
            object.put_uri("path", &Uri { pieces: [&b"not-found"[..], hit.path()], max: MAX_PATH })
        }
        Kind::Event => object.put("path", &Shown(Slug([hit.category(), hit.name()]))),
        Kind::Search => object.put("path", &Shown(Slug(["search", hit.label()]))),
    }
    if hit.kind() == Kind::Page {
        if !hit.query().is_empty() {
            object.put_uri("query", &Uri { pieces: [hit.query()], max: usize::MAX });
        }
    } else {
        object.put("event", &true);
    }
    let title = if hit.kind() == Kind::Page { hit.title() } else { hit.label() };
    object.put_clean("title", title.as_bytes(), MAX_TITLE);
    if let Some(referrer) = uri::referrer(hit) {
        object.put_uri("ref", &Uri { max: MAX_PATH, ..referrer });
    }
    match hit.ip() {
        Some(ip) => object.put("ip", &Shown(ip)),
        None => object.put_text("location", enriched.country()),
    }
    object.put_clean("user_agent", hit.agent(), MAX_AGENT);
    object.put_clean("language", hit.language().as_bytes(), usize::MAX);
    object.put("created_at", &Shown(Iso(common::millis(hit, now))));
    if let Some(session) = common::session(hit).or(hit.visitor()) {
        object.put_uuid("session", session);
    }
    object.close();
}

/// Texts as one word in small letters: runs of anything but letters and digits are a hyphen. At most 1,000 letters of
/// events' texts, and twice as many bytes, are below the limit.
struct Slug<'a>([&'a str; 2]);

impl Slug<'_> {
    fn has_any(&self) -> bool {
        self.0.iter().any(|text| text.chars().any(char::is_alphanumeric))
    }
}

impl Display for Slug<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        for (n, word) in words.filter(|word| !word.is_empty()).enumerate() {
            if n > 0 {
                f.write_char('-')?;
            }
            word.chars().flat_map(char::to_lowercase).try_for_each(|c| f.write_char(c))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "goatcounter_test.rs"]
mod test;
