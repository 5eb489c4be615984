//! A hit as JSON: what the file sink writes and the golden vectors hold.
//!
//! Absent and empty fields are left out, as are `cookieless`, `confined` and `ads` unless they are true. `place` has `country`, `region` and `city`. Times are in microseconds (`at`) and seconds (`first_visit`,
//! `session`) since the Unix epoch. Bytes outside UTF-8 stand as `{"hex": "…"}`.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Hit, Value, place::Texts};
use crate::protocol::Shown;

/// Up to here, 2⁵³, a double tells one integer from the next, and whole numbers are written without a
/// fraction.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

impl Serialize for Hit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_fields(self, &mut map)?;
        map.end()
    }
}

/// Writes the fields of `hit` into `map`, which may have others.
pub(crate) fn put_fields<M: SerializeMap>(hit: &Hit, map: &mut M) -> Result<(), M::Error> {
    let mut map = Fields(map);
    map.put("id", &Shown(hit.id()))?;
    map.put("kind", hit.kind().as_str())?;
    map.put("at", &hit.micros())?;
    map.put_text("site", hit.site())?;
    map.put("secure", &hit.is_secure())?;
    map.put_bytes("method", hit.method())?;
    map.put_bytes("path", hit.path())?;
    map.put_bytes("query", hit.query())?;
    if hit.status() != 0 {
        map.put("status", &hit.status())?;
    }
    map.put_bytes("referrer", hit.referrer())?;
    map.put_bytes("agent", hit.agent())?;
    map.put_text("language", hit.language())?;
    if let Some(ip) = hit.ip() {
        map.put("ip", &Shown(ip))?;
    }
    if !hit.country().is_empty() {
        map.put("place", &Texts(hit.place_texts()))?;
    }
    if let Some(visitor) = hit.visitor() {
        map.put("visitor", &Shown(visitor))?;
        match hit.first_visit() {
            Some(first_visit) => {
                map.put("new", &hit.is_new())?;
                map.put("first_visit", &first_visit)?;
            }
            None => map.put("cookieless", &true)?,
        }
    }
    if let Some(session) = hit.session() {
        map.put("session", &session)?;
    }
    if hit.is_confined() {
        map.put("confined", &true)?;
    }
    if hit.grants_ads() {
        map.put("ads", &true)?;
    }
    map.put_text("user_id", hit.user_id())?;
    map.put_text("title", hit.title())?;
    map.put_text("route", hit.route())?;
    map.put_text("name", hit.name())?;
    map.put_text("category", hit.category())?;
    map.put_text("label", hit.label())?;
    if let Some(value) = hit.value() {
        map.put("value", &Value::Number(value))?;
    }
    if hit.properties().next().is_some() {
        map.put("properties", &Properties(hit))?;
    }
    Ok(())
}

struct Fields<'a, M>(&'a mut M);

impl<M: SerializeMap> Fields<'_, M> {
    fn put(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), M::Error> {
        self.0.serialize_entry(key, value)
    }

    fn put_text(&mut self, key: &str, text: &str) -> Result<(), M::Error> {
        if text.is_empty() { Ok(()) } else { self.put(key, text) }
    }

    fn put_bytes(&mut self, key: &str, bytes: &[u8]) -> Result<(), M::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.put_text(key, text),
            Err(_) => self.put(key, &Hex(bytes)),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &hex)?;
        map.end()
    }
}

/// The last of several properties of one name stands.
struct Properties<'a>(&'a Hit);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (n, (key, value)) in self.0.properties().enumerate() {
            if !self.0.properties().skip(n + 1).any(|(later, _)| later == key) {
                map.serialize_entry(key, &value)?;
            }
        }
        map.end()
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(n) if n.fract() == 0.0 && n.abs() <= MAX_WHOLE => {
                serializer.serialize_i64(*n as i64)
            }
            Self::Number(n) => serializer.serialize_f64(*n),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Truth(truth) => serializer.serialize_bool(*truth),
        }
    }
}
