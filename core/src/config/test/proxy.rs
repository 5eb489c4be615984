//! `[proxy]`: what it means, and the mistakes that can be made with it.

use super::{mistakes, with_policy};
use crate::config::{Config, ProxyHeader};

#[test]
fn nobody_is_trusted_by_default() {
    for text in ["", "proxy = {}", "proxy.trusted = []", "proxy.hops = 0"] {
        let config = with_policy(text);
        assert!(!config.trusts_proxies() && config.more_headers().is_empty(), "{text}");
    }
}

#[test]
fn the_headers_that_are_read_are_told() {
    let told = |text: &str| {
        let config = with_policy(text);
        assert!(config.trusts_proxies());
        config.more_headers().iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told("proxy.hops = 2"), ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]);
    assert_eq!(told("proxy = { trusted = ['unix'], header = 'forwarded' }"), ["forwarded"]);
    assert_eq!(
        told("proxy = { trusted = ['private'], header = 'cf-connecting-ip' }"),
        ["cf-connecting-ip", "x-forwarded-proto", "x-forwarded-host"]
    );
}

#[test]
fn a_peer_is_trusted_or_not() {
    let trusted = |text: &str, peer: &str| with_policy(text).trusts_peer(peer.parse().ok());
    assert!(!trusted("", "127.0.0.1") && !trusted("", ""));
    assert!(
        trusted("proxy.trusted = ['private']", "127.0.0.1") && !trusted("proxy.trusted = ['private']", "")
    );
    assert!(trusted("proxy.trusted = ['unix']", "") && trusted("proxy.hops = 1", ""));
}

#[test]
fn a_builder_says_the_same() {
    let builder = || Config::builder().toml(super::POLICY);
    let config = builder().trusted_proxy("10.0.0.0/8").trusted_proxy("unix").build().unwrap();
    assert!(config.trusts_proxies());
    let config = builder().proxy_hops(1).proxy_header(ProxyHeader::XRealIp).build().unwrap();
    assert_eq!(config.more_headers()[0], "x-real-ip");
}

#[test]
fn mistakes_are_told_with_the_way_out() {
    for (text, path, says) in [
        ("proxy.trusted = '10.0.0.0/8'", "proxy.trusted", "is not a list: write its entries in brackets"),
        (
            "proxy.trusted = ['ok', 'private']",
            "proxy.trusted[0]",
            "\"ok\" is not a network such as \"10.0.0.0/8\"",
        ),
        ("proxy.trusted = ['private', 1]", "proxy.trusted[1]", "1 is not a network such as"),
        ("proxy.trusted = ['10.1.2.3/8']", "proxy.trusted[0]", "behind its first 8; write \"10.0.0.0/8\""),
        ("proxy.trusted = ['10.0.0.0/33']", "proxy.trusted[0]", "is not a network"),
        ("proxy.trusted = ['proxy.example']", "proxy.trusted[0]", "is not a network"),
        ("proxy.hops = 101", "proxy.hops", "101 is not a number from 0 to 100"),
        ("proxy.hops = -1", "proxy.hops", "-1 is not a number from 0 to 100"),
        (
            "proxy = { hops = 1, trusted = ['private'] }",
            "proxy.hops",
            "which is given too: write one of them",
        ),
        ("proxy = { hops = 2, header = 'x-real-ip' }", "proxy.hops", "x-real-ip has one address"),
        ("proxy = { hops = 1, header = 'X-Forwarded-For' }", "proxy.header", "is not \"x-forwarded-for\" or"),
        ("proxy.hop = 1", "proxy.hop", "did you mean \"hops\"?"),
        ("trusted = ['private']", "trusted", "\"trusted\" belongs to [proxy]"),
    ] {
        let told = mistakes(text);
        let [(at, message)] = &told[..] else { panic!("{text}: {told:?}") };
        assert_eq!(at, path, "{text}: {message}");
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    for (text, says) in [
        ("proxy.header = 'forwarded'", "proxy.header: it is not read, as no proxy is trusted"),
        ("proxy.trusted = ['0.0.0.0/0']", "proxy.trusted: a network of all addresses trusts every client"),
        ("proxy.trusted = ['::/0', 'unix']", "proxy.trusted: a network of all addresses trusts every client"),
    ] {
        let config = with_policy(text);
        let [warning] = config.warnings() else { panic!("{text}: {:?}", config.warnings()) };
        assert!(warning.starts_with(says), "{warning}");
    }
}
