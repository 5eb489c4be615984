use std::{ptr, thread};

use trackside_core::{Annotations, Event, Request, Response, transport::Submitted};

use super::*;
use crate::{
    property::TRACKSIDE_TYPE_TEXT,
    status::{
        TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_UNSUPPORTED,
        TRACKSIDE_WRONG_HANDLE,
    },
    test_kit::{Opened, Options, page, read_bytes, tried},
    tracker::{trackside_tracker, trackside_tracker_recorded},
};

const VISITOR: &str = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";

/// A hit that belongs to the test.
struct Recorded(*mut trackside_hit);

impl Recorded {
    fn by(tracker: &Opened, index: usize) -> Result<Self, (trackside_status, String)> {
        let mut hit = ptr::null_mut();
        // SAFETY: the tracker is alive, and `hit` is a place for a pointer.
        tried(|error| unsafe { trackside_tracker_recorded(tracker.0, index, &mut hit, error) })?;
        Ok(Self(hit))
    }

    fn text(&self, field: trackside_field) -> Result<&[u8], (trackside_status, String)> {
        let mut text = trackside_bytes::EMPTY;
        // SAFETY: the hit is alive, and `text` is a place for a view of it.
        unsafe {
            tried(|error| trackside_hit_text(self.0, field, &mut text, error))?;
            Ok(read_bytes(text))
        }
    }

    fn number(&self, number: trackside_number) -> Result<f64, (trackside_status, String)> {
        let mut value = f64::NAN;
        // SAFETY: the hit is alive, and `value` is a place for a double.
        tried(|error| unsafe { trackside_hit_number(self.0, number, &mut value, error) })?;
        Ok(value)
    }

    fn json(&self) -> serde_json::Value {
        let mut json = trackside_bytes::EMPTY;
        // SAFETY: the hit is alive, and `json` is a place for a view of it.
        unsafe {
            tried(|error| trackside_hit_json(self.0, &mut json, error)).unwrap();
            serde_json::from_slice(read_bytes(json)).unwrap()
        }
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        // SAFETY: it is alive, and nobody has it any more.
        unsafe { trackside_hit_free(self.0) }
    }
}

fn recording(toml: &str) -> Opened {
    Options::of(&format!("consent.policy = 'none'\n{toml}")).recording().open().unwrap()
}

/// A page that says all it can, and an event of it.
fn full() -> Opened {
    let tracker = recording(
        "privacy = { ip = 'full', query = 'keep', geo = 'city' }\nproxy.trusted = ['2001:db8::/32']\ngeo.cdn = 'vercel'",
    );
    let cookie = format!("trackside={VISITOR}");
    let headers: [(&str, &[u8]); 9] = [
        ("x-vercel-ip-country", b"AT"),
        ("x-vercel-ip-country-region", b"9"),
        ("x-vercel-ip-city", b"K%C3%B6flach"),
        ("host", b"www.example.com"),
        ("cookie", cookie.as_bytes()),
        ("referer", b"https://example.org/from"),
        ("user-agent", b"A\xffgent"),
        ("accept-language", b"de-AT,de;q=0.8"),
        ("accept", b"text/html"),
    ];
    let request =
        Request::new("GET", "/b%20c?q=1", &headers).with_peer("2001:db8::9".parse().ok()).with_secure(true);
    let event = Event::new("buy").category("shop").label("tea").value(2.5);
    let annotations = Annotations::new().title("A \"title\"").user_id("u-7").route("/{page}").event(event);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let verdict = tracker.live().begin(&request).finish(&request, &response, &annotations);
    assert!(verdict.is_tracked());
    tracker
}

#[test]
fn a_page_is_read_text_by_text() {
    let tracker = full();
    let hit = Recorded::by(&tracker, 0).unwrap();
    for (field, expected) in [
        (TRACKSIDE_FIELD_KIND, &b"page"[..]),
        (TRACKSIDE_FIELD_SITE, b"www.example.com"),
        (TRACKSIDE_FIELD_METHOD, b"GET"),
        (TRACKSIDE_FIELD_PATH, b"/b%20c"),
        (TRACKSIDE_FIELD_QUERY, b"q=1"),
        (TRACKSIDE_FIELD_REFERRER, b"https://example.org/from"),
        (TRACKSIDE_FIELD_AGENT, b"A\xffgent"),
        (TRACKSIDE_FIELD_LANGUAGE, b"de-AT"),
        (TRACKSIDE_FIELD_IP, b"2001:db8::9"),
        (TRACKSIDE_FIELD_VISITOR, VISITOR.as_bytes()),
        (TRACKSIDE_FIELD_TITLE, b"A \"title\""),
        (TRACKSIDE_FIELD_USER_ID, b"u-7"),
        (TRACKSIDE_FIELD_ROUTE, b"/{page}"),
        (TRACKSIDE_FIELD_NAME, b""),
        (TRACKSIDE_FIELD_CATEGORY, b""),
        (TRACKSIDE_FIELD_LABEL, b""),
        (TRACKSIDE_FIELD_COUNTRY, b"AT"),
        (TRACKSIDE_FIELD_REGION, b"9"),
        (TRACKSIDE_FIELD_CITY, "Köflach".as_bytes()),
    ] {
        assert_eq!(hit.text(field).unwrap(), expected, "{field}");
    }
    let id = std::str::from_utf8(hit.text(TRACKSIDE_FIELD_ID).unwrap()).unwrap();
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'7'), "a UUID of version 7: {id}");
    assert_eq!(hit.json()["id"], id);
}

#[test]
fn an_event_is_read_text_by_text() {
    let hit = Recorded::by(&full(), 1).unwrap();
    for (field, expected) in [
        (TRACKSIDE_FIELD_KIND, &b"event"[..]),
        (TRACKSIDE_FIELD_PATH, b"/b%20c"),
        (TRACKSIDE_FIELD_TITLE, b""),
        (TRACKSIDE_FIELD_NAME, b"buy"),
        (TRACKSIDE_FIELD_CATEGORY, b"shop"),
        (TRACKSIDE_FIELD_LABEL, b"tea"),
    ] {
        assert_eq!(hit.text(field).unwrap(), expected, "{field}");
    }
    assert_eq!(hit.number(TRACKSIDE_NUMBER_VALUE).unwrap().to_bits(), 2.5_f64.to_bits());
}

#[test]
fn numbers_are_those_of_the_json() {
    let hit = Recorded::by(&full(), 0).unwrap();
    let json = hit.json();
    for (number, key) in [
        (TRACKSIDE_NUMBER_AT, "at"),
        (TRACKSIDE_NUMBER_FIRST_VISIT, "first_visit"),
        (TRACKSIDE_NUMBER_SESSION, "session"),
        (TRACKSIDE_NUMBER_STATUS, "status"),
    ] {
        assert_eq!(hit.number(number).ok(), json[key].as_f64(), "{key}");
        assert!(json[key].as_f64() >= Some(200.0), "{json}");
    }
    assert_eq!(hit.number(TRACKSIDE_NUMBER_SECURE), Ok(1.0));
    assert_eq!(hit.number(TRACKSIDE_NUMBER_NEW), Ok(0.0));
    for number in [TRACKSIDE_NUMBER_COOKIELESS, TRACKSIDE_NUMBER_CONFINED, TRACKSIDE_NUMBER_ADS] {
        assert_eq!(hit.number(number), Ok(0.0), "{number}");
    }
    let absent = (TRACKSIDE_NOT_FOUND, "the hit has no such number".to_owned());
    assert_eq!(hit.number(TRACKSIDE_NUMBER_VALUE).unwrap_err(), absent);
}

#[test]
fn what_is_not_there_is_empty_or_not_found() {
    let tracker = recording("visitor.identity = 'none'");
    assert!(page(&tracker.live(), "/", 200));
    let hit = Recorded::by(&tracker, 0).unwrap();
    for field in [TRACKSIDE_FIELD_IP, TRACKSIDE_FIELD_VISITOR, TRACKSIDE_FIELD_QUERY, TRACKSIDE_FIELD_AGENT] {
        assert_eq!(hit.text(field).unwrap(), b"", "{field}");
    }
    for number in [
        TRACKSIDE_NUMBER_FIRST_VISIT,
        TRACKSIDE_NUMBER_SESSION,
        TRACKSIDE_NUMBER_NEW,
        TRACKSIDE_NUMBER_COOKIELESS,
    ] {
        assert_eq!(hit.number(number).unwrap_err().0, TRACKSIDE_NOT_FOUND, "{number}");
    }
    assert_eq!(hit.number(TRACKSIDE_NUMBER_SECURE), Ok(0.0));

    let tracker = recording("");
    assert!(page(&tracker.live(), "/", 200));
    assert_eq!(Recorded::by(&tracker, 0).unwrap().number(TRACKSIDE_NUMBER_NEW), Ok(1.0));
}

#[test]
fn an_event_outside_an_exchange_has_no_status() {
    let tracker = recording("");
    let headers = [("host", "www.example.com")];
    let request = Request::new("GET", "/", &headers);
    let visitor = tracker.live().begin(&request).visitor(&request).unwrap();
    assert_eq!(tracker.live().event(&visitor, &Event::new("renewed")), Submitted::Queued);
    let hit = Recorded::by(&tracker, 0).unwrap();
    assert_eq!(hit.number(TRACKSIDE_NUMBER_STATUS).unwrap_err().0, TRACKSIDE_NOT_FOUND);
    assert_eq!(hit.text(TRACKSIDE_FIELD_METHOD).unwrap(), b"");
}

#[test]
fn the_json_is_what_the_file_sink_writes() {
    let tracker = full();
    let expected = {
        let mut hit = ptr::null_mut();
        // SAFETY: the tracker is alive; the hit is freed below.
        tried(|error| unsafe { trackside_tracker_recorded(tracker.0, 0, &mut hit, error) }).unwrap();
        let hit = Recorded(hit);
        let call = crate::boundary::Call::of_a_test();
        serde_json::to_string(call.shared(hit.0, "hit").unwrap().hit()).unwrap()
    };
    let hit = Recorded::by(&tracker, 0).unwrap();
    let (mut first, mut second) = (trackside_bytes::EMPTY, trackside_bytes::EMPTY);
    // SAFETY: the hit is alive, and the places are places.
    unsafe {
        tried(|error| trackside_hit_json(hit.0, &mut first, error)).unwrap();
        tried(|error| trackside_hit_json(hit.0, &mut second, error)).unwrap();
        assert_eq!(read_bytes(first), expected.as_bytes());
    }
    assert_eq!(first.data, second.data, "it is written once");
    assert_eq!(hit.json()["agent"]["hex"], "41ff67656e74");
    assert!(!expected.contains('\n'));
}

#[test]
fn a_hit_outlives_its_tracker_and_is_read_by_several_threads() {
    let tracker = full();
    let hit = Recorded::by(&tracker, 0).unwrap();
    drop(tracker);
    let at = hit.0.addr();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let hit = std::mem::ManuallyDrop::new(Recorded(ptr::with_exposed_provenance_mut(at)));
                assert_eq!(hit.text(TRACKSIDE_FIELD_VISITOR).unwrap(), VISITOR.as_bytes());
                assert_eq!(hit.json()["visitor"], VISITOR);
            });
        }
    });
}

#[test]
fn properties_are_read_in_the_order_in_which_they_were_given() {
    let tracker = recording("");
    let request = Request::new("GET", "/", &[("host", "www.example.com")]);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let annotations = Annotations::new()
        .property("plan", "g\u{f6}ld")
        .property("seats", -2.5)
        .property("trial", true)
        .property("plan", "");
    let verdict = tracker.live().begin(&request).finish(&request, &response, &annotations);
    assert!(verdict.is_tracked());
    let hit = Recorded::by(&tracker, 0).unwrap();
    let read = |index| {
        let mut property = shown("", &Value::from(0.0));
        // SAFETY: the hit is alive, and the property a struct of its size, whose texts lie in the hit.
        unsafe {
            tried(|error| trackside_hit_property(hit.0, index, &mut property, error))?;
            let texts = (read_bytes(property.key), read_bytes(property.text));
            Ok::<_, (trackside_status, String)>((
                property.r#type,
                texts,
                property.number.to_string(),
                property.truth.get(),
            ))
        }
    };
    let none: &[u8] = b"";
    let zero = "0".to_owned();
    let gold = "g\u{f6}ld".as_bytes();
    assert_eq!(read(0).unwrap(), (TRACKSIDE_TYPE_TEXT, (&b"plan"[..], gold), zero.clone(), false));
    assert_eq!(read(1).unwrap(), (TRACKSIDE_TYPE_NUMBER, (&b"seats"[..], none), "-2.5".to_owned(), false));
    assert_eq!(read(2).unwrap(), (TRACKSIDE_TYPE_TRUTH, (&b"trial"[..], none), zero.clone(), true));
    assert_eq!(read(3).unwrap(), (TRACKSIDE_TYPE_TEXT, (&b"plan"[..], none), zero, false));
    for index in [4, usize::MAX] {
        let text = format!("`index` is {index}, but there are 4 properties");
        assert_eq!(read(index).unwrap_err(), (TRACKSIDE_NOT_FOUND, text));
    }
    // SAFETY: the hit is alive; NULL is allowed to be tried.
    let null = tried(|error| unsafe { trackside_hit_property(hit.0, 0, ptr::null_mut(), error) });
    assert_eq!(null.unwrap_err(), (TRACKSIDE_NULL_ARGUMENT, "`property` is NULL".to_owned()));
}

#[test]
fn numbers_that_name_nothing_are_told() {
    let hit = Recorded::by(&full(), 0).unwrap();
    for number in [-1, 20, i32::MIN, i32::MAX] {
        let (status, text) = hit.text(number).unwrap_err();
        assert_eq!(status, TRACKSIDE_INVALID_ARGUMENT);
        assert_eq!(text, format!("`field` is {number}, and no TRACKSIDE_FIELD_ has this number"));
    }
    for number in [-1, 10, i32::MIN, i32::MAX] {
        let (status, text) = hit.number(number).unwrap_err();
        assert_eq!(status, TRACKSIDE_INVALID_ARGUMENT);
        assert_eq!(text, format!("`number` is {number}, and no TRACKSIDE_NUMBER_ has this number"));
    }
}

#[test]
fn what_was_not_recorded_is_told() {
    let tracker = recording("");
    assert!(page(&tracker.live(), "/", 200));
    for index in [1, usize::MAX] {
        let (status, text) = Recorded::by(&tracker, index).map(drop).unwrap_err();
        assert_eq!(status, TRACKSIDE_NOT_FOUND);
        assert_eq!(text, format!("`index` is {index}, but 1 hits are recorded"));
    }
    let other = Options::of("consent.policy = 'none'").open().unwrap();
    assert_eq!(Recorded::by(&other, 0).map(drop).unwrap_err().0, TRACKSIDE_UNSUPPORTED);
}

#[test]
fn null_and_what_is_no_hit_are_told() {
    let tracker = full();
    let (mut text, mut number, mut out) = (trackside_bytes::EMPTY, 0.0, ptr::null_mut());
    let mut property = shown("", &Value::from(0.0));
    let other: *const trackside_hit = tracker.0.cast_const().cast();
    let hit = Recorded::by(&tracker, 0).unwrap();
    // SAFETY: all handles are alive; NULL and other handles are allowed to be tried.
    unsafe {
        for (hit, status) in [(ptr::null(), TRACKSIDE_NULL_ARGUMENT), (other, TRACKSIDE_WRONG_HANDLE)] {
            let fails = |call: &mut dyn FnMut(*mut trackside_error) -> trackside_status| {
                let (failed, text) = tried(call).unwrap_err();
                assert_eq!(failed, status);
                assert!(text.starts_with("`hit` is "), "{text}");
            };
            fails(&mut |error| trackside_hit_text(hit, 0, &mut text, error));
            fails(&mut |error| trackside_hit_number(hit, 0, &mut number, error));
            fails(&mut |error| trackside_hit_property(hit, 0, &mut property, error));
            fails(&mut |error| trackside_hit_json(hit, &mut text, error));
            // Nothing happens.
            trackside_hit_free(hit.cast_mut());
        }
        let null = |call: &mut dyn FnMut(*mut trackside_error) -> trackside_status, argument: &str| {
            let expected = (TRACKSIDE_NULL_ARGUMENT, format!("`{argument}` is NULL"));
            assert_eq!(tried(call).unwrap_err(), expected);
        };
        null(&mut |error| trackside_hit_text(hit.0, 0, ptr::null_mut(), error), "text");
        null(&mut |error| trackside_hit_number(hit.0, 0, ptr::null_mut(), error), "value");
        null(&mut |error| trackside_hit_json(hit.0, ptr::null_mut(), error), "json");
        null(&mut |error| trackside_tracker_recorded(tracker.0, 0, ptr::null_mut(), error), "hit");
        let none: *const trackside_tracker = ptr::null();
        null(&mut |error| trackside_tracker_recorded(none, 0, &mut out, error), "tracker");
    }
}
