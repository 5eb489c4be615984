use std::collections::BTreeMap;

use super::super::kit::{NOW, full, largest, request};
use super::*;
use crate::{
    Config, Event,
    hit::{Draft, Joined, sample},
};

const AGENT: &str =
    "Mozilla%2F5.0%20%28X11%3B%20Linux%20x86_64%3B%20rv%3A128.0%29%20Gecko%2F20100101%20Firefox%2F128.0";

fn ga_v1() -> GaV1 {
    GaV1::new("https://stats.example/collect", "UA-12345-6", "1")
}

fn body(draft: &Draft<'_>) -> String {
    let hit = full(draft);
    let mut out = Outgoing::new();
    assert_eq!(ga_v1().encode(&[Enriched::new(&hit)], sample::MICROS, &mut out), 1);
    String::from_utf8(out.payload().to_vec()).unwrap()
}

/// The form as another reader understands it; it reads what is not UTF-8 as U+FFFD.
fn fields(draft: &Draft<'_>) -> BTreeMap<String, String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&body(draft)).unwrap();
    let names = pairs.len();
    let fields: BTreeMap<_, _> = pairs.into_iter().collect();
    assert_eq!(fields.len(), names, "each name once");
    fields
}

fn event<'a>(event: &'a Event<'a>) -> Draft<'a> {
    Draft { event: Some(event), ..sample::page() }
}

/// What `toml` makes of the type.
fn configured(toml: &str) -> Arc<dyn Protocol> {
    let document = format!("[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-12345-6'\n{toml}\n");
    let config = Config::builder().toml("consent.policy = 'none'").toml(&document).build().unwrap();
    super::super::of(&config.destinations()[0].receiver).unwrap()
}

const BATCH: &str = "url = 'https://stats.example/batch'";

#[test]
fn a_page_view_is_the_origins_parameters_in_order() {
    // z: ff00007b without its top bit.
    let expected = "v=1&z=2130706555&t=pageview&dt=Cart%20%26%20checkout&dh=shop.example\
        &dr=https%3A%2F%2Fwww.google.com%2F&dp=%2Fcart&tid=UA-12345-6\
        &cid=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11&uid=u-42&uip=203.0.113.9&ua=";
    assert_eq!(body(&sample::page()), format!("{expected}{AGENT}&ul=en-gb"));
}

#[test]
fn an_event_follows_with_its_own() {
    let expected = "v=1&z=2130706555&t=event&dt=Cart%20%26%20checkout&dh=shop.example\
        &dr=https%3A%2F%2Fwww.google.com%2F&dp=%2Fcart&tid=UA-12345-6\
        &cid=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11&uid=u-42&uip=203.0.113.9&ua=";
    assert_eq!(
        body(&event(&sample::add())),
        format!("{expected}{AGENT}&ul=en-gb&ec=cart&ea=add&el=SKU-1&ev=2")
    );
}

#[test]
fn the_request_is_a_form_post() {
    let hit = full(&sample::page());
    let mut out = Outgoing::new();
    out.start("GET", "https://other.example/");
    out.body().extend_from_slice(b"left over");
    assert_eq!(ga_v1().encode(&[Enriched::new(&hit), Enriched::new(&hit)], 0, &mut out), 1);
    assert_eq!((out.method(), out.url()), ("POST", "https://stats.example/collect"));
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "application/x-www-form-urlencoded")]);
    assert!(out.payload().starts_with(b"v=1&"));
    assert_eq!(ga_v1().encode(&[], 0, &mut out), 0);
}

#[test]
fn what_is_absent_is_left_out() {
    let bare = Draft {
        visitor: None,
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
    assert_eq!(body(&bare), "v=1&z=2130706555&t=pageview&dp=%2F&tid=UA-12345-6");
    let name = Event::new("x");
    let outside = Draft { event: Some(&name), ..bare };
    assert_eq!(body(&outside), "v=1&z=2130706555&t=event&tid=UA-12345-6&ec=event&ea=x");
}

#[test]
fn the_path_is_decoded_once() {
    for (path, decoded) in [
        (&b"/caf%C3%A9/%2541"[..], "%2Fcaf%C3%A9%2F%2541"),
        (b"/a%2", "%2Fa%252"),
        (b"/%zz%", "%2F%25zz%25"),
        (b"/%00%0d%0A%26v=2", "%2F%00%0D%0A%26v%3D2"),
        (b"/\xff%FE", "%2F%FF%FE"),
        (b"/a+b%20c", "%2Fa%2Bb%20c"),
    ] {
        let body = body(&Draft { path, ..sample::page() });
        assert!(body.contains(&format!("&dp={decoded}&tid=")), "{body}");
    }
}

#[test]
fn the_address_is_what_the_policy_left() {
    let six = Draft { address: Some("2001:db8:1:2::3".parse().unwrap()), ..sample::page() };
    assert_eq!(fields(&six)["uip"], "2001:db8:1:2::3");
    assert!(body(&six).contains("&uip=2001%3Adb8%3A1%3A2%3A%3A3&"));
}

#[test]
fn the_value_is_a_whole_number() {
    let ev = |value| fields(&event(&sample::add().value(value))).remove("ev");
    assert_eq!(ev(0.0).as_deref(), Some("0"));
    assert_eq!(ev(1.4).as_deref(), Some("1"));
    assert_eq!(ev(1.5).as_deref(), Some("2"));
    assert_eq!(ev(9_007_199_254_740_992.0).as_deref(), Some("9007199254740992"));
    for value in [-0.1, -2.0, 9.1e15, f64::MAX, f64::INFINITY, f64::NAN] {
        assert_eq!(ev(value), None, "{value}");
    }
}

#[test]
fn texts_are_cut_at_their_limits() {
    let site = format!("x{}", "é".repeat(50));
    let dh = |length| fields(&Draft { site: &site.as_bytes()[..length], ..sample::page() })["dh"].clone();
    assert_eq!(dh(101), site[..99]);
    assert_eq!(dh(99), site[..99]);
    assert_eq!(fields(&Draft { site: &[b'x'; 101], ..sample::page() })["dh"], "x".repeat(100));
    let category = "x".repeat(149) + "é";
    let long = Event::new("a".repeat(501)).category(category).label("l".repeat(501));
    let fields = fields(&event(&long));
    assert_eq!(fields["ec"], "x".repeat(149));
    assert_eq!(fields["ea"], "a".repeat(500));
    assert_eq!(fields["el"], "l".repeat(500));
}

#[test]
fn hostile_bytes_stay_inside_their_field() {
    let draft = Draft {
        path: b"/\0&tid=UA-0-0\r\nHost: x",
        agent: b"\0\"\\<&cid=1\r\n\x80",
        referrer: b"https://x/\xff&z=1",
        title: "a\u{0}&v=2=\"",
        ..sample::page()
    };
    let fields = fields(&draft);
    assert_eq!(fields.len(), 13);
    assert_eq!(fields["dp"], "/\0&tid=UA-0-0\r\nHost: x");
    assert_eq!(fields["ua"], "\0\"\\<&cid=1\r\n\u{fffd}");
    assert_eq!(fields["dr"], "https://x/\u{fffd}&z=1");
    assert_eq!(fields["dt"], "a\u{0}&v=2=\"");
    assert_eq!(fields["tid"], "UA-12345-6");
    assert!(body(&draft).bytes().all(|b| b.is_ascii_graphic()));
}

#[test]
fn a_form_too_long_gives_up_the_referrer_first_and_then_the_title() {
    let referrer = format!("https://x/{}", "\"".repeat(2_000));
    let title = "é".repeat(750);
    let path = format!("/{}", "<".repeat(1_000));
    let draft = Draft { referrer: referrer.as_bytes(), path: path.as_bytes(), ..sample::page() };
    let long = Draft { title: &title, ..draft.clone() };
    // Title and path fit, the referrer in part.
    let body_of_long = body(&long);
    assert!((8_190..=8_192).contains(&body_of_long.len()), "{}", body_of_long.len());
    let fields_of_long = fields(&long);
    assert_eq!(fields_of_long["dt"], title);
    assert_eq!(fields_of_long["dp"], path);
    assert!(fields_of_long["dr"].len() > 10 && referrer.starts_with(&fields_of_long["dr"]));

    let path = format!("/{}", "<".repeat(2_000));
    let longer = fields(&Draft { path: path.as_bytes(), ..long });
    assert_eq!(longer.get("dr"), None);
    assert_eq!(longer["dp"], path);
    assert!(!longer["dt"].is_empty() && title.starts_with(&longer["dt"]) && longer["dt"] != title);
}

#[test]
fn the_label_goes_before_the_agent_and_the_agent_before_the_path() {
    let (agent, path, label) = ("<".repeat(1_000), format!("/{}", "<".repeat(1_500)), "<".repeat(400));
    let labelled = Event::new("x").label(label.as_str());
    let draft = Draft { path: path.as_bytes(), agent: agent.as_bytes(), ..event(&labelled) };
    let shortened = fields(&draft);
    assert_eq!((shortened.get("dr"), shortened.get("dt")), (None, None));
    assert!(!shortened["el"].is_empty() && shortened["el"].len() < label.len());
    assert_eq!((&shortened["ua"], &shortened["dp"]), (&agent, &path));

    let path = format!("/{}", "<".repeat(2_000));
    let shortened = fields(&Draft { path: path.as_bytes(), ..draft });
    assert_eq!(shortened.get("el"), None);
    assert!(!shortened["ua"].is_empty() && shortened["ua"].len() < agent.len());
    assert_eq!(shortened["dp"], path);
}

#[test]
fn no_hit_is_longer_than_the_receiver_takes() {
    let worst = "\u{1}".repeat(2_048);
    let all = Event::new(worst.as_str()).category(worst.as_str()).label(worst.as_str()).value(9e15);
    let draft = Draft {
        site: &worst.as_bytes()[..255],
        path: worst.as_bytes(),
        referrer: &[b"https://x/", worst.as_bytes()].concat(),
        agent: worst.as_bytes(),
        title: &worst,
        ..event(&all)
    };
    assert!((8_190..=8_192).contains(&body(&draft).len()));
    let fields = fields(&draft);
    assert_eq!(fields["ea"].len(), 500);
    assert_eq!(fields["ec"].len(), 150);
    assert!(!fields["dp"].is_empty());
    for name in ["dr", "dt", "el", "ua"] {
        assert_eq!(fields.get(name), None, "{name}");
    }
    let page = Draft { event: None, ..draft };
    assert!((8_190..=8_192).contains(&body(&page).len()));
}

#[test]
fn what_would_not_count_is_refused() {
    let admit = |draft: &Draft<'_>| ga_v1().admit(&full(draft));
    assert_eq!(admit(&sample::page()), Ok(()));
    assert_eq!(admit(&Draft { visitor: None, ..sample::page() }), Ok(()), "a user is somebody");
    assert_eq!(admit(&Draft { visitor: None, user_id: "", ..sample::page() }), Err(Reason::NoVisitor));
    assert_eq!(admit(&Draft { site: b"", ..sample::page() }), Err(Reason::NoSite));
    assert_eq!(admit(&event(&sample::add())), Ok(()));
    assert_eq!(admit(&Draft { visitor: None, user_id: "", ..event(&sample::add()) }), Err(Reason::NoVisitor));
    assert_eq!(admit(&Draft { site: b"", ..event(&sample::add()) }), Ok(()));
    assert_eq!(admit(&event(&Event::new("").category("cart"))), Err(Reason::BadName));
}

#[test]
fn one_hit_a_request() {
    let needs = ga_v1().needs();
    assert!(needs.visitor && needs.one_visitor && !needs.dedupe);
    assert_eq!((needs.batch, needs.window), (1, 14_400));
    assert_eq!(ga_v1().group(&full(&sample::page())), 0);
}

#[test]
fn a_batch_has_a_line_a_hit() {
    let hits = vec![full(&sample::page()); 21];
    let (taken, out) = request(&*configured(BATCH), &hits);
    assert_eq!(taken, 20);
    let line = format!("{}&cn=july&cs=news&cm=email&qt=2500", body(&sample::page()));
    assert_eq!(String::from_utf8(out.payload().to_vec()).unwrap(), [line.as_str(); 20].join("\n"));
    assert_eq!(out.headers().collect::<Vec<_>>(), [("content-type", "text/plain")]);
    for (toml, batch) in [(BATCH, 20), ("bulk = true", 20), ("url = 'https://batch.example/collect'", 1)] {
        assert_eq!(configured(toml).needs().batch, batch, "{toml}");
    }
}

#[test]
fn a_task_has_one_hit_wherever_it_posts() {
    let document = format!("[[destination]]\ntype = 'celery'\ntracking_id = 'UA-12345-6'\n{BATCH}\n");
    let config = Config::builder().toml("consent.policy = 'none'").toml(&document).build().unwrap();
    let protocol = super::super::of(&config.destinations()[0].receiver).unwrap();
    let (taken, out) = request(&*protocol, &vec![full(&sample::page()); 2]);
    assert_eq!((taken, protocol.needs().batch), (1, 1));
    assert!(!out.payload().contains(&b'\n'));
}

#[test]
fn a_batch_is_no_longer_than_its_limit() {
    let worst =
        full(&Draft { referrer: format!("https://x/{}", "<".repeat(2_038)).as_bytes(), ..sample::page() });
    let (taken, out) = request(&*configured(BATCH), &vec![worst; 4]);
    let lines: Vec<_> = out.payload().split(|&byte| byte == b'\n').collect();
    assert_eq!((taken, lines.len()), (2, 2));
    assert!(lines.iter().all(|line| line.len() == lines[0].len() && line.starts_with(b"v=1&")));
    assert!(out.payload().len() <= 16_384 && out.payload().len() + lines[0].len() > 16_384);
}

#[test]
fn the_largest_hits_go_whatever_is_configured() {
    let dimensions: Vec<_> = (0..200).map(|n| format!("k{n} = {}", n + 1)).collect();
    let toml = format!(
        "{BATCH}\npage = 'dl'\ntime = 'et'\ntoken = '{}'\ndimensions = {{ {} }}",
        "/".repeat(100),
        dimensions.join(", ")
    );
    for character in ['<', '\u{1}', 'é', '\u{1f600}'] {
        let hits = [largest(character, true), largest(character, false), largest(character, true)];
        let (taken, out) = request(&*configured(&toml), &hits);
        assert_eq!(taken, 2);
        for line in out.payload().split(|&byte| byte == b'\n') {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(line).unwrap();
            let names: std::collections::BTreeSet<_> = pairs.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), pairs.len());
            assert!((7_000..=8_192).contains(&line.len()), "{}", line.len());
            assert_eq!(pairs.last().unwrap(), &("ms".to_owned(), "/".repeat(100)));
        }
    }
}

#[test]
fn dimensions_give_way_to_one_another_and_to_all_else() {
    let text = "<".repeat(150);
    let names: Vec<String> = (0..40).map(|n| format!("k{n}")).collect();
    let properties: Vec<_> = names.iter().map(|name| (name.as_str().into(), text.as_str().into())).collect();
    let hit = full(&Draft { properties: &properties, ..sample::page() });
    let numbers: Vec<_> = (0..40).map(|n| format!("k{n} = {}", n + 1)).collect();
    let (_, out) = request(&*configured(&format!("dimensions = {{ {} }}", numbers.join(", "))), &[hit]);
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
    let sent: Vec<_> = pairs.iter().filter(|(name, _)| name.starts_with("cd")).collect();
    assert!((10..30).contains(&sent.len()), "{}", sent.len());
    assert!(sent.iter().all(|(_, value)| *value == text), "none is cut");
    assert!((7_700..=8_192).contains(&out.payload().len()));
}

#[test]
fn a_token_goes_last_and_is_hidden() {
    let toml = "token = 's3/cret'\ntoken_as = 'auth'\nbulk = true";
    let (taken, out) = request(&*configured(toml), &vec![full(&sample::page()); 2]);
    assert_eq!(taken, 2);
    let shown = String::from_utf8(out.shown_payload().into_owned()).unwrap();
    assert!(shown.lines().count() == 2 && shown.lines().all(|line| line.ends_with("&auth=***")), "{shown}");
    let sent = String::from_utf8(out.payload().to_vec()).unwrap();
    assert_eq!(sent.replace("s3%2Fcret", "***"), shown);
}

#[test]
fn a_visitor_of_googles_scripts_is_told_as_such_where_that_is_asked_for() {
    let mut known = Joined::default();
    known.add("_ga", "1529519118.1784714000");
    let nobody = Draft { visitor: None, session: None, user_id: "", ..sample::page() };
    let [hit, stranger] = [&sample::page(), &nobody].map(|draft| full(draft).joining(&known));
    let client = |protocol: &dyn Protocol, hit: &Hit| {
        let (_, out) = request(protocol, std::slice::from_ref(hit));
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
        pairs.into_iter().find_map(|(name, value)| (name == "cid").then_some(value)).unwrap()
    };
    for joining in [&*configured("join = true"), &ga_v1().with_join(true)] {
        assert_eq!(client(joining, &hit), "1529519118.1784714000");
        assert_eq!(
            (client(joining, &stranger), joining.admit(&stranger)),
            ("1529519118.1784714000".into(), Ok(()))
        );
        assert_eq!(client(joining, &full(&sample::page())), "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");
    }
    for other in [&*configured("join = false"), &ga_v1(), &ga_v1().with_join(true).with_join(false)] {
        assert_eq!(client(other, &hit), "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");
        assert_eq!(other.admit(&stranger), Err(Reason::NoVisitor));
    }
}

#[test]
fn a_late_hit_has_its_age_or_its_second() {
    let time = |toml: &str, now| {
        let hit = full(&sample::page());
        let mut out = Outgoing::new();
        configured(toml).encode(&[Enriched::new(&hit)], now, &mut out);
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
        pairs.into_iter().find(|(name, _)| ["qt", "et"].contains(&name.as_str()))
    };
    let told = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    assert_eq!(time("", NOW), told("qt", "2500"));
    assert_eq!(time("", sample::MICROS + 1_000_999), told("qt", "1000"));
    assert_eq!(time("", sample::MICROS + 999_999), None, "it is in time");
    assert_eq!(time("", sample::MICROS - 1), None);
    assert_eq!(time("time = 'et'", NOW), told("et", "1784714400"));
    assert_eq!(time("time = 'et'", sample::MICROS - 1_000_000), told("et", "1784714399"), "never to come");
    assert_eq!(time("time = 'none'", NOW), None);
    let needs = ["qt", "et", "none"].map(|word| configured(&format!("time = '{word}'")).needs());
    assert_eq!(needs.map(|needs| needs.window), [14_400, 43_200, 14_400]);
    assert_eq!(needs.map(|needs| needs.parts.has(Part::Time)), [true, true, false]);
}

#[test]
fn it_is_told_what_its_keys_let_it_be_told() {
    for (toml, told) in [
        ("", [true, false, true]),
        ("time = 'none'", [false, false, true]),
        ("dimensions = { plan = 1 }", [true, true, true]),
        ("time = 'none'\nmetrics = { size = 1 }", [false, true, true]),
    ] {
        let parts = configured(toml).needs().parts;
        assert_eq!([Part::Time, Part::Properties, Part::Agent].map(|part| parts.has(part)), told, "{toml}");
    }
}

#[test]
fn a_whole_address_is_cut_between_escapes() {
    let dl = |draft: &Draft<'_>| {
        let (_, out) = request(&*configured("page = 'dl'"), &[full(draft)]);
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
        assert!(pairs.iter().all(|(name, _)| !["dh", "dp", "cn"].contains(&name.as_str())));
        pairs.into_iter().find(|(name, _)| name == "dl").map(|(_, value)| value)
    };
    // "https://shop.example" has 20 bytes.
    let path = format!("/{}", "a".repeat(2_024));
    let query = |query| Draft { path: path.as_bytes(), query, ..sample::page() };
    let address = |end: &str| Some(format!("https://shop.example{path}{end}"));
    assert_eq!(dl(&query(b"a")), address("?a"));
    assert_eq!(dl(&query(b"ab")), address("?ab"));
    assert_eq!(dl(&query(b"abc")), address("?ab"));
    assert_eq!(dl(&query(b"a%20")), address("?a"));
    let outside = Event::new("x");
    assert_eq!(dl(&Draft { site: b"", path: b"", event: Some(&outside), ..sample::page() }), None);
    assert_eq!(
        dl(&Draft { path: b"", query: b"", ..sample::page() }).as_deref(),
        Some("https://shop.example")
    );
    assert_eq!(dl(&Draft { path: b"", query: b"", event: Some(&outside), ..sample::page() }), None);
}

#[test]
fn answers_are_read_by_their_status() {
    let none: [(&str, &str); 0] = [];
    assert_eq!(ga_v1().classify(200, &none, b"GIF89a"), Outcome::Delivered);
    assert_eq!(ga_v1().classify(500, &none, b""), Outcome::Unknown);
}

#[test]
fn a_dimension_has_a_name_and_a_number_up_to_200() {
    assert!(is_index("plan", 1) && is_index("plan", 200));
    assert!(!is_index("", 1) && !is_index("plan", 0) && !is_index("plan", 201));
}

#[test]
fn the_parameter_of_a_token_is_a_short_word() {
    assert!(is_parameter("ms") && is_parameter("a_9") && is_parameter(&"a".repeat(16)));
    for odd in ["", "A", "a-b", "é", &"a".repeat(17)] {
        assert!(!is_parameter(odd), "{odd}");
    }
}

#[test]
fn lines_fill_a_request_to_its_last_byte() {
    let bulk = configured(BATCH);
    let path = format!("/{}", "é".repeat(450));
    let hit = |wide: usize, narrow: usize| {
        let title = ["é".repeat(wide), "x".repeat(narrow)].concat();
        full(&Draft { path: path.as_bytes(), title: &title, ..sample::page() })
    };
    let sent = |last: Hit| {
        let (taken, out) = request(&*bulk, &[hit(300, 1), hit(300, 1), last]);
        (taken, out.payload().len())
    };
    // `é` has six bytes, and no line is longer than its own limit.
    let left = 16_384 - sent(hit(1, 1)).1;
    let (wide, narrow) = (1 + left / 6, 1 + left % 6);
    assert_eq!(sent(hit(wide, narrow)), (3, 16_384));
    assert_eq!(sent(hit(wide, narrow + 1)).0, 2);
    let long = GaV1 { is_bulk: true, token: Some(Secret::new("t".repeat(20_000))), ..ga_v1() };
    assert_eq!(request(&long, &[hit(1, 1), hit(1, 1)]).0, 1, "the first in any case");
}

#[test]
fn what_has_a_number_goes_if_there_is_room_for_it_and_the_token() {
    let path = format!("/{}", "é".repeat(700));
    for (kind, parameter) in [("dimensions", "&cd1=7"), ("metrics", "&cm1=7")] {
        let protocol = configured(&format!("{kind} = {{ n = 1 }}\ntoken = '////'\ntoken_as = 'auth'"));
        let sent = |wide: usize, narrow: usize| {
            let title = ["é".repeat(wide), "x".repeat(narrow)].concat();
            let properties = [("n".into(), 7.into())];
            let draft =
                Draft { path: path.as_bytes(), title: &title, properties: &properties, ..sample::page() };
            let (_, out) = request(&*protocol, &[full(&draft)]);
            String::from_utf8(out.payload().to_vec()).unwrap()
        };
        // `é` has six bytes.
        let left = 8_192 - sent(1, 1).len();
        let (wide, narrow) = (1 + left / 6, 1 + left % 6);
        let whole = sent(wide, narrow);
        assert!(whole.len() == 8_192 && whole.contains(parameter), "{kind} {}", whole.len());
        assert!(!sent(wide, narrow + 1).contains(parameter), "{kind}");
    }
}

#[test]
fn what_is_not_known_is_called_by_its_kind() {
    let action = |kind: Kind, site: &'static [u8]| {
        let told = Event::new(kind.as_str());
        fields(&Draft { special: Some(kind), site, ..event(&told) })["ea"].clone()
    };
    assert_eq!(action(Kind::Search, b"shop.example"), "search");
    assert_eq!(action(Kind::Download, b""), "download");
    let bought = Event::new("buy").value(9.5).property("currency", "EUR").property("transaction_id", "");
    assert_eq!(fields(&event(&bought))["ti"], "019f8941-6900-7abc-8def-0123ff00007b");
}
