//! `plausible`: the Events API of Plausible.
//!
//! Sources: the [API], its [properties], what it takes for [bots], and the server's own code
//! (`lib/plausible/ingestion`) where these say nothing.
//!
//! # What is sent
//!
//! One hit a request, as a JSON body by POST. Plausible tells visitors apart by their address and agent, which are sent
//! as those of the request:
//!
//! | header | value |
//! | --- | --- |
//! | `user-agent` | the visitor's; what a header cannot hold is left out |
//! | `x-forwarded-for` | the visitor's address, as far as the destination may know it |
//!
//! | key | value |
//! | --- | --- |
//! | `domain` | as configured, else the hit's site |
//! | `name` | `pageview`, `File Download`, `404`, `Search`, or an event's category and name with `: ` between, up to `max_name` characters |
//! | `url` | the page's address, up to 2,000 characters; for an event outside a page, the site's |
//! | `referrer` | of a page view, a download and a page not found: the referrer, up to 2,000 characters |
//! | `interactive` | `false` for what is no page view, unless `interactive = true` and no property `non_interaction` is true |
//! | `props.url`, `path`, `search_query` | of a download: its address; of a page not found: its path; of a search: the term |
//! | `props.category`, `label`, `value` | of an event |
//! | `props.…` | the properties, of one name the last: 30 in all, their names up to 300 characters, texts up to 2,000; empty ones are left out, and those whose names have control characters or are the ones above |
//! | `revenue` | of an event with a property `currency` of three capital letters: its property `revenue` if that is a number, else its value; none of 10¹⁵ and more, which its store cannot hold |
//!
//! Bytes outside UTF-8 and stray percent signs, over which Plausible would fail, are percent-encoded.
//!
//! # What is refused
//!
//! A hit without an address or an agent (`no-visitor`), one without a site (`no-site`) and an event without a name
//! (`bad-name`). What is older than ten minutes is dropped (`expired`): Plausible dates a hit when it arrives.
//!
//! # What the answer says
//!
//! Plausible answers 202 whatever becomes of a hit, and `x-plausible-dropped` tells that it threw it away: for its agent
//! or its address (a bot's, a data centre's, one that the site blocks), for its referrer, or as it does not know the
//! domain. Such a hit is refused(`rejected`).
//!
//! [API]: https://plausible.io/docs/events-api
//! [properties]: https://plausible.io/docs/custom-props/introduction
//! [bots]: https://plausible.io/docs/bot-traffic-filtering

use std::{
    fmt::{self, Display, Formatter, Write},
    sync::Arc,
};

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, Tells, Values, WrongKey,
    answer, common, habit,
    json::Object,
    text::{Address, Shown, first_chars},
};
use crate::{
    Headers, Value,
    hit::{Hit, Kind, cap},
    ledger::Reason,
    request::first_value,
};

/// `plausible`: the Events API of Plausible.
pub static TYPE: ReceiverType = ReceiverType::new("plausible", KEYS, make)
    .title("Plausible")
    .example("ip = \"full\"\ndomain = \"www.example.com\"")
    .check(|_| &super::check::plausible::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .default_text("https://plausible.io/api/event")
        .identity()
        .doc("the server's `/api/event`; your own server's, if you host it"),
    Key::text(
        "domain",
        "a site as Plausible lists it, such as \"www.example.com\", or several with commas between: at most 1,000 \
         printable ASCII characters",
        is_domain,
    )
    .identity()
    .doc("the site, as it is called in Plausible's list of sites; without it, the host that each hit names"),
    Key::bool("interactive").default_bool(false).doc(
        "whether events count as something that the visitor did, so that a visit with one is no bounce",
    ),
    Key::number("max_name", 1, MOST_NAME).default_number(120).doc(
        "how many characters of an event's name are sent: the server's own code refuses more than 120 whole, its manual says \
         nothing of it",
    ),
];

// In characters.
/// No record holds a longer category, `: ` and name.
const MOST_NAME: u64 = 2 * cap::EVENT as u64 + 2;
const MAX_URL: usize = 2_000;
const MAX_KEY: usize = 300;
const MAX_VALUE: usize = 2_000;
const MAX_PROPS: usize = 30;
/// In seconds. After midnight the visitor would be another one, too.
const WINDOW: u64 = 10 * 60;

const PARTS: Parts = Parts::NONE
    .with(Part::Page)
    .with(Part::Event)
    .with(Part::Properties)
    .with(Part::Referrer)
    .with(Part::Campaign)
    .with(Part::Address)
    .with(Part::Agent);

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    Ok(Arc::new(Plausible {
        url: values.text("url").to_owned(),
        domain: values.text("domain").to_owned(),
        is_interactive: values.is_true("interactive"),
        max_name: values.number("max_name").map_or(usize::MAX, |most| most as usize),
    }))
}

/// The site that Plausible is told of `hit`.
pub(super) fn domain_of<'a>(values: &'a Values, hit: &'a Hit) -> &'a str {
    match values.text("domain") {
        "" => hit.site(),
        domain => domain,
    }
}

fn is_domain(text: &str) -> bool {
    (1..=1_000).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The wire format of `plausible`.
#[derive(Debug)]
struct Plausible {
    url: String,
    /// Empty for that of each hit.
    domain: String,
    is_interactive: bool,
    /// How many characters of an event's name it takes.
    max_name: usize,
}

impl Protocol for Plausible {
    fn needs(&self) -> Needs {
        Needs {
            address: true,
            one_visitor: true,
            window: WINDOW,
            tells: Tells::Each,
            tells_bots: true,
            parts: PARTS,
            ..Needs::default()
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.kind() {
            _ if hit.ip().is_none() || Agent(hit.agent()).is_empty() => Err(Reason::NoVisitor),
            _ if hit.site().is_empty() => Err(Reason::NoSite),
            Kind::Event if hit.name().is_empty() => Err(Reason::BadName),
            _ => Ok(()),
        }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        let Some(first) = batch.first() else {
            return 0;
        };
        let hit = first.hit;
        out.header("user-agent", Agent(hit.agent()));
        if let Some(ip) = hit.ip() {
            out.header("x-forwarded-for", ip);
        }
        self.write(hit, out.body());
        1
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        let dropped = first_value(headers, &DROPPED).unwrap_or_default();
        match answer::classify_unless_page(status, headers, body) {
            Outcome::Delivered if !matches!(dropped, b"" | b"0") => Outcome::Refused(Reason::Rejected),
            outcome => outcome,
        }
    }
}

static DROPPED: http::HeaderName = http::HeaderName::from_static("x-plausible-dropped");

impl Plausible {
    fn write(&self, hit: &Hit, body: &mut Vec<u8>) {
        let mut body = Object::open(body);
        body.put_text("domain", if self.domain.is_empty() { hit.site() } else { &self.domain });
        self.write_name(hit, &mut body);
        body.put("url", &Shown(Page { hit, max: MAX_URL }));
        if !hit.referrer().is_empty() && !matches!(hit.kind(), Kind::Event | Kind::Search) {
            body.put("referrer", &Shown(Address { pieces: [hit.referrer()], max: MAX_URL }));
        }
        if hit.kind() != Kind::Page && !self.is_interactive || habit::is_background(hit) {
            body.put("interactive", &false);
        }
        if let Some((currency, amount)) =
            habit::revenue(hit).filter(|(_, amount)| common::is_storable(*amount))
        {
            let mut revenue = Object::open(body.key("revenue"));
            revenue.put_text("currency", &currency);
            revenue.put("amount", &Value::Number(amount));
            revenue.close();
        }
        write_props(hit, &mut body);
        body.close();
    }

    fn write_name(&self, hit: &Hit, body: &mut Object<'_>) {
        match hit.kind() {
            Kind::Download => body.put_text("name", "File Download"),
            Kind::Event => {
                let texts = common::name(hit, ": ");
                if texts.iter().map(|text| text.len()).sum::<usize>() <= self.max_name {
                    body.put_joined("name", texts);
                } else {
                    body.put_text("name", first_chars(&texts.concat(), self.max_name));
                }
            }
            Kind::NotFound => body.put_text("name", "404"),
            Kind::Page => body.put_text("name", "pageview"),
            Kind::Search => body.put_text("name", "Search"),
        }
    }
}

fn write_props(hit: &Hit, body: &mut Object<'_>) {
    let is_event = hit.kind() == Kind::Event;
    let has_own = match hit.kind() {
        Kind::Page => false,
        Kind::Event => !hit.category().is_empty() || !hit.label().is_empty() || hit.value().is_some(),
        _ => true,
    };
    if !has_own && free_props(hit).next().is_none() {
        return;
    }
    let mut props = Object::open(body.key("props"));
    match hit.kind() {
        Kind::Download => props.put("url", &Shown(Page { hit, max: MAX_VALUE })),
        Kind::NotFound => props.put("path", &Shown(Address { pieces: [hit.path()], max: MAX_VALUE })),
        Kind::Search => props.put_text("search_query", hit.label()),
        Kind::Event | Kind::Page => {}
    }
    if is_event {
        props.put_text("category", hit.category());
        props.put_text("label", hit.label());
        common::put_value(&mut props, hit.value());
    }
    let room = MAX_PROPS - props.members();
    for (key, value) in free_props(hit).take(room) {
        props.put(key, &value);
    }
    props.close();
}

/// The properties that are no property of trackside's own here.
fn free_props(hit: &Hit) -> impl Iterator<Item = (&str, Value<'_>)> {
    let own: &[&str] = match hit.kind() {
        Kind::Download => &["url"],
        Kind::Event => &["category", "label", "value"],
        Kind::NotFound => &["path"],
        Kind::Page => &[],
        Kind::Search => &["search_query"],
    };
    common::properties(hit, |key| own.contains(&key))
}

/// The visitor's agent, as far as a header can hold it.
struct Agent<'a>(&'a [u8]);

impl Agent<'_> {
    fn is_empty(&self) -> bool {
        self.chars().all(|char| char == ' ')
    }

    fn chars(&self) -> impl Iterator<Item = char> {
        self.0.iter().filter(|byte| matches!(byte, b' '..=b'~')).map(|byte| char::from(*byte))
    }
}

impl Display for Agent<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|char| f.write_char(char))
    }
}

/// The page's address without a percent sign that begins no escape: Plausible's server fails over one.
struct Page<'a> {
    hit: &'a Hit,
    max: usize,
}

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [scheme, site, path, mark, query] = common::page(self.hit);
        let path: &[u8] = if path.is_empty() { b"/" } else { path };
        let pieces = [scheme, site, path, mark, query];
        write!(Escaping { f, left: self.max }, "{}", Address { pieces, max: usize::MAX })
    }
}

/// Writes `%25` in place of a percent sign that begins no escape, and no more than `left` characters: an escape whole
/// or not at all.
struct Escaping<'a, 'b> {
    f: &'a mut Formatter<'b>,
    left: usize,
}

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while !rest.is_empty() {
            let (written, chars);
            (written, chars, rest) = match rest.find('%') {
                Some(0) => {
                    let is_escape =
                        rest.as_bytes().get(1..3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
                    let (escape, after) = if is_escape { rest.split_at(3) } else { ("%25", &rest[1..]) };
                    (if self.left < 3 { "" } else { escape }, 3, after)
                }
                at => {
                    let (plain, after) = rest.split_at(at.unwrap_or(rest.len()));
                    (first_chars(plain, self.left), plain.chars().count(), after)
                }
            };
            self.f.write_str(written)?;
            // What follows something too long does not take its place.
            self.left = self.left.saturating_sub(chars);
        }
        Ok(())
    }
}

// A record holds no longer names and texts of properties than Plausible takes.
const _: () = assert!(cap::KEY <= MAX_KEY && cap::VALUE <= MAX_VALUE && cap::EVENT <= MAX_VALUE);

#[cfg(test)]
#[path = "plausible_test.rs"]
mod test;
