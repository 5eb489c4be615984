use std::{borrow::Cow, net::IpAddr};

use serde_json::json;
use uuid::{Uuid, uuid};

use super::{
    Draft, Event, Hit, Kind, Value, layout,
    sample::{self, MICROS, VISITOR},
};
use crate::{
    config::{IpPolicy, PathPolicy, QueryPolicy, Urls},
    visitor::consent::{Choice, Consent, Footing, Standing},
};

type Property = (Cow<'static, str>, Value<'static>);

fn full(draft: &Draft<'_>) -> Hit {
    draft.seal(IpPolicy::Full)
}

fn json(draft: &Draft<'_>) -> serde_json::Value {
    serde_json::to_value(full(draft)).unwrap()
}

fn properties(hit: &Hit) -> Vec<(&str, Value<'_>)> {
    hit.properties().collect()
}

fn bare() -> Draft<'static> {
    Draft {
        id: Uuid::nil(),
        micros: 0,
        visitor: None,
        is_cookieless: false,
        is_new: false,
        first_visit: 0,
        session: None,
        standing: Standing::default(),
        address: None,
        status: 0,
        secure: false,
        site: b"",
        method: b"",
        path: b"",
        query: b"",
        urls: Urls { query: QueryPolicy::Keep, path: PathPolicy::Redacted, canonical: false },
        referrer: b"",
        agent: b"",
        language: b"",
        title: "",
        user_id: "",
        route: "",
        event: None,
        special: None,
        search: "",
        properties: &[],
    }
}

#[test]
fn what_consent_leaves_of_a_hit() {
    let draft =
        Draft { query: b"gclid=1&a=2", referrer: b"https://a.example/?a=2&fbclid=3", ..sample::page() };
    let standing = |footing| Standing { footing, ..Standing::default() };
    let hit = full(&Draft { standing: standing(Footing::Full), ..draft.clone() });
    assert_eq!((hit.user_id(), hit.ip().is_some(), hit.query()), ("u-42", true, &b"gclid=1&a=2"[..]));
    assert_eq!((hit.is_confined(), hit.grants_ads()), (false, false));
    let hit = full(&Draft { standing: standing(Footing::Anonymous), ..draft.clone() });
    assert_eq!((hit.user_id(), hit.ip(), hit.query()), ("", None, &b"a=2"[..]));
    assert_eq!((hit.referrer(), hit.ip_policy()), (&b"https://a.example/?a=2"[..], IpPolicy::Full));

    let consent = Consent::new(Choice::Granted, Choice::Granted);
    let hit = full(&Draft { standing: Standing { consent, ..Standing::default() }, ..draft.clone() });
    assert_eq!((hit.is_confined(), hit.grants_ads()), (false, true));
    let confined = Standing { is_confined: true, ..Standing::default() };
    let hit = full(&Draft { standing: confined, ..draft });
    assert_eq!((hit.is_confined(), hit.grants_ads()), (true, false));
}

#[test]
fn a_cookieless_visitor_has_no_first_visit() {
    let hit = full(&Draft { is_cookieless: true, session: None, ..sample::page() });
    assert_eq!((hit.visitor(), hit.is_cookieless(), hit.first_visit()), (Some(VISITOR), true, None));
    let json = serde_json::to_value(&hit).unwrap();
    assert_eq!((&json["cookieless"], json.get("new"), json.get("first_visit")), (&json!(true), None, None));
    assert_eq!((hit.ip_policy(), full(&sample::page()).is_cookieless()), (IpPolicy::Full, false));
}

#[test]
fn a_page_comes_back_as_it_went_in() {
    let given: [Property; 3] =
        [("plan".into(), "pro".into()), ("n".into(), (-1.5).into()), ("ok".into(), true.into())];
    let hit = full(&Draft { is_new: true, route: "/{page}", properties: &given, ..sample::page() });
    assert_eq!(hit.id(), uuid!("019f8941-6900-7abc-8def-0123ff00007b"));
    assert_eq!(hit.kind(), Kind::Page);
    assert_eq!(hit.micros(), MICROS);
    assert_eq!(hit.visitor(), Some(VISITOR));
    assert!(hit.is_new() && hit.is_secure());
    assert_eq!(hit.first_visit(), Some(1_784_714_000));
    assert_eq!(hit.session(), Some(1_784_714_000));
    assert_eq!(hit.ip(), Some(IpAddr::from([203, 0, 113, 9])));
    assert_eq!(hit.ip_policy(), IpPolicy::Full);
    assert_eq!(hit.status(), 200);
    assert_eq!(hit.site(), "shop.example");
    assert_eq!(hit.method(), b"GET");
    assert_eq!(hit.path(), b"/cart");
    assert_eq!(hit.query(), b"size=9&utm_source=news&utm_medium=email&utm_campaign=july");
    assert_eq!(hit.referrer(), b"https://www.google.com/");
    assert_eq!(hit.agent(), b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    assert_eq!(hit.language(), "en-GB");
    assert_eq!(hit.title(), "Cart & checkout");
    assert_eq!(hit.user_id(), "u-42");
    assert_eq!(hit.route(), "/{page}");
    assert_eq!((hit.name(), hit.category(), hit.label(), hit.value()), ("", "", "", None));
    let expected = [("plan", "pro".into()), ("n", (-1.5).into()), ("ok", Value::Truth(true))];
    assert_eq!(properties(&hit), expected);
}

#[test]
fn an_event_comes_back_with_its_own_properties() {
    let add = sample::add();
    let of_the_page: [Property; 1] = [("plan".into(), "pro".into())];
    let hit = full(&Draft { event: Some(&add), properties: &of_the_page, ..sample::page() });
    assert_eq!(hit.kind(), Kind::Event);
    assert_eq!((hit.name(), hit.category(), hit.label()), ("add", "cart", "SKU-1"));
    assert_eq!(hit.value(), Some(2.0));
    assert_eq!(properties(&hit), [("colour", Value::from("red"))]);
    assert_eq!(hit.path(), b"/cart");
}

#[test]
fn what_is_absent_is_none() {
    let hit = full(&bare());
    assert_eq!((hit.visitor(), hit.first_visit(), hit.session(), hit.ip()), (None, None, None, None));
    assert!(!hit.is_new() && !hit.is_secure());
    assert_eq!((hit.status(), hit.value()), (0, None));
    assert_eq!(hit.size(), layout::TEXTS);
    // The epoch itself and nought are values.
    let event = Event::new("x").value(0.0);
    let hit = full(&Draft { visitor: Some(Uuid::nil()), session: Some(0), event: Some(&event), ..bare() });
    assert_eq!((hit.visitor(), hit.first_visit()), (Some(Uuid::nil()), Some(0)));
    assert_eq!((hit.session(), hit.value()), (Some(0), Some(0.0)));
}

#[test]
fn numbers_keep_every_bit() {
    let draft = Draft {
        micros: u64::MAX,
        visitor: Some(Uuid::max()),
        first_visit: u64::MAX - 1,
        session: Some(u64::MAX - 2),
        status: 999,
        ..bare()
    };
    let hit = full(&draft);
    assert_eq!((hit.micros(), hit.status()), (u64::MAX, 999));
    assert_eq!((hit.first_visit(), hit.session()), (Some(u64::MAX - 1), Some(u64::MAX - 2)));
}

#[test]
fn the_record_lies_as_its_table_says() {
    let draft = Draft {
        id: Uuid::from_bytes([0xa1; 16]),
        micros: 0x0102_0304_0506_0708,
        visitor: Some(Uuid::from_bytes([0xb2; 16])),
        first_visit: 0x11,
        session: Some(0x22),
        address: Some([1, 2, 3, 4].into()),
        status: 0x0130,
        secure: true,
        site: b"A.b",
        path: b"/",
        title: "t",
        properties: &[("k".into(), Value::Truth(true))],
        ..bare()
    };
    let hit = full(&draft);
    let record = &*hit.0;
    // Version 1, a page; visitor, session, secure, address and the policy `full`.
    assert_eq!(record[..4], [1, 0, 0b1_1101, 1]);
    assert_eq!(record[4..8], [128, 0, 0, 0]);
    assert_eq!(record[8..16], [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(record[16..32], [0xa1; 16]);
    assert_eq!(record[32..48], [0xb2; 16]);
    assert_eq!(record[48..56], [0x11, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(record[56..64], [0x22, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(record[64..80], [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(record[80..92], [0, 0, 0, 0, 0, 0, 0, 0, 0x30, 1, 1, 0]);
    let lengths: Vec<_> = record[92..118].chunks(2).map(|pair| pair[0]).collect();
    assert_eq!(lengths, [3, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(record[118..], *b"a.b/t\x01\0k\x02\x01");
    assert_eq!(hit.size(), 128);
}

#[test]
fn the_address_is_stored_as_the_policy_allows() {
    let stored = |address: &str, policy| {
        let hit = Draft { address: address.parse().ok(), ..bare() }.seal(policy);
        assert_eq!(hit.ip_policy(), policy);
        hit.ip().map(|ip| ip.to_string()).unwrap_or_default()
    };
    for (address, full, masked) in [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("0.0.0.0", "0.0.0.0", "0.0.0.0"),
        ("::", "::", "::"),
        ("", "", ""),
    ] {
        assert_eq!(stored(address, IpPolicy::Full), full);
        assert_eq!(stored(address, IpPolicy::Masked), masked);
        assert_eq!(stored(address, IpPolicy::None), "");
    }
}

#[test]
fn nothing_of_the_address_stays_behind() {
    let hit = sample::page().seal(IpPolicy::None);
    assert!(hit.0[layout::IP..layout::IP + 16].iter().all(|&b| b == 0));
    let hit = sample::page().seal(IpPolicy::Masked);
    assert_eq!(hit.0[layout::IP..layout::IP + 4], [203, 0, 113, 0]);
}

#[test]
fn texts_are_cut_at_their_caps() {
    let long = "é".repeat(40_000);
    let bytes = long.as_bytes();
    let event = Event::new(long.as_str())
        .category(long.as_str())
        .label(long.as_str())
        .property(long.as_str(), long.as_str());
    let referrer = format!("https://x/{long}");
    let draft = Draft {
        site: bytes,
        method: bytes,
        path: bytes,
        query: bytes,
        referrer: referrer.as_bytes(),
        agent: bytes,
        language: bytes,
        title: &long,
        user_id: &long,
        route: &long,
        event: Some(&event),
        ..bare()
    };
    let hit = full(&draft);
    assert_eq!((hit.site().len(), hit.method().len(), hit.path().len()), (254, 32, 2_048));
    assert_eq!((hit.query().len(), hit.referrer().len()), (0, 2_048));
    assert_eq!((hit.agent().len(), hit.language().len()), (1_024, 34));
    assert_eq!((hit.title().len(), hit.user_id().len(), hit.route().len()), (1_500, 256, 2_048));
    assert_eq!((hit.name().len(), hit.category().len(), hit.label().len()), (500, 500, 500));
    assert_eq!(properties(&hit), [(&long[..128], Value::from(&long[..1_024]))]);
}

#[test]
fn path_and_query_share_one_cap() {
    let path = format!("/{}", "x".repeat(2_036));
    let hit = full(&Draft { path: path.as_bytes(), query: b"a=1&b=2&c=3", ..bare() });
    // 2,037 bytes of path and the question mark leave ten.
    assert_eq!(hit.query(), b"a=1&b=2&c=");
    let hit = full(&Draft { path: &[b'/'; 2_047], query: b"a=1", ..bare() });
    assert_eq!(hit.query(), b"");
}

#[test]
fn queries_are_kept_as_the_policy_says() {
    let kept = |query| {
        let urls = Urls { query, ..sample::page().urls };
        full(&Draft { urls, ..sample::page() }).query().to_vec()
    };
    assert_eq!(kept(QueryPolicy::Campaign), b"utm_source=news&utm_medium=email&utm_campaign=july");
    assert_eq!(kept(QueryPolicy::Drop), b"");
}

#[test]
fn at_most_64_properties() {
    let many: Vec<Property> = (0..70).map(|n| (format!("p{n}").into(), n.into())).collect();
    let hit = full(&Draft { properties: &many, ..bare() });
    let properties = properties(&hit);
    assert_eq!(properties.len(), 64);
    assert_eq!(properties[63], ("p63", Value::Number(63.0)));
}

#[test]
fn what_is_no_number_takes_no_place() {
    let given: Vec<Property> = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
        .into_iter()
        .cycle()
        .take(70)
        .chain([1.0])
        .map(|n| ("n".into(), n.into()))
        .collect();
    let event = Event { properties: given, ..Event::new("x").value(f64::NAN) };
    let hit = full(&Draft { event: Some(&event), ..bare() });
    assert_eq!(hit.value(), None);
    assert_eq!(properties(&hit), [("n", Value::Number(1.0))]);
}

#[test]
fn a_record_ends_at_64_kib() {
    let text = "x".repeat(1_024);
    let key = |n: usize| format!("{n:0128}");
    let many: Vec<_> = (0..64).map(|n| (key(n).into(), text.as_str().into())).collect();
    let hit = full(&Draft { properties: &many, ..sample::page() });
    // A property takes 2 + 128 + 1 + 2 + 1,024 bytes.
    let fixed = full(&sample::page()).size();
    let fit = (65_536 - fixed) / 1_157;
    assert!(fit < 64);
    assert_eq!(properties(&hit).len(), fit);
    assert_eq!(hit.size(), fixed + fit * 1_157);
    assert_eq!(properties(&hit)[fit - 1].0, key(fit - 1));
}

#[test]
fn a_record_of_64_kib_is_whole() {
    let (key, text) = ("k".repeat(128), "x".repeat(1_024));
    let size = |last: usize| {
        let mut many: Vec<_> = (0..56).map(|_| (key.as_str().into(), text.as_str().into())).collect();
        many.push(("k".into(), text[..last].into()));
        full(&Draft { properties: &many, ..bare() }).size()
    };
    // 118 bytes before the properties, 56 of 1,157 bytes, and 2 + 1 + 1 + 2 around the last text.
    assert_eq!(size(620), 65_536);
    assert_eq!(size(621), 64_910);
}

#[test]
fn each_property_takes_what_its_table_says() {
    let size = |value| full(&Draft { properties: &[("key".into(), value)], ..bare() }).size();
    // The key's length, the key and the type; then the value.
    assert_eq!(size(Value::Number(1.0)), 118 + (2 + 3 + 1) + 8);
    assert_eq!(size("text".into()), 118 + (2 + 3 + 1) + 2 + 4);
    assert_eq!(size(true.into()), 118 + (2 + 3 + 1) + 1);
}

#[test]
fn the_url_is_put_together() {
    let url = |draft: &Draft<'_>| String::from_utf8(full(draft).url()).unwrap();
    let draft = Draft { query: b"a=1", ..sample::page() };
    assert_eq!(url(&draft), "https://shop.example/cart?a=1");
    assert_eq!(url(&Draft { query: b"", secure: false, ..draft }), "http://shop.example/cart");
}

#[test]
fn a_clone_is_the_same_record() {
    let hit = full(&sample::page());
    let clone = hit.clone();
    assert_eq!(hit, clone);
    assert!(std::sync::Arc::ptr_eq(&hit.0, &clone.0));
    assert_ne!(hit, sample::page().seal(IpPolicy::None));
}

#[test]
fn debug_shows_bytes_escaped() {
    let shown = format!("{:?}", full(&Draft { path: b"/\x1b[2J\xff", ..sample::page() }));
    assert!(shown.contains("shop.example") && shown.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
}

#[test]
fn a_page_as_json() {
    let given: [Property; 5] = [
        ("plan".into(), "basic".into()),
        ("n".into(), 9.into()),
        ("half".into(), 0.5.into()),
        ("ok".into(), false.into()),
        ("plan".into(), "pro".into()),
    ];
    let draft = Draft { route: "/cart", properties: &given, ..sample::page() };
    let expected = json!({
        "id": "019f8941-6900-7abc-8def-0123ff00007b",
        "kind": "page",
        "at": 1_784_714_400_000_000_u64,
        "site": "shop.example",
        "secure": true,
        "method": "GET",
        "path": "/cart",
        "query": "size=9&utm_source=news&utm_medium=email&utm_campaign=july",
        "status": 200,
        "referrer": "https://www.google.com/",
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "language": "en-GB",
        "ip": "203.0.113.9",
        "visitor": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "new": false,
        "first_visit": 1_784_714_000,
        "session": 1_784_714_000,
        "user_id": "u-42",
        "title": "Cart & checkout",
        "route": "/cart",
        "properties": {"n": 9, "half": 0.5, "ok": false, "plan": "pro"},
    });
    assert_eq!(json(&draft), expected);
    assert!(serde_json::to_string(&full(&draft)).unwrap().contains(r#""n":9,"#));
}

#[test]
fn whole_numbers_have_no_fraction_up_to_2_53() {
    let shown = |n: f64| serde_json::to_string(&Value::Number(n)).unwrap();
    assert_eq!(shown(-0.0), "0");
    assert_eq!(shown(-3.0), "-3");
    assert_eq!(shown(3.25), "3.25");
    assert_eq!(shown(9_007_199_254_740_992.0), "9007199254740992");
    assert_eq!(shown(-9_007_199_254_740_992.0), "-9007199254740992");
    assert_eq!(shown(9_007_199_254_740_994.0), "9007199254740994.0");
}

#[test]
fn an_event_as_json() {
    let add = sample::add();
    let mut event = json(&Draft { event: Some(&add), ..sample::page() });
    assert_eq!(event["kind"], "event");
    let own = ["name", "category", "label", "value", "properties"].map(|key| event[key].take());
    assert_eq!(own, [json!("add"), json!("cart"), json!("SKU-1"), json!(2), json!({"colour": "red"})]);
}

#[test]
fn what_is_absent_is_no_key() {
    let expected = json!({
        "id": "00000000-0000-0000-0000-000000000000",
        "kind": "page",
        "at": 0,
        "secure": false,
    });
    assert_eq!(json(&bare()), expected);
}

#[test]
fn bytes_outside_utf_8_are_hexadecimal() {
    let draft = Draft {
        method: b"G\x80",
        path: b"/\xff\x0a",
        query: b"a=\xc3",
        referrer: b"https://x/\xe2\x82",
        agent: b"\0\"\xf0",
        ..bare()
    };
    let json = json(&draft);
    assert_eq!(json["method"], json!({"hex": "4780"}));
    assert_eq!(json["path"], json!({"hex": "2fff0a"}));
    assert_eq!(json["query"], json!({"hex": "613dc3"}));
    assert_eq!(json["referrer"], json!({"hex": "68747470733a2f2f782fe282"}));
    assert_eq!(json["agent"], json!({"hex": "0022f0"}));
    // A site that is no text is none.
    assert_eq!(full(&Draft { site: b"\xff", ..bare() }).site(), "");
}

#[test]
fn hostile_text_is_one_line_of_json() {
    let nasty = "\u{0}\"\\\r\n\u{1b}\u{2028}";
    let event = Event::new(nasty).property(nasty, nasty);
    let line = serde_json::to_string(&full(&Draft { path: nasty.as_bytes(), event: Some(&event), ..bare() }));
    let line = line.unwrap();
    assert!(line.bytes().all(|b| b >= 0x20));
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["path"], nasty);
    assert_eq!(read["name"], nasty);
    assert_eq!(read["properties"][nasty], nasty);
}
