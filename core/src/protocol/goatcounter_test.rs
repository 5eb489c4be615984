use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Event,
    hit::{Draft, sample},
    protocol::kit::{self, CLEAN, HOSTILE_AGENT, NASTY, event, full},
};

const NONE: [(&str, &str); 0] = [];

fn goatcounter() -> GoatCounter {
    GoatCounter::new("https://stats.example/api/v0/count", Secret::new("t0ken"), true)
}

fn hit(hit: &Hit) -> Json {
    kit::body(&goatcounter(), std::slice::from_ref(hit))["hits"][0].take()
}

#[test]
fn a_page_view_and_an_event() {
    let add = sample::add();
    let body = kit::body(&goatcounter(), &[full(&sample::page()), full(&event(&add))]);
    let expected = json!({
        "hits": [
            {
                "path": "/cart",
                "query": "size=9&utm_source=news&utm_medium=email&utm_campaign=july",
                "title": "Cart & checkout",
                "ref": "https://www.google.com/",
                "ip": "203.0.113.9",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "language": "en-GB",
                "created_at": "2026-07-22T10:00:00.000Z",
                "session": "019f893e-7680-7a36-9f0e-3a2a7a1b9d11",
            },
            {
                "path": "cart-add",
                "event": true,
                "title": "SKU-1",
                "ref": "https://www.google.com/",
                "ip": "203.0.113.9",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "language": "en-GB",
                "created_at": "2026-07-22T10:00:00.000Z",
                "session": "019f893e-7680-7a36-9f0e-3a2a7a1b9d11",
            },
        ],
    });
    assert_eq!(body, expected);
}

#[test]
fn the_token_is_sent_and_never_shown() {
    let (_, out) = kit::request(&goatcounter(), &[full(&sample::page())]);
    let headers: Vec<_> = out.headers().collect();
    assert_eq!(headers, [("content-type", "application/json"), ("authorization", "Bearer t0ken")]);
    for shown in [format!("{:?}", goatcounter()), format!("{out:?}")] {
        assert!(!shown.contains("t0ken") && shown.contains("***"), "{shown}");
    }
}

#[test]
fn what_is_absent_is_left_out() {
    let bare = Draft { path: b"/", ..kit::bare() };
    let expected = json!({
        "path": "/",
        "created_at": "2026-07-22T10:00:00.000Z",
        "session": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
    });
    assert_eq!(hit(&full(&bare)), expected);
}

#[test]
fn hits_of_nobody_go_apart() {
    let nobody = full(&Draft { visitor: None, path: b"/", ..kit::bare() });
    let somebody = full(&sample::page());
    // By address and agent it can be told apart there.
    let known = full(&Draft { visitor: None, ..sample::page() });
    let (taken, out) = kit::request(&goatcounter(), &[nobody.clone(), nobody.clone(), somebody.clone()]);
    assert_eq!(taken, 2);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["no_sessions"], true);
    let (taken, out) = kit::request(&goatcounter(), &[somebody.clone(), known.clone(), nobody.clone()]);
    assert_eq!(taken, 2);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body.get("no_sessions"), None);
}

#[test]
fn the_sites_filter_can_be_switched_off() {
    let unfiltered = GoatCounter::new("", Secret::new(""), false);
    let hits = [full(&sample::page())];
    assert_eq!(kit::body(&unfiltered, &hits)["filter"], json!([]));
    assert_eq!(kit::body(&goatcounter(), &hits).get("filter"), None);
}

#[test]
fn what_trackside_tells_apart_has_a_path() {
    let told = |kind, label| {
        let mut hit = hit(&kit::told(kind, label));
        (hit["path"].take(), hit["event"].take(), hit.get("title").cloned())
    };
    assert_eq!(told(Kind::Download, ""), (json!("download/files/a.pdf"), json!(true), None));
    assert_eq!(told(Kind::NotFound, ""), (json!("not-found/files/a.pdf"), json!(true), None));
    assert_eq!(
        told(Kind::Search, "Red shoes"),
        (json!("search-red-shoes"), json!(true), Some(json!("Red shoes")))
    );
}

#[test]
fn events_are_named_by_a_word() {
    for (category, name, path) in [
        ("cart", "add", "cart-add"),
        ("", "Add it!", "add-it"),
        ("-Größe_", "  2 ", "größe-2"),
        ("../", "a/b?c", "a-b-c"),
    ] {
        let told = Event::new(name).category(category);
        let told = full(&event(&told));
        assert_eq!((goatcounter().admit(&told), hit(&told)["path"].take()), (Ok(()), json!(path)));
    }
    for (category, name) in [("", ""), ("cart", ""), ("", "!"), ("-", "\u{0}")] {
        let told = Event::new(name).category(category);
        assert_eq!(goatcounter().admit(&full(&event(&told))), Err(Reason::BadName), "{category} {name}");
    }
    assert_eq!(goatcounter().admit(&full(&kit::bare())), Err(Reason::BadName));
}

#[test]
fn hostile_texts_stay_inside_theirs() {
    let add = Event::new(NASTY).label(NASTY);
    let told = hit(&full(&kit::hostile(&add)));
    assert_eq!(told["path"], "script");
    assert_eq!(told["title"], CLEAN);
    assert_eq!(told["user_agent"], HOSTILE_AGENT);
    let page = hit(&full(&Draft { event: None, ..kit::hostile(&add) }));
    assert_eq!(page["path"], "/%00%22%80%23");
    assert_eq!(page["query"], "%5C=%25zz");
}

#[test]
fn the_largest_hits_are_within_the_limits() {
    for character in ['\u{1}', '"', 'x', '\u{1f600}', 'é', 'İ'] {
        for is_page in [true, false] {
            let hits = vec![kit::largest(character, is_page); 501];
            let (taken, out) = kit::request(&goatcounter(), &hits);
            let body: Json = serde_json::from_slice(out.payload()).unwrap();
            assert_eq!(body["hits"].as_array().unwrap().len(), taken);
            assert!((1..501).contains(&taken) && out.payload().len() <= 1_000_000);
            let hit = &body["hits"][0];
            let length = |key: &str| hit[key].as_str().map_or(0, |text| text.chars().count());
            assert!(length("path") <= 2_048 && length("title") <= 1_024 && length("ref") <= 2_048);
            assert!(length("user_agent") <= 512, "{character:?}");
        }
    }
    let (taken, _) = kit::request(&goatcounter(), &vec![full(&Draft { path: b"/", ..kit::bare() }); 501]);
    assert_eq!((taken, goatcounter().needs().batch), (500, 500));
}

#[test]
fn answers_name_the_hits_that_were_not_counted() {
    let classify = |status, body: &str| goatcounter().classify(status, &NONE, body.as_bytes());
    assert_eq!(classify(202, r#"{"status":"ok"}"#), Outcome::Delivered);
    let some = r#"{"errors":{"1":"path: must be set","12":["x"]}}"#;
    let expected = vec![(1, Reason::Rejected), (12, Reason::Rejected)];
    assert_eq!(classify(400, some), Outcome::Partial(expected));
    for body in [r#"{"error":"oh noes"}"#, r#"{"errors":{"hits":"too many"}}"#, r#"{"errors":{}}"#, ""] {
        assert_eq!(classify(400, body), Outcome::Refused(Reason::Rejected), "{body}");
    }
    for status in [401, 403] {
        assert_eq!(classify(status, some), Outcome::Refused(Reason::Rejected));
    }
    assert_eq!(classify(500, some), Outcome::Unknown);
    let filtered = [("X-Goatcounter-Filter", "0, 3")];
    let expected = vec![(0, Reason::FilteredThere), (3, Reason::FilteredThere)];
    assert_eq!(goatcounter().classify(202, &filtered, b""), Outcome::Partial(expected));
    let expected = vec![
        (0, Reason::FilteredThere),
        (1, Reason::Rejected),
        (3, Reason::FilteredThere),
        (12, Reason::Rejected),
    ];
    assert_eq!(goatcounter().classify(400, &filtered, some.as_bytes()), Outcome::Partial(expected));
    // Of one that is named twice one is lost, and where nothing is said of single hits all are.
    let twice = goatcounter().classify(400, &[("x-goatcounter-filter", "1")], br#"{"errors":{"1":"x"}}"#);
    assert!(matches!(twice, Outcome::Partial(lost) if lost.len() == 1));
    let whole = goatcounter().classify(400, &filtered, br#"{"error":"oh noes"}"#);
    assert_eq!(whole, Outcome::Refused(Reason::Rejected));
}

#[test]
fn its_rate_is_kept() {
    let wait = |headers: &[(&str, &str)]| match goatcounter().classify(429, &headers.to_vec(), b"") {
        Outcome::Retry(wait) => wait.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&[("x-rate-limit-reset", "2")]), Some(2));
    assert_eq!(wait(&[("x-rate-limit-reset", "99999")]), Some(3_600));
    assert_eq!(wait(&[("x-rate-limit-reset", "2"), ("retry-after", "5")]), Some(5));
    assert_eq!(wait(&[("x-rate-limit-reset", "-1")]), None);
}
