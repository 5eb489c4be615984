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
//! | `uid`, `sid` | the user, and a UUID of session and visitor |
//! | `vid` | `1` for a new visitor |
//! | `ip`, `ua`, `lang` | address, agent and language |
//! | `url`, `page`, `refr` | the page's address, its title, its referrer |
//! | `se_ca`, `se_ac`, `se_la`, `se_va` | of an event: category (`event` if it has none), name, label and value |
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

use std::sync::Arc;

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Protocol, ReceiverType, Shown, Values, WrongKey, answer,
    common,
    items::{self, Bounds},
    json::{Object, push_clean, push_text},
    uri::{self, Uri},
};
use crate::{
    Headers, Value,
    hit::{Hit, Kind},
    ledger::Reason,
};

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
const TRACKER: &str = concat!("trackside-", env!("CARGO_PKG_VERSION"));

// In UTF-16 units.
const MAX_URL: usize = 4_096;
/// Of a page's address alone.
const MAX_PATH: usize = 3_000;
const MAX_TITLE: usize = 2_000;
const MAX_AGENT: usize = 1_000;
const MAX_ID: usize = 255;
const MAX_NAMESPACE: usize = 128;
const MAX_TEXT: usize = 1_000;
const MAX_MESSAGE: usize = 2_048;
/// `site_search` has them in a list, which a warehouse has to hold.
const MAX_TERMS: usize = 64;

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

    /// Writes an event; `scratch` is for JSON that goes into a text.
    fn write(&self, hit: &Hit, now: u64, scratch: &mut Vec<u8>, body: &mut Vec<u8>) {
        let mut event = Object::open(body);
        let occasion = Occasion::of(hit);
        event.put_text("e", occasion.code());
        event.put_uuid("eid", hit.id());
        let millis = common::millis(hit, now);
        event.put_digits("dtm", millis);
        event.put_text("p", &self.platform);
        event.put_text("tv", TRACKER);
        event.put_text("tna", &self.namespace);
        event.put_text("aid", &self.app_id);
        event.put_digits("stm", now / 1_000);
        if self.is_true_time {
            event.put_digits("ttm", millis);
        }
        write_visitor(hit, &mut event);
        write_page(hit, &mut event);
        match occasion {
            Occasion::Page => {}
            Occasion::Structured => write_structured(hit, &mut event),
            Occasion::Described(described) => {
                scratch.clear();
                self.write_described(hit, described, scratch);
                push_text(event.key("ue_pr"), scratch);
            }
        }
        if !self.properties_schema.is_empty() && common::properties(hit, |_| false).next().is_some() {
            scratch.clear();
            self.write_context(hit, scratch);
            push_text(event.key("co"), scratch);
        }
        event.close();
    }

    fn write_described(&self, hit: &Hit, described: Described, out: &mut Vec<u8>) {
        let mut wrapper = Object::open(out);
        wrapper.put_text("schema", "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0");
        let mut inner = Object::open(wrapper.key("data"));
        inner.put_text("schema", described.schema());
        let mut data = Object::open(inner.key("data"));
        match described {
            Described::Download => {
                if let Some(url) = uri::page(hit) {
                    data.put_uri("targetUrl", &url);
                }
            }
            Described::Exception => {
                data.put_text("programmingLanguage", &self.language);
                let message = if hit.label().is_empty() { hit.name() } else { hit.label() };
                data.put_clean("message", message.as_bytes(), MAX_MESSAGE);
                if let Some((_, Value::Truth(fatal))) = property(hit, "fatal") {
                    data.put("isFatal", &fatal);
                }
            }
            Described::Search => write_search(hit, &mut data),
            Described::Timing => {
                data.put_clean("category", hit.category().as_bytes(), MAX_TEXT);
                data.put_clean("variable", hit.name().as_bytes(), MAX_TEXT);
                if let Some(value) = hit.value() {
                    data.put("timing", &Value::Number(value));
                }
                data.put_clean("label", hit.label().as_bytes(), MAX_TEXT);
            }
        }
        data.close();
        inner.close();
        wrapper.close();
    }

    fn write_context(&self, hit: &Hit, out: &mut Vec<u8>) {
        let mut wrapper = Object::open(out);
        wrapper.put_text("schema", "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0");
        let out = wrapper.key("data");
        out.push(b'[');
        let mut context = Object::open(out);
        context.put_text("schema", &self.properties_schema);
        let mut data = Object::open(context.key("data"));
        for (key, value) in common::properties(hit, |_| false) {
            common::put_property(&mut data, key, &value, usize::MAX);
        }
        data.close();
        context.close();
        out.push(b']');
        wrapper.close();
    }
}

impl Protocol for Snowplow {
    fn needs(&self) -> Needs {
        Needs { dedupe: true, batch: MAX_EVENTS, parts: Part::ALL, ..Needs::default() }
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
        let mut scratch = Vec::new();
        let mut object = Object::open(out.body());
        object.put_text("schema", ENVELOPE);
        let bounds = Bounds { items: MAX_EVENTS, bytes: MAX_BODY, after: 1 };
        let taken = items::write_array(batch, bounds, object.key("data"), |enriched, body| {
            self.write(enriched.hit, now, &mut scratch, body);
        });
        object.close();
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, _: &[u8]) -> Outcome {
        answer::classify(status, headers)
    }
}

/// As what a hit is sent.
#[derive(Clone, Copy)]
enum Occasion {
    Described(Described),
    Page,
    Structured,
}

/// What has a schema of its own.
#[derive(Clone, Copy)]
enum Described {
    Download,
    Exception,
    Search,
    Timing,
}

impl Occasion {
    fn of(hit: &Hit) -> Self {
        match hit.kind() {
            Kind::Page => Self::Page,
            Kind::Download if uri::page(hit).is_some() => Self::Described(Described::Download),
            // The schema wants a term.
            Kind::Search if terms(hit).next().is_some() => Self::Described(Described::Search),
            Kind::Event if hit.category() == "exception" => Self::Described(Described::Exception),
            Kind::Event if hit.category() == "timing" && hit.value().is_some() => {
                Self::Described(Described::Timing)
            }
            Kind::Download | Kind::Event | Kind::NotFound | Kind::Search => Self::Structured,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Described(_) => "ue",
            Self::Page => "pv",
            Self::Structured => "se",
        }
    }
}

impl Described {
    fn schema(self) -> &'static str {
        match self {
            Self::Download => "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1",
            Self::Exception => "iglu:com.snowplowanalytics.snowplow/application_error/jsonschema/1-0-2",
            Self::Search => "iglu:com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0",
            Self::Timing => "iglu:com.snowplowanalytics.snowplow/timing/jsonschema/1-0-0",
        }
    }
}

fn write_visitor(hit: &Hit, event: &mut Object<'_>) {
    if let Some(visitor) = hit.visitor() {
        event.put_uuid("duid", visitor);
        event.put_uuid("tnuid", visitor);
    }
    event.put_clean("uid", hit.user_id().as_bytes(), MAX_ID);
    if let Some(session) = common::session(hit) {
        event.put_uuid("sid", session);
    }
    if hit.is_new() {
        event.put_text("vid", "1");
    }
    if let Some(ip) = hit.ip() {
        event.put("ip", &Shown(ip));
    }
    event.put_clean("ua", hit.agent(), MAX_AGENT);
    event.put_clean("lang", hit.language().as_bytes(), MAX_ID);
}

fn write_page(hit: &Hit, event: &mut Object<'_>) {
    if let Some(url) = uri::page(hit) {
        let [scheme, host, path, mark, query] = url.pieces;
        let path = uri::first_written(path, MAX_PATH);
        event.put_uri("url", &Uri { pieces: [scheme, host, path, mark, query], max: MAX_URL });
    }
    event.put_clean("page", hit.title().as_bytes(), MAX_TITLE);
    if let Some(referrer) = uri::referrer(hit) {
        event.put_uri("refr", &referrer);
    }
}

fn write_structured(hit: &Hit, event: &mut Object<'_>) {
    let category = if hit.category().is_empty() { "event" } else { hit.category() };
    event.put_clean("se_ca", category.as_bytes(), MAX_TEXT);
    event.put_clean("se_ac", hit.name().as_bytes(), MAX_TEXT);
    event.put_clean("se_la", hit.label().as_bytes(), MAX_TEXT);
    if let Some(value) = hit.value() {
        event.put("se_va", &Shown(value));
    }
}

fn write_search(hit: &Hit, data: &mut Object<'_>) {
    let out = data.key("terms");
    out.push(b'[');
    for (n, term) in terms(hit).enumerate() {
        if n > 0 {
            out.push(b',');
        }
        push_clean(out, term.as_bytes(), usize::MAX);
    }
    out.push(b']');
    let is_count = |number: &f64| number.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(number);
    if let Some((_, Value::Number(results))) = property(hit, "results")
        && is_count(&results)
    {
        data.put("totalResults", &Value::Number(results));
    }
}

fn terms(hit: &Hit) -> impl Iterator<Item = &str> {
    hit.label().split_whitespace().take(MAX_TERMS)
}

fn property<'a>(hit: &'a Hit, name: &str) -> Option<(&'a str, Value<'a>)> {
    common::properties(hit, |_| false).find(|(key, _)| *key == name)
}

#[cfg(test)]
#[path = "snowplow_test.rs"]
mod test;
