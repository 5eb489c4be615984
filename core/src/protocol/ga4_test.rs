use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{super::kit, *};
use crate::{
    Event,
    config::IpPolicy,
    hit::{
        Draft, Joined, Kind,
        sample::{self, MICROS},
    },
};

const HOUR: u64 = 3_600_000_000;

fn ga4() -> Ga4 {
    Ga4::new("https://www.google-analytics.com/mp/collect", "G-ABC123", Secret::new("s3/cr+t"))
}

/// What one request makes of `hits`, and how many it took.
fn request(hits: &[Hit], now: u64) -> (usize, Json) {
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    let mut out = Outgoing::new();
    let taken = ga4().encode(&batch, now, &mut out);
    (taken, serde_json::from_slice(out.payload()).unwrap())
}

fn full(draft: &Draft<'_>) -> Hit {
    draft.seal(IpPolicy::Full)
}

fn body(draft: &Draft<'_>) -> Json {
    request(&[full(draft)], MICROS).1
}

fn params(draft: &Draft<'_>) -> Json {
    body(draft)["events"][0]["params"].take()
}

fn event<'a>(event: &'a Event<'a>) -> Draft<'a> {
    Draft { event: Some(event), ..sample::page() }
}

#[test]
fn a_page_view_and_an_event_of_one_visitor() {
    let (taken, body) = request(&[full(&sample::page()), full(&event(&sample::add()))], MICROS + 2_500_000);
    assert_eq!(taken, 2);
    let location = "https://shop.example/cart?size=9&utm_source=news&utm_medium=email&utm_campaign=july";
    let expected = json!({
        "client_id": "1529519118.2048630033",
        "user_id": "u-42",
        "ip_override": "203.0.113.9",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "consent": {"ad_user_data": "DENIED", "ad_personalization": "DENIED"},
        "events": [
            {
                "name": "page_view",
                "timestamp_micros": 1_784_714_400_000_000_u64,
                "params": {
                    "session_id": "1784714000",
                    "engagement_time_msec": 1,
                    "page_location": location,
                    "page_referrer": "https://www.google.com/",
                    "page_title": "Cart & checkout",
                    "page_language": "en-gb",
                },
            },
            {
                "name": "cart_add",
                "timestamp_micros": 1_784_714_400_000_000_u64,
                "params": {
                    "session_id": "1784714000",
                    "engagement_time_msec": 1,
                    "page_location": location,
                    "page_title": "Cart & checkout",
                    "page_language": "en-gb",
                    "event_category": "cart",
                    "event_label": "SKU-1",
                    "value": 2,
                    "colour": "red",
                },
            },
        ],
    });
    assert_eq!(body, expected);
}

#[test]
fn the_secret_is_sent_and_never_shown() {
    let hit = full(&sample::page());
    let mut out = Outgoing::new();
    let ga4 = ga4();
    ga4.encode(&[Enriched::new(&hit)], MICROS, &mut out);
    let start = "https://www.google-analytics.com/mp/collect?measurement_id=G-ABC123&api_secret=";
    assert_eq!(out.method(), "POST");
    assert_eq!(out.url(), format!("{start}s3%2Fcr%2Bt"));
    assert_eq!(out.shown_url(), format!("{start}***"));
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "application/json")]);
    for shown in [format!("{ga4:?}"), format!("{out:?}")] {
        assert!(!shown.contains("s3") && shown.contains("***"), "{shown}");
    }
}

#[test]
fn a_query_in_the_url_stays() {
    let ga4 = Ga4::new("https://proxy.example/mp?to=ga", "G-1&x", Secret::new("s"));
    let mut out = Outgoing::new();
    assert_eq!(ga4.encode(&[], MICROS, &mut out), 0);
    assert_eq!(out.url(), "https://proxy.example/mp?to=ga&measurement_id=G-1%26x&api_secret=s");
}

#[test]
fn what_is_absent_is_left_out() {
    let bare = Draft {
        session: None,
        address: None,
        site: b"",
        path: b"",
        query: b"",
        referrer: b"",
        agent: b"",
        language: b"",
        title: "",
        user_id: "",
        ..sample::page()
    };
    let expected = |name: &str| {
        json!({
            "client_id": "1529519118.2048630033",
            "consent": {"ad_user_data": "DENIED", "ad_personalization": "DENIED"},
            "events": [{
                "name": name,
                "timestamp_micros": 1_784_714_400_000_000_u64,
                // 2026-07-22T00:00:00Z
                "params": {"session_id": "1784678400", "engagement_time_msec": 1},
            }],
        })
    };
    assert_eq!(body(&bare), expected("page_view"));
    let name = Event::new("x").category("").label("").property("empty", "");
    assert_eq!(body(&Draft { event: Some(&name), ..bare.clone() }), expected("x"));
    // An event outside a page has a site, but no address.
    assert_eq!(body(&Draft { event: Some(&name), site: b"a.example", ..bare.clone() }), expected("x"));
    assert_eq!(body(&Draft { path: b"/", ..bare }), expected("page_view"));
}

#[test]
fn the_client_is_named_by_two_positive_numbers() {
    let id = |visitor: u128| body(&Draft { visitor: Some(Uuid::from_u128(visitor)), ..sample::page() });
    assert_eq!(id(0)["client_id"], "1.1");
    assert_eq!(id(u128::MAX)["client_id"], "4294967295.4294967295");
    assert_eq!(id((2 << 96) + 3)["client_id"], "2.3");
}

#[test]
fn times_lie_in_the_72_hours_before_the_sending() {
    let at = |micros: u64, now: u64| {
        let (_, body) = request(&[full(&Draft { micros, ..sample::page() })], now);
        body["events"][0]["timestamp_micros"].as_u64().unwrap()
    };
    assert_eq!(at(MICROS, MICROS + 72 * HOUR), MICROS);
    assert_eq!(at(MICROS, MICROS + 72 * HOUR + 5), MICROS + 5);
    assert_eq!(at(MICROS + 9, MICROS), MICROS);
    assert_eq!(at(0, 7), 0);
    assert_eq!(at(u64::MAX, 7), 7);
}

#[test]
fn addresses_are_cut_and_keep_their_bytes() {
    let path = [b"/\xff", "é".repeat(1_100).as_bytes()].concat();
    let referrer = format!("https://x/{}", "%41".repeat(600));
    let draft = Draft { path: &path, referrer: referrer.as_bytes(), secure: false, ..sample::page() };
    let params = params(&draft);
    // 7 for the scheme, 12 for the site, 4 for the slash and the escape.
    let location = format!("http://shop.example/%FF{}", "é".repeat(1_000 - 23));
    assert_eq!(params["page_location"], location);
    // 10 + 3 × 136 = 418: one more escape would be 421.
    assert_eq!(params["page_referrer"], format!("https://x/{}", "%41".repeat(136)));
}

#[test]
fn texts_are_cut_at_their_limits() {
    let long = "é".repeat(500);
    let add = Event::new("add")
        .category(&long[..400])
        .label(&long[..400])
        .property("text", &long[..400])
        .property("yes", true)
        .property("half", 0.5);
    let page = params(&Draft { title: &long, ..sample::page() });
    assert_eq!(page["page_title"], "é".repeat(300));
    let params = params(&event(&add));
    for key in ["event_category", "event_label", "text"] {
        assert_eq!(params[key], "é".repeat(100), "{key}");
    }
    assert_eq!(params["yes"], true);
    assert_eq!(params["half"], 0.5);
}

#[test]
fn a_download_has_the_end_of_its_name_where_there_is_one() {
    let told = |path: &str| {
        let download = Event::new("download");
        let params =
            params(&Draft { path: path.as_bytes(), special: Some(Kind::Download), ..event(&download) });
        (params["file_name"].clone(), params.get("file_extension").cloned())
    };
    for (path, extension) in [
        ("/files/a.pdf", Some("pdf")),
        ("/a.tar.gz", Some("gz")),
        ("/a.b/c", None),
        ("/a.b/c.d", Some("d")),
        ("/.pdf", None),
        ("/a.", None),
        ("/a.b/", None),
        ("/..x", Some("x")),
    ] {
        assert_eq!(told(path), (json!(path), extension.map(Json::from)));
    }
}

#[test]
fn at_most_25_parameters() {
    let add = (0..40).fold(sample::add(), |event, n| event.property(format!("p{n}"), n));
    let params = params(&event(&add));
    let params = params.as_object().unwrap();
    assert_eq!(params.len(), 25);
    // Eight of our own, and the colour.
    assert!(params.contains_key("p15") && !params.contains_key("p16"));
}

#[test]
fn the_last_property_of_a_name_stands() {
    let properties = [
        ("main colour".into(), "red".into()),
        ("size".into(), 9.into()),
        ("main_colour".into(), "blue".into()),
        ("page_title".into(), "mine".into()),
        ("session_id".into(), "1".into()),
        ("ga_x".into(), "1".into()),
        ("_x".into(), "1".into()),
    ];
    let hit = full(&Draft { properties: &properties, ..sample::page() });
    let mut out = Outgoing::new();
    ga4().encode(&[Enriched::new(&hit)], MICROS, &mut out);
    let text = String::from_utf8(out.payload().to_vec()).unwrap();
    assert!(
        text.contains(r#""page_referrer":"https://www.google.com/","size":9,"main_colour":"blue"}}]}"#),
        "{text}"
    );
}

#[test]
fn hostile_bytes_stay_inside_their_text() {
    let nasty = "\u{0}\u{1f}\"\\},{\r\n\u{2028}</script>";
    let properties = [("k\"ey".into(), nasty.into())];
    let page = Draft {
        path: b"/\0\"\x80",
        referrer: b"https://x/\"\n\xc3",
        agent: b"\0\"\\\xff\xfe",
        language: b"en\"\\",
        title: nasty,
        user_id: nasty,
        properties: &properties,
        ..sample::page()
    };
    let event = Event::new("a\"b").category("c\\").label(nasty).property("k\"ey", nasty);
    let (taken, body) = request(&[full(&page), full(&Draft { event: Some(&event), ..page })], MICROS);
    assert_eq!(taken, 2);
    assert_eq!(body["user_agent"], "\0\"\\\u{fffd}\u{fffd}");
    assert_eq!(body["user_id"], nasty);
    let params = &body["events"][0]["params"];
    assert!(params["page_location"].as_str().unwrap().starts_with("https://shop.example/\0\"%80?size=9"));
    assert_eq!(params["page_referrer"], "https://x/\"\n%C3");
    assert_eq!(params["page_language"], "en\"\\");
    assert_eq!(params["page_title"], nasty);
    assert_eq!(params["k_ey"], nasty);
    assert_eq!(body["events"][1]["name"], "c__a_b");
    assert_eq!(body["events"][1]["params"]["event_label"], nasty);
    assert_eq!(body["events"][1]["params"]["k_ey"], nasty);
}

#[test]
fn a_request_holds_the_leading_hits_of_one_visitor() {
    let page = sample::page();
    let others = [
        Draft { visitor: Some(Uuid::from_u128(1)), ..page.clone() },
        Draft { user_id: "u-43", ..page.clone() },
        Draft { address: Some([203, 0, 113, 10].into()), ..page.clone() },
        Draft { address: None, ..page.clone() },
        Draft { agent: b"Mozilla/5.0", ..page.clone() },
    ];
    let ours = full(&page);
    for other in &others {
        let other = full(other);
        assert_ne!(ga4().group(&ours), ga4().group(&other));
        let hits = [ours.clone(), ours.clone(), other, ours.clone()];
        let (taken, body) = request(&hits, MICROS);
        assert_eq!(taken, 2);
        assert_eq!(body["events"].as_array().unwrap().len(), 2);
    }
    let another_page = full(&Draft { path: b"/", title: "Home", session: None, ..page });
    assert_eq!(ga4().group(&ours), ga4().group(&another_page));
    assert_eq!(request(&[ours, another_page], MICROS).0, 2);
}

#[test]
fn a_request_holds_25_hits() {
    let hits = vec![full(&sample::page()); 26];
    let (taken, body) = request(&hits, MICROS);
    assert_eq!(taken, 25);
    assert_eq!(body["events"].as_array().unwrap().len(), 25);
}

#[test]
fn a_request_holds_what_130_kilobytes_hold() {
    // Each character takes six bytes in JSON.
    let worst = "\u{1}".repeat(2_000);
    let key = |n: u32| format!("k{n}{}", "x".repeat(40));
    let all = (10..40)
        .fold(Event::new("x").label(worst.as_str()), |event, n| event.property(key(n), worst.as_str()));
    let referrer = format!("https://x/{worst}");
    let draft = Draft {
        path: worst.as_bytes(),
        referrer: referrer.as_bytes(),
        agent: worst.as_bytes(),
        title: &worst,
        user_id: &worst,
        ..event(&all)
    };
    let hits = vec![full(&draft); 25];
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    let mut out = Outgoing::new();
    let taken = ga4().encode(&batch, MICROS, &mut out);
    let size = out.payload().len();
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["events"].as_array().unwrap().len(), taken);
    ga4().encode(&batch[..1], MICROS, &mut out);
    let alone = out.payload().len();
    assert!((2..25).contains(&taken) && size < 130_000 && size + alone > 130_000, "{taken} {size} {alone}");
}

#[test]
fn the_largest_hits_are_below_130_kilobytes() {
    let of_user: Vec<_> = (0..24).map(|n| format!("k{n}")).collect();
    let ga4 = ga4().user_properties(&of_user.iter().map(String::as_str).collect::<Vec<_>>());
    for character in ['\u{1}', '"', '\u{1f600}'] {
        for is_page in [true, false] {
            let hits = vec![kit::largest(character, is_page); 26];
            let (taken, out) = kit::request(&ga4, &hits);
            let body: Json = serde_json::from_slice(out.payload()).unwrap();
            assert!((2..=25).contains(&taken) && out.payload().len() < 130_000, "{taken}");
            assert_eq!(body["user_properties"].as_object().unwrap().len(), 24);
            for (name, property) in body["user_properties"].as_object().unwrap() {
                assert!(name.len() <= 24 && property["value"].as_str().unwrap().chars().count() <= 36);
            }
            for event in body["events"].as_array().unwrap() {
                let params = event["params"].as_object().unwrap();
                assert_eq!(params.len(), 25);
                for (name, value) in params {
                    let most = match name.as_str() {
                        "page_location" => 1_000,
                        "page_referrer" => 420,
                        "page_title" => 300,
                        _ => 100,
                    };
                    let length = value.as_str().unwrap_or_default().chars().count();
                    assert!(name.len() <= 40 && length <= most, "{name}: {length}");
                }
            }
            assert_eq!(body["user_id"].as_str().unwrap().chars().count(), 256 / character.len_utf8());
        }
    }
}

/// A hit of a visitor whom Google's tag knows, too.
fn joined(draft: &Draft<'_>, ids: &[(&str, &str)]) -> Hit {
    let mut joined = Joined::default();
    ids.iter().for_each(|(name, id)| joined.add(name, id));
    full(draft).joining(&joined)
}

#[test]
fn a_visitor_of_the_tag_is_told_as_such_where_that_is_asked_for() {
    let ids = [("_ga", "1.2"), ("_ga_ABC123", "1784713900"), ("_ga_XYZ", "3")];
    let nobody = Draft { visitor: None, session: None, ..sample::page() };
    let hits = [joined(&sample::page(), &ids), joined(&nobody, &ids)];
    let batch = hits.each_ref().map(Enriched::new);
    let joining = ga4().with_join(true);
    let mut out = Outgoing::new();
    assert_eq!(joining.encode(&batch, MICROS, &mut out), 2, "both are of one client");
    assert_eq!(joining.group(&hits[0]), joining.group(&hits[1]));
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["client_id"], "1.2");
    for event in body["events"].as_array().unwrap() {
        assert_eq!(event["params"]["session_id"], "1784713900");
    }
    assert_eq!(joining.admit(&hits[1]), Ok(()));
    // The same hits of a destination that does not ask.
    assert_eq!(ga4().admit(&hits[1]), Err(Reason::NoVisitor));
    let (taken, body) = request(&hits, MICROS);
    assert_eq!((taken, body["client_id"].as_str()), (1, Some("1529519118.2048630033")));
    assert_eq!(body["events"][0]["params"]["session_id"], "1784714000");
    // Two clients of one visitor share no request; without a client the tag's session is nobody's.
    let other = joined(&sample::page(), &[("_ga", "1.3")]);
    assert_eq!(joining.encode(&[Enriched::new(&hits[0]), Enriched::new(&other)], MICROS, &mut out), 1);
    let alone = joined(&sample::page(), &ids[1..]);
    assert_eq!(joining.encode(&[Enriched::new(&alone)], MICROS, &mut out), 1);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["client_id"], "1529519118.2048630033");
    assert_eq!(body["events"][0]["params"]["session_id"], "1784714000");
}

#[test]
fn a_body_may_have_129_999_bytes() {
    let encoded = |hits: &[Hit]| {
        let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
        let mut out = Outgoing::new();
        (ga4().encode(&batch, MICROS, &mut out), out.payload().len())
    };
    // Each character takes six bytes in JSON.
    let worst = "\u{1}".repeat(100);
    let large = |label: usize| {
        let of = (0..7).fold(Event::new("x"), |of, n| of.property(format!("k{n}"), worst.as_str()));
        full(&event(&of.property("k7", &worst[..60]).label(&worst[..label])))
    };
    let last = |length: usize| {
        full(&Draft { path: format!("/{}", "p".repeat(length)).as_bytes(), ..sample::page() })
    };
    let found = (1..100).find_map(|label| {
        let hit = large(label);
        let each = encoded(&[hit.clone(), hit.clone()]).1 - encoded(std::slice::from_ref(&hit)).1;
        let left = 129_999_usize.checked_sub(24 * each + encoded(&[last(0)]).1)?;
        (left < 900).then_some((hit, left))
    });
    let (hit, left) = found.unwrap();
    let with = |length| encoded(&[vec![hit.clone(); 24], vec![last(length)]].concat());
    assert_eq!(with(left), (25, 129_999));
    assert_eq!(with(left + 1).0, 24);
}

#[test]
fn the_users_properties_are_the_requests() {
    let of = |plan: &'static str, other: f64| {
        let properties = [("plan".into(), plan.into()), ("n".into(), other.into()), ("x".into(), "y".into())];
        full(&Draft { properties: &properties, ..sample::page() })
    };
    let ga4 = ga4().user_properties(&["plan", "n", "none"]);
    let long = "é".repeat(40);
    let hits = [of("pro", 1.0), of("pro", 1.0), of("free", 1.0), of("free", 2.0), of("", 0.0)];
    let taken = |from: usize| {
        let batch: Vec<_> = hits[from..].iter().map(Enriched::new).collect();
        let mut out = Outgoing::new();
        let taken = ga4.encode(&batch, MICROS, &mut out);
        let body: Json = serde_json::from_slice(out.payload()).unwrap();
        assert_eq!(body["events"][0]["params"]["x"], "y");
        assert_eq!(
            (body["events"][0]["params"].get("plan"), body["events"][0]["params"].get("n")),
            (None, None)
        );
        (taken, body["user_properties"].clone())
    };
    assert_eq!(taken(0), (2, json!({"plan": {"value": "pro"}, "n": {"value": 1}})));
    assert_eq!(taken(2), (1, json!({"plan": {"value": "free"}, "n": {"value": 1}})));
    assert_eq!(taken(3), (1, json!({"plan": {"value": "free"}, "n": {"value": 2}})));
    assert_eq!(taken(4), (1, json!({"n": {"value": 0}})));
    let groups = hits.each_ref().map(|hit| ga4.group(hit));
    assert_eq!(groups[0], groups[1]);
    assert_eq!(groups[4], ga4.group(&of("", -0.0)), "two zeros are equal");
    assert_eq!(groups.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    let properties = [("plan".into(), long.as_str().into())];
    let hit = full(&Draft { properties: &properties, ..sample::page() });
    let mut out = Outgoing::new();
    ga4.encode(&[Enriched::new(&hit)], MICROS, &mut out);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["user_properties"]["plan"]["value"], "é".repeat(36));
    assert_eq!(request(&hits, MICROS).0, 5, "without them all are alike");
}

#[test]
fn names_of_the_users_properties_are_checked_at_the_start() {
    let names = |text: &str| shared::are_user_properties(text);
    assert!(names("plan") && names("plan, Tier_2,x"));
    assert!(names(&"x".repeat(24)) && !names(&"x".repeat(25)));
    for text in [
        "",
        ",",
        "2x",
        "_x",
        "a b",
        "ga_x",
        "google_x",
        "firebase_x",
        "user_id",
        "first_visit_time",
        "a,a",
        "é",
    ] {
        assert!(!names(text), "{text}");
    }
    let many = |count: usize| (0..count).map(|n| format!("x{n}")).collect::<Vec<_>>().join(",");
    assert!(names(&many(25)) && !names(&many(26)));
}

#[test]
fn no_parameter_stands_twice() {
    let own = ["link_url", "file_name", "file_extension", "search_term", "description", "fatal", "name"];
    let properties: Vec<_> = own.iter().map(|name| ((*name).into(), "mine".into())).collect();
    let search = Event::new("search").label("shoes");
    let draft = Draft { properties: &properties, ..sample::page() };
    let mine = |of: &Event<'static>| own.iter().fold(of.clone(), |of, name| of.property(*name, "mine"));
    let search = mine(&search);
    let special =
        |kind| Draft { special: Some(kind), event: Some(&search), path: b"/files/a.pdf", ..sample::page() };
    let failure = mine(&Event::new("E42").category("exception").label("no disk"));
    let timing = mine(&Event::new("render").category("timing").value(2.0));
    let sent = |draft: &Draft<'_>| {
        let hit = full(draft);
        let mut out = Outgoing::new();
        ga4().encode(&[Enriched::new(&hit)], MICROS, &mut out);
        let text = String::from_utf8(out.payload().to_vec()).unwrap();
        own.map(|name| {
            (text.matches(&format!("\"{name}\":")).count(), text.contains(&format!("\"{name}\":\"mine\"")))
        })
    };
    // The event's own name stands beside the parameters.
    let (own, mine) = ((1, false), (1, true));
    assert_eq!(sent(&draft), [mine, mine, mine, mine, mine, mine, (2, true)]);
    for draft in [special(Kind::Download), special(Kind::Search)] {
        let [first @ .., name] = sent(&draft);
        assert!(first.iter().all(|(count, _)| *count == 1) && name.0 == 2);
    }
    let [.., description, fatal, name] = sent(&event(&failure));
    assert_eq!((description, fatal, name.0), (own, (0, false), 2));
    let [.., description, fatal, name] = sent(&event(&timing));
    assert_eq!((description, fatal, name), (mine, mine, (2, false)));
}

#[test]
fn a_failure_and_a_duration_have_parameters_of_their_own() {
    let failure = Event::new("E42").category("exception").label("no disk").value(7.0).property("fatal", true);
    let sent = params(&event(&failure));
    assert_eq!(
        (&sent["description"], &sent["fatal"], &sent["value"]),
        (&json!("no disk"), &json!(true), &json!(7))
    );
    assert_eq!((sent.get("event_category"), sent.get("event_label")), (None, None));
    let sent = params(&event(&Event::new("render").category("timing").label("cart").value(137.5)));
    assert_eq!((&sent["name"], &sent["value"]), (&json!("render"), &json!(137.5)));
    assert_eq!((&sent["event_category"], &sent["event_label"]), (&json!("timing"), &json!("cart")));
}

#[test]
fn the_value_of_a_sale_is_what_it_earned() {
    let sale = Event::new("purchase").value(1.0).property("revenue", 19.5).property("currency", "EUR");
    let sent = params(&event(&sale));
    assert_eq!(
        (&sent["value"], &sent["currency"], &sent["revenue"]),
        (&json!(19.5), &json!("EUR"), &json!(19.5))
    );
    let no_sale = Event::new("purchase").value(1.0).property("revenue", 19.5);
    assert_eq!(params(&event(&no_sale))["value"], json!(1));
}

#[test]
fn what_would_not_count_is_refused() {
    let admit = |draft: &Draft<'_>| ga4().admit(&full(draft));
    assert_eq!(admit(&sample::page()), Ok(()));
    assert_eq!(admit(&Draft { visitor: None, ..sample::page() }), Err(Reason::NoVisitor));
    assert_eq!(admit(&event(&sample::add())), Ok(()));
    assert_eq!(admit(&event(&Event::new(""))), Err(Reason::BadName));
    assert_eq!(admit(&event(&Event::new("session_start"))), Err(Reason::BadName));
}

#[test]
fn one_visitor_a_request() {
    let needs = ga4().needs();
    assert!(needs.visitor && needs.one_visitor && !needs.dedupe);
    assert_eq!((needs.batch, needs.window), (25, 259_200));
}

#[test]
fn answers_are_read_by_their_status() {
    let none: [(&str, &str); 0] = [];
    assert_eq!(ga4().classify(204, &none, b""), Outcome::Delivered);
    assert_eq!(ga4().classify(429, &none, b""), Outcome::Retry(None));
    assert_eq!(ga4().classify(500, &none, b""), Outcome::Unknown);
}
