//! What several receivers make of a hit.

use uuid::Uuid;

use super::{
    form::Form,
    json::Object,
    text::{Number, first_units},
};
use crate::{
    Value,
    hit::{Hit, Kind},
    ledger::Reason,
};

pub(super) const LIBRARY: &str = "trackside";
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A session's id: a UUID v7 of the millisecond in which the session began, and of its visitor. It is the same for
/// every hit of the session.
pub(super) fn session(hit: &Hit) -> Option<Uuid> {
    let (session, visitor) = (hit.session()?, hit.visitor()?);
    let [_, _, time @ ..] = session.saturating_mul(1_000).to_be_bytes();
    let mut bytes = visitor.into_bytes();
    bytes[..6].copy_from_slice(&time);
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Some(Uuid::from_bytes(bytes))
}

/// The time of the hit in milliseconds, at most `now`, which is in microseconds.
pub(super) fn millis(hit: &Hit, now: u64) -> u64 {
    hit.micros().min(now) / 1_000
}

/// An event's category and name with `joint` between, if it has both.
pub(super) fn name<'a>(hit: &'a Hit, joint: &'a str) -> [&'a str; 3] {
    let joint = if hit.category().is_empty() { "" } else { joint };
    [hit.category(), joint, hit.name()]
}

/// The address of the page in pieces: scheme, site, path, and what was kept of the query, with its mark before it.
pub(super) fn page(hit: &Hit) -> [&[u8]; 5] {
    let scheme: &[u8] = if hit.is_secure() { b"https://" } else { b"http://" };
    let mark: &[u8] = if hit.query().is_empty() { b"" } else { b"?" };
    [scheme, hit.site().as_bytes(), hit.path(), mark, hit.query()]
}

/// Whether many hits are posted to `url`, by the end of its path.
pub(super) fn is_batch(url: &str) -> bool {
    let path = url.split('?').next().unwrap_or_default();
    path.trim_end_matches('/').ends_with("/batch")
}

/// The last property of this name, which stands.
pub(super) fn last_property<'a>(hit: &'a Hit, name: &str) -> Option<Value<'a>> {
    hit.properties().filter(|(key, _)| *key == name).last().map(|(_, value)| value)
}

/// The user's id, if it has `max` UTF-16 units at most: a part of a longer one could be somebody else's, and a blank one
/// is nobody's.
pub(super) fn user(hit: &Hit, max: usize) -> &str {
    let id = hit.user_id();
    if first_units(id, max).len() == id.len() && !id.trim().is_empty() { id } else { "" }
}

/// Refuses an event without a name.
pub(super) fn check_name(hit: &Hit) -> Result<(), Reason> {
    if hit.kind() == Kind::Event && hit.name().is_empty() { Err(Reason::BadName) } else { Ok(()) }
}

/// The properties, the last of each name, without those that are empty, and those whose names have control characters
/// or are the receiver's own.
pub(super) fn properties<'a>(
    hit: &'a Hit,
    is_own: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'a str, Value<'a>)> {
    hit.properties().enumerate().filter_map(move |(n, (key, value))| {
        let is_name = !key.is_empty() && !key.bytes().any(|byte| byte.is_ascii_control());
        let is_empty = matches!(&value, Value::Text(text) if text.is_empty());
        let is_late = || hit.properties().skip(n + 1).all(|(later, _)| later != key);
        (is_name && !is_empty && !is_own(key) && is_late()).then_some((key, value))
    })
}

/// Puts a property, its text up to `max` UTF-16 units.
pub(super) fn put_property(object: &mut Object<'_>, key: &str, value: &Value<'_>, max: usize) {
    match value {
        Value::Text(text) => object.put_clean(key, text.as_bytes(), max),
        value => object.put(key, value),
    }
}

/// Puts what an event has besides its name and its value.
pub(super) fn put_event(object: &mut Object<'_>, hit: &Hit, max: usize) {
    object.put_clean("category", hit.category().as_bytes(), max);
    object.put_clean("label", hit.label().as_bytes(), max);
}

/// Puts an event's value.
pub(super) fn put_value(object: &mut Object<'_>, value: Option<f64>) {
    if let Some(value) = value {
        object.put("value", &Value::Number(value));
    }
}

/// Puts a property into a form, if there is one of that name; of its text what `cut` leaves.
pub(super) fn put_named(form: &mut Form<'_>, key: &str, hit: &Hit, name: &str, cut: impl Fn(&str) -> &str) {
    match last_property(hit, name) {
        Some(Value::Text(text)) => form.put(key, cut(&text)),
        Some(Value::Number(number)) => form.put_shown(key, Number(number)),
        Some(Value::Truth(value)) => form.put_shown(key, value),
        None => {}
    }
}

/// Whether a store's decimal of fifteen digits before the point can hold it: some receivers fail over a greater one.
pub(super) fn is_storable(number: f64) -> bool {
    number.abs() < 1e15
}

/// Whether this is the page view with which a session begins, as far as seconds tell.
pub(super) fn begins_session(hit: &Hit) -> bool {
    hit.kind() == Kind::Page && hit.session() == Some(hit.micros() / 1_000_000)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        Event,
        config::IpPolicy,
        hit::{Draft, sample},
    };

    #[test]
    fn a_session_has_an_id_of_its_own() {
        let id = |draft: Draft<'_>| session(&draft.seal(IpPolicy::Full));
        // `printf %012x 1784714000000`
        let expected = uuid::uuid!("019f893e-7680-7a36-9f0e-3a2a7a1b9d11");
        assert_eq!(id(sample::page()), Some(expected));
        assert_eq!(id(Draft { path: b"/other", ..sample::page() }), Some(expected));
        assert_ne!(id(Draft { session: Some(1_784_714_001), ..sample::page() }), Some(expected));
        assert_eq!(id(Draft { session: None, ..sample::page() }), None);
        assert_eq!(id(Draft { visitor: None, ..sample::page() }), None);
        let ends = id(Draft { session: Some(u64::MAX), visitor: Some(Uuid::max()), ..sample::page() });
        assert_eq!(ends, Some(uuid::uuid!("ffffffff-ffff-7fff-bfff-ffffffffffff")));
    }

    #[test]
    fn the_last_property_of_a_name_stands() {
        let event = Event::new("x")
            .property("a", 1)
            .property("", 2)
            .property("b", "")
            .property("own", 3)
            .property("a\0", 5)
            .property("a", 3.5)
            .property("a", 4);
        let hit = Draft { event: Some(&event), ..sample::page() }.seal(IpPolicy::Full);
        let found: Vec<_> = properties(&hit, |key| key == "own").collect();
        assert_eq!(found, [("a", Value::Number(4.0))]);
    }

    #[test]
    fn a_users_id_is_whole_or_none() {
        let hit = Draft { user_id: "aé😀", ..sample::page() }.seal(IpPolicy::Full);
        assert_eq!((user(&hit, 4), user(&hit, 3)), ("aé😀", ""));
        for blank in ["", " ", " \t\u{a0}\u{3000}"] {
            let nobody = Draft { user_id: blank, ..sample::page() }.seal(IpPolicy::Full);
            assert_eq!(user(&nobody, 9), "", "{blank:?}");
        }
        let spaced = Draft { user_id: " a ", ..sample::page() }.seal(IpPolicy::Full);
        assert_eq!(user(&spaced, 9), " a ");
    }

    #[test]
    fn a_store_has_fifteen_digits_before_the_point() {
        for number in [0.0, 999_999_999_999_999.0, -999_999_999_999_999.0] {
            assert!(is_storable(number), "{number}");
        }
        for number in [1e15, -1e15, f64::MAX, f64::INFINITY, f64::NAN] {
            assert!(!is_storable(number), "{number}");
        }
    }

    #[test]
    fn a_session_begins_with_a_page_view_in_its_first_second() {
        let begins = |draft: Draft<'_>| begins_session(&draft.seal(IpPolicy::Full));
        let first =
            || Draft { session: Some(1_784_714_400), micros: 1_784_714_400_999_999, ..sample::page() };
        assert!(begins(first()));
        assert!(!begins(Draft { micros: 1_784_714_401_000_000, ..first() }));
        assert!(!begins(Draft { session: None, ..first() }));
        assert!(!begins(Draft { event: Some(&Event::new("x")), ..first() }));
    }

    #[test]
    fn no_hit_is_from_the_future() {
        let hit = sample::page().seal(IpPolicy::Full);
        assert_eq!(millis(&hit, u64::MAX), 1_784_714_400_000);
        assert_eq!(millis(&hit, 1_784_714_399_999_999), 1_784_714_399_999);
    }

    #[test]
    fn the_path_tells_whether_it_is_a_batch() {
        for (url, is) in [
            ("https://a.example/api/batch", true),
            ("https://a.example/api/batch/?x=1", true),
            ("https://a.example/api/send", false),
            ("https://batch.example/api/send?to=/batch", false),
        ] {
            assert_eq!(is_batch(url), is, "{url}");
        }
    }
}
