//! What has a schema of its own.

use super::{
    super::{
        common,
        habit::Habit,
        json::{Object, push_clean},
        uri,
    },
    payload::MAX_TEXT,
};
use crate::{
    Value,
    hit::{Hit, Kind},
};

const MAX_MESSAGE: usize = 2_048;
/// `site_search` has them in a list, which a warehouse has to hold.
const MAX_TERMS: usize = 64;

/// A hit that is sent as a self-describing event.
#[derive(Clone, Copy)]
pub(super) enum Described<'a> {
    Download(&'a Hit),
    Exception { message: &'a str, fatal: Option<bool> },
    Search(&'a Hit),
    Timing { of: &'a Hit, millis: f64 },
}

impl<'a> Described<'a> {
    pub(super) fn of(hit: &'a Hit) -> Option<Self> {
        match hit.kind() {
            Kind::Download => uri::page(hit).map(|_| Self::Download(hit)),
            Kind::Event => Habit::of(hit).map(|habit| match habit {
                Habit::Exception { message, fatal } => Self::Exception { message, fatal },
                Habit::Timing { millis } => Self::Timing { of: hit, millis },
            }),
            // The schema wants a term.
            Kind::Search => terms(hit).next().map(|_| Self::Search(hit)),
            Kind::NotFound | Kind::Page => None,
        }
    }

    /// Writes it as JSON; `language` is that of exceptions.
    pub(super) fn write(self, language: &str, out: &mut Vec<u8>) {
        let mut wrapper = Object::open(out);
        wrapper.put_text("schema", "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0");
        let mut inner = Object::open(wrapper.key("data"));
        inner.put_text("schema", self.schema());
        let mut data = Object::open(inner.key("data"));
        match self {
            Self::Download(hit) => {
                if let Some(url) = uri::page(hit) {
                    data.put_uri("targetUrl", &url);
                }
            }
            Self::Exception { message, fatal } => {
                data.put_text("programmingLanguage", language);
                data.put_clean("message", message.as_bytes(), MAX_MESSAGE);
                if let Some(fatal) = fatal {
                    data.put("isFatal", &fatal);
                }
            }
            Self::Search(hit) => write_search(hit, &mut data),
            Self::Timing { of, millis } => {
                data.put_clean("category", of.category().as_bytes(), MAX_TEXT);
                data.put_clean("variable", of.name().as_bytes(), MAX_TEXT);
                data.put("timing", &Value::Number(millis));
                data.put_clean("label", of.label().as_bytes(), MAX_TEXT);
            }
        }
        data.close();
        inner.close();
        wrapper.close();
    }

    fn schema(self) -> &'static str {
        match self {
            Self::Download(_) => "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1",
            Self::Exception { .. } => {
                "iglu:com.snowplowanalytics.snowplow/application_error/jsonschema/1-0-2"
            }
            Self::Search(_) => "iglu:com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0",
            Self::Timing { .. } => "iglu:com.snowplowanalytics.snowplow/timing/jsonschema/1-0-0",
        }
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
    if let Some(Value::Number(results)) = common::last_property(hit, "results")
        && is_count(&results)
    {
        data.put("totalResults", &Value::Number(results));
    }
}

fn terms(hit: &Hit) -> impl Iterator<Item = &str> {
    hit.label().split_whitespace().take(MAX_TERMS)
}
