use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Event,
    hit::{
        Draft,
        sample::{self, MICROS, VISITOR},
    },
    protocol::kit::{self, CLEAN, HOSTILE_AGENT, HOSTILE_URL, NASTY, event, full},
};

fn posthog() -> Posthog {
    Posthog::new(URL, Secret::new("phc_\"s3cret"))
}

fn body(draft: &Draft<'_>) -> Json {
    kit::body(&posthog(), &[full(draft)])["batch"][0].take()
}

#[test]
fn a_page_view_and_an_event() {
    let anonymous = Draft { user_id: "", ..sample::page() };
    let add = sample::add();
    let add = Draft { micros: MICROS + 1_000_000, user_id: "", ..event(&add) };
    let body = kit::body(&posthog(), &[full(&anonymous), full(&add)]);
    let url = "https://shop.example/cart?size=9&utm_source=news&utm_medium=email&utm_campaign=july";
    let expected = json!({
        "api_key": "phc_\"s3cret",
        "historical_migration": false,
        "batch": [
            {
                "uuid": "019f8941-6900-7abc-8def-0123ff00007b",
                "event": "$pageview",
                "timestamp": "2026-07-22T10:00:00.000Z",
                "distinct_id": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
                "properties": {
                    "$current_url": url,
                    "$host": "shop.example",
                    "$pathname": "/cart",
                    "$referrer": "https://www.google.com/",
                    "$referring_domain": "www.google.com",
                    "title": "Cart & checkout",
                    "$ip": "203.0.113.9",
                    "$raw_user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                    "$browser_language": "en-GB",
                    "$session_id": "019f893e-7680-7a36-9f0e-3a2a7a1b9d11",
                    "$lib": "trackside",
                    "$lib_version": env!("CARGO_PKG_VERSION"),
                    "$process_person_profile": false,
                    "utm_source": "news",
                    "utm_medium": "email",
                    "utm_campaign": "july",
                },
            },
            {
                "uuid": "019f8941-6900-7abc-8def-0123ff00007b",
                "event": "cart_add",
                "timestamp": "2026-07-22T10:00:01.000Z",
                "distinct_id": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
                "properties": {
                    "$current_url": url,
                    "$host": "shop.example",
                    "$pathname": "/cart",
                    "$referrer": "https://www.google.com/",
                    "$referring_domain": "www.google.com",
                    "$ip": "203.0.113.9",
                    "$raw_user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                    "$browser_language": "en-GB",
                    "$session_id": "019f893e-7680-7a36-9f0e-3a2a7a1b9d11",
                    "$lib": "trackside",
                    "$lib_version": env!("CARGO_PKG_VERSION"),
                    "$process_person_profile": false,
                    "utm_source": "news",
                    "utm_medium": "email",
                    "utm_campaign": "july",
                    "category": "cart",
                    "label": "SKU-1",
                    "value": 2,
                    "colour": "red",
                },
            },
        ],
    });
    assert_eq!(body, expected);
}

#[test]
fn the_key_is_sent_and_never_shown() {
    let hit = full(&sample::page());
    let mut out = Outgoing::new();
    let posthog = posthog();
    posthog.encode(&[Enriched::new(&hit)], MICROS, &mut out);
    assert!(
        out.payload().starts_with(br#"{"api_key":"phc_\"s3cret","historical_migration":false,"batch":[{"#)
    );
    assert!(out.shown_payload().starts_with(br#"{"api_key":"***","historical_migration":false,"batch":[{"#));
    for shown in [format!("{posthog:?}"), format!("{out:?}")] {
        assert!(!shown.contains("phc") && !shown.contains("s3cret"), "{shown}");
    }
    assert_eq!((out.method(), out.url()), ("POST", "https://us.i.posthog.com/batch/"));
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "application/json")]);
}

#[test]
fn what_is_absent_is_left_out() {
    let bare = Draft { visitor: None, user_id: "u-42", ..kit::bare() };
    let expected = json!({
        "uuid": "019f8941-6900-7abc-8def-0123ff00007b",
        "event": "$pageview",
        "timestamp": "2026-07-22T10:00:00.000Z",
        "distinct_id": "u-42",
        "properties": {
            "$geoip_disable": true,
            "$lib": "trackside",
            "$lib_version": env!("CARGO_PKG_VERSION"),
            "$process_person_profile": true,
        },
    });
    assert_eq!(body(&bare), expected);
}

#[test]
fn users_are_persons_and_visitors_are_none() {
    let persons = |persons, user_id| {
        let posthog = posthog().persons(persons);
        let body = kit::body(&posthog, &[full(&Draft { user_id, ..sample::page() })]);
        body["batch"][0]["properties"]["$process_person_profile"].as_bool().unwrap()
    };
    for (who, user, visitor) in
        [(Persons::Always, true, true), (Persons::Identified, true, false), (Persons::Never, false, false)]
    {
        assert_eq!((persons(who, "u-42"), persons(who, "")), (user, visitor), "{who:?}");
    }
    assert_eq!(body(&sample::page())["distinct_id"], "u-42");
    // A part of an id could be somebody else's.
    let id = |user_id: &str| {
        let mut event = body(&Draft { user_id, ..sample::page() });
        (event["distinct_id"].take(), event["properties"]["$process_person_profile"].take())
    };
    assert_eq!(id(&"u".repeat(200)), (json!("u".repeat(200)), json!(true)));
    assert_eq!(id(&"u".repeat(201)), (json!("5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11"), json!(false)));
    assert_eq!(body(&Draft { is_new: true, ..sample::page() })["properties"]["new_visitor"], true);
}

#[test]
fn what_is_configured_is_sent() {
    let hits = [full(&sample::page())];
    let body = kit::body(&posthog().session(false).historical_migration(true), &hits);
    assert_eq!(body["historical_migration"], true);
    assert_eq!(body["batch"][0]["properties"].get("$session_id"), None);
    let told = [true, false].map(|session| posthog().session(session).needs().parts);
    assert_eq!(told.map(|parts| parts.has(Part::Session)), [true, false]);
    assert!(told.iter().all(|parts| parts.has(Part::User)));
}

#[test]
fn what_trackside_tells_apart_has_a_name() {
    let named = |kind, label| kit::body(&posthog(), &[kit::told(kind, label)])["batch"][0].take();
    let download = named(Kind::Download, "");
    assert_eq!(download["event"], "file_download");
    assert_eq!(download["properties"]["link_url"], "https://shop.example/files/a.pdf");
    assert_eq!(named(Kind::NotFound, "")["event"], "page_not_found");
    let search = named(Kind::Search, "red shoes");
    assert_eq!(
        (&search["event"], &search["properties"]["search_term"]),
        (&json!("search"), &json!("red shoes"))
    );
}

#[test]
fn hostile_texts_stay_inside_theirs() {
    let add = Event::new(NASTY)
        .category(NASTY)
        .label(NASTY)
        .property("k\"ey", NASTY)
        .property("$set", "x")
        .property("utm_source", "x")
        .property("value", "x")
        .property("nan", f64::NAN);
    let body = body(&kit::hostile(&add));
    assert_eq!(body["event"], format!("{CLEAN}_{CLEAN}"));
    assert_eq!(body["distinct_id"], CLEAN);
    let properties = &body["properties"];
    assert_eq!(properties["$current_url"], HOSTILE_URL);
    assert_eq!(properties["$pathname"], "/%00%22%80%23");
    assert_eq!(properties["$referrer"], "https://x/%22%0A%C3");
    assert_eq!(properties["$raw_user_agent"], HOSTILE_AGENT);
    assert_eq!(properties["k\"ey"], CLEAN);
    for key in ["$set", "utm_source", "value", "nan"] {
        assert_eq!(properties.get(key), None, "{key}");
    }
}

#[test]
fn the_largest_hits_make_a_body_that_is_taken() {
    for character in ['\u{1}', '"', 'x', '\u{1f600}'] {
        let hits = vec![kit::largest(character, false); 100];
        let (taken, out) = kit::request(&posthog(), &hits);
        let body: Json = serde_json::from_slice(out.payload()).unwrap();
        assert_eq!(body["batch"].as_array().unwrap().len(), taken);
        let size = out.payload().len();
        let alone = kit::request(&posthog(), &hits[..1]).1.payload().len();
        // One event may have some 1,000,000 bytes there, and the body 20 MB.
        assert!((1..100).contains(&taken) && size <= 1 << 20 && alone < 900_000, "{taken} {size} {alone}");
        assert!(size + alone > 1 << 20, "one more would have been too many");
    }
}

#[test]
fn at_most_100_hits() {
    let (taken, out) = kit::request(&posthog(), &vec![full(&sample::page()); 101]);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!((taken, body["batch"].as_array().unwrap().len()), (100, 100));
    assert_eq!(posthog().needs().batch, 100);
}

#[test]
fn what_would_not_count_is_refused() {
    let admit = |draft: &Draft<'_>| posthog().admit(&full(draft));
    assert_eq!(admit(&sample::page()), Ok(()));
    let anonymous = Draft { visitor: None, user_id: "", ..sample::page() };
    assert_eq!(admit(&anonymous), Err(Reason::NoVisitor));
    assert_eq!(admit(&Draft { visitor: Some(VISITOR), ..anonymous.clone() }), Ok(()));
    assert_eq!(admit(&Draft { user_id: "u", ..anonymous.clone() }), Ok(()));
    for blank in [" ", "\t\n", "\u{2003}\u{a0}"] {
        assert_eq!(
            admit(&Draft { user_id: blank, ..anonymous.clone() }),
            Err(Reason::NoVisitor),
            "{blank:?}"
        );
    }
    let long = "u".repeat(201);
    assert_eq!(admit(&Draft { visitor: None, user_id: &long, ..sample::page() }), Err(Reason::NoVisitor));
    for (name, category) in [("", ""), ("", "cart"), ("$set", ""), ("set", "$x")] {
        let event_of = Event::new(name).category(category);
        assert_eq!(admit(&event(&event_of)), Err(Reason::BadName), "{name}");
    }
    // It is sent as `cart_$set`.
    let inside = Event::new("$set").category("cart");
    assert_eq!(admit(&event(&inside)), Ok(()));
}

#[test]
fn answers_are_read() {
    let classify = |status, body: &str| posthog().classify(status, &[("", ""); 0], body.as_bytes());
    let taken = ["{\"status\":1}", "{\"status\":\"Ok\",\"quota_limited\":null}"];
    for body in [taken[0], taken[1], "{\"status\":1,\"quota_limited\":[\"recordings\"]}"] {
        assert_eq!(classify(200, body), Outcome::Delivered, "{body}");
    }
    // Of whatever else is at that address.
    for body in ["", "nonsense", "{\"ok\":true}", "<html>Sign in</html>"] {
        assert_eq!(classify(200, body), Outcome::Refused(Reason::Rejected), "{body}");
    }
    let over = "{\"status\":1,\"quota_limited\":[\"events\"]}";
    assert_eq!(classify(200, over), Outcome::Refused(Reason::Quota));
    for status in [400, 401] {
        assert_eq!(classify(status, over), Outcome::Refused(Reason::Rejected));
    }
    assert_eq!(classify(413, ""), Outcome::Split);
    assert_eq!(classify(429, ""), Outcome::Retry(None));
    assert_eq!(classify(503, ""), Outcome::Retry(None));
    // Sent again in any case, for PostHog knows a second copy.
    assert_eq!(classify(500, ""), Outcome::Unknown);
    assert!(posthog().needs().dedupe);
}
