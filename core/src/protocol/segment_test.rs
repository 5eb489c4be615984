use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Event,
    hit::{
        Draft,
        sample::{self, MICROS},
    },
    protocol::kit::{self, CLEAN, HOSTILE_AGENT, HOSTILE_URL, NASTY, event, full},
};

fn segment() -> Segment {
    Segment::new(URL, &Secret::new("wr1teKey"), true)
}

fn item(hit: &Hit) -> Json {
    kit::body(&segment(), std::slice::from_ref(hit))["batch"][0].take()
}

#[test]
fn a_page_view_and_an_event() {
    let add = sample::add();
    let add = Draft { micros: MICROS + 1_000_000, title: "Cart & checkout", ..event(&add) };
    let body = kit::body(&segment(), &[full(&sample::page()), full(&add)]);
    let page = json!({
        "url": "https://shop.example/cart?size=9&utm_source=news&utm_medium=email&utm_campaign=july",
        "path": "/cart",
        "search": "?size=9&utm_source=news&utm_medium=email&utm_campaign=july",
        "title": "Cart & checkout",
        "referrer": "https://www.google.com/",
    });
    let context = json!({
        "ip": "203.0.113.9",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "locale": "en-GB",
        "sessionId": 1_784_714_000,
        "page": page,
        "campaign": {"name": "july", "source": "news", "medium": "email"},
        "library": {"name": "trackside", "version": env!("CARGO_PKG_VERSION")},
    });
    let expected = json!({
        "batch": [
            {
                "type": "page",
                "messageId": "019f8941-6900-7abc-8def-0123ff00007b",
                "anonymousId": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
                "userId": "u-42",
                "timestamp": "2026-07-22T10:00:00.000Z",
                "name": "Cart & checkout",
                "properties": page,
                "context": context,
            },
            {
                "type": "track",
                "messageId": "019f8941-6900-7abc-8def-0123ff00007b",
                "anonymousId": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
                "userId": "u-42",
                "timestamp": "2026-07-22T10:00:01.000Z",
                "event": "cart add",
                "properties": {"category": "cart", "label": "SKU-1", "value": 2, "colour": "red"},
                "context": context,
            },
        ],
        "sentAt": "2026-07-22T10:00:02.500Z",
    });
    assert_eq!(body, expected);
}

#[test]
fn the_key_is_sent_and_never_shown() {
    let (_, out) = kit::request(&segment(), &[full(&sample::page())]);
    // By `printf wr1teKey: | base64`.
    let headers: Vec<_> = out.headers().collect();
    assert_eq!(headers, [("content-type", "application/json"), ("authorization", "Basic d3IxdGVLZXk6")]);
    for shown in [format!("{:?}", segment()), format!("{out:?}")] {
        assert!(!shown.contains("wr1te") && !shown.contains("d3Ix") && shown.contains("***"), "{shown}");
    }
    assert_eq!((out.method(), out.url()), ("POST", "https://api.segment.io/v1/batch"));
}

#[test]
fn what_is_absent_is_left_out() {
    let expected = json!({
        "type": "page",
        "messageId": "019f8941-6900-7abc-8def-0123ff00007b",
        "anonymousId": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "timestamp": "2026-07-22T10:00:00.000Z",
        "context": {"library": {"name": "trackside", "version": env!("CARGO_PKG_VERSION")}},
        "properties": {},
    });
    assert_eq!(item(&full(&kit::bare())), expected);
}

#[test]
fn what_trackside_tells_apart_has_a_name() {
    let named = |kind, label| {
        let mut item = item(&kit::told(kind, label));
        (item["event"].take(), item["properties"].take())
    };
    let url = json!({"url": "https://shop.example/files/a.pdf"});
    assert_eq!(named(Kind::Download, ""), (json!("File Downloaded"), url.clone()));
    assert_eq!(named(Kind::NotFound, ""), (json!("Page Not Found"), url));
    assert_eq!(named(Kind::Search, "red shoes"), (json!("Products Searched"), json!({"query": "red shoes"})));
}

#[test]
fn hostile_texts_stay_inside_theirs() {
    let add = Event::new(NASTY).category(NASTY).label(NASTY).property("k\"ey", NASTY).property("url", "x");
    let item = item(&full(&kit::hostile(&add)));
    assert_eq!(item["event"], format!("{CLEAN} {CLEAN}"));
    assert_eq!(item["userId"], CLEAN);
    assert_eq!(item["context"]["page"]["url"], HOSTILE_URL);
    assert_eq!(item["context"]["userAgent"], HOSTILE_AGENT);
    assert_eq!(item["properties"], json!({"category": CLEAN, "label": CLEAN, "k\"ey": CLEAN}));
}

#[test]
fn an_item_has_32_kilobytes_and_a_body_500() {
    // 64 properties of 1,024 bytes are 64 KiB: as many stay as there is room for.
    let text = "x".repeat(1_024);
    let many = (10..74).fold(Event::new("x"), |event, n| event.property(format!("k{n}"), text.as_str()));
    let hit = full(&event(&many));
    assert_eq!(segment().admit(&hit), Ok(()));
    let (taken, out) = kit::request(&segment(), &vec![hit; 100]);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    let items = body["batch"].as_array().unwrap();
    let size = items[0].to_string().len();
    assert!((32_000 - 1_100..=32_000).contains(&size), "{size}");
    assert_eq!(items[0]["properties"]["k10"], text);
    assert_eq!(items.len(), taken);
    // Fifteen and their commas are below 500,000 bytes.
    assert_eq!(taken, 15);
    assert!(out.payload().len() <= 500_000);
}

#[test]
fn a_property_stays_if_the_item_has_room_for_all_of_it() {
    let whole = "x".repeat(1_024);
    let told = |wholes: usize, last: usize| {
        let many = (10..10 + wholes)
            .fold(Event::new("x"), |event, n| event.property(format!("k{n}"), whole.as_str()));
        item(&full(&event(&many.property("last", "x".repeat(last)))))
    };
    let size = |item: &Json| item.to_string().len();
    let (least, each) = (size(&told(0, 1)), size(&told(1, 1)) - size(&told(0, 1)));
    let (wholes, left) = ((32_000 - least) / each, (32_000 - least) % each);
    assert_eq!(size(&told(wholes, 1 + left)), 32_000);
    let cut = told(wholes, 2 + left);
    assert_eq!((cut["properties"].get("last"), &cut["properties"]["k10"]), (None, &json!(whole)));
}

#[test]
fn an_item_has_room_for_the_campaign_that_is_found_later() {
    let path = [b"/".as_slice(), &b"\xff".repeat(2_000)].concat();
    let hit = |controls: usize, user: usize| {
        let (title, user_id) = ("\u{1}".repeat(controls), "u".repeat(user));
        let agent = &[1; 1_024];
        full(&Draft { path: &path, query: b"a=b", agent, title: &title, user_id: &user_id, ..sample::page() })
    };
    // Of each byte of the query three, and 100 for the names.
    let size = |hit: &Hit| item(hit).to_string().len() + 3 * 3 + 100;
    // The title stands in three places, and U+FFFD has three bytes.
    let left = 32_000 - size(&hit(1, 1));
    let (controls, user) = (1 + left / 9, 1 + left % 9);
    assert_eq!(size(&hit(controls, user)), 32_000);
    assert_eq!(segment().admit(&hit(controls, user)), Ok(()));
    assert_eq!(segment().admit(&hit(controls, user + 1)), Err(Reason::TooLarge));
}

#[test]
fn the_page_has_what_is_known_of_it() {
    let page = |draft: Draft<'_>| item(&full(&draft))["context"].get("page").cloned();
    assert_eq!(page(Draft { title: "a", ..kit::bare() }), Some(json!({"title": "a"})));
    let referrer = json!({"referrer": "https://x.example/"});
    assert_eq!(page(Draft { referrer: b"https://x.example/", ..kit::bare() }), Some(referrer));
    let url = json!({"url": "https://x.example/a", "path": "/a"});
    assert_eq!(page(Draft { site: b"x.example", path: b"/a", ..kit::bare() }), Some(url));
    assert_eq!(page(kit::bare()), None);
}

#[test]
fn what_follows_the_items_is_reckoned_with() {
    let (_, out) = kit::request(&segment(), &[full(&sample::page())]);
    assert!(out.payload()[out.payload().len() - AFTER - 1..].starts_with(b"],\"sentAt\":\""));
}

#[test]
fn what_is_too_large_without_its_properties_is_refused() {
    for (character, is_page) in
        [('\u{1}', true), ('\u{1}', false), ('"', true), ('\u{1f600}', true), ('x', true)]
    {
        let hit = kit::largest(character, is_page);
        match segment().admit(&hit) {
            Ok(()) => {
                let size = item(&hit).to_string().len();
                assert!(size <= 32_000, "{character:?} {size}");
            }
            refused => assert_eq!(refused, Err(Reason::TooLarge), "{character:?}"),
        }
    }
    assert_eq!(segment().admit(&kit::largest('x', true)), Ok(()));
    assert_eq!(segment().admit(&kit::largest('\u{1}', true)), Err(Reason::TooLarge));
}

#[test]
fn what_would_not_count_is_refused() {
    let admit = |draft: &Draft<'_>| segment().admit(&full(draft));
    assert_eq!(admit(&sample::page()), Ok(()));
    let anonymous = Draft { visitor: None, user_id: "", ..sample::page() };
    assert_eq!(admit(&anonymous), Err(Reason::NoVisitor));
    assert_eq!(admit(&Draft { user_id: "u", ..anonymous.clone() }), Ok(()));
    // Where one of these is nobody's, RudderStack refuses all hits of the request.
    for nobody in
        [" ", "\t\r\n", "\u{200b}\u{feff}", "\u{a0}\u{3000}", "\0\u{7f}", "\u{2800}\u{3164}", "\u{e0041}"]
    {
        assert_eq!(
            admit(&Draft { user_id: nobody, ..anonymous.clone() }),
            Err(Reason::NoVisitor),
            "{nobody:?}"
        );
        assert_eq!(admit(&Draft { user_id: nobody, ..sample::page() }), Ok(()), "{nobody:?}");
    }
    for somebody in [" u ", "\u{200b}7", "-", "é", "李", "\u{1f600}"] {
        assert_eq!(admit(&Draft { user_id: somebody, ..anonymous.clone() }), Ok(()), "{somebody:?}");
    }
    assert_eq!(admit(&event(&Event::new("").category("cart"))), Err(Reason::BadName));
}

#[test]
fn answers_are_read() {
    let classify = |status, body: &str| segment().classify(status, &[("retry-after", "7")], body.as_bytes());
    for body in ["{\"success\":true}", "{ \"success\": true }", "OK", ""] {
        assert_eq!(classify(200, body), Outcome::Delivered, "{body}");
    }
    assert_eq!(classify(200, "<html>Sign in</html>"), Outcome::Refused(Reason::Rejected));
    assert_eq!(classify(200, "{\"success\":false}"), Outcome::Refused(Reason::Rejected));
    for status in [400, 401, 404] {
        assert_eq!(classify(status, ""), Outcome::Refused(Reason::Rejected));
    }
    assert_eq!(classify(413, ""), Outcome::Split);
    for status in [429, 503] {
        assert_eq!(classify(status, ""), Outcome::Retry(Some(std::time::Duration::from_secs(7))));
    }
    assert!(segment().needs().dedupe && !Segment::new(URL, &Secret::new(""), false).needs().dedupe);
}
