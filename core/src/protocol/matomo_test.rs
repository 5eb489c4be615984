use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{super::kit, *};
use crate::{
    Config, Event, Value,
    config::IpPolicy,
    hit::{Draft, Joined, sample},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// As in PROTOCOLS' examples: of the agent and of the page's address.
const AGENT: &str =
    "Mozilla%2F5.0%20%28X11%3B%20Linux%20x86_64%3B%20rv%3A128.0%29%20Gecko%2F20100101%20Firefox%2F128.0";
const URL: &str = "https%3A%2F%2Fshop.example%2Fcart%3Fsize%3D9%26utm_source%3Dnews%26utm_medium%3Demail\
    %26utm_campaign%3Djuly";

const NONE: [(&str, &str); 0] = [];

fn matomo() -> Matomo {
    Matomo {
        url: "https://stats.example.com/matomo.php".to_owned(),
        site_id: 1,
        token: Some(Secret::new(TOKEN)),
        is_bulk: true,
        visitor_as: "cid",
        script_cookie: None,
        dimensions: vec![("plan".to_owned(), "dimension1".to_owned())],
        has_orders: false,
        takes_bots: false,
        begins_visits: false,
        server_time: String::new(),
    }
}

fn without_token() -> Matomo {
    Matomo { token: None, ..matomo() }
}

fn single() -> Matomo {
    Matomo { is_bulk: false, ..matomo() }
}

fn written(matomo: &Matomo, draft: &Draft<'_>, policy: IpPolicy) -> String {
    let hit = draft.seal(policy);
    let mut body = Vec::new();
    matomo.write(&hit, sample::MICROS, &mut Form::new(&mut body));
    String::from_utf8(body).unwrap()
}

/// The parameters as another reader understands them, each once.
fn fields(matomo: &Matomo, draft: &Draft<'_>) -> BTreeMap<String, String> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(&written(matomo, draft, IpPolicy::Full)).unwrap();
    let names = pairs.len();
    let fields: BTreeMap<_, _> = pairs.into_iter().collect();
    assert_eq!(fields.len(), names, "each name once");
    fields
}

fn event<'a>(event: &'a Event<'a>) -> Draft<'a> {
    Draft { event: Some(event), ..sample::page() }
}

#[test]
fn a_page_view_has_its_parameters() {
    let expected = format!(
        "idsite=1&rec=1&apiv=1&cid=5b2a9c0e54a04a36&uid=u-42&url={URL}&action_name=Cart%20%26%20checkout\
         &urlref=https%3A%2F%2Fwww.google.com%2F&ua={AGENT}&lang=en-GB&cdt=1784714400&cip=203.0.113.9"
    );
    assert_eq!(written(&matomo(), &sample::page(), IpPolicy::Full), expected);
}

#[test]
fn an_event_has_its_own() {
    let add = sample::add();
    let expected = format!(
        "idsite=1&rec=1&apiv=1&cid=5b2a9c0e54a04a36&uid=u-42&url={URL}&ua={AGENT}&lang=en-GB&cdt=1784714400\
         &cip=203.0.113.9&e_c=cart&e_a=add&e_n=SKU-1&e_v=2&ca=1"
    );
    assert_eq!(written(&matomo(), &event(&add), IpPolicy::Full), expected);
}

#[test]
fn a_sale_is_an_order_where_that_is_asked_for() {
    let shop = Matomo { has_orders: true, ..matomo() };
    let order = |more: fn(Event<'static>) -> Event<'static>| {
        let event = more(Event::new("order").category("cart").value(9.5).property("currency", "EUR"));
        let mut fields = fields(&shop, &self::event(&event));
        ["idgoal", "ec_id", "revenue", "e_a"].map(|name| fields.remove(name).unwrap_or_default())
    };
    let id = sample::page().seal(IpPolicy::Full).id().to_string();
    assert_eq!(order(|event| event), ["0", &id, "9.5", ""]);
    assert_eq!(
        order(|event| event.property("transaction_id", "A-7").property("revenue", 8)),
        ["0", "A-7", "8", ""]
    );
    assert_eq!(order(|event| event.property("transaction_id", 7)), ["0", "7", "9.5", ""]);
    assert_eq!(order(|event| event.property("transaction_id", "0"))[1], id);
    assert_eq!(order(|event| event.property("transaction_id", 0))[1], id);
    let long = "é".repeat(101);
    let event = Event::new("order").value(1.0).property("currency", "EUR").property("transaction_id", &*long);
    assert_eq!(fields(&shop, &self::event(&event))["ec_id"], id);
    // What is no sale, or given back, is an event, and so is a sale of a site without e-commerce.
    assert_eq!(order(|event| event.property("currency", "")), ["", "", "", "order"]);
    assert_eq!(order(|event| event.value(-1.0)), ["", "", "", "order"]);
    let told = fields(&matomo(), &self::event(&event));
    assert_eq!((told["e_a"].as_str(), told.get("idgoal")), ("order", None));
}

#[test]
fn several_hits_are_one_json_body_with_the_token_at_its_end() {
    let (page, add) = (sample::page(), sample::add());
    let hits = [page.seal(IpPolicy::Full), event(&add).seal(IpPolicy::Full)];
    let [first, second] = [&page, &event(&add)].map(|draft| written(&matomo(), draft, IpPolicy::Full));
    let mut out = Outgoing::new();
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    assert_eq!(matomo().encode(&batch, sample::MICROS, &mut out), 2);
    assert_eq!((out.method(), out.url()), ("POST", "https://stats.example.com/matomo.php"));
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "application/json")]);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    let expected = serde_json::json!({
        "requests": [format!("?{first}"), format!("?{second}")],
        "token_auth": TOKEN,
    });
    assert_eq!(body, expected);
    // How Matomo knows it: by this word, and not at the very start.
    assert_eq!(memchr::memmem::find(out.payload(), b"\"requests\""), Some(1));
}

#[test]
fn one_hit_is_a_form() {
    let hit = sample::page().seal(IpPolicy::Full);
    let mut out = Outgoing::new();
    assert_eq!(single().encode(&[Enriched::new(&hit), Enriched::new(&hit)], sample::MICROS, &mut out), 1);
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "application/x-www-form-urlencoded")]);
    let expected = written(&single(), &sample::page(), IpPolicy::Full);
    assert_eq!(out.payload(), format!("{expected}&send_image=0&token_auth={TOKEN}").as_bytes());
}

#[test]
fn the_token_is_in_the_body_and_shown_nowhere() {
    let hit = sample::page().seal(IpPolicy::Full);
    for matomo in [matomo(), single()] {
        let mut out = Outgoing::new();
        matomo.encode(&[Enriched::new(&hit)], sample::MICROS, &mut out);
        assert!(!out.url().contains(TOKEN) && String::from_utf8_lossy(out.payload()).contains(TOKEN));
        let shown = String::from_utf8_lossy(&out.shown_payload()).into_owned();
        assert!(shown.ends_with("token_auth=***") || shown.ends_with(r#""token_auth":"***"}"#), "{shown}");
        for shown in [format!("{matomo:?}"), format!("{out:?}"), shown] {
            assert!(!shown.contains(TOKEN) && shown.contains("***"), "{shown}");
        }
    }
    // Whatever a token is made of, it stays in its quotes.
    let odd = Matomo { token: Some(Secret::new("a\"},\\&b=c")), ..matomo() };
    let mut out = Outgoing::new();
    odd.encode(&[Enriched::new(&hit)], sample::MICROS, &mut out);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["token_auth"], "a\"},\\&b=c");
    assert!(out.shown_payload().ends_with(b"\"token_auth\":\"***\"}"));
}

#[test]
fn without_a_token_it_is_told_no_address_and_no_place() {
    let draft = Draft { address: None, ..sample::page() };
    let fields = fields(&without_token(), &sample::page());
    assert!(!fields.contains_key("cip"), "{fields:?}");
    assert!(!written(&without_token(), &draft, IpPolicy::None).contains("country"));
    let mut out = Outgoing::new();
    let hit = sample::page().seal(IpPolicy::Full);
    without_token().encode(&[Enriched::new(&hit)], sample::MICROS, &mut out);
    assert!(out.payload().ends_with(b"\"]}"));
    assert_eq!(without_token().needs().window, 86_400);
    assert_eq!(matomo().needs().window, 20 * 365 * 86_400);
}

#[test]
fn the_address_is_as_the_destination_may_know_it() {
    assert!(written(&matomo(), &sample::page(), IpPolicy::Masked).contains("&cip=203.0.113.0"));
    assert!(!written(&matomo(), &sample::page(), IpPolicy::None).contains("cip="));
}

#[test]
fn the_visitor_may_be_told_so_that_a_cookie_of_matomos_joins() {
    let joined = Matomo { visitor_as: "_id", ..matomo() };
    let fields = fields(&joined, &sample::page());
    assert_eq!((fields["_id"].as_str(), fields.get("cid")), ("5b2a9c0e54a04a36", None));
    let nobody = Draft { visitor: None, ..sample::page() };
    assert!(!written(&matomo(), &nobody, IpPolicy::Full).contains("cid="));
    // The id keeps its leading zeros: Matomo refuses one of another length.
    let low = Draft { visitor: Some(uuid::Uuid::from_u128(0x7_0000_0000_0000_0000)), ..sample::page() };
    assert!(written(&matomo(), &low, IpPolicy::Full).contains("&cid=0000000000000007&"));
}

#[test]
fn the_visitor_is_that_of_matomos_script_where_that_is_asked_for() {
    let configured = |more: &str| {
        let document =
            format!("[[destination]]\ntype = 'matomo'\nurl = 'https://a.example/'\nsite_id = 7\n{more}");
        Config::builder().toml("consent.policy = 'none'").toml(&document).build().unwrap()
    };
    let config = configured("join = true");
    let [cookie] = &config.script_cookies[..] else { panic!("{:?}", config.script_cookies) };
    for (pair, id) in [
        ("_pk_id.7.1fff=0123456789abcdef.1784714000.", Some("0123456789abcdef")),
        ("_pk_id.7.1fff=0123456789abcdef.1784714000.3.1784714000.1784714000.", Some("0123456789abcdef")),
        ("_pk_id.7.1fff=0123456789abcdef", None),
        ("_pk_id.7.1fff=0123456789abcdef.", None),
        ("_pk_id.7.1fff=0123456789abcdef..1", None),
        ("_pk_id.7.1fff=0123456789abcdef.x", None),
        ("_pk_id.7.1fff=0123456789abcdeF.1784714000.", None),
        ("_pk_id.7.1fff=0123456789abcdeg.1784714000.", None),
        ("_pk_id.7.1fff=0123456789abcde.1784714000.", None),
        ("_pk_id.7.1fff=0123456789abcdef0.1784714000.", None),
        ("_pk_id.7=0123456789abcdef.1784714000.", None),
        ("_pk_id.71.1fff=0123456789abcdef.1784714000.", None),
    ] {
        assert_eq!(cookie.id(pair.as_bytes(), 0).as_deref(), id, "{pair}");
    }
    let mut known = Joined::default();
    known.add("_pk_id.7", "0123456789abcdef");
    let hit = sample::page().seal(IpPolicy::Full).joining(&known);
    let told = |config: &Config, hit: &Hit| {
        let protocol = super::super::of(&config.destinations()[0].receiver).unwrap();
        let mut out = Outgoing::new();
        protocol.encode(&[Enriched::new(hit)], sample::MICROS, &mut out);
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
        pairs.into_iter().find(|(name, _)| matches!(name.as_str(), "cid" | "_id")).unwrap()
    };
    let pair = |name: &str, id: &str| (name.to_owned(), id.to_owned());
    let single = configured("join = true\nbulk = false");
    assert_eq!(told(&single, &hit), pair("cid", "0123456789abcdef"));
    assert_eq!(told(&single, &sample::page().seal(IpPolicy::Full)), pair("cid", "5b2a9c0e54a04a36"));
    let beside = configured("join = true\nbulk = false\nvisitor_as = '_id'");
    assert_eq!(told(&beside, &hit), pair("_id", "0123456789abcdef"));
    let without = configured("bulk = false");
    assert_eq!(told(&without, &hit), pair("cid", "5b2a9c0e54a04a36"));
    assert!(without.script_cookies.is_empty());
}

#[test]
fn properties_with_a_dimension_are_sent_and_others_are_not() {
    let long = "é".repeat(300);
    let properties =
        [("plan", "free".into()), ("colour", "red".into()), ("plan", Value::from(long.as_str()))]
            .map(|(key, value): (&str, Value<'_>)| (key.into(), value));
    let draft = Draft { properties: &properties, ..sample::page() };
    let told = fields(&matomo(), &draft);
    assert_eq!(told["dimension1"], "é".repeat(255));
    assert!(!told.values().any(|value| value == "red"));
    let numbers = Matomo {
        dimensions: [("n".to_owned(), 2), ("t".to_owned(), 3)].iter().map(dimension).collect(),
        ..matomo()
    };
    let properties = [("n".into(), Value::Number(1.5)), ("t".into(), Value::Truth(true))];
    let told = fields(&numbers, &Draft { properties: &properties, ..sample::page() });
    assert_eq!((told["dimension2"].as_str(), told["dimension3"].as_str()), ("1.5", "true"));
}

#[test]
fn it_is_told_what_its_keys_let_it_be_told() {
    let without_dimensions = |matomo| Matomo { dimensions: Vec::new(), ..matomo };
    for (matomo, properties, address) in [
        (matomo(), true, true),
        (without_token(), true, false),
        (without_dimensions(matomo()), false, true),
        (without_dimensions(without_token()), false, false),
    ] {
        let parts = matomo.needs().parts;
        let told = [Part::Properties, Part::Address, Part::Agent].map(|part| parts.has(part));
        assert_eq!(told, [properties, address, true], "{matomo:?}");
    }
}

#[test]
fn a_dimension_has_a_property_and_a_number_up_to_999() {
    let told = |dimensions: &str| {
        let keys = "url = 'https://a.example/'\nsite_id = 1";
        let document = format!("[[destination]]\ntype = 'matomo'\n{keys}\ndimensions = {dimensions}");
        let config = Config::builder().toml("visitor.identity = 'none'").toml(&document).build();
        config.err().map(|error| error.to_string())
    };
    assert_eq!([told("{ a = 1, b = 999 }"), told("{}")], [None, None]);
    for odd in ["{ a = 0 }", "{ a = 1000 }", "{ '' = 1 }"] {
        assert!(told(odd).is_some_and(|told| told.contains("is not the number, 1 to 999")), "{odd}");
    }
}

#[test]
fn the_property_of_the_time_that_a_page_took_has_a_name_of_up_to_128_bytes() {
    let told = |name: &str| {
        let keys = "url = 'https://a.example/'\nsite_id = 1";
        let document = format!("[[destination]]\ntype = 'matomo'\n{keys}\nserver_time = '{name}'");
        let config = Config::builder().toml("visitor.identity = 'none'").toml(&document).build();
        config.err().map(|error| error.to_string())
    };
    assert_eq!([told("t"), told(&"t".repeat(128))], [None, None]);
    for odd in ["", &"t".repeat(129)] {
        let told = told(odd);
        assert!(told.is_some_and(|told| told.contains("the name of a property, 1 to 128 bytes")), "{odd:?}");
    }
}

#[test]
fn what_trackside_tells_apart_is_what_matomo_calls_it() {
    let download =
        Draft { path: b"/files/a.pdf", query: b"", special: Some(Kind::Download), ..sample::page() };
    let told = fields(&matomo(), &download);
    let url = "https://shop.example/files/a.pdf";
    assert_eq!((told["url"].as_str(), told["download"].as_str()), (url, url));
    assert_eq!(told["urlref"], "https://www.google.com/");
    assert!(!told.contains_key("action_name"));

    let missing = Draft { path: b"/gone/\xff", special: Some(Kind::NotFound), ..sample::page() };
    let told = fields(&matomo(), &missing);
    let names = ["e_c", "e_a", "e_n", "ca"].map(|name| told[name].as_str());
    assert_eq!(names, ["not-found", "not-found", "/gone/%FF", "1"]);

    let search = Draft { search: "red shoes", special: Some(Kind::Search), ..sample::page() };
    let told = fields(&matomo(), &search);
    assert_eq!(told["search"], "red shoes");
    assert!(!told.contains_key("urlref") && !told.contains_key("e_c"));
}

#[test]
fn a_hit_from_the_future_is_dated_now() {
    let draft = Draft { micros: sample::MICROS + 5_000_000, ..sample::page() };
    assert_eq!(fields(&matomo(), &draft)["cdt"], "1784714400");
    let draft = Draft { micros: sample::MICROS - 5_000_000, ..sample::page() };
    assert_eq!(fields(&matomo(), &draft)["cdt"], "1784714395");
}

#[test]
fn texts_are_cut_where_matomo_cuts_them() {
    let path = [b"/".as_slice(), &b"p%20".repeat(500)].concat();
    let referrer = [b"https://a/".as_slice(), &b"r".repeat(2_000)].concat();
    let title = "ü".repeat(750);
    let draft = Draft { path: &path, referrer: &referrer, title: &title, ..sample::page() };
    let told = fields(&matomo(), &draft);
    let lengths = ["url", "urlref", "action_name"].map(|name| told[name].chars().count());
    // 21 of scheme, host and slash, 250 pieces of 4, and one letter of the next, as no escape is cut in two.
    assert_eq!(lengths, [1_022, 1_024, 750]);
    assert!(told["url"].ends_with("%20p"));
}

#[test]
fn a_users_id_is_whole_or_left_out() {
    let told = |user_id: &str| fields(&matomo(), &Draft { user_id, ..sample::page() }).remove("uid");
    let longest = format!("{}é", "u".repeat(199));
    assert_eq!((told(&longest), told(&"u".repeat(201))), (Some(longest), None));
}

#[test]
fn what_matomo_would_not_count_is_refused() {
    let admit = |draft: Draft<'_>| matomo().admit(&draft.seal(IpPolicy::Full));
    assert_eq!(admit(sample::page()), Ok(()));
    assert_eq!(admit(Draft { visitor: None, ..sample::page() }), Ok(()));
    assert_eq!(admit(Draft { site: b"", ..sample::page() }), Err(Reason::NoSite));
    let blank = Event::new(" \t").category("cart");
    assert_eq!(admit(event(&blank)), Err(Reason::BadName));
    let nowhere = Event::new("a").category(" ");
    let draft = Draft { site: b"", path: b"", query: b"", ..event(&nowhere) };
    assert_eq!(admit(draft.clone()), Ok(()));
    let told = fields(&matomo(), &draft);
    assert_eq!((told["e_c"].as_str(), told["e_a"].as_str(), told.get("url")), ("event", "a", None));
}

#[test]
fn an_event_outside_a_page_has_no_address() {
    let paid = Event::new("paid");
    let without = |draft: Draft<'_>| fields(&matomo(), &draft).get("url").cloned();
    assert_eq!(without(Draft { path: b"", query: b"", ..event(&paid) }), None);
    assert_eq!(without(Draft { site: b"", ..event(&paid) }), None);
    assert!(without(event(&paid)).is_some());
}

#[test]
fn a_body_holds_so_many_hits_and_bytes() {
    let hit = sample::page().seal(IpPolicy::Full);
    let many: Vec<_> = std::iter::repeat_n(Enriched::new(&hit), 201).collect();
    let mut out = Outgoing::new();
    assert_eq!(matomo().encode(&many, sample::MICROS, &mut out), 200);
    // Of 6 bytes a character: as long as a hit can be.
    let agent = vec![0xff; 1_024];
    let title = "\u{0}".repeat(1_024);
    let hit = Draft { agent: &agent, title: &title, ..sample::page() }.seal(IpPolicy::Full);
    let many: Vec<_> = std::iter::repeat_n(Enriched::new(&hit), 200).collect();
    let taken = matomo().encode(&many, sample::MICROS, &mut out);
    assert!((1..200).contains(&taken), "{taken}");
    assert!(out.payload().len() <= MAX_BODY && out.payload().len() + 20_000 > MAX_BODY);
    let body: Json = serde_json::from_slice(out.payload()).unwrap();
    assert_eq!(body["requests"].as_array().unwrap().len(), taken);
}

#[test]
fn the_largest_hits_make_a_body_of_a_mebibyte_at_most() {
    let dimensions: Vec<_> = (0..100).map(|n| dimension(&(format!("k{n}"), n + 1))).collect();
    let all = Matomo { dimensions, server_time: "k1".to_owned(), begins_visits: true, ..matomo() };
    for character in ['\u{1}', '&', '\u{1f600}'] {
        for is_page in [true, false] {
            let hits = vec![kit::largest(character, is_page); 200];
            let (taken, out) = kit::request(&all, &hits);
            assert!((2..200).contains(&taken) && out.payload().len() <= 1 << 20, "{taken}");
            let body: Json = serde_json::from_slice(out.payload()).unwrap();
            let requests = body["requests"].as_array().unwrap();
            assert_eq!(requests.len(), taken);
            let alone =
                Matomo { is_bulk: false, ..Matomo { dimensions: all.dimensions.clone(), ..matomo() } };
            let (_, single) = kit::request(&alone, &hits[..1]);
            let form = String::from_utf8(single.payload().to_vec()).unwrap();
            let queries = requests.iter().map(|request| request.as_str().unwrap().strip_prefix('?').unwrap());
            for query in queries.chain([form.as_str()]) {
                let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
                let told: BTreeMap<_, _> = pairs.iter().map(|(name, value)| (&**name, value)).collect();
                assert_eq!(told.len(), pairs.len(), "each name once");
                let dimensions = told.keys().filter(|name| name.starts_with("dimension")).count();
                assert_eq!(dimensions, hits[0].properties().count());
                for (name, value) in told {
                    let most = if name.starts_with("dimension") { 255 } else { 1_024 };
                    assert!(value.chars().count() <= most, "{name}");
                }
            }
        }
    }
}

#[test]
fn the_token_has_room_in_the_body() {
    let with = |token: usize| Matomo { token: Some(Secret::new("t".repeat(token))), ..matomo() };
    // `{"requests":[` and `],"token_auth":""}`, a comma, a question mark and quotation marks about each.
    let beside = 13 + 18 + 1 + 2 * 3;
    for user in ["u", "uu", "uuu"] {
        let draft = Draft { user_id: user, ..sample::page() };
        let hit = draft.seal(IpPolicy::Full);
        let room = (1 << 20) - beside - 2 * written(&matomo(), &draft, IpPolicy::Full).len();
        let taken =
            |token| with(token).encode(&[Enriched::new(&hit); 3], sample::MICROS, &mut Outgoing::new());
        // Each of its bytes may become three.
        assert_eq!((taken(room / 3), taken(room / 3 + 1)), (2, 1), "{user}");
        assert_eq!(taken(1 << 20), 1, "the first in any case");
    }
}

#[test]
fn bots_count_where_they_are_asked_for() {
    assert!(!fields(&matomo(), &sample::page()).contains_key("bots"));
    assert_eq!(fields(&Matomo { takes_bots: true, ..matomo() }, &sample::page())["bots"], "1");
}

#[test]
fn the_counts_of_a_bulk_answer_are_read() {
    let took = |taken| Outcome::Took(taken, Reason::Rejected);
    for (status, body, outcome) in [
        (200, r#"{"status":"success","tracked":2,"invalid":0}"#, took(2)),
        (200, r#"{"status":"success","tracked":1,"invalid":1,"invalid_indices":[1]}"#, took(1)),
        (200, r#"{"status":"success","tracked":3,"invalid":2}"#, took(3)),
        (200, r#"{"status":"success","tracked":0,"invalid":2}"#, took(0)),
        (200, "Notice: x in y.php\n{\"status\":\"success\",\"tracked\":2,\"invalid\":0}\n", took(2)),
        (204, "", Outcome::Delivered),
        // It has read none of the hits.
        (200, r#"{"status":"success","tracked":0,"invalid":0}"#, Outcome::Refused(Reason::Rejected)),
        (200, r#"{"status":"success"}"#, Outcome::Refused(Reason::Rejected)),
        // Rolled back, and so safe to send again.
        (500, r#"{"status":"error","tracked":1,"invalid":0}"#, Outcome::Retry(None)),
        (500, "<html>", Outcome::Unknown),
        (500, r#"{"status":"success"}"#, Outcome::Unknown),
        (503, "", Outcome::Retry(None)),
        (413, "", Outcome::Split),
        (400, r#"{"status":"error","tracked":0,"invalid":1}"#, Outcome::Refused(Reason::Rejected)),
        (401, "", Outcome::Refused(Reason::Rejected)),
        // Somebody else's answer: the address is wrong.
        (200, "<html>", Outcome::Refused(Reason::Rejected)),
        (200, "", Outcome::Refused(Reason::Rejected)),
        (200, r#"{"status":"error","tracked":0,"invalid":0}"#, Outcome::Refused(Reason::Rejected)),
        (200, r#"{"status":"error","tracked":1,"invalid":0}"#, Outcome::Refused(Reason::Rejected)),
        (200, r#"{"status":"success","tracked":2,"invalid":-1}"#, Outcome::Refused(Reason::Rejected)),
        (200, r#"{"status":"success","tra"#, Outcome::Refused(Reason::Rejected)),
    ] {
        assert_eq!(matomo().classify(status, &NONE, body.as_bytes()), outcome, "{status} {body}");
    }
    // However many it says they were, the books are told of no more than were sent.
    let absurd = br#"{"status":"success","tracked":18446744073709551615,"invalid":18446744073709551615}"#;
    assert_eq!(matomo().classify(200, &NONE, absurd).of(2), Outcome::Delivered);
}

#[test]
fn the_answer_to_one_hit_is_an_image_or_nothing() {
    for (status, body, outcome) in [
        (204, &b""[..], Outcome::Delivered),
        (200, b"GIF89a", Outcome::Delivered),
        (200, b"<html>", Outcome::Refused(Reason::Rejected)),
        (400, b"", Outcome::Refused(Reason::Rejected)),
        (500, b"", Outcome::Unknown),
        (503, b"", Outcome::Retry(None)),
    ] {
        assert_eq!(single().classify(status, &NONE, body), outcome, "{status}");
    }
}

#[test]
fn its_limits_are_declared() {
    assert_eq!((matomo().needs().batch, single().needs().batch), (200, 1));
    assert!(!matomo().needs().dedupe && !matomo().needs().gzip && !matomo().needs().one_visitor);
}
