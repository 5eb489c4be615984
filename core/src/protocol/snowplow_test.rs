use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Event,
    hit::{
        Draft, Kind,
        sample::{self, MICROS},
    },
    protocol::kit::{self, CLEAN, HOSTILE_AGENT, HOSTILE_URL, NASTY, event, full},
};

const URL: &str = "https://sp.example/com.snowplowanalytics.snowplow/tp2";

fn snowplow() -> Snowplow {
    Snowplow::new(URL).app_id("shop").namespace("web")
}

fn sent(snowplow: &Snowplow, hit: &Hit) -> Json {
    kit::body(snowplow, std::slice::from_ref(hit))["data"][0].take()
}

/// The schema and the data of what an event says of itself.
fn described(event: &Json) -> (String, Json) {
    let mut wrapper: Json = serde_json::from_str(event["ue_pr"].as_str().unwrap()).unwrap();
    assert_eq!(wrapper["schema"], "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0");
    let schema = wrapper["data"]["schema"].as_str().unwrap().to_owned();
    (schema, wrapper["data"]["data"].take())
}

fn common() -> Json {
    json!({
        "eid": "019f8941-6900-7abc-8def-0123ff00007b",
        "dtm": "1784714400000",
        "p": "srv",
        "tv": concat!("trackside-", env!("CARGO_PKG_VERSION")),
        "tna": "web",
        "aid": "shop",
        "stm": "1784714402500",
        "duid": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "tnuid": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "uid": "u-42",
        "sid": "019f893e-7680-7a36-9f0e-3a2a7a1b9d11",
        "ip": "203.0.113.9",
        "ua": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "lang": "en-GB",
        "url": "https://shop.example/cart?size=9&utm_source=news&utm_medium=email&utm_campaign=july",
        "refr": "https://www.google.com/",
    })
}

#[test]
fn a_page_view_and_an_event() {
    let add = sample::add();
    let add = Draft { micros: MICROS + 100_000, ..event(&add) };
    let body = kit::body(&snowplow(), &[full(&sample::page()), full(&add)]);
    let (mut first, mut second) = (common(), common());
    first["e"] = json!("pv");
    first["page"] = json!("Cart & checkout");
    second["e"] = json!("se");
    second["dtm"] = json!("1784714400100");
    second["se_ca"] = json!("cart");
    second["se_ac"] = json!("add");
    second["se_la"] = json!("SKU-1");
    second["se_va"] = json!("2");
    let expected = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
        "data": [first, second],
    });
    assert_eq!(body, expected);
}

#[test]
fn it_is_posted_as_json_and_no_more() {
    let (_, out) = kit::request(&snowplow(), &[full(&sample::page())]);
    assert_eq!((out.method(), out.url()), ("POST", URL));
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "application/json")]);
}

#[test]
fn what_is_absent_is_left_out() {
    let expected = json!({
        "e": "pv",
        "eid": "019f8941-6900-7abc-8def-0123ff00007b",
        "dtm": "1784714400000",
        "p": "srv",
        "tv": concat!("trackside-", env!("CARGO_PKG_VERSION")),
        "stm": "1784714402500",
    });
    let nobody = Draft { visitor: None, ..kit::bare() };
    assert_eq!(sent(&Snowplow::new(URL), &full(&nobody)), expected);
}

#[test]
fn what_is_configured_is_sent() {
    let snowplow = snowplow().platform("web").true_time(true);
    let told = sent(&snowplow, &full(&Draft { is_new: true, ..sample::page() }));
    assert_eq!(
        (&told["p"], &told["ttm"], &told["vid"]),
        (&json!("web"), &json!("1784714400000"), &json!("1"))
    );
}

#[test]
fn what_is_configured_is_such_as_a_collector_takes() {
    for (is, longest) in [(is_app_id as fn(&str) -> bool, 255), (is_namespace, 128)] {
        assert!(is(&"é".repeat(longest)) && is(""));
        assert!(!is(&"é".repeat(longest + 1)) && !is("a\nb"));
        // Of two UTF-16 units.
        assert!(!is(&"\u{1f600}".repeat(longest / 2 + 1)));
    }
    let longest = format!("iglu:{}/b/c/1-0-0", "a".repeat(240));
    for schema in ["iglu:com.acme/a_b-1/jsonschema/1-0-0", &longest] {
        assert!(is_schema(schema), "{schema}");
    }
    for odd in [
        "",
        "com.acme/a/jsonschema/1-0-0",
        "iglu:com.acme/a/jsonschema",
        "iglu:com.acme/a/jsonschema/1-0-0/b",
        "iglu:com.acme//jsonschema/1-0-0",
        "iglu:com.acme/a b/jsonschema/1-0-0",
        &longest.replace("iglu:", "iglu:a"),
    ] {
        assert!(!is_schema(odd), "{odd}");
    }
}

#[test]
fn searches_and_downloads_have_a_schema() {
    let search = sent(&snowplow(), &kit::told(Kind::Search, " red  shoes "));
    assert_eq!(search["e"], "ue");
    let (schema, data) = described(&search);
    assert_eq!(schema, "iglu:com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0");
    assert_eq!(data, json!({"terms": ["red", "shoes"]}));
    let (schema, data) = described(&sent(&snowplow(), &kit::told(Kind::Download, "")));
    assert_eq!(schema, "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1");
    assert_eq!(data, json!({"targetUrl": "https://shop.example/files/a.pdf"}));
    let nowhere = Event::new("download");
    let nowhere = Draft { special: Some(Kind::Download), site: b"", ..event(&nowhere) };
    let nowhere = sent(&snowplow(), &full(&nowhere));
    assert_eq!((&nowhere["e"], &nowhere["se_ac"]), (&json!("se"), &json!("download")));
    let nothing = sent(&snowplow(), &kit::told(Kind::Search, " "));
    assert_eq!((&nothing["e"], &nothing["se_ac"]), (&json!("se"), &json!("search")));
    let missing = sent(&snowplow(), &kit::told(Kind::NotFound, ""));
    assert_eq!(
        (&missing["e"], &missing["se_ca"], &missing["se_ac"]),
        (&json!("se"), &json!("event"), &json!("not-found"))
    );
}

#[test]
fn timings_and_exceptions_have_a_schema() {
    let render = Event::new("render").category("timing").label("cart").value(137.5);
    let (schema, data) = described(&sent(&snowplow(), &full(&event(&render))));
    assert_eq!(schema, "iglu:com.snowplowanalytics.snowplow/timing/jsonschema/1-0-0");
    assert_eq!(data, json!({"category": "timing", "variable": "render", "timing": 137.5, "label": "cart"}));
    let failed = Event::new("ValueError").category("exception").label("no such size").property("fatal", true);
    let failed = full(&event(&failed));
    let (schema, data) = described(&sent(&snowplow().programming_language("PYTHON"), &failed));
    assert_eq!(schema, "iglu:com.snowplowanalytics.snowplow/application_error/jsonschema/1-0-2");
    assert_eq!(data, json!({"programmingLanguage": "PYTHON", "message": "no such size", "isFatal": true}));
    let bare = Event::new("ValueError").category("exception");
    let (_, data) = described(&sent(&snowplow(), &full(&event(&bare))));
    assert_eq!(data, json!({"programmingLanguage": "RUST", "message": "ValueError"}));
    let untimed = Event::new("render").category("timing");
    assert_eq!(sent(&snowplow(), &full(&event(&untimed)))["e"], "se");
}

#[test]
fn results_are_whole_numbers() {
    let results = |results: f64| {
        let told = Event::new("search").label("x").property("results", results);
        let hit = full(&Draft { special: Some(Kind::Search), ..event(&told) });
        described(&sent(&snowplow(), &hit)).1.get("totalResults").cloned()
    };
    assert_eq!(results(12.0), Some(json!(12)));
    assert_eq!(results(2_147_483_647.0), Some(json!(2_147_483_647)));
    for none in [-1.0, 0.5, 2_147_483_648.0] {
        assert_eq!(results(none), None, "{none}");
    }
}

#[test]
fn properties_are_a_context_of_a_schema_of_ones_own() {
    let add = sample::add();
    let add = full(&event(&add));
    assert_eq!(sent(&snowplow(), &add).get("co"), None);
    let schema = "iglu:com.acme/properties/jsonschema/1-0-0";
    let told = sent(&snowplow().properties_schema(schema), &add);
    let context: Json = serde_json::from_str(told["co"].as_str().unwrap()).unwrap();
    let expected = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
        "data": [{"schema": schema, "data": {"colour": "red"}}],
    });
    assert_eq!(context, expected);
    let page = sent(&snowplow().properties_schema(schema), &full(&sample::page()));
    assert_eq!(page.get("co"), None, "none without properties");
}

#[test]
fn a_users_id_is_whole_or_left_out() {
    let told = |user_id: &str| sent(&snowplow(), &full(&Draft { user_id, ..sample::page() }))["uid"].take();
    assert_eq!((told(&"u".repeat(255)), told(&"u".repeat(256))), (json!("u".repeat(255)), Json::Null));
}

#[test]
fn hostile_texts_stay_inside_theirs() {
    let add = Event::new(NASTY).category(NASTY).label(NASTY).property("k\"ey", NASTY);
    let told = sent(&snowplow().properties_schema("iglu:a/b/jsonschema/1-0-0"), &full(&kit::hostile(&add)));
    assert_eq!((&told["se_ca"], &told["se_ac"], &told["uid"]), (&json!(CLEAN), &json!(CLEAN), &json!(CLEAN)));
    assert_eq!((&told["url"], &told["ua"]), (&json!(HOSTILE_URL), &json!(HOSTILE_AGENT)));
    let context: Json = serde_json::from_str(told["co"].as_str().unwrap()).unwrap();
    assert_eq!(context["data"][0]["data"], json!({"k\"ey": CLEAN}));
}

#[test]
fn the_largest_hits_are_within_the_limits() {
    // What enrichment allows, in UTF-16 units.
    let limits = [
        ("url", 4_096),
        ("refr", 4_096),
        ("page", 2_000),
        ("ua", 1_000),
        ("uid", 255),
        ("lang", 255),
        ("se_ca", 1_000),
        ("se_ac", 1_000),
        ("se_la", 4_096),
    ];
    for character in ['\u{1}', '"', '\u{1f600}', '\u{ff}'] {
        for is_page in [true, false] {
            let snowplow = snowplow().properties_schema("iglu:a/b/jsonschema/1-0-0");
            let hits = vec![kit::largest(character, is_page); 51];
            let (taken, out) = kit::request(&snowplow, &hits);
            let body: Json = serde_json::from_slice(out.payload()).unwrap();
            let events = body["data"].as_array().unwrap();
            assert_eq!(events.len(), taken);
            // A single event may have a megabyte.
            let size = out.payload().len();
            assert!(size <= 500_000 || (taken == 1 && size < 1_000_000), "{character:?} {taken} {size}");
            for (key, limit) in limits {
                let units = events[0][key].as_str().map_or(0, |text| text.encode_utf16().count());
                assert!(units <= limit, "{key} {units}");
            }
            assert!(events[0].as_object().unwrap().values().all(Json::is_string));
        }
    }
    let (taken, _) = kit::request(&snowplow(), &vec![full(&sample::page()); 51]);
    assert_eq!((taken, snowplow().needs().batch), (50, 50));
}

#[test]
fn answers_are_read_by_their_status() {
    let classify = |status| snowplow().classify(status, &[("", ""); 0], b"ok");
    assert_eq!(classify(200), Outcome::Delivered);
    assert_eq!(classify(400), Outcome::Refused(Reason::Rejected));
    assert_eq!(classify(413), Outcome::Split);
    for status in [408, 429, 503] {
        assert_eq!(classify(status), Outcome::Retry(None), "{status}");
    }
    // Sent again in any case, with the same id.
    assert_eq!(classify(500), Outcome::Unknown);
    assert!(snowplow().needs().dedupe);
    let told =
        [snowplow(), snowplow().properties_schema("iglu:a/b/jsonschema/1-0-0")].map(|it| it.needs().parts);
    assert_eq!(told.map(|parts| parts.has(Part::Properties)), [false, true]);
    assert!(told.iter().all(|parts| parts.has(Part::Event)));
    assert_eq!(snowplow().admit(&full(&event(&Event::new("")))), Err(Reason::BadName));
}

#[test]
fn a_path_is_no_longer_than_enrichment_takes() {
    let path = [b"/".as_slice(), &b"\xff".repeat(1_200)].concat();
    let sent = sent(&snowplow(), &full(&Draft { path: &path, query: b"a=b", ..sample::page() }));
    // 1 + 3 × 999 = 2,998
    assert_eq!(sent["url"], format!("https://shop.example/{}?a=b", "%FF".repeat(999)));
}
