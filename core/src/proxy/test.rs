//! Chains of proxies, and whose request it is.

use std::fmt::Write as _;

use super::{hops, node};
use crate::{Config, Request, decide::Facts};

/// Peer, headers, and what is expected: the address and, where they are not the peer's own, scheme and host.
type Chain<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

const DIRECT: &str = "http www.example.com";

/// The address, the scheme and the host of a request of `peer`, which is none if it is empty.
fn seen(config: &Config, peer: &str, headers: &[(&str, &str)]) -> String {
    let mut all = vec![("host", "www.example.com")];
    all.extend_from_slice(headers);
    let request = Request::new("GET", "/", &all).with_peer(peer.parse().ok());
    let facts = Facts::new(config, &request);
    // Step by step, as it is shown to a person, the walk comes to the same.
    let (hops, _) = hops(config.proxies.as_ref(), &request);
    let is_end = |hop: &super::Hop| hop.is_trusted || hop.view.starts_with("the client");
    let end = hops.iter().rfind(|hop| is_end(hop)).and_then(|hop| node::address(hop.entry.as_bytes()));
    assert_eq!(end, facts.address.map(|address| address.to_canonical()), "{peer} {headers:?}: {hops:?}");
    let address = facts.address.map_or_else(|| "nobody".to_owned(), |address| address.to_string());
    let scheme = if facts.is_secure { "https" } else { "http" };
    format!("{address} {scheme} {}", String::from_utf8_lossy(facts.site()))
}

fn config(proxy: &str) -> Config {
    Config::builder().toml(&format!("consent.policy = 'none'\nproxy = {{ {proxy} }}")).build().unwrap()
}

#[track_caller]
fn each(proxy: &str, chains: &[Chain<'_>]) {
    let config = config(proxy);
    for (peer, headers, expected) in chains {
        let expected =
            if expected.contains(' ') { (*expected).to_owned() } else { format!("{expected} {DIRECT}") };
        assert_eq!(seen(&config, peer, headers), expected, "{proxy}: {peer} {headers:?}");
    }
}

const XFF: &str = "x-forwarded-for";

#[test]
fn nobody_is_believed_until_named() {
    let told = [
        (XFF, "198.51.100.1"),
        ("forwarded", "for=198.51.100.1;proto=https;host=forged.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "forged.example"),
        ("x-real-ip", "198.51.100.1"),
        ("cf-connecting-ip", "198.51.100.1"),
    ];
    for proxy in ["", "trusted = []", "hops = 0"] {
        each(
            proxy,
            &[("10.0.0.1", &told, "10.0.0.1"), ("203.0.113.9", &told, "203.0.113.9"), ("", &told, "nobody")],
        );
    }
}

#[test]
fn x_forwarded_for_is_walked_from_the_right() {
    each(
        "trusted = ['10.0.0.0/8', '2001:db8:aaaa::/48']",
        &[
            ("10.0.0.1", &[(XFF, "198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", &[("X-Forwarded-For", "198.51.100.1")], "198.51.100.1"),
            ("::ffff:10.0.0.1", &[(XFF, "::ffff:198.51.100.1")], "198.51.100.1"),
            ("2001:db8:aaaa::1", &[(XFF, "2001:db8::7")], "2001:db8::7"),
            ("10.0.0.1", &[(XFF, "[2001:db8::7]:51234")], "2001:db8::7"),
            ("10.0.0.1", &[(XFF, "198.51.100.1:51234")], "198.51.100.1"),
            // What the client forged stands to the left.
            ("10.0.0.1", &[(XFF, "192.0.2.66, 198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", &[(XFF, "192.0.2.66,198.51.100.1, 10.0.0.3 ,10.0.0.2")], "198.51.100.1"),
            ("10.0.0.1", &[(XFF, "10.0.0.9, 198.51.100.1, 10.0.0.2")], "198.51.100.1"),
            // Everybody is one of ours.
            ("10.0.0.1", &[(XFF, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, " , ,")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, ",198.51.100.1, ,")], "198.51.100.1"),
            // Whoever is not trusted himself is not believed.
            ("203.0.113.9", &[(XFF, "198.51.100.1")], "203.0.113.9"),
            ("11.0.0.1", &[(XFF, "198.51.100.1, 10.0.0.2")], "11.0.0.1"),
            ("", &[(XFF, "198.51.100.1")], "nobody"),
        ],
    );
}

#[test]
fn what_is_no_address_ends_the_walk() {
    each(
        "trusted = ['10.0.0.0/8']",
        &[
            ("10.0.0.1", &[(XFF, "unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "198.51.100.1, unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "198.51.100.1, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(XFF, "198.51.100.1, _x, 10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(XFF, "192.0.2.66 198.51.100.1")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "198.51.100.1;")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "\"198.51.100.1\"")], "10.0.0.1"),
            // Behind the client nobody looks.
            ("10.0.0.1", &[(XFF, "unknown, 198.51.100.1, 10.0.0.2")], "198.51.100.1"),
        ],
    );
}

#[test]
fn several_lines_are_one_list() {
    each(
        "trusted = ['10.0.0.0/8']",
        &[
            ("10.0.0.1", &[(XFF, "192.0.2.66"), (XFF, "198.51.100.1")], "198.51.100.1"),
            (
                "10.0.0.1",
                &[(XFF, "192.0.2.66, 198.51.100.1"), (XFF, "10.0.0.3"), (XFF, "10.0.0.2")],
                "198.51.100.1",
            ),
            ("10.0.0.1", &[(XFF, "10.0.0.4"), (XFF, ""), (XFF, "10.0.0.2")], "10.0.0.4"),
            ("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "unknown, 10.0.0.3"), (XFF, "10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "unknown"), (XFF, "10.0.0.2")], "10.0.0.2"),
        ],
    );
    each(
        "hops = 2",
        &[
            ("10.0.0.1", &[(XFF, "192.0.2.66"), (XFF, "198.51.100.1, 203.0.113.9")], "198.51.100.1"),
            ("10.0.0.1", &[(XFF, "192.0.2.66, 198.51.100.1"), (XFF, "203.0.113.9")], "198.51.100.1"),
            ("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "unknown, 203.0.113.9")], "203.0.113.9"),
        ],
    );
}

#[test]
fn private_is_every_private_address_and_unix_a_socket() {
    each(
        "trusted = ['private']",
        &[
            ("127.0.0.1", &[(XFF, "198.51.100.1, 192.168.0.2, 172.16.3.4")], "198.51.100.1"),
            ("::1", &[(XFF, "198.51.100.1, fd00::1")], "198.51.100.1"),
            ("100.64.0.1", &[(XFF, "198.51.100.1")], "100.64.0.1"),
            ("", &[(XFF, "198.51.100.1")], "nobody"),
        ],
    );
    each(
        "trusted = ['unix']",
        &[
            ("", &[(XFF, "192.0.2.66, 198.51.100.1")], "198.51.100.1"),
            ("", &[(XFF, "unknown")], "nobody"),
            ("", &[], "nobody"),
            ("127.0.0.1", &[(XFF, "198.51.100.1")], "127.0.0.1"),
        ],
    );
}

#[test]
fn hops_are_counted_from_the_peer() {
    let forged = "192.0.2.66, 198.51.100.1, 203.0.113.9";
    each(
        "hops = 1",
        &[
            ("203.0.113.10", &[(XFF, forged)], "203.0.113.9"),
            ("", &[(XFF, forged)], "203.0.113.9"),
            ("203.0.113.10", &[], "203.0.113.10"),
            ("203.0.113.10", &[(XFF, "192.0.2.66, unknown")], "203.0.113.10"),
        ],
    );
    each(
        "hops = 2",
        &[
            ("203.0.113.10", &[(XFF, forged)], "198.51.100.1"),
            ("203.0.113.10", &[(XFF, "_x, 198.51.100.1, 203.0.113.9")], "198.51.100.1"),
            // One of the two was gone round, or cut the list.
            ("203.0.113.10", &[(XFF, "203.0.113.9")], "203.0.113.9"),
            ("203.0.113.10", &[(XFF, "198.51.100.1, unknown")], "203.0.113.10"),
            ("203.0.113.10", &[(XFF, "unknown, 203.0.113.9")], "203.0.113.9"),
        ],
    );
    each(
        "hops = 3",
        &[("", &[(XFF, "192.0.2.66, 198.51.100.1,, 203.0.113.9, 203.0.113.8,")], "198.51.100.1")],
    );
}

const F: &str = "forwarded";

#[test]
fn forwarded_is_walked_from_the_right() {
    each(
        "trusted = ['10.0.0.0/8'], header = 'forwarded'",
        &[
            ("10.0.0.1", &[(F, "for=198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", &[(F, "FOR=\"[2001:db8:cafe::17]:4711\"")], "2001:db8:cafe::17"),
            ("10.0.0.1", &[(F, "for=\"198.51.100.1:_p\";by=_me")], "198.51.100.1"),
            ("10.0.0.1", &[(F, "for=\"\\1\\98.51.100.1\"")], "198.51.100.1"),
            ("10.0.0.1", &[(F, "for=198.51.100.1:4711")], "198.51.100.1"),
            (
                "10.0.0.1",
                &[(F, "for=192.0.2.66, for=198.51.100.1;proto=https, for=10.0.0.2")],
                "198.51.100.1 https www.example.com",
            ),
            (
                "10.0.0.1",
                &[(F, "for=192.0.2.66"), (F, "for=198.51.100.1"), (F, "for=10.0.0.2")],
                "198.51.100.1",
            ),
            ("10.0.0.1", &[(F, "for=10.0.0.3, for=10.0.0.2")], "10.0.0.3"),
            ("10.0.0.1", &[(F, "for=198.51.100.1, for=unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(F, "for=198.51.100.1, for=_hidden, for=10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(F, "for=198.51.100.1, by=10.0.0.9")], "10.0.0.1"),
            ("10.0.0.1", &[(F, "nonsense, for=198.51.100.1")], "198.51.100.1"),
            ("203.0.113.9", &[(F, "for=198.51.100.1;proto=https")], "203.0.113.9"),
            ("10.0.0.1", &[(XFF, "198.51.100.1"), ("x-forwarded-proto", "https")], "10.0.0.1"),
        ],
    );
    each(
        "hops = 2, header = 'forwarded'",
        &[
            (
                "203.0.113.9",
                &[(F, "for=192.0.2.66;proto=https, for=198.51.100.1, for=203.0.113.8")],
                "198.51.100.1",
            ),
            ("", &[(F, "for=192.0.2.66"), (F, "for=198.51.100.1, for=203.0.113.8")], "198.51.100.1"),
            ("", &[(F, "for=198.51.100.1, for=unknown")], "nobody"),
        ],
    );
}

/// A quote that a client opens swallows what a proxy adds: then nothing of the line is believed.
#[test]
fn an_open_quote_gains_nothing() {
    let proxy = "trusted = ['10.0.0.0/8'], header = 'forwarded'";
    for forged in [
        "for=\"",
        "for=192.0.2.66;x=\"",
        "for=192.0.2.66, \"",
        "for=192.0.2.66\", for=\"",
        "for=192.0.2.66;x=\"\\",
    ] {
        for added in
            ["for=198.51.100.1", "for=\"[2001:db8::1]:80\";proto=https", "for=198.51.100.1;host=\"a\""]
        {
            let line = format!("{forged}, {added}");
            each(proxy, &[("10.0.0.1", &[(F, &line)], "10.0.0.1")]);
        }
        each(proxy, &[("10.0.0.1", &[(F, forged), (F, "for=198.51.100.1")], "198.51.100.1")]);
    }
}

#[test]
fn a_single_value_is_believed_if_the_peer_is() {
    for (header, name) in [
        ("cf-connecting-ip", "CF-Connecting-IP"),
        ("x-real-ip", "x-real-ip"),
        ("fly-client-ip", "Fly-Client-IP"),
    ] {
        each(
            &format!("trusted = ['10.0.0.0/8'], header = '{header}'"),
            &[
                ("10.0.0.1", &[(name, "198.51.100.1")], "198.51.100.1"),
                ("10.0.0.1", &[(name, " 2001:db8::7 ")], "2001:db8::7"),
                ("10.0.0.1", &[(name, "10.0.0.7")], "10.0.0.7"),
                ("203.0.113.9", &[(name, "198.51.100.1")], "203.0.113.9"),
                ("10.0.0.1", &[(name, "192.0.2.66"), (name, "198.51.100.1")], "10.0.0.1"),
                ("10.0.0.1", &[(name, "192.0.2.66, 198.51.100.1")], "10.0.0.1"),
                ("10.0.0.1", &[(name, "unknown")], "10.0.0.1"),
                ("10.0.0.1", &[(name, "")], "10.0.0.1"),
                ("10.0.0.1", &[(XFF, "198.51.100.1")], "10.0.0.1"),
            ],
        );
        each(
            &format!("hops = 1, header = '{header}'"),
            &[("203.0.113.9", &[(name, "198.51.100.1")], "198.51.100.1")],
        );
    }
}

#[test]
fn scheme_and_host_are_believed_by_the_same_rule() {
    const P: &str = "x-forwarded-proto";
    const H: &str = "x-forwarded-host";
    let told = [(XFF, "198.51.100.1"), (P, "https"), (H, "shop.example:443")];
    each(
        "trusted = ['10.0.0.0/8']",
        &[
            ("10.0.0.1", &told, "198.51.100.1 https shop.example"),
            ("203.0.113.9", &told, "203.0.113.9"),
            ("10.0.0.1", &[(P, "HTTPS")], "10.0.0.1 https www.example.com"),
            ("10.0.0.1", &[(P, "wss")], "10.0.0.1 https www.example.com"),
            ("10.0.0.1", &[(P, "ftp"), (H, "not a host")], "10.0.0.1"),
            ("10.0.0.1", &[(H, "a.example, b.example")], "10.0.0.1 http b.example"),
            // At the client's place, from the right.
            (
                "10.0.0.1",
                &[(XFF, "198.51.100.1, 10.0.0.2"), (P, "http, https, http")],
                "198.51.100.1 https www.example.com",
            ),
            ("10.0.0.1", &[(XFF, "192.0.2.66, 198.51.100.1"), (P, "https, http")], "198.51.100.1"),
            (
                "10.0.0.1",
                &[(XFF, "198.51.100.1, 10.0.0.2"), (P, "https")],
                "198.51.100.1 https www.example.com",
            ),
            (
                "10.0.0.1",
                &[(XFF, "198.51.100.1"), (XFF, "10.0.0.2"), (P, "https"), (P, "http")],
                "198.51.100.1 https www.example.com",
            ),
        ],
    );
    each(
        "trusted = ['10.0.0.0/8'], header = 'forwarded'",
        &[
            (
                "10.0.0.1",
                &[(F, "for=198.51.100.1;proto=https;host=\"shop.example:443\"")],
                "198.51.100.1 https shop.example",
            ),
            ("10.0.0.1", &[(F, "proto=https;host=shop.example")], "10.0.0.1 https shop.example"),
            ("10.0.0.1", &[(F, "for=192.0.2.66;proto=https, for=198.51.100.1;proto=http")], "198.51.100.1"),
            (
                "10.0.0.1",
                &[(F, "for=198.51.100.1, for=10.0.0.2;proto=https")],
                "198.51.100.1 https www.example.com",
            ),
            ("10.0.0.1", &[(F, "for=198.51.100.1;host=\"a\\b\";proto=\"ht\\tps\"")], "198.51.100.1"),
            ("10.0.0.1", &[(F, "for=192.0.2.66;proto=https, nonsense")], "10.0.0.1"),
        ],
    );
}

#[test]
fn what_the_host_has_found_out_itself_is_not_found_out_again() {
    let config = config("trusted = ['10.0.0.0/8']");
    let headers = [("host", "www.example.com"), (XFF, "192.0.2.66"), ("x-forwarded-host", "b.example")];
    let request = Request::new("GET", "/", &headers).with_peer("10.0.0.1".parse().ok());
    let resolved = request.with_resolved(true);
    let facts = Facts::new(&config, &resolved);
    assert_eq!((facts.address, facts.site()), ("10.0.0.1".parse().ok(), &b"www.example.com"[..]));
    let named = request.with_authority(Some(b"site.example"));
    let facts = Facts::new(&config, &named);
    assert_eq!((facts.address, facts.site()), ("192.0.2.66".parse().ok(), &b"site.example"[..]));
}

/// Chains longer than any server lets through, of everything that stands in one: a walk whose time grew with the
/// square of the length would not end here.
#[test]
fn long_chains_take_linear_time() {
    let pieces = [
        "10.0.0.2",
        "198.51.100.1",
        "unknown",
        ",",
        "for=10.0.0.2;proto=https",
        "for=\"10.0.0.2\"",
        "\"",
        "for=\"[::1",
        ";;;;",
        "=\\\"",
        "\\",
    ];
    for proxy in [
        "trusted = ['10.0.0.0/8']",
        "hops = 100",
        "trusted = ['10.0.0.0/8'], header = 'forwarded'",
        "hops = 100, header = 'forwarded'",
    ] {
        let config = config(proxy);
        for piece in pieces {
            let mut line = String::new();
            for _ in 0..20_000 {
                write!(line, "{piece}, ").unwrap();
            }
            let lines: Vec<_> =
                (0..1_000).map(|_| (XFF, piece)).chain((0..1_000).map(|_| (F, piece))).collect();
            let (long, many) =
                (seen(&config, "10.0.0.1", &[(XFF, &line), (F, &line)]), seen(&config, "10.0.0.1", &lines));
            assert!(long.ends_with(DIRECT) || long.contains("https"), "{proxy}, {piece}: {long}");
            assert!(many.ends_with(DIRECT) || many.contains("https"), "{proxy}, {piece}: {many}");
        }
    }
}

#[test]
fn a_chain_of_a_thousand_hops_has_one_client() {
    let mut chain = "192.0.2.66, 198.51.100.1".to_owned();
    for n in 0..1_000 {
        write!(chain, ", 10.0.{}.{}", n / 250, n % 250).unwrap();
    }
    each("trusted = ['10.0.0.0/8']", &[("10.0.0.1", &[(XFF, &chain)], "198.51.100.1")]);
    let chain = format!("for={}", chain.replace(", ", ", for="));
    each("trusted = ['10.0.0.0/8'], header = 'forwarded'", &[("10.0.0.1", &[(F, &chain)], "198.51.100.1")]);
}
