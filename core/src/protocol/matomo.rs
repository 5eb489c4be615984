//! `matomo`: the Tracking HTTP API of Matomo.
//!
//! Sources: the [guide], and the tracker's own code (`core/Tracker`, `plugins/BulkTracking`) where that says nothing.
//!
//! # What is sent
//!
//! Up to 200 hits in one JSON body by POST, each a query of its own, below 1 MiB; with `bulk = false` one hit as a form.
//! The token stands in the body, never in the URL, so that no access log has it.
//!
//! | parameter | value |
//! | --- | --- |
//! | `idsite`, `rec`, `apiv` | the site, as configured; 1; 1 |
//! | `cid` or `_id` | the first 16 hex digits of the visitor's id; with `join`, the id in the cookie `_pk_id…`, if the browser has one |
//! | `uid` | the user's id; none of over 200 characters |
//! | `url` | the page's address, up to 1,024 characters; none for an event outside a page; for a download, the file's |
//! | `action_name` | of a page view: the title, up to 1,024 characters |
//! | `urlref` | the referrer, up to 1,024 characters; not of an event or a search |
//! | `ua`, `lang` | the agent and the language |
//! | `cdt` | the hit's own time, in seconds; not above the time of sending, which Matomo would take for a mistake |
//! | `cip` | the address, as far as the destination may know it; with a token only, as Matomo answers 400 without |
//! | `country`, `region`, `city` | where a proxy told of them and there is no address; with a token only |
//! | `download` | of a download: its address |
//! | `new_visit` | with `session_start`, of the page view with which a session begins: 1 |
//! | `pf_srv` | of a page view: the property that `server_time` names, in whole milliseconds |
//! | `search` | of a search: the term |
//! | `search`, `search_cat`, `search_count` | of an event called `search` with a label: the label, the category, up to 200 characters, and the value as the number of results |
//! | `e_c`, `e_a`, `e_n`, `e_v`, `ca` | of an event: category (`event` if it has none), name, label, value; 1 |
//! | `idgoal`, `ec_id`, `revenue` | with `ecommerce`, in place of these: of an event with a property `currency` of three capital letters that has earned 0 or more: 0, its property `transaction_id`, or without one of up to 100 characters the hit's id; its property `revenue` if that is a number, else its value |
//! | `dimension…` | of the properties that `dimensions` names: the value, up to 255 characters; others have no place |
//! | `bots` | 1, with `bots = true` |
//! | `send_image`, `token_auth` | 0 where it is one form; the token |
//!
//! A page that is not found is an event of that category and name, whose label is the path. Bytes outside UTF-8 become
//! U+FFFD, in addresses they are percent-encoded.
//!
//! # What is refused
//!
//! A page view, download, search or page not found without a site (`no-site`), and an event whose name is blank
//! (`bad-name`).
//!
//! # What the answer says
//!
//! Matomo counts the hits of a bulk request that it tracked: the others are refused(`rejected`), whether it calls them
//! invalid or has not read them, and which they were is not known. It says nothing of hits that it takes for a bot's, and
//! nothing at all with the plugin QueuedTracking, which answers before it looks. A 500 of its own tells that the whole
//! was rolled back, and is safe to send again. An answer that is not Matomo's is one of a wrong `url`: refused, and so is
//! one that counts no hit at all.
//!
//! [guide]: https://developer.matomo.org/api-reference/tracking-api

mod answer;
mod payload;

use std::sync::Arc;

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, ScriptCookie, Tells,
    Values, WrongKey,
    form::Form,
    items::{self, Bounds},
    json::push_escaped,
};
use crate::{
    Headers,
    config::Secret,
    hit::{Hit, Kind, cap},
    ledger::Reason,
};

/// `matomo`: the Tracking HTTP API of Matomo.
pub static TYPE: ReceiverType = ReceiverType::new("matomo", KEYS, make)
    .title("Matomo")
    .example("url = \"https://stats.example.com/matomo.php\"\nsite_id = 1\ntoken = \"env:MATOMO_TOKEN\"")
    .check(|_| &super::check::matomo::FIRST)
    .cookies(cookies);

static KEYS: &[Key] = &[
    Key::url("url")
        .required("the address of the tracker, such as \"https://stats.example.com/matomo.php\"")
        .identity()
        .doc("the tracker: `matomo.php` (formerly `piwik.php`) in the folder where Matomo is installed"),
    Key::number("site_id", 1, 4_294_967_295)
        .required("the number of the site, such as 1")
        .identity()
        .doc("the site's number: Administration, Websites, Manage"),
    Key::secret("token").doc(
        "secret with write access to the site: Administration, Personal, Security, Auth tokens. Without it Matomo is \
         told no address and no place, and no hit older than 24 h",
    ),
    Key::bool("bulk").default_bool(true).doc("whether one request holds up to 200 hits"),
    Key::word("visitor_as", &["cid", "_id"]).default_text("cid").doc(
        "the parameter of the visitor's id: `\"cid\"` stands above all else; with `\"_id\"` a visitor whose id Matomo has \
         not seen may be another with the same address and browser",
    ),
    Key::bool("join").default_bool(false).doc(
        "whether a visitor whose browser has the cookie `_pk_id…` of Matomo's script is the one that the script made. It \
         takes `visitor.identity = \"cookie\"`, and the visitor's consent",
    ),
    Key::bool("session_start").default_bool(false).doc(
        "whether the first page view of a session begins a visit in Matomo, too (`new_visit`), so that its visits are \
         trackside's sessions; those of a visitor whose first two pages came within a second are two",
    ),
    Key::text("server_time", "the name of a property, 1 to 128 bytes", is_property).doc(
        "the property of a page view that says how many milliseconds it took to make (`pf_srv`), if your server measures it",
    ),
    Key::numbers(
        "dimensions",
        100,
        "the number, 1 to 999, of a custom dimension, as in { plan = 1 }",
        |name, number| !name.is_empty() && (1..=999).contains(&number),
    )
    .doc("custom dimensions, as names of properties and their numbers there, such as `{ plan = 1 }`"),
    Key::bool("ecommerce").default_bool(false).doc(
        "whether a sale is an order of Matomo's, in place of an event: an event with a property `currency`. It takes a site \
         with e-commerce, whose currency is that of all its sales",
    ),
    Key::bool("bots").default_bool(false).doc(
        "whether hits count whose agent Matomo knows for a bot's; it throws them away otherwise, and does not say so",
    ),
];

const BATCH: usize = 200;
/// In bytes; nothing is said of a limit, and PHP takes 8 MB by default.
const MAX_BODY: usize = 1 << 20;
// In seconds.
const DAY: u64 = 24 * 60 * 60;
const TWENTY_YEARS: u64 = 20 * 365 * DAY;

fn is_property(text: &str) -> bool {
    (1..=cap::KEY).contains(&text.len())
}

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    Ok(Arc::new(Matomo::of(values)))
}

/// Writes the request of `hit` as a form without the token, and without what asks for one.
pub(super) fn write_bare(values: &Values, hit: &Hit, now: u64, out: &mut Outgoing) {
    let bare = Matomo { token: None, is_bulk: false, ..Matomo::of(values) };
    bare.encode(&[Enriched::new(hit)], now, out);
}

/// Without the hash of site and path that the script puts behind it.
fn cookie_name(values: &Values) -> String {
    format!("_pk_id.{}", values.number("site_id").unwrap_or_default())
}

fn cookies(values: &Values) -> Vec<ScriptCookie> {
    if !values.is_true("join") {
        return Vec::new();
    }
    vec![ScriptCookie::beginning(cookie_name(values), visitor_of)]
}

/// `<16 hex digits>.<second>.…`, of which the rest is digits and dots.
fn visitor_of(value: &str, _: u64) -> Option<String> {
    let (id, rest) = value.split_once('.')?;
    let is_id = id.len() == 16 && id.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    let is_rest =
        rest.bytes().all(|b| b.is_ascii_digit() || b == b'.') && rest.starts_with(|c: char| c != '.');
    (is_id && is_rest).then(|| id.to_owned())
}

fn dimension((property, number): &(String, u64)) -> (String, String) {
    (property.clone(), format!("dimension{number}"))
}

/// The wire format of `matomo`.
#[derive(Debug)]
struct Matomo {
    url: String,
    site_id: u64,
    token: Option<Secret>,
    is_bulk: bool,
    visitor_as: &'static str,
    /// The cookie with the visitor of Matomo's script, if that is asked for.
    script_cookie: Option<String>,
    /// Names of properties, and the parameters of their dimensions.
    dimensions: Vec<(String, String)>,
    has_orders: bool,
    takes_bots: bool,
    /// Whether a session's first page view begins a visit.
    begins_visits: bool,
    /// The name of the property that says how long a page took; empty for none.
    server_time: String,
}

impl Protocol for Matomo {
    fn needs(&self) -> Needs {
        let parts = Parts::ALL.only_if(self.begins_visits, Part::Session);
        Needs {
            batch: if self.is_bulk { BATCH } else { 1 },
            window: if self.token.is_some() { TWENTY_YEARS } else { DAY },
            tells: if self.is_bulk { Tells::Counts } else { Tells::Whole },
            parts: parts
                .only_if(!self.dimensions.is_empty(), Part::Properties)
                .only_if(self.token.is_some(), Part::Address),
            ..Needs::default()
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.kind() {
            Kind::Event if hit.name().trim().is_empty() => Err(Reason::BadName),
            Kind::Event => Ok(()),
            _ if hit.site().is_empty() => Err(Reason::NoSite),
            _ => Ok(()),
        }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        if self.is_bulk { self.write_bulk(batch, now, out) } else { self.write_single(batch, now, out) }
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        if self.is_bulk {
            answer::classify_bulk(status, headers, body)
        } else {
            answer::classify_single(status, headers, body)
        }
    }
}

impl Matomo {
    fn of(values: &Values) -> Self {
        Self {
            url: values.text("url").to_owned(),
            site_id: values.number("site_id").unwrap_or_default(),
            token: values.secret("token").cloned(),
            is_bulk: values.is_true("bulk"),
            script_cookie: values.is_true("join").then(|| cookie_name(values)),
            visitor_as: if values.text("visitor_as") == "_id" { "_id" } else { "cid" },
            dimensions: values.numbers("dimensions").iter().map(dimension).collect(),
            has_orders: values.is_true("ecommerce"),
            takes_bots: values.is_true("bots"),
            begins_visits: values.is_true("session_start"),
            server_time: values.text("server_time").to_owned(),
        }
    }

    fn write_single(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.header("content-type", "application/x-www-form-urlencoded");
        let Some(first) = batch.first() else {
            return 0;
        };
        let mut form = Form::new(out.body());
        self.write(first.hit, now, &mut form);
        form.put("send_image", "0");
        if let Some(token) = &self.token {
            let place = form.put_secret("token_auth", token);
            out.hide(place);
        }
        1
    }

    fn write_bulk(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.header("content-type", "application/json");
        let token = self.token.as_ref().map_or(0, |token| 3 * token.reveal().len());
        let body = out.body();
        // Matomo takes a body for a bulk request by this word, unless the body begins with it.
        body.extend_from_slice(b"{\"requests\":");
        let bounds = Bounds { items: BATCH, bytes: MAX_BODY, after: token + END.len() - "]".len() };
        let taken = items::write_array(batch, bounds, body, |enriched, body| {
            body.extend_from_slice(b"\"?");
            self.write(enriched.hit, now, &mut Form::new(body));
            body.push(b'"');
        });
        if let Some(token) = &self.token {
            body.extend_from_slice(b",\"token_auth\":\"");
            let start = body.len();
            // A token is 32 hex digits; whatever else is configured stays inside its quotes.
            push_escaped(body, token.reveal());
            let end = body.len();
            body.push(b'"');
            out.hide(start..end);
        }
        out.body().push(b'}');
        taken
    }
}

/// What closes a bulk request behind the hits, but for the token.
const END: &str = "],\"token_auth\":\"\"}";

#[cfg(test)]
#[path = "matomo_test.rs"]
mod test;
