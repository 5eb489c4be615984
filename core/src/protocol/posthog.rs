//! `posthog`: the capture API of PostHog, in the cloud or on a server of one's own.
//!
//! Sources: the API's [manual] and the receiving server's source (`rust/capture`).
//!
//! # What is sent
//!
//! One JSON body by POST to `/batch/`, for up to 100 hits and below 1 MiB, with the project's key in `api_key` and
//! `historical_migration` as configured. Of each hit:
//!
//! | key | value |
//! | --- | --- |
//! | `uuid` | the hit's id, by which PostHog knows a second copy |
//! | `event` | `$pageview`, `file_download`, `page_not_found`, `search`, or an event's category and name joined (`cart_add`), 200 characters |
//! | `timestamp` | the hit's own time, at most that of the sending |
//! | `distinct_id` | the user's id, or where that is blank or longer than 200 characters the visitor's |
//! | `….$current_url`, `$host`, `$pathname` | the page's address; none of an event outside a page |
//! | `….$referrer`, `$referring_domain`, `title` | the referrer, its host, and of a page view the title |
//! | `….$ip`, or `$geoip_disable` | the address, as far as the destination may know it; without one PostHog is told not to take the sender's for it |
//! | `….$geoip_country_code`, `$geoip_subdivision_1_code`, `$geoip_city_name` | the place, where it is known and there is no address |
//! | `….$raw_user_agent`, `$browser_language` | agent and language |
//! | `….$session_id` | a UUID v7 of the session's start and the visitor, with `session = true` |
//! | `….$lib`, `$lib_version`, `$process_person_profile` | `trackside`, its version, and whether there is to be a person: as `person_profiles` says |
//! | `….new_visitor` | true for a visitor's first hit |
//! | `….utm_source`, `utm_medium`, `utm_campaign`, `utm_term`, `utm_content`, and a click id | the campaign |
//! | `….category`, `label`, `value`, `search_term`, `link_url` | of an event, of a search, and of a download |
//! | `….revenue` | of an event with a property `currency` of three capital letters: its property `revenue` if that is a number, else its value |
//! | `….…` | the properties, `currency` among them; one with a name of the above, or that begins with `$`, is left out |
//!
//! In addresses everything that RFC 3986 does not allow is percent-encoded; in texts control characters and what is
//! not UTF-8 become U+FFFD. What is empty is left out.
//!
//! # What is refused
//!
//! A hit without visitor and such a user (`no-visitor`), for which PostHog would refuse the whole request, and an event
//! without a name, or with one that begins with `$`, which PostHog keeps for itself (`bad-name`). An answer that names a
//! quota says that nothing was kept (`quota`), and one without `status` is not PostHog's (`rejected`).
//!
//! [manual]: https://posthog.com/docs/api/capture

use std::sync::Arc;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, Tells, Values, WrongKey,
    answer, common, habit,
    iso::Iso,
    items::{self, Bounds},
    json::Object,
    text::Shown,
    uri,
};
use crate::{
    Headers, Value,
    config::Secret,
    enrich::Found,
    hit::{Hit, Kind},
    ledger::Reason,
};

/// `posthog`: PostHog.
pub static TYPE: ReceiverType = ReceiverType::new("posthog", KEYS, make)
    .title("PostHog")
    .example("api_key = \"env:POSTHOG_KEY\"")
    .check(|_| &super::check::posthog::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .default_text(URL)
        .identity()
        .doc("where batches are posted, for EU Cloud `https://eu.i.posthog.com/batch/`"),
    Key::secret("api_key")
        .required("the project's key, as \"env:NAME\", \"file:PATH\" or itself")
        .identity()
        .doc("the project's key, `phc_…`"),
    Key::word("person_profiles", &["always", "identified", "never"])
        .default_text("identified")
        .doc("for which hits there is to be a person: all, those with a user's id, or none"),
    Key::bool("session").default_bool(true).doc("whether `$session_id` is sent"),
    Key::bool("historical_migration").default_bool(false).doc("whether old hits are imported"),
];

const URL: &str = "https://us.i.posthog.com/batch/";

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let persons = match values.text("person_profiles") {
        "always" => Persons::Always,
        "never" => Persons::Never,
        _ => Persons::Identified,
    };
    let posthog = Posthog::new(values.text("url"), values.secret("api_key").cloned().unwrap_or_default())
        .persons(persons)
        .session(values.is_true("session"))
        .historical_migration(values.is_true("historical_migration"));
    Ok(Arc::new(posthog))
}

const MAX_EVENTS: usize = 100;
/// In bytes; PostHog takes 20 MB.
const MAX_BODY: usize = 1 << 20;
/// In UTF-16 units: PostHog's own column.
const MAX_NAME: usize = 200;
const MAX_ID: usize = 200;
const MAX_AGENT: usize = 1_000;

/// For which hits PostHog is to have a person: `person_profiles`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Persons {
    /// `always`: for every hit.
    Always,
    /// `identified`: for those with a user's id.
    Identified,
    /// `never`: for none, which is the cheapest.
    Never,
}

/// The wire format of `posthog`.
#[derive(Debug)]
pub struct Posthog {
    url: String,
    api_key: Secret,
    persons: Persons,
    sends_session: bool,
    is_import: bool,
}

impl Posthog {
    /// Posts to `url`, which ends with `/batch/`, for the project whose key is `api_key`.
    pub fn new(url: &str, api_key: Secret) -> Self {
        Self {
            url: url.to_owned(),
            api_key,
            persons: Persons::Identified,
            sends_session: true,
            is_import: false,
        }
    }

    /// For which hits there is to be a person. Defaults to those with a user's id.
    #[must_use]
    pub fn persons(self, persons: Persons) -> Self {
        Self { persons, ..self }
    }

    /// Whether `$session_id` is sent. Defaults to true.
    #[must_use]
    pub fn session(self, sends_session: bool) -> Self {
        Self { sends_session, ..self }
    }

    /// Whether old hits are imported, which PostHog then treats apart. Defaults to false.
    #[must_use]
    pub fn historical_migration(self, is_import: bool) -> Self {
        Self { is_import, ..self }
    }

    fn write(&self, enriched: &Enriched<'_>, now: u64, body: &mut Vec<u8>) {
        let hit = enriched.hit;
        let mut event = Object::open(body);
        event.put_uuid("uuid", hit.id());
        match own_name(hit.kind()) {
            Some(name) => event.put_text("event", name),
            None => event.put_clean_joined("event", common::name(hit, "_"), MAX_NAME),
        }
        event.put("timestamp", &Shown(Iso(common::millis(hit, now))));
        let user = common::user(hit, MAX_ID);
        match hit.visitor() {
            Some(visitor) if user.is_empty() => event.put_uuid("distinct_id", visitor),
            _ => event.put_clean("distinct_id", user.as_bytes(), MAX_ID),
        }
        let mut properties = Object::open(event.key("properties"));
        write_page(hit, &mut properties);
        write_place(enriched, &mut properties);
        properties.put_clean("$raw_user_agent", hit.agent(), MAX_AGENT);
        properties.put_clean("$browser_language", hit.language().as_bytes(), usize::MAX);
        if let Some(session) = common::session(hit).filter(|_| self.sends_session) {
            properties.put_uuid("$session_id", session);
        }
        properties.put_text("$lib", common::LIBRARY);
        properties.put_text("$lib_version", common::VERSION);
        let has_person = match self.persons {
            Persons::Always => true,
            Persons::Identified => !user.is_empty(),
            Persons::Never => false,
        };
        properties.put("$process_person_profile", &has_person);
        if hit.is_new() {
            properties.put("new_visitor", &true);
        }
        if let Some(found) = enriched.found {
            write_campaign(found, &mut properties);
        }
        match hit.kind() {
            Kind::Event => {
                common::put_event(&mut properties, hit, usize::MAX);
                common::put_value(&mut properties, hit.value());
            }
            Kind::Search => properties.put_clean("search_term", hit.label().as_bytes(), usize::MAX),
            _ => {}
        }
        let revenue = habit::unsaid_revenue(hit);
        if let Some(revenue) = revenue {
            properties.put("revenue", &Value::Number(revenue));
        }
        let is_own = |key: &str| is_own(key) || revenue.is_some() && key == "revenue";
        for (key, value) in common::properties(hit, is_own) {
            common::put_property(&mut properties, key, &value, usize::MAX);
        }
        properties.close();
        event.close();
    }
}

impl Protocol for Posthog {
    fn needs(&self) -> Needs {
        Needs {
            visitor: true,
            dedupe: true,
            batch: MAX_EVENTS,
            gzip: true,
            tells: Tells::Whole,
            parts: Parts::ALL.only_if(self.sends_session, Part::Session),
            ..Needs::default()
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        if hit.visitor().is_none() && common::user(hit, MAX_ID).is_empty() {
            return Err(Reason::NoVisitor);
        }
        let begins = common::name(hit, "_").into_iter().find(|text| !text.is_empty());
        if hit.kind() == Kind::Event && begins.is_some_and(|text| text.starts_with('$')) {
            return Err(Reason::BadName);
        }
        common::check_name(hit)
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        let body = out.body();
        let mut object = Object::open(body);
        object.put("api_key", self.api_key.reveal());
        let key_end = object.length() - 1;
        object.put("historical_migration", &self.is_import);
        let bounds = Bounds { items: MAX_EVENTS, bytes: MAX_BODY, after: 1 };
        let taken = items::write_array(batch, bounds, object.key("batch"), |enriched, body| {
            self.write(enriched, now, body);
        });
        object.close();
        out.hide("{\"api_key\":\"".len()..key_end);
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        match answer::classify(status, headers) {
            Outcome::Delivered => of_body(body),
            outcome => outcome,
        }
    }
}

/// `{"status": 1}`, or `{"status": "Ok"}`.
#[derive(Deserialize)]
struct Answer {
    /// By which the answer is known for PostHog's.
    #[serde(rename = "status")]
    _status: IgnoredAny,
    /// Other things than events have quotas, too, and are named here as well.
    #[serde(default)]
    quota_limited: serde_json::Value,
}

fn of_body(body: &[u8]) -> Outcome {
    let Ok(Answer { quota_limited, .. }) = serde_json::from_slice(body) else {
        // Whatever answers so has no use for hits.
        return Outcome::Refused(Reason::Rejected);
    };
    let is_over = quota_limited.as_array().is_some_and(|over| over.iter().any(|of| of == "events"));
    if is_over { Outcome::Refused(Reason::Quota) } else { Outcome::Delivered }
}

fn own_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Download => Some("file_download"),
        Kind::Event => None,
        Kind::NotFound => Some("page_not_found"),
        Kind::Page => Some("$pageview"),
        Kind::Search => Some("search"),
    }
}

fn write_page(hit: &Hit, properties: &mut Object<'_>) {
    if let Some(page) = uri::page(hit) {
        properties.put_uri("$current_url", &page);
        if hit.kind() == Kind::Download {
            properties.put_uri("link_url", &page);
        }
        properties.put_text("$host", hit.site());
        properties.put_uri("$pathname", &uri::path(hit));
    }
    if let Some(referrer) = uri::referrer(hit) {
        properties.put_uri("$referrer", &referrer);
        properties.put_text("$referring_domain", uri::referrer_host(hit.referrer()).unwrap_or_default());
    }
    properties.put_clean("title", hit.title().as_bytes(), usize::MAX);
}

fn write_place(enriched: &Enriched<'_>, properties: &mut Object<'_>) {
    if let Some(ip) = enriched.hit.ip() {
        properties.put("$ip", &Shown(ip));
        return;
    }
    properties.put("$geoip_disable", &true);
    properties.put_text("$geoip_country_code", enriched.country());
    properties.put_text("$geoip_subdivision_1_code", enriched.region());
    properties.put_clean("$geoip_city_name", enriched.city().as_bytes(), usize::MAX);
}

fn write_campaign(found: &Found, properties: &mut Object<'_>) {
    let campaign = found.campaign();
    for (key, text) in [
        ("utm_source", campaign.source()),
        ("utm_medium", campaign.medium()),
        ("utm_campaign", campaign.name()),
        ("utm_term", campaign.term()),
        ("utm_content", campaign.content()),
    ] {
        properties.put_clean(key, text.as_bytes(), usize::MAX);
    }
    if let Some((click, id)) = campaign.click() {
        properties.put_clean(click.code(), id.as_bytes(), usize::MAX);
    }
}

/// The names of properties that are filled here, or that PostHog has a meaning for.
fn is_own(key: &str) -> bool {
    const OWN: [&str; 7] = ["category", "label", "link_url", "new_visitor", "search_term", "title", "value"];
    const CLICKS: [&str; 9] =
        ["dclid", "fbclid", "gbraid", "gclid", "li_fat_id", "msclkid", "ttclid", "twclid", "wbraid"];
    key.starts_with('$') || key.starts_with("utm_") || OWN.contains(&key) || CLICKS.contains(&key)
}

#[cfg(test)]
#[path = "posthog_test.rs"]
mod test;
