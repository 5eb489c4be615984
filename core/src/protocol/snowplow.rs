//! `snowplow`: tracker protocol 2 of a Snowplow collector.
//!
//! Sources: Snowplow's [protocol], its collector and its enrichment, and the public JSON schemas that are named here.
//!
//! # What is sent
//!
//! One JSON body by POST to `/com.snowplowanalytics.snowplow/tp2`, up to 50 events and 500 kB, of the schema
//! `payload_data` 1-0-4; every value is a text. Of each hit:
//!
//! | key | value |
//! | --- | --- |
//! | `e` | `pv` for a page view, `se` for an event, `ue` for what has a schema of its own |
//! | `eid` | the hit's id, by which a second copy is known |
//! | `dtm`, `stm` | the hit's own time, at most that of the sending, and the time of sending; with `true_time` `ttm`, too |
//! | `p`, `tv`, `tna`, `aid` | the platform, the tracker's version, `namespace` and `app_id`, as configured |
//! | `duid`, `tnuid` | the visitor |
//! | `uid`, `sid` | the user, unless its id has over 255 characters, and a UUID of session and visitor |
//! | `vid` | `1` for a new visitor |
//! | `ip`, `ua`, `lang` | address, agent and language |
//! | `url`, `page`, `refr` | the page's address, its title, its referrer |
//! | `se_ca`, `se_ac`, `se_la`, `se_va` | of an event: category (`event` if it has none), name, label, and what it has earned (its number `revenue`, or its value), else its value |
//! | `ue_pr` | of a search `site_search` 1-0-0; of a download `link_click` 1-0-1; of an event of the category `timing` with a value `timing` 1-0-0 (name, value and label), of the category `exception` `application_error` 1-0-2 (label or name, and `fatal` if that property is there) |
//! | `co` | the properties, as one context of `properties_schema`, where that is configured |
//!
//! Texts are cut at the limits of Snowplow's enrichment, as one that is too long would make a bad row of the whole
//! event; a page's path at 3,000 bytes as it is sent. In addresses everything that RFC 3986 does not allow is percent-encoded; in texts control characters and what
//! is not UTF-8 become U+FFFD. What is empty is left out. A page that is not there is an event `not-found`.
//!
//! # What is refused
//!
//! An event without a name (`bad-name`). A collector answers 200 to whatever it is sent; what is wrong with it shows in
//! the bad rows alone.
//!
//! [protocol]: https://docs.snowplow.io/docs/events/

mod described;
mod payload;

use std::sync::Arc;

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, Values, WrongKey, answer,
    common,
    items::{self, Bounds},
    json::Object,
};
use crate::{Headers, hit::Hit, ledger::Reason};

/// `snowplow`: Snowplow.
pub static TYPE: ReceiverType = ReceiverType::new("snowplow", KEYS, make)
    .title("Snowplow")
    .example("url = \"https://collector.example.com/com.snowplowanalytics.snowplow/tp2\"")
    .check(|_| &super::check::snowplow::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .required("the collector's address, such as \"https://collector.example.com/com.snowplowanalytics.snowplow/tp2\"")
        .identity()
        .doc("the collector, with `/com.snowplowanalytics.snowplow/tp2`"),
    Key::text("app_id", "an id of up to 255 characters", is_app_id).identity().doc("`aid`: which of your applications"),
    Key::text("namespace", "a name of up to 128 characters", is_namespace).doc("`tna`: which of its trackers"),
    Key::word("platform", &["app", "cnsl", "headset", "iot", "mob", "pc", "srv", "tv", "web"])
        .default_text("srv")
        .doc("`p`: where the events are from"),
    Key::text("properties_schema", "a schema such as \"iglu:com.example/properties/jsonschema/1-0-0\"", is_schema)
        .doc("the schema of your own of the context that has the properties; none: they are left out"),
    Key::word("programming_language", LANGUAGES).default_text("RUST").doc("that of exceptions"),
    Key::bool("true_time").default_bool(false).doc("whether the hits' times are true, and none is set right by the time of arrival"),
];

/// Those of `application_error` 1-0-2.
const LANGUAGES: &[&str] = &[
    "JAVA",
    "SCALA",
    "KOTLIN",
    "GROOVY",
    "RUBY",
    "GOLANG",
    "JAVASCRIPT",
    "PHP",
    "PYTHON",
    "OBJECTIVEC",
    "SWIFT",
    "C",
    "CPLUSPLUS",
    "CSHARP",
    "ACTIONSCRIPT",
    "LUA",
    "RUST",
    "HASKELL",
    "CLOJURE",
    "ERLANG",
    "ELIXIR",
    "CRYSTAL",
    "PONY",
    "NIM",
];

fn is_app_id(text: &str) -> bool {
    is_short(text, MAX_ID)
}

fn is_namespace(text: &str) -> bool {
    is_short(text, MAX_NAMESPACE)
}

fn is_short(text: &str, max: usize) -> bool {
    text.encode_utf16().count() <= max && !text.chars().any(char::is_control)
}

/// `iglu:`, then vendor, name, format and version.
fn is_schema(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    text.len() <= 255
        && text
            .strip_prefix("iglu:")
            .is_some_and(|path| path.split('/').count() == 4 && path.split('/').all(is_part))
}

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let snowplow = Snowplow::new(values.text("url"))
        .app_id(values.text("app_id"))
        .namespace(values.text("namespace"))
        .platform(values.text("platform"))
        .properties_schema(values.text("properties_schema"))
        .programming_language(values.text("programming_language"))
        .true_time(values.is_true("true_time"));
    Ok(Arc::new(snowplow))
}

const MAX_EVENTS: usize = 50;
/// In bytes.
const MAX_BODY: usize = 500_000;
const ENVELOPE: &str = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
// In UTF-16 units.
const MAX_ID: usize = 255;
const MAX_NAMESPACE: usize = 128;

/// The wire format of `snowplow`.
#[derive(Debug)]
pub struct Snowplow {
    url: String,
    app_id: String,
    namespace: String,
    platform: String,
    language: String,
    properties_schema: String,
    is_true_time: bool,
}

impl Snowplow {
    /// Posts to `url`, whose path is `/com.snowplowanalytics.snowplow/tp2`.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            app_id: String::new(),
            namespace: String::new(),
            platform: "srv".to_owned(),
            language: "RUST".to_owned(),
            properties_schema: String::new(),
            is_true_time: false,
        }
    }

    /// `aid`, up to 255 characters. Defaults to none.
    #[must_use]
    pub fn app_id(self, app_id: &str) -> Self {
        Self { app_id: app_id.to_owned(), ..self }
    }

    /// `tna`, up to 128 characters. Defaults to none.
    #[must_use]
    pub fn namespace(self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self }
    }

    /// `p`. Defaults to `srv`.
    #[must_use]
    pub fn platform(self, platform: &str) -> Self {
        Self { platform: platform.to_owned(), ..self }
    }

    /// `programmingLanguage` of an exception: one of those that `application_error` 1-0-2 lists. Defaults to `RUST`.
    #[must_use]
    pub fn programming_language(self, language: &str) -> Self {
        Self { language: language.to_owned(), ..self }
    }

    /// The schema of the context that holds a hit's properties. Defaults to none: they are left out.
    #[must_use]
    pub fn properties_schema(self, schema: &str) -> Self {
        Self { properties_schema: schema.to_owned(), ..self }
    }

    /// Whether hits' times are true, so that none is set right by the time of arrival. Defaults to false.
    #[must_use]
    pub fn true_time(self, is_true_time: bool) -> Self {
        Self { is_true_time, ..self }
    }
}

impl Protocol for Snowplow {
    fn needs(&self) -> Needs {
        let parts = Parts::ALL.only_if(!self.properties_schema.is_empty(), Part::Properties);
        Needs { dedupe: true, batch: MAX_EVENTS, parts, ..Needs::default() }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        common::check_name(hit)
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        let mut object = Object::open(out.body());
        object.put_text("schema", ENVELOPE);
        let bounds = Bounds { items: MAX_EVENTS, bytes: MAX_BODY, after: 1 };
        let taken = items::write_array(batch, bounds, object.key("data"), |enriched, body| {
            self.write(enriched.hit, now, body);
        });
        object.close();
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        answer::classify_unless_page(status, headers, body)
    }
}

#[cfg(test)]
#[path = "snowplow_test.rs"]
mod test;
