//! `ga4`: the Measurement Protocol of Google Analytics 4.
//!
//! Sources: the protocol's [reference], its [guide] and the [limits] and [naming rules] of Analytics.
//!
//! # What is sent
//!
//! One JSON body by POST, below 130 kB, for up to 25 hits of one visitor, user, user's properties, address or place, agent
//! and consent. The data stream and its secret stand in the URL.
//!
//! | key | value |
//! | --- | --- |
//! | `client_id` | two decimals with a dot between: the first and the last 32 bits of the visitor's id, at least 1 each; with `join`, those of the cookie `_ga`, if the browser has one |
//! | `user_id` | the user's id |
//! | `ip_override` | the address, as far as the destination may know it |
//! | `user_location` | `country_id`, `region_id` (`US-CA`) and `city`, where a proxy told of them and there is no address, which tells more |
//! | `user_agent` | the agent |
//! | `user_properties.….value` | of the properties that `user_properties` names: the value, up to 36 characters |
//! | `consent` | for ads' data and personalisation: `GRANTED` if the visitor allowed ads, else `DENIED` |
//! | `events[].name` | `page_view`, `file_download`, `page_not_found`, `view_search_results`, `exception` and `timing_complete` for events of the categories `exception` and, with a value, `timing`, or an event's category and name joined, from the first letter on, and cleaned (`cart_add`) |
//! | `events[].timestamp_micros` | the hit's own time, moved into the 72 hours before the sending |
//! | `….params.session_id` | the second in which the session began; without a session, the one in which the hit's UTC day began, as no hit counts without; with `join`, that of Google's tag (`_ga_…`), if it has not ended |
//! | `….params.engagement_time_msec` | 1, as no hit counts without |
//! | `….params.page_location` | the page's address, up to 1,000 characters; none for an event outside a page; for a download, the page that led to it, if it is known |
//! | `….params.link_url`, `file_name`, `file_extension` | of a download: its address, its path and the end of its name |
//! | `….params.search_term` | of a search: the term |
//! | `….params.page_referrer` | of a page view, and of one that is not found: the referrer, up to 420 characters |
//! | `….params.page_title` | the title, up to 300 characters: events have one where `set` gives it |
//! | `….params.page_language` | the language, in lower case |
//! | `….params.event_category`, `event_label`, `value` | of an event; the value of a sale, which has a property `currency` of three capital letters, is its property `revenue` if that is a number |
//! | `….params.description`, `fatal` | of an `exception`, in place of category and label: its label or name; the property `fatal` if it is true or false |
//! | `….params.name` | of `timing_complete`: the event's name |
//! | `….params.…` | the properties, the first that fit into 25 parameters; the last of one name stands |
//!
//! Texts are cut at 100 characters (Unicode scalar values) where nothing else is said; what is empty is
//! left out. In addresses, bytes outside UTF-8 are percent-encoded; in the agent they become U+FFFD.
//!
//! # What is refused
//!
//! A hit without a visitor (`no-visitor`), and an event whose name is empty or reserved, or has no letter
//! (`bad-name`): Google answers 204 to whatever it throws away. A property of a reserved
//! name, or of one of the names above that a hit of its kind has, is left out.
//!
//! [reference]: https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference
//! [guide]: https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events
//! [limits]: https://support.google.com/analytics/answer/9267744
//! [naming rules]: https://support.google.com/analytics/answer/13316687

mod name;
mod params;
mod shared;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use self::{name::Name, shared::Shared};
use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Parts, Protocol, ReceiverType, ScriptCookie, Tells, Values,
    WrongKey, answer, ga_cookies,
    items::{self, Bounds},
    json::Object,
};
use crate::{
    Headers,
    config::Secret,
    hit::{Hit, cap},
    ledger::Reason,
};

const MAX_EVENTS: usize = 25;
/// In bytes; the protocol wants less than 130 kB.
const MAX_BODY: usize = 129_999;

/// In seconds.
const WINDOW: u64 = 72 * 60 * 60;

// A record holds no longer user id than the protocol takes.
const _: () = assert!(cap::USER_ID <= 256);

/// `ga4`: Google Analytics 4.
pub static TYPE: ReceiverType = ReceiverType::new("ga4", KEYS, make)
    .title("Google Analytics 4")
    .example("measurement_id = \"G-ABC123DEF4\"\napi_secret = \"env:GA4_SECRET\"")
    .check(super::check::ga4::first)
    .cookies(cookies);

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
    Key::text("user_properties", USER_PROPERTIES, shared::are_user_properties).doc(
        "the properties that are the user's, with commas between: they are sent as `user_properties` of Google's",
    ),
    Key::bool("join").default_bool(false).doc(
        "whether a visitor whose browser has the cookies of Google's tag, `_ga` and `_ga_…`, is the one that the tag made, \
         in the same session. It takes `visitor.identity = \"cookie\"`, and the visitor's consent",
    ),
];

const USER_PROPERTIES: &str = "at most 25 names with commas between, such as \"plan,tier\", each of 1 to 24 letters, digits \
                               and underscores, the first a letter, none of them reserved";

const URL: &str = "https://www.google-analytics.com/mp/collect";

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let secret = values.secret("api_secret").cloned().unwrap_or_default();
    let ga4 = Ga4::new(values.text("url"), values.text("measurement_id"), secret);
    let of_user: Vec<_> = shared::user_properties(values.text("user_properties")).collect();
    Ok(Arc::new(ga4.user_properties(&of_user).with_join(values.is_true("join"))))
}

fn cookies(values: &Values) -> Vec<ScriptCookie> {
    if !values.is_true("join") {
        return Vec::new();
    }
    vec![ga_cookies::client(), ga_cookies::session(values.text("measurement_id"))]
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
    /// Names of the properties that are the user's.
    of_user: Vec<String>,
    /// The cookie with the session of Google's tag.
    session_cookie: String,
    joins: bool,
}

impl Ga4 {
    /// Posts to `url`, which may have a query already, for the data stream `measurement_id`, whose secret
    /// is `api_secret`.
    pub fn new(url: &str, measurement_id: &str, api_secret: Secret) -> Self {
        let joint = if url.contains('?') { '&' } else { '?' };
        // `-` needs no escape, and every id holds one.
        let id = utf8_percent_encode(measurement_id, const { &NON_ALPHANUMERIC.remove(b'-') });
        Self {
            url: format!("{url}{joint}measurement_id={id}&api_secret="),
            api_secret,
            of_user: Vec::new(),
            session_cookie: ga_cookies::session_name(measurement_id),
            joins: false,
        }
    }

    /// The properties that are the user's: at most 25 names of 1 to 24 letters, digits and underscores, the first a
    /// letter. Defaults to none.
    #[must_use]
    pub fn user_properties(self, names: &[&str]) -> Self {
        Self { of_user: names.iter().map(|name| (*name).to_owned()).collect(), ..self }
    }

    /// Whether client and session are what Google's tag calls them in the browser, if a hit has that. Defaults to not.
    #[must_use]
    pub fn with_join(self, joins: bool) -> Self {
        Self { joins, ..self }
    }

    /// What Google's tag calls the client, if that is asked for.
    fn joined<'a>(&self, hit: &'a Hit) -> Option<&'a str> {
        if self.joins { hit.joined(ga_cookies::CLIENT) } else { None }
    }

    /// What Google's tag calls the session, if it is asked for and the client is known, too.
    fn joined_session<'a>(&self, hit: &'a Hit) -> Option<&'a str> {
        self.joined(hit).and_then(|_| hit.joined(&self.session_cookie))
    }

    fn shared<'a>(&'a self, hit: &'a Hit) -> Shared<'a> {
        Shared::of(hit, self.joined(hit), &self.of_user)
    }

    fn write_event(&self, hit: &Hit, now: u64, body: &mut Vec<u8>) {
        let mut event = Object::open(body);
        // OK because hits without a name are not admitted.
        if let Ok(name) = Name::of(hit) {
            event.put_text("name", name.as_str());
        }
        let oldest = now.saturating_sub(WINDOW * 1_000_000);
        event.put("timestamp_micros", &hit.micros().clamp(oldest, now));
        let mut params = Object::open(event.key("params"));
        params::write(hit, self.joined_session(hit), &self.of_user, &mut params);
        params.close();
        event.close();
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
            pace: None,
            window: WINDOW,
            marks_bots: false,
            // Nothing says that it does.
            gzip: false,
            tells: Tells::Nothing,
            tells_bots: false,
            parts: Parts::ALL,
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        if hit.visitor().is_none() && self.joined(hit).is_none() {
            return Err(Reason::NoVisitor);
        }
        Name::of(hit).map(drop)
    }

    fn group(&self, hit: &Hit) -> u64 {
        // Without the random state that would tell two workers' groups apart.
        let mut hasher = DefaultHasher::new();
        self.shared(hit).hash(&mut hasher);
        hasher.finish()
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.push_secret(&self.api_secret);
        out.header("content-type", "application/json");
        let Some(first) = batch.first() else {
            return 0;
        };
        let shared = self.shared(first.hit);
        let alike =
            batch.iter().take(MAX_EVENTS).take_while(|other| self.shared(other.hit) == shared).count();
        let mut body = Object::open(out.body());
        shared.write(&mut body);
        // The body is still to be closed.
        let bounds = Bounds { items: MAX_EVENTS, bytes: MAX_BODY, after: "}".len() };
        let taken = items::write_array(&batch[..alike], bounds, body.key("events"), |enriched, body| {
            self.write_event(enriched.hit, now, body);
        });
        body.close();
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, _: &[u8]) -> Outcome {
        answer::classify(status, headers)
    }
}

#[cfg(test)]
#[path = "ga4_test.rs"]
mod test;
