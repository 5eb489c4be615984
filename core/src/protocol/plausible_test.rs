use serde_json::{Value as Json, json};

use super::{super::kit, *};
use crate::{
    Event,
    config::IpPolicy,
    hit::{Draft, sample},
};

const NONE: [(&str, &str); 0] = [];
const URL: &str = "https://shop.example/cart?size=9&utm_source=news&utm_medium=email&utm_campaign=july";

fn plausible() -> Plausible {
    Plausible {
        url: "https://plausible.io/api/event".to_owned(),
        domain: String::new(),
        is_interactive: false,
        max_name: 120,
    }
}

fn encoded(plausible: &Plausible, draft: &Draft<'_>) -> Outgoing {
    let hit = draft.seal(IpPolicy::Full);
    let mut out = Outgoing::new();
    assert_eq!(plausible.encode(&[Enriched::new(&hit), Enriched::new(&hit)], sample::MICROS, &mut out), 1);
    out
}

fn body(draft: &Draft<'_>) -> Json {
    serde_json::from_slice(encoded(&plausible(), draft).payload()).unwrap()
}

fn event<'a>(event: &'a Event<'a>) -> Draft<'a> {
    Draft { event: Some(event), ..sample::page() }
}

// The two bodies of the golden examples.

#[test]
fn a_page_view_is_the_golden_example() {
    let properties = [("logged_in".into(), Value::from("true"))];
    let out = encoded(&plausible(), &Draft { properties: &properties, ..sample::page() });
    let expected = format!(
        r#"{{"domain":"shop.example","name":"pageview","url":"{URL}","referrer":"https://www.google.com/","props":{{"logged_in":"true"}}}}"#
    );
    assert_eq!(String::from_utf8_lossy(out.payload()), expected);
}

#[test]
fn an_event_is_the_golden_example_without_a_referrer() {
    let add = sample::add();
    let out = encoded(&plausible(), &event(&add));
    let expected = format!(
        r#"{{"domain":"shop.example","name":"cart: add","url":"{URL}","interactive":false,"props":{{"category":"cart","label":"SKU-1","value":2,"colour":"red"}}}}"#
    );
    assert_eq!(String::from_utf8_lossy(out.payload()), expected);
}

#[test]
fn the_visitor_is_told_by_headers() {
    let out = encoded(&plausible(), &sample::page());
    assert_eq!((out.method(), out.url()), ("POST", "https://plausible.io/api/event"));
    let expected = [
        ("content-type", "application/json"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    assert_eq!(out.headers().collect::<Vec<_>>(), expected);
    // A header holds no line breaks, and http takes nothing beyond ASCII.
    let out = encoded(&plausible(), &Draft { agent: b"a\r\nX: 1\0\xc3\xa9\tb", ..sample::page() });
    assert_eq!(out.headers().nth(1), Some(("user-agent", "aX: 1b")));
    let v6 = "2001:db8::9".parse().unwrap();
    let out = encoded(&plausible(), &Draft { address: Some(v6), ..sample::page() });
    assert_eq!(out.headers().nth(2), Some(("x-forwarded-for", "2001:db8::9")));
}

#[test]
fn keys_of_the_configuration_are_heeded() {
    let own = Plausible { domain: "a.example,b.example".to_owned(), is_interactive: true, ..plausible() };
    let add = sample::add();
    let body: Json = serde_json::from_slice(encoded(&own, &event(&add)).payload()).unwrap();
    assert_eq!(body["domain"], "a.example,b.example");
    assert_eq!(body.get("interactive"), None);
}

#[test]
fn a_domain_is_of_so_many_printable_characters() {
    let longest = "a".repeat(1_000);
    for domain in ["a", "a.example,b.example/x", &longest] {
        assert!(is_domain(domain), "{domain}");
    }
    for odd in ["", "a b", "a\n", "é", &format!("{longest}a")] {
        assert!(!is_domain(odd), "{odd}");
    }
}

#[test]
fn what_trackside_tells_apart_has_plausibles_names() {
    let download =
        Draft { path: b"/files/a.pdf", query: b"", special: Some(Kind::Download), ..sample::page() };
    let url = "https://shop.example/files/a.pdf";
    let expected = json!({
        "domain": "shop.example", "name": "File Download", "url": url, "interactive": false,
        "referrer": "https://www.google.com/", "props": {"url": url},
    });
    assert_eq!(body(&download), expected);
    let missing = Draft { path: b"/gone", query: b"", special: Some(Kind::NotFound), ..sample::page() };
    let told = body(&missing);
    assert_eq!((&told["name"], &told["props"]), (&json!("404"), &json!({"path": "/gone"})));
    let search = Draft { search: "red shoes", special: Some(Kind::Search), ..sample::page() };
    let told = body(&search);
    assert_eq!((&told["name"], &told["props"]), (&json!("Search"), &json!({"search_query": "red shoes"})));
    // The page that shows what was found is a page.
    let page = Draft { search: "red shoes", ..sample::page() };
    assert_eq!(body(&page).get("props"), None);
}

#[test]
fn an_event_has_the_properties_that_it_says_and_none_if_it_says_nothing() {
    let props = |event_: &Event<'_>| body(&event(event_)).get("props").cloned();
    assert_eq!(props(&Event::new("a")), None);
    assert_eq!(props(&Event::new("a").category("c")), Some(json!({"category": "c"})));
    assert_eq!(props(&Event::new("a").label("l")), Some(json!({"label": "l"})));
    assert_eq!(props(&Event::new("a").value(0.0)), Some(json!({"value": 0})));
}

#[test]
fn an_event_with_a_currency_is_revenue() {
    let bought = |currency: &'static str| Event::new("buy").value(9.5).property("currency", currency);
    let revenue = |event_: &Event<'_>| body(&event(event_)).get("revenue").cloned();
    assert_eq!(revenue(&bought("EUR")), Some(json!({"currency": "EUR", "amount": 9.5})));
    for odd in ["eur", "EURO", "€", "E1R"] {
        assert_eq!(revenue(&bought(odd)), None, "{odd}");
    }
    assert_eq!(revenue(&Event::new("buy").property("currency", "EUR")), None);
    let sold = Event::new("buy").value(2.0).property("revenue", 7.25).property("currency", "EUR");
    assert_eq!(revenue(&sold), Some(json!({"currency": "EUR", "amount": 7.25})));
    let valueless = Event::new("buy").property("currency", "EUR").property("revenue", 3);
    assert_eq!(revenue(&valueless), Some(json!({"currency": "EUR", "amount": 3})));
    assert_eq!(revenue(&bought("EUR").property("revenue", "much")), revenue(&bought("EUR")));
}

#[test]
fn properties_are_thirty_at_most_and_each_once() {
    let names: Vec<_> = (0..60).map(|n| format!("k{n}")).collect();
    let mut add = sample::add().property("label", "not mine").property("empty", "").property("k0", "first");
    for name in &names {
        add = add.property(name.as_str(), true);
    }
    let text = String::from_utf8(encoded(&plausible(), &event(&add)).payload().to_vec()).unwrap();
    assert_eq!((text.matches("\"k0\"").count(), text.matches("\"label\"").count()), (1, 1));
    let told = &body(&event(&add))["props"];
    assert_eq!(told.as_object().unwrap().len(), 30);
    assert_eq!((&told["label"], &told["k0"], told.get("empty")), (&json!("SKU-1"), &json!(true), None));
}

#[test]
fn addresses_have_no_percent_sign_that_plausible_fails_over() {
    let url = |path: &'static [u8], query: &'static [u8]| {
        body(&Draft { path, query, ..sample::page() })["url"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        url(b"/100%/%41%4/%", b"utm_source=50%"),
        "https://shop.example/100%25/%41%254/%25?utm_source=50%25"
    );
    assert_eq!(url(b"/\xff", b""), "https://shop.example/%FF");
    assert_eq!(url(b"/%zz\xc3\xa9", b""), "https://shop.example/%25zzé");
    let path = [b"/".as_slice(), &b"p".repeat(2_047)].concat();
    let long = body(&Draft { path: &path, query: b"", ..sample::page() });
    assert_eq!(long["url"].as_str().unwrap().chars().count(), 2_000);
    // 20 + 1 + 1,976 + 3 = 2,000
    let full = [b"/".as_slice(), &b"p".repeat(1_976), b"%41"].concat();
    let full = body(&Draft { path: &full, query: b"", ..sample::page() });
    assert_eq!(full["url"], format!("https://shop.example/{}%41", "p".repeat(1_976)));
    // 20 + 1 + 3 × 659 = 1,998, and no part of an escape after them.
    let stray = [b"/".as_slice(), &b"%".repeat(2_047)].concat();
    let stray = body(&Draft { path: &stray, query: b"a", ..sample::page() });
    assert_eq!(stray["url"], format!("https://shop.example/{}", "%25".repeat(659)));
}

#[test]
fn the_largest_hits_are_of_the_size_that_plausible_takes() {
    for character in ['\u{1}', '"', '%', '\u{1f600}'] {
        for is_page in [true, false] {
            let (taken, out) = kit::request(&plausible(), &vec![kit::largest(character, is_page); 2]);
            let body: Json = serde_json::from_slice(out.payload()).unwrap();
            let length = |value: &Json| value.as_str().map_or(0, |text| text.chars().count());
            assert_eq!((taken, body["props"].as_object().unwrap().len()), (1, 30));
            for (name, value) in body["props"].as_object().unwrap() {
                assert!(name.len() <= 300 && length(value) <= 2_000, "{name}");
            }
            assert!(length(&body["name"]) <= 120 && length(&body["url"]) <= 2_000);
            assert!(length(&body["referrer"]) <= 2_000);
        }
    }
}

#[test]
fn a_name_is_cut_at_its_limit() {
    let name = |event_: &Event<'_>| body(&event(event_))["name"].take();
    let long = "é".repeat(150);
    assert_eq!(name(&Event::new(&long)), "é".repeat(120));
    // 4 + 2 + 114
    assert_eq!(name(&Event::new(&long).category("cart")), format!("cart: {}", "é".repeat(114)));
    let whole = "x".repeat(114);
    assert_eq!(name(&Event::new(&whole).category("cart")), format!("cart: {whole}"));
    let of_a_server = Plausible { max_name: 130, ..plausible() };
    let out = encoded(&of_a_server, &event(&Event::new(&long)));
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["name"], "é".repeat(130));
}

#[test]
fn what_plausible_would_not_count_is_refused() {
    let admit = |draft: Draft<'_>| plausible().admit(&draft.seal(IpPolicy::Full));
    assert_eq!(admit(sample::page()), Ok(()));
    assert_eq!(admit(Draft { visitor: None, ..sample::page() }), Ok(()));
    assert_eq!(admit(Draft { address: None, ..sample::page() }), Err(Reason::NoVisitor));
    assert_eq!(admit(Draft { agent: b"", ..sample::page() }), Err(Reason::NoVisitor));
    assert_eq!(admit(Draft { agent: b" \xff\n", ..sample::page() }), Err(Reason::NoVisitor));
    assert_eq!(admit(Draft { site: b"", ..sample::page() }), Err(Reason::NoSite));
    let nameless = Event::new("").category("cart");
    assert_eq!(admit(event(&nameless)), Err(Reason::BadName));
    // Outside a page, its site stands for it.
    let elsewhere = Event::new("paid");
    let draft = Draft { path: b"", query: b"", ..event(&elsewhere) };
    assert_eq!(admit(draft.clone()), Ok(()));
    assert_eq!(
        (&body(&draft)["url"], &body(&draft)["name"]),
        (&json!("https://shop.example/"), &json!("paid"))
    );
}

#[test]
fn a_hit_that_was_thrown_away_is_refused() {
    let refused = Outcome::Refused(Reason::Rejected);
    for (status, headers, outcome) in [
        (202, vec![], Outcome::Delivered),
        (200, vec![("x-plausible-dropped", "0")], Outcome::Delivered),
        (202, vec![("X-Plausible-Dropped", "1")], refused.clone()),
        (202, vec![("x-plausible-dropped", " 2 ")], refused.clone()),
        (400, vec![], refused.clone()),
        (
            429,
            vec![("x-plausible-dropped", "1"), ("retry-after", "7")],
            Outcome::Retry(Some(std::time::Duration::from_secs(7))),
        ),
        (503, vec![], Outcome::Retry(None)),
        (500, vec![], Outcome::Unknown),
    ] {
        assert_eq!(plausible().classify(status, &headers, b"ok"), outcome, "{status} {headers:?}");
    }
    assert_eq!(plausible().classify(202, &NONE, b""), Outcome::Delivered);
}

#[test]
fn its_limits_are_declared() {
    let needs = plausible().needs();
    assert_eq!((needs.batch, needs.window, needs.address, needs.one_visitor), (1, 600, true, true));
}
