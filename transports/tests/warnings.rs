//! What the request thread warns of, as a subscriber sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "kit/warnings.rs"]
mod kit;

use std::sync::Arc;

use trackside_core::{Annotations, Config, Request, Response, transport::Recording};
use trackside_transports::Tracker;

use self::kit::Warnings;

/// A tracker that sends nothing, and the warnings of this thread.
fn watched(toml: &str, test: impl FnOnce(&Tracker, &Warnings)) {
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        let config = Config::builder().toml("consent.policy = 'none'").toml(toml).build().unwrap();
        let tracker = Tracker::builder(config).transport(Arc::new(Recording::new())).open().unwrap();
        test(&tracker, &warnings);
    });
}

/// One page view.
fn visit(tracker: &Tracker, peer: &str, headers: &[(&str, &str)]) {
    let mut all = vec![("host", "www.example.com")];
    all.extend_from_slice(headers);
    let request = Request::new("GET", "/", &all).with_peer(peer.parse().ok());
    let response = Response::new(200, &[("content-type", "text/html")]);
    let verdict = tracker.begin(&request).finish(&request, &response, &Annotations::new());
    assert!(verdict.is_tracked() || verdict.reason().is_some());
}

const FORWARDED: &[(&str, &str)] = &[("x-forwarded-for", "198.51.100.1")];

#[test]
fn a_proxy_that_nobody_trusts_is_warned_of_once() {
    for (peer, says) in
        [("10.0.0.1", "came from 10.0.0.1 with x-forwarded-for"), ("", "a peer without an address")]
    {
        watched("", |tracker, warnings| {
            visit(tracker, peer, &[]);
            visit(tracker, "203.0.113.9", FORWARDED);
            assert!(warnings.take().is_empty(), "nothing shows a proxy yet");
            (0..3).for_each(|_| visit(tracker, peer, FORWARDED));
            let [warning] = &warnings.take()[..] else { panic!("{peer}: not one warning") };
            assert!(warning.contains(says) && warning.contains("`proxy.trusted`"), "{warning}");
            assert!(
                warning.contains(if peer.is_empty() { "[\"unix\"]" } else { "[\"private\"]" }),
                "{warning}"
            );
        });
    }
}

#[test]
fn the_last_of_the_first_thousand_is_still_seen_and_none_after_them() {
    watched("", |tracker, warnings| {
        (0..999).for_each(|_| visit(tracker, "10.0.0.1", &[]));
        visit(tracker, "10.0.0.1", FORWARDED);
        assert_eq!(warnings.take().len(), 1);
    });
    watched("", |tracker, warnings| {
        (0..1_000).for_each(|_| visit(tracker, "10.0.0.1", &[]));
        visit(tracker, "10.0.0.1", FORWARDED);
        assert!(warnings.take().is_empty());
    });
}

#[test]
fn who_trusts_proxies_or_counts_nothing_is_not_warned() {
    for toml in ["proxy.trusted = ['192.0.2.1']", "proxy.hops = 1", "mode = 'off'"] {
        watched(toml, |tracker, warnings| {
            visit(tracker, "10.0.0.1", FORWARDED);
            assert!(warnings.take().is_empty(), "{toml}");
        });
    }
}

#[test]
fn a_hundred_that_are_all_skipped_for_one_reason_are_warned_of_once() {
    for (toml, reason, key) in [
        ("site = ['a.example']", "unknown-site", "`site`"),
        ("track.ignore = ['/']", "ignored", "`track.ignore`"),
        ("track.only = ['/a']", "not-only", "`track.only`"),
        ("track.status = ['404']", "status", "`track.status`"),
        ("track.methods = ['POST']", "method", "`track.methods`"),
        ("track.content_types = ['text/plain']", "content-type", "`track.content_types`"),
    ] {
        watched(toml, |tracker, warnings| {
            (0..99).for_each(|_| visit(tracker, "203.0.113.9", &[]));
            assert!(warnings.take().is_empty(), "{toml}");
            (0..101).for_each(|_| visit(tracker, "203.0.113.9", &[]));
            let [warning] = &warnings.take()[..] else { panic!("{toml}: not one warning") };
            assert!(warning.contains(&format!("skipped({reason})")) && warning.contains(key), "{warning}");
        });
    }
}

#[test]
fn a_hundred_that_nobody_finishes_are_warned_of() {
    watched("", |tracker, warnings| {
        for _ in 0..100 {
            drop(tracker.begin(&Request::new("GET", "/", &[("host", "www.example.com")])));
        }
        let [warning] = &warnings.take()[..] else { panic!("not one warning") };
        assert!(warning.contains("skipped(abandoned)") && warning.contains("adapter"), "{warning}");
    });
}
