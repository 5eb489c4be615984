use std::collections::BTreeMap;

use super::*;
use crate::{
    Event,
    config::IpPolicy,
    hit::{Draft, sample},
};

const AGENT: &str =
    "Mozilla%2F5.0%20%28X11%3B%20Linux%20x86_64%3B%20rv%3A128.0%29%20Gecko%2F20100101%20Firefox%2F128.0";

fn ga_v1() -> GaV1 {
    GaV1::new("https://stats.example/collect", "UA-12345-6", "1")
}

fn full(draft: &Draft<'_>) -> Hit {
    draft.seal(IpPolicy::Full)
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

#[test]
fn a_page_view_is_the_origins_parameters_in_order() {
    // z: ff00007b without its top bit.
    let expected = "v=1&z=2130706555&t=pageview&dt=Cart%20%26%20checkout&dh=shop.example\
        &dr=https%3A%2F%2Fwww.google.com%2F&dp=%2Fcart&tid=UA-12345-6\
        &cid=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11&uip=203.0.113.9&ua=";
    assert_eq!(body(&sample::page()), format!("{expected}{AGENT}"));
}

#[test]
fn an_event_follows_with_its_own() {
    let expected = "v=1&z=2130706555&t=event&dt=Cart%20%26%20checkout&dh=shop.example\
        &dr=https%3A%2F%2Fwww.google.com%2F&dp=%2Fcart&tid=UA-12345-6\
        &cid=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11&uip=203.0.113.9&ua=";
    assert_eq!(body(&event(&sample::add())), format!("{expected}{AGENT}&ec=cart&ea=add&el=SKU-1&ev=2"));
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
    assert_eq!(fields.len(), 11);
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
    assert_eq!(admit(&Draft { visitor: None, ..sample::page() }), Err(Reason::NoVisitor));
    assert_eq!(admit(&Draft { site: b"", ..sample::page() }), Err(Reason::NoSite));
    assert_eq!(admit(&event(&sample::add())), Ok(()));
    assert_eq!(admit(&Draft { visitor: None, ..event(&sample::add()) }), Err(Reason::NoVisitor));
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
fn answers_are_read_by_their_status() {
    let none: [(&str, &str); 0] = [];
    assert_eq!(ga_v1().classify(200, &none, b"GIF89a"), Outcome::Delivered);
    assert_eq!(ga_v1().classify(500, &none, b""), Outcome::Unknown);
}
