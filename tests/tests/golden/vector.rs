//! What is in a vector, and how what somebody makes of it is held against what it expects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::IpAddr,
};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use trackside_core::{
    endpoint,
    visitor::{
        DailyKey,
        consent::{Choice, Consent},
    },
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");

/// Hits are sent so many microseconds after their call.
pub(crate) const DELAY: u64 = 2_500_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) config: Json,
    pub(crate) calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) now: u64,
    pub(crate) entropy: String,
    /// The key of the day; none: nobody has one.
    pub(crate) key: Option<String>,
    /// What the host says when the exchange has begun.
    #[serde(default)]
    pub(crate) consent: Allowed,
    pub(crate) request: Asked,
    pub(crate) response: Option<Answered>,
    #[serde(default)]
    pub(crate) annotations: Added,
    pub(crate) expect: Expectation,
}

impl Vector {
    /// The configuration, as JSON: the paths in it lead to the vectors' folder.
    pub(crate) fn configuration(&self) -> String {
        self.config.to_string().replace("{vectors}", FOLDER)
    }
}

impl Call {
    pub(crate) fn daily_key(&self) -> Option<DailyKey> {
        self.key.as_ref().map(|key| DailyKey(bytes(key).try_into().expect("32 bytes of key")))
    }
}

/// A notice in the vectors' words.
pub(crate) fn shown(text: &str, html: &str, banner: Option<&str>) -> Json {
    let mut shown = json!({ "text": text, "html": html });
    if let Some(banner) = banner {
        shown["banner"] = json!(banner);
    }
    shown
}

/// Each `granted` or `denied`; none: it is not said.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Allowed {
    pub(crate) analytics: Option<String>,
    pub(crate) ads: Option<String>,
}

impl Allowed {
    pub(crate) fn consent(&self) -> Consent {
        let choice = |said: &Option<String>| match said.as_deref() {
            None => Choice::Unknown,
            Some("granted") => Choice::Granted,
            Some("denied") => Choice::Denied,
            Some(other) => panic!("{other}"),
        };
        Consent::new(choice(&self.analytics), choice(&self.ads))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) method: Text,
    pub(crate) target: Text,
    pub(crate) headers: Vec<(Text, Text)>,
    pub(crate) authority: Option<Text>,
    pub(crate) peer: Option<IpAddr>,
    #[serde(default)]
    pub(crate) secure: bool,
    #[serde(default)]
    pub(crate) resolved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Text, Text)>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Added {
    pub(crate) title: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) properties: BTreeMap<String, Json>,
    pub(crate) events: Vec<Raised>,
    /// Whether the page is given the beacon.
    pub(crate) beacon: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raised {
    pub(crate) name: String,
    pub(crate) category: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) value: Option<f64>,
    #[serde(default)]
    pub(crate) properties: BTreeMap<String, Json>,
}

/// What is compared, as JSON; here only so that no key of it goes unread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// Where trackside answers the request itself.
    pub(crate) answer: Option<Sent>,
    pub(crate) verdict: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) notice: Option<BTreeMap<String, String>>,
    pub(crate) visitor: BTreeMap<String, Json>,
    pub(crate) hits: Vec<ExpectedHit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedHit {
    pub(crate) hit: Json,
    pub(crate) found: Json,
    pub(crate) destinations: Json,
}

/// Bytes, written as text or as `{"hex": …}`.
#[derive(Deserialize)]
#[serde(from = "Written")]
pub(crate) struct Text(pub(crate) Vec<u8>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(String),
    Hex { hex: String },
}

impl From<Written> for Text {
    fn from(written: Written) -> Self {
        match written {
            Written::Plain(text) => Self(text.into_bytes()),
            Written::Hex { hex } => Self(bytes(&hex)),
        }
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "an odd number of hex digits: {hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits"))
        .collect()
}

impl Expectation {
    fn json(&self) -> Json {
        let hits: Vec<_> = self
            .hits
            .iter()
            .map(|expected| json!({ "hit": expected.hit, "found": expected.found, "destinations": expected.destinations }))
            .collect();
        let mut expected = json!({
            "verdict": self.verdict,
            "headers": self.headers,
            "notice": self.notice,
            "visitor": self.visitor,
            "hits": hits,
        });
        if let Some(Sent { status, headers, body }) = &self.answer {
            expected["answer"] = json!({ "status": status, "headers": headers, "body": body });
        }
        expected
    }
}

/// Where two values differ: their path, and both of them.
fn differences(path: &str, expected: Option<&Json>, got: Option<&Json>, found: &mut Vec<String>) {
    match (expected, got) {
        (Some(Json::Object(left)), Some(Json::Object(right))) => {
            for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
                differences(&format!("{path}.{key}"), left.get(key), right.get(key), found);
            }
        }
        (Some(Json::Array(left)), Some(Json::Array(right))) => {
            for n in 0..left.len().max(right.len()) {
                differences(&format!("{path}.{n}"), left.get(n), right.get(n), found);
            }
        }
        _ if expected != got => {
            let shown = |side: Option<&Json>| side.map_or("nothing".to_owned(), Json::to_string);
            found.push(format!("{path}\n  expected {}\n  but got  {}", shown(expected), shown(got)));
        }
        _ => {}
    }
}

/// All vectors.
pub(crate) fn all() -> impl Iterator<Item = Vector> {
    // The tests that use this lie beside it, whichever package they are tests of.
    let paths = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(|path| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert_eq!(vector.name, stem);
        assert!(!vector.purpose.is_empty() && !vector.calls.is_empty(), "{stem} shows nothing");
        vector
    })
}

/// Holds what `outcomes` makes of each vector, call by call, against what the vector expects.
pub(crate) fn compare(outcomes: impl Fn(&Vector) -> Result<Vec<Json>, String>) {
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    for vector in all() {
        let name = &vector.name;
        match outcomes(&vector) {
            Err(error) => found.push(format!("{name}: {error}")),
            Ok(outcomes) => {
                assert_eq!(outcomes.len(), vector.calls.len(), "{name}");
                for (n, (call, got)) in vector.calls.iter().zip(&outcomes).enumerate() {
                    let path = format!("{name}: calls.{n}");
                    differences(&path, Some(&call.expect.json()), Some(got), &mut found);
                }
            }
        }
        names.insert(vector.name);
    }
    assert!(names.len() >= 60, "only {} vectors", names.len());
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// What trackside answered itself, in the vectors' words: such a request has no exchange.
pub(crate) fn answered(
    reason: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    hits: Vec<Json>,
) -> Json {
    let headers: Vec<_> = headers.iter().map(|(name, value)| json!([name.to_lowercase(), value])).collect();
    // The script is compared by the test of it.
    let is_script = body == endpoint::beacon::SCRIPT.as_bytes();
    let body = match str::from_utf8(body) {
        Ok(_) if is_script => json!({ "script": true }),
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": body.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
    };
    json!({
        "answer": { "status": status, "headers": headers, "body": body },
        "verdict": reason,
        "headers": [],
        "notice": null,
        "visitor": { "id": null, "new": false },
        "hits": hits,
    })
}

/// A request on its way out, in the vectors' words.
pub(crate) fn posted(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Json {
    let is_json = headers.contains(&("content-type", "application/json"));
    let body = if is_json {
        json!({ "json": serde_json::from_slice::<Json>(body).expect("a body in JSON") })
    } else {
        std::str::from_utf8(body).expect("a body in UTF-8").into()
    };
    json!({ "method": method, "url": url, "headers": headers, "body": body })
}
