use std::ptr;

use proptest::{collection::vec, option, prelude::*};
use trackside_core::REQUEST_HEADERS;
use trackside_tests::block::{RequestBlock, ResponseBlock};

use super::trackside_exchange_begin_lines;
use crate::{
    exchange::trackside_exchange_free,
    status::{TRACKSIDE_BLOB, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_OK},
    test_exchange::{Case, Site, begun_by_lines},
};

const TOML: &str = "
    consent.policy = 'notice'
    [[destination]]
    type = 'ga-v1'
    tracking_id = 'UA-1-1'
    ip = 'full'
";

/// A page view of a request of these headers.
fn page(headers: &[(&str, &str)]) -> Case {
    let pair = |&(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    Case {
        request: RequestBlock {
            secure: true,
            resolved: false,
            lent: false,
            method: b"GET".to_vec(),
            target: b"/news/?utm_source=mail".to_vec(),
            authority: vec![],
            peer: vec![203, 0, 113, 9],
            headers: headers.iter().map(pair).collect(),
        },
        response: ResponseBlock { status: 200, ..ResponseBlock::default() },
    }
}

#[test]
fn what_stands_in_the_lines_stands_in_the_hits() {
    let site = Site::new(TOML);
    let headers = [("host", "www.example.com"), ("user-agent", "a browser"), ("accept", "text/html")];
    let outcome = page(&headers).in_lines(&site);
    assert_eq!((outcome.reason, outcome.is_new), (0, true));
    let [hit] = &outcome.hits[..] else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (hit.site(), hit.path(), hit.query()),
        ("www.example.com", &b"/news/"[..], &b"utm_source=mail"[..])
    );
    assert_eq!((hit.agent(), hit.is_secure()), (&b"a browser"[..], true));
    assert_eq!(hit.ip(), Some([203, 0, 113, 9].into()));
}

#[test]
fn another_number_of_lines_is_refused() {
    let site = Site::new(TOML);
    let whole = page(&[("host", "www.example.com")]).lines(&site);
    let last = whole.iter().rposition(|&byte| byte == b'\n').unwrap();
    let counts = (REQUEST_HEADERS.len() + 4, REQUEST_HEADERS.len() + 3, REQUEST_HEADERS.len() + 5);
    for (lines, count) in [
        (&b""[..], 1),
        (b"\n", 2),
        (&whole[..last], counts.1),
        (&[&whole[..], b"\n"].concat(), counts.2),
        (&[b"\n", &whole[..]].concat(), counts.2),
    ] {
        let text = format!("`lines` has {count} lines, and not {}", counts.0);
        assert_eq!(begun_by_lines(&site, lines, 0), Err((TRACKSIDE_BLOB, text)));
    }
    assert_eq!(site.live.stats().requests.seen(), 0, "nothing is counted");
}

#[test]
fn a_peer_that_is_no_address_is_none() {
    let site = Site::new(TOML);
    for (peer, expected) in [
        ("", None),
        ("unix:", None),
        ("/run/site.sock", None),
        ("203.0.113.256", None),
        ("203.0.113.9", Some("203.0.113.9")),
        ("2001:db8::1", Some("2001:db8::1")),
        ("fe80::1%eth0", Some("fe80::1")),
    ] {
        let case = page(&[("host", "www.example.com"), ("accept", "text/html")]);
        let lines = String::from_utf8(case.lines(&site)).unwrap().replace("203.0.113.9", peer);
        let (exchange, _) = begun_by_lines(&site, lines.as_bytes(), 0).unwrap();
        // SAFETY: it is live, and nobody uses it any more.
        unsafe {
            let status = crate::test_exchange::finished_by_block(exchange, &case.response.bytes());
            assert_eq!(status, TRACKSIDE_OK);
            trackside_exchange_free(exchange);
        }
        assert_eq!(site.hits().pop().unwrap().ip(), expected.map(|ip| ip.parse().unwrap()), "{peer}");
    }
}

#[test]
fn what_the_configuration_adds_comes_behind() {
    let site = Site::new(&format!("{TOML}\n[proxy]\nhops = 1"));
    let headers = [("host", "a.example"), ("accept", "text/html"), ("x-forwarded-for", "198.51.100.7")];
    let case = page(&headers);
    let [hit] = &case.in_lines(&site).hits[..] else { panic!("one hit") };
    assert_eq!(hit.ip(), Some([198, 51, 100, 7].into()));
    let without = page(&headers).lines(&Site::new(TOML));
    let has = without.split(|&byte| byte == b'\n').count();
    let text = format!("`lines` has {has} lines, and not {}", has + 3);
    assert_eq!(begun_by_lines(&site, &without, 0), Err((TRACKSIDE_BLOB, text)));
}

#[test]
fn other_flags_are_refused() {
    let site = Site::new(TOML);
    let text = "`flags` is 0x9, of which only 0x7 are known".to_owned();
    let refused = begun_by_lines(&site, &page(&[]).lines(&site), 9);
    assert_eq!(refused, Err((TRACKSIDE_INVALID_ARGUMENT, text)));
}

#[test]
fn who_does_not_ask_is_not_told_who_is_new() {
    let site = Site::new(TOML);
    let lines = page(&[]).lines(&site);
    let (data, none) = (lines.as_ptr(), ptr::null_mut());
    // SAFETY: all that is pointed at lives as long as the call.
    unsafe {
        let mut exchange = ptr::null_mut();
        let (place, error) = (&mut exchange, ptr::null_mut());
        let begun = trackside_exchange_begin_lines(site.tracker, data, lines.len(), 1, place, none, error);
        assert_eq!(begun, TRACKSIDE_OK);
        trackside_exchange_free(exchange);
        let refused =
            trackside_exchange_begin_lines(site.tracker, data, lines.len(), 1, ptr::null_mut(), none, error);
        assert_eq!(refused, TRACKSIDE_NULL_ARGUMENT);
    }
}

/// Bytes that a line can hold, of which a NUL alone is none.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![4 => 0x20_u8..0x7f, 1 => any::<u8>().prop_filter("ends the line", |&byte| byte != b'\n')];
    vec(byte, 0..24).prop_filter("says that there is none", |bytes| bytes != b"\0")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 512 }))]

    /// Whichever headers there are, empty ones among them.
    #[test]
    fn lines_say_the_same_as_a_block(
        method in prop_oneof![Just(b"GET".to_vec()), line()],
        target in prop_oneof![Just(b"/".to_vec()), line()],
        authority in prop_oneof![Just(vec![]), line()],
        values in vec(option::of(line()), REQUEST_HEADERS.len()),
        more in vec(option::of(line()), 3),
        secure in any::<bool>(),
        resolved in any::<bool>(),
        lent in any::<bool>(),
    ) {
        let toml = format!("{TOML}\n[proxy]\nhops = 1");
        let sites = [Site::new(&toml), Site::new(&toml)];
        let read = REQUEST_HEADERS.iter().chain(sites[0].live.config().more_headers());
        let named = read.zip(values.into_iter().chain(more));
        let headers = named.filter_map(|(name, value)| Some((name.as_str().as_bytes().to_vec(), value?)));
        let request = RequestBlock {
            secure, resolved, lent, method, target, authority, peer: vec![203, 0, 113, 9], headers: headers.collect(),
        };
        let case = Case { request, response: ResponseBlock { status: 200, ..ResponseBlock::default() } };
        prop_assert_eq!(case.in_lines(&sites[0]), case.in_blocks(&sites[1]));
    }

    #[test]
    fn any_bytes_are_refused_or_begin(lines in vec(prop_oneof![Just(b'\n'), Just(0), any::<u8>()], 0..64)) {
        let site = Site::new(TOML);
        if let Ok((exchange, _)) = begun_by_lines(&site, &lines, 0) {
            // SAFETY: it is live, and nobody uses it any more.
            unsafe { trackside_exchange_free(exchange) }
        }
    }
}
