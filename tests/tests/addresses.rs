//! What is recorded of addresses, whatever they are made of.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*, sample::select};
use trackside_core::{Annotations, Config, Hit, Moment, Request, Response, judge};

static STRICT: LazyLock<Config> = LazyLock::new(|| {
    config("track = { canonical = true, search = ['q'] }\nprivacy = { path = 'anonymous', query = 'keep' }")
});
static DEFAULTS: LazyLock<Config> = LazyLock::new(|| config(""));

fn config(more: &str) -> Config {
    Config::builder().toml(&format!("consent.policy = 'none'\n{more}")).build().unwrap()
}

fn hit(config: &Config, target: &[u8], referrer: &[u8]) -> Hit {
    let headers = [(&b"host"[..], &b"a.example"[..]), (b"accept", b"text/html"), (b"referer", referrer)];
    let request = Request::new("GET", target, &headers);
    let exchange = judge::begin(config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
    let response = [("content-type", "text/html")];
    let response = Response::new(200, &response);
    let mut hits = Vec::new();
    let verdict = judge::finish(config, exchange, &request, &response, &Annotations::new(), &mut |hit| {
        hits.push(hit);
    });
    assert!(verdict.is_tracked());
    hits.swap_remove(0)
}

/// Pieces of which odd addresses are made.
fn address(pieces: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let odd: Vec<&[u8]> = vec![
        b"/",
        b"//",
        b"/./",
        b"/../",
        b".",
        b"..",
        b"%2e",
        b"%2E%2e",
        b"%",
        b"%%",
        b"%25",
        b"%2",
        b"40",
        b"%40",
        b"%2540",
        b"@",
        b"me",
        b"example",
        b".com",
        b";",
        b"=",
        b"&",
        b"?",
        b"token",
        b";sid=x",
        b"q=",
        b"email=",
        b"utm_",
        b"utm_source=",
        b"pk_kwd",
        b"gclid=",
        b"+",
        b":",
        b"a1B2c3D4",
        b"0123456789abcdef",
        b"f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        b"123456",
        b"Z",
        b"-",
        b"_",
        b"\\",
        b" ",
        b"\"<>",
        b"\xc3\xa9",
        b"\xff",
        b"xn--bcher-kva",
        b":email",
        b"***",
    ];
    vec(prop_oneof![9 => select(odd).prop_map(<[u8]>::to_vec), 1 => vec(as_headers_have_it(), 0..4)], pieces)
        .prop_map(|pieces| pieces.concat())
}

fn as_headers_have_it() -> impl Strategy<Value = u8> {
    any::<u8>().prop_map(|byte| if byte < 0x20 || byte == 0x7f || byte == b'#' { b'~' } else { byte })
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    address(0..24).prop_map(|rest| [b"/", rest.as_slice()].concat())
}

/// How a pair begins that names a campaign or a click.
fn campaign() -> impl Strategy<Value = &'static [u8]> {
    let beginnings: Vec<&[u8]> =
        vec![b"utm_", b"utm_source=", b"mtm_me@example.com", b"pk_kwd", b"pk_campaign=", b"gclid=", b"gclid"];
    select(beginnings)
}

/// An e-mail address, however it is escaped.
fn email() -> impl Strategy<Value = String> {
    (
        "[a-z][a-z0-9.+_-]{0,8}",
        select(vec!["@", "%40", "%2540", "%252540"]),
        "[a-z]{1,8}(\\.[a-z]{1,5}){0,2}\\.[a-z]{2,6}",
    )
        .prop_map(|(name, at, host)| format!("{name}{at}{host}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// What was recorded is recorded the same when it comes back: there is one spelling, and what stands in a
    /// secret's place is none.
    #[test]
    fn what_is_recorded_stays(target in target(), referrer in address(0..24)) {
        let referrer = [b"https://b.example/", referrer.as_slice()].concat();
        for config in [&*STRICT, &*DEFAULTS] {
            let first = hit(config, &target, &referrer);
            // What is cut may look like something else.
            prop_assume!(first.path().len() + first.query().len() < 2_000 && first.referrer().len() < 2_000);
            // Of a header's value, a space at the end is none of it.
            prop_assume!(!first.referrer().ends_with(b" "));
            let again = hit(config, &[first.path(), b"?", first.query()].concat(), first.referrer());
            for part in [Hit::path, Hit::query, Hit::referrer] {
                let [first, again] = [&first, &again].map(|hit| part(hit).escape_ascii().to_string());
                prop_assert_eq!(first, again);
            }
        }
    }

    /// The same of queries of campaigns, which seldom come about by chance.
    #[test]
    fn what_is_recorded_of_a_campaign_stays(pairs in vec((campaign(), address(0..6)), 1..6)) {
        let pairs: Vec<_> = pairs.into_iter().map(|(name, rest)| [name, &rest].concat()).collect();
        let first = hit(&DEFAULTS, &[b"/?", pairs.join(&b'&').as_slice()].concat(), b"");
        let again = hit(&DEFAULTS, &[b"/?", first.query()].concat(), b"");
        let [first, again] = [first, again].map(|hit| hit.query().escape_ascii().to_string());
        prop_assert_eq!(first, again);
    }

    /// The one spelling has nothing that may not stand in a path, and no dots and empty segments to resolve.
    #[test]
    fn the_one_spelling_is_a_path(target in target()) {
        let hit = hit(&STRICT, &target, b"");
        let path = hit.path();
        prop_assert!(path.starts_with(b"/"));
        prop_assert!(path.iter().all(|b| (0x21..0x7f).contains(b)), "{}", path.escape_ascii());
        let mut segments: Vec<_> = path.split(|&b| b == b'/').skip(1).collect();
        segments.pop();
        let odd = segments.iter().find(|segment| matches!(segment, [] | [b'.'] | [b'.', b'.']));
        prop_assert!(odd.is_none(), "{}", path.escape_ascii());
    }

    /// Without a word, no e-mail address is recorded of a path and of a referrer, nor of a secret name's value.
    #[test]
    fn an_email_address_is_never_recorded(
        email in email(), before in "[a-z0-9/._-]{0,12}", after in "[/?][a-z/]{0,6}|",
    ) {
        let address = format!("/{before}/{email}{after}");
        for config in [&*DEFAULTS, &*STRICT] {
            let hit = hit(config, address.as_bytes(), format!("https://b.example{address}").as_bytes());
            for recorded in [hit.path(), hit.referrer()] {
                let recorded = String::from_utf8(recorded.to_vec()).unwrap();
                prop_assert!(!recorded.contains(&email), "{recorded}");
            }
        }
        let hit = hit(&STRICT, format!("/?a={email}&token={before}x&q={email}").as_bytes(), b"");
        prop_assert_eq!(hit.query(), b"a=***&token=***&q=***");
        prop_assert_eq!(hit.label(), "***");
        let target = format!("/?utm_source={email}&utm_{email}&mtm_{email}=x&pk_kwd=x");
        let campaign = self::hit(&DEFAULTS, target.as_bytes(), b"");
        prop_assert_eq!(campaign.query(), b"utm_source=***&pk_kwd=x");
    }
}
