use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Config, Event,
    hit::{
        Draft, Kind,
        sample::{self, MICROS},
    },
    protocol::kit::{self, CLEAN, HOSTILE_AGENT, NASTY, event, full},
};

const WEBSITE: &str = "3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20";
const NONE: [(&str, &str); 0] = [];

fn batch() -> Umami {
    of("https://umami.example/api/batch", "3.1.0")
}

fn old(version: &str) -> Umami {
    of("https://umami.example/api/send", version)
}

fn of(url: &str, version: &str) -> Umami {
    Umami::new(url, WEBSITE, Version::of(version).unwrap())
}

fn payload(draft: &Draft<'_>) -> Json {
    kit::body(&batch(), &[full(draft)])[0]["payload"].take()
}

fn page() -> Json {
    json!({
        "website": WEBSITE,
        "hostname": "shop.example",
        "url": "/cart?size=9&utm_source=news&utm_medium=email&utm_campaign=july",
        "referrer": "https://www.google.com/",
        "language": "en-GB",
        "ip": "203.0.113.9",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "timestamp": 1_784_714_400,
        "id": "u-42",
    })
}

#[test]
fn a_page_view_and_an_event() {
    let add = sample::add();
    let add = Draft { micros: MICROS + 1_000_000, ..event(&add) };
    let body = kit::body(&batch(), &[full(&sample::page()), full(&add)]);
    let (mut first, mut second) = (page(), page());
    first["title"] = json!("Cart & checkout");
    second["timestamp"] = json!(1_784_714_401);
    second["name"] = json!("cart_add");
    second["data"] = json!({"category": "cart", "label": "SKU-1", "value": 2, "colour": "red"});
    let expected = json!([{"type": "event", "payload": first}, {"type": "event", "payload": second}]);
    assert_eq!(body, expected);
}

#[test]
fn one_hit_goes_alone() {
    let hits = [full(&sample::page()), full(&sample::page())];
    let send = of("https://umami.example/api/send", "3.1");
    let (taken, out) = kit::request(&send, &hits);
    assert_eq!((taken, send.needs().batch), (1, 1));
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!((&body["type"], &body["payload"]["website"]), (&json!("event"), &json!(WEBSITE)));
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let headers: Vec<_> = out.headers().collect();
    assert_eq!(headers, [("content-type", "application/json"), ("user-agent", agent)]);
}

#[test]
fn a_version_is_sent_what_it_knows() {
    let told = |version: &str| {
        let (_, out) =
            kit::request(&of("https://umami.example/api/send", version).tag("a"), &[full(&sample::page())]);
        let body: Json = serde_json::from_slice(out.payload()).unwrap();
        let keys: Vec<_> = ["ip", "tag", "userAgent", "timestamp", "id"]
            .into_iter()
            .filter(|key| body["payload"].get(key).is_some())
            .collect();
        let forwarded = out.headers().find(|(name, _)| *name == "x-forwarded-for");
        (keys.join(" "), forwarded.map(|(_, ip)| ip.to_owned()))
    };
    for (version, keys) in [
        ("2.7.0", ""),
        ("2.10.0", "ip"),
        ("2.11.3", "ip tag"),
        ("2.16", "ip tag userAgent"),
        ("2.17", "ip tag userAgent timestamp"),
        ("2.18.1", "ip tag userAgent timestamp id"),
        ("3.0", "ip tag userAgent timestamp id"),
    ] {
        let forwarded = keys.is_empty().then(|| "203.0.113.9".to_owned());
        assert_eq!(told(version), (keys.to_owned(), forwarded), "{version}");
    }
}

#[test]
fn versions_are_two_or_three_numbers() {
    assert_eq!(Version::of("2.18"), Some(Version::new(2, 18)));
    assert_eq!(Version::of("2.18.0"), Version::of("2.18"));
    assert!(Version::of("2.9").unwrap() < Version::of("2.10.1").unwrap());
    assert!(Version::of("3.0.1").unwrap() < CACHE && Version::of("3.0.2").unwrap() == CACHE);
    assert!(Version::of("3.0").unwrap() > Version::of("2.99").unwrap());
    for text in ["", "2", "2.", ".2", "v2.18", "2.18.", "2.18.x", "2.18.1.0", "2.-1", "99999999999.1"] {
        assert_eq!(Version::of(text), None, "{text}");
    }
}

#[test]
fn a_website_has_a_uuid_and_a_tag_50_characters() {
    assert!(is_uuid(WEBSITE));
    for odd in ["", &WEBSITE.replace('-', ""), &WEBSITE.replace('3', "x")] {
        assert!(!is_uuid(odd), "{odd}");
    }
    assert!(is_tag("") && is_tag(&"é".repeat(50)) && is_tag(&"\u{1f600}".repeat(25)));
    assert!(!is_tag(&"é".repeat(51)) && !is_tag(&"\u{1f600}".repeat(26)) && !is_tag("a\tb"));
}

#[test]
fn a_version_without_batches_is_a_mistake_beside_their_address() {
    let told = |path: &str, version: &str| {
        let keys = format!("ip = 'full'\nwebsite = '{WEBSITE}'\nversion = '{version}'");
        let destination = format!("[[destination]]\ntype = 'umami'\nurl = 'https://a.example{path}'\n{keys}");
        let config = Config::builder().toml("visitor.identity = 'none'").toml(&destination).build();
        config.err().map(|error| error.to_string())
    };
    assert!(told("/api/batch", "2.16").unwrap().contains("which Umami has from version 2.17 on"));
    assert_eq!(
        [told("/api/batch", "2.17"), told("/api/batch", "3.1"), told("/api/send", "2.16")],
        [None, None, None]
    );
}

#[test]
fn what_is_absent_is_left_out() {
    let expected = json!({
        "website": WEBSITE,
        "timestamp": 1_784_714_400,
        "id": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
    });
    assert_eq!(payload(&kit::bare()), expected);
    let (_, out) = kit::request(&old("3.1"), &[full(&kit::bare())]);
    assert_eq!(out.headers().count(), 1, "no agent of nobody");
}

#[test]
fn a_batch_has_an_agent_of_its_own() {
    let hits = [b"", b"Googlebot/2.1".as_slice()].map(|agent| full(&Draft { agent, ..sample::page() }));
    let (taken, out) = kit::request(&batch(), &hits);
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
    assert_eq!((taken, out.headers().last()), (2, Some(("user-agent", agent))));
    for (umami, agent, admitted) in [
        (batch(), &b""[..], Err(Reason::NoVisitor)),
        (batch(), b" ", Err(Reason::NoVisitor)),
        (batch(), b"x", Ok(())),
        (old("3.1"), b"", Ok(())),
        (old("2.17"), b"", Err(Reason::NoVisitor)),
    ] {
        assert_eq!(umami.admit(&full(&Draft { agent, ..sample::page() })), admitted, "{umami:?} {agent:?}");
    }
}

#[test]
fn a_version_has_its_limits() {
    let needs = |version| {
        let needs = old(version).needs();
        let has = [Part::Time, Part::Visitor, Part::User, Part::Agent].map(|part| needs.parts.has(part));
        (needs.address, needs.window, has)
    };
    assert_eq!(needs("2.16"), (true, 600, [false, false, false, true]));
    assert_eq!(needs("2.17"), (true, u64::MAX, [true, false, false, true]));
    assert_eq!(needs("2.18"), (false, u64::MAX, [true; 4]));
    let nowhere = full(&Draft { address: None, ..sample::page() });
    assert_eq!(old("2.17").admit(&nowhere), Err(Reason::NoVisitor));
    assert_eq!(old("2.18").admit(&nowhere), Ok(()));
    assert!(is_version("2.7") && is_version("3.1.0"));
    assert!(!is_version("2.6.9") && !is_version("1.99"));
}

#[test]
fn addresses_are_such_as_can_be_read() {
    let url = |path: &[u8], site: &[u8]| {
        let mut payload = payload(&Draft { path, site, query: b"", ..sample::page() });
        (payload["url"].take(), payload.get("hostname").cloned())
    };
    assert_eq!(url(b"/a", b"shop.example"), (json!("/a"), Some(json!("shop.example"))));
    let (whole, _) = url(b"//x:y/", b"shop.example");
    assert_eq!(whole, "https://shop.example//x:y/");
    assert_eq!(url(b"*", b"shop.example").0, "https://shop.example*");
    let long = format!("{}.example", "x".repeat(93));
    assert_eq!(url(b"/a", long.as_bytes()), (json!(format!("https://{long}/a")), None));
    let referrer = format!("https://x.example/{}", "%41".repeat(500));
    let cut = payload(&Draft { referrer: referrer.as_bytes(), ..sample::page() });
    // 18 + 3 × 160 = 498
    assert_eq!(cut["referrer"], format!("https://x.example/{}", "%41".repeat(160)));
    assert_eq!(payload(&Draft { referrer: b"https://[x/", ..sample::page() }).get("referrer"), None);
}

#[test]
fn an_id_is_whole_or_another() {
    let id = |user_id: &str| payload(&Draft { user_id, ..sample::page() })["id"].take();
    assert_eq!(id(&"é".repeat(50)), "é".repeat(50));
    assert_eq!(id(&"x".repeat(51)), "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");
    assert_eq!(id(&"\u{1f600}".repeat(26)), "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");
    assert_eq!(id(" "), "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");
    let nobody = Draft { visitor: None, user_id: "", ..sample::page() };
    assert_eq!(payload(&nobody).get("id"), None);
}

#[test]
fn what_trackside_tells_apart_has_a_name() {
    let named = |kind, label| {
        let mut payload = kit::body(&batch(), &[kit::told(kind, label)])[0]["payload"].take();
        (payload["name"].take(), payload["data"].take())
    };
    let link = json!({"link_url": "https://shop.example/files/a.pdf"});
    assert_eq!(named(Kind::Download, ""), (json!("file_download"), link));
    assert_eq!(named(Kind::NotFound, ""), (json!("page_not_found"), json!({})));
    assert_eq!(named(Kind::Search, "red shoes"), (json!("search"), json!({"search_term": "red shoes"})));
}

#[test]
fn texts_are_cut_at_their_limits() {
    let long = "é".repeat(1_000);
    let add = Event::new(&long[..400]).label(&long[..400]).property("text", long.as_str());
    let told = payload(&event(&add));
    assert_eq!(told["name"], "é".repeat(50));
    assert_eq!(told["data"], json!({"label": "é".repeat(200), "text": "é".repeat(500)}));
    assert_eq!(payload(&Draft { title: &long, ..sample::page() })["title"], "é".repeat(500));
    let path = [b"/".as_slice(), &b"p".repeat(600)].concat();
    let download = Event::new("download");
    let download = Draft { path: &path, query: b"", special: Some(Kind::Download), ..event(&download) };
    // 20 + 1 + 479
    assert_eq!(payload(&download)["data"]["link_url"], format!("https://shop.example/{}", "p".repeat(479)));
}

#[test]
fn hostile_texts_stay_inside_theirs() {
    let add = Event::new(NASTY)
        .label(NASTY)
        .property("k\"ey", NASTY)
        .property("value", "x")
        .property("nan", f64::NAN);
    let (_, out) = kit::request(&batch(), &[full(&kit::hostile(&add))]);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    let payload = &body[0]["payload"];
    assert_eq!((&payload["name"], &payload["id"]), (&json!(CLEAN), &json!(CLEAN)));
    assert_eq!(payload["url"], "/%00%22%80%23?%5C=%25zz");
    assert_eq!(payload["userAgent"], HOSTILE_AGENT);
    assert_eq!(payload["data"], json!({"label": CLEAN, "k\"ey": CLEAN}));
    let (_, out) = kit::request(&old("3.1"), &[full(&kit::hostile(&add))]);
    assert_eq!(out.headers().last(), Some(("user-agent", "?\"\\??")));
}

#[test]
fn the_largest_hits_make_a_body_of_a_megabyte_at_most() {
    for character in ['\u{1}', '"', '\u{1f600}'] {
        let hits = vec![kit::largest(character, false); 30];
        let (taken, out) = kit::request(&batch(), &hits);
        let body: Json = serde_json::from_slice(out.payload()).unwrap();
        assert_eq!(body.as_array().unwrap().len(), taken);
        assert!((1..30).contains(&taken) && out.payload().len() <= 1_000_000, "{taken}");
    }
    assert_eq!(kit::request(&batch(), &vec![full(&kit::bare()); 101]).0, 100);
}

#[test]
fn answers_to_one_hit_are_read() {
    let send = of("https://umami.example/api/send", "3.1");
    let classify = |status, body: &str| send.classify(status, &NONE, body.as_bytes());
    // Of 3.1, of 2.16, and of 2.15.
    for body in
        [r#"{"cache":"x.y.z","sessionId":"y","visitId":"z"}"#, r#"{"cache":"x.y.z"}"#, "eyJh_.eyJp.Zm-9\n"]
    {
        assert_eq!(classify(200, body), Outcome::Delivered, "{body}");
        assert_eq!(old("2.7").classify(200, &NONE, body.as_bytes()), Outcome::Delivered, "{body}");
    }
    for body in [
        "",
        "ok",
        "a.b",
        "a.b.c.d",
        "a..c",
        "a.b.c d",
        "{}",
        "[]",
        r#"{"cache":null}"#,
        r#"{"error":{"status":400}}"#,
    ] {
        assert_eq!(classify(200, body), Outcome::Refused(Reason::Rejected), "{body}");
    }
    assert_eq!(classify(200, r#"{"beep":"boop"}"#), Outcome::Refused(Reason::BotThere));
    assert_eq!(classify(200, r#"{"beep":1}"#), Outcome::Refused(Reason::BotThere));
    assert_eq!(classify(200, "\n<!doctype html>"), Outcome::Refused(Reason::Rejected));
    assert_eq!(classify(403, ""), Outcome::Refused(Reason::FilteredThere));
    assert_eq!(classify(400, r#"{"beep":"boop"}"#), Outcome::Refused(Reason::Rejected));
    assert_eq!(classify(429, ""), Outcome::Retry(None));
    assert_eq!(classify(500, ""), Outcome::Unknown);
    assert!(!send.needs().dedupe);
}

#[test]
fn answers_to_a_batch_tell_of_each_hit() {
    let classify = |body: &str| batch().classify(200, &NONE, body.as_bytes());
    let all = r#"{"size":5,"processed":5,"errors":0,"details":[],"cache":"x"}"#;
    assert_eq!(classify(all), Outcome::Delivered);
    let some = r#"{"size":5,"processed":1,"errors":4,"details":[
        {"index":0,"response":{"error":{"message":"Bad request","code":"bad-request","status":400}}},
        {"index":2,"response":{"error":{"message":"Forbidden","status":403}}},
        {"index":3,"response":{"error":{"message":"Server error","status":500}}},
        {"index":4,"response":{}},
        {"index":5,"response":{"error":"Bad request"}},
        {"index":6,"response":"no"},
        {"index":7,"response":{"error":{"status":"403"}}},
        {"index":8}],"cache":"x"}"#;
    let expected = vec![
        (0, Reason::Rejected),
        (2, Reason::FilteredThere),
        (3, Reason::Ambiguous),
        (4, Reason::Rejected),
        (5, Reason::Rejected),
        (6, Reason::Rejected),
        (7, Reason::Rejected),
        (8, Reason::Rejected),
    ];
    assert_eq!(classify(some), Outcome::Partial(expected));
    assert_eq!(batch().classify(403, &NONE, b""), Outcome::Refused(Reason::Rejected));
}

#[test]
fn a_batch_of_which_none_counts_is_one_of_bots() {
    let classify = |version: &str, body: &str| {
        of("https://umami.example/api/batch", version).classify(200, &NONE, body.as_bytes())
    };
    let bots = |indexes: &[usize]| indexes.iter().map(|index| (*index, Reason::BotThere)).collect::<Vec<_>>();
    for cache in ["", r#","cache":null"#] {
        let all = format!(r#"{{"size":3,"processed":3,"errors":0,"details":[]{cache}}}"#);
        for version in ["3.0.2", "3.1"] {
            assert_eq!(classify(version, &all), Outcome::Partial(bots(&[0, 1, 2])), "{version} {all}");
        }
        for version in ["2.17", "3.0", "3.0.1"] {
            assert_eq!(classify(version, &all), Outcome::Delivered, "{version} {all}");
        }
    }
    let some =
        r#"{"size":3,"processed":2,"errors":1,"details":[{"index":1,"response":{"error":{"status":403}}}]}"#;
    let told = [vec![(1, Reason::FilteredThere)], bots(&[0, 2])].concat();
    assert_eq!(classify("3.1", some), Outcome::Partial(told));
    assert_eq!(classify("3.0.1", some), Outcome::Partial(vec![(1, Reason::FilteredThere)]));
    let absurd = r#"{"size":18446744073709551615,"details":[]}"#;
    assert_eq!(classify("3.1", absurd), Outcome::Partial(bots(&Vec::from_iter(0..100))));
}

/// Beside a person's hit a bot's is called processed.
#[test]
fn the_contract_says_what_is_told_of_bots() {
    let told = |umami: Umami| (umami.needs().tells, umami.needs().tells_bots);
    assert_eq!([told(batch()), told(old("3.1"))], [(Tells::Each, false), (Tells::Whole, true)]);
}

#[test]
fn what_cannot_be_read_of_a_batch_was_not_taken() {
    let rejected = Outcome::Refused(Reason::Rejected);
    for body in [
        "",
        "ok",
        "<!doctype html>",
        r#"{"size":2}"#,
        r#"{"details":[]}"#,
        r#"{"size":2,"processed":0,"errors":2,"details":[{"index":0,"response":{"error":{"mess"#,
        r#"{"size":2,"details":[{"index":"a"}]}"#,
    ] {
        assert_eq!(batch().classify(200, &NONE, body.as_bytes()), rejected, "{body}");
    }
    let beep = batch().classify(200, &NONE, br#"{"beep":"boop"}"#);
    assert_eq!(beep, Outcome::Refused(Reason::BotThere));
}

#[test]
fn an_event_without_a_name_is_refused() {
    assert_eq!(batch().admit(&full(&event(&Event::new("")))), Err(Reason::BadName));
}
