//! What the signatures of this crate are made of has a name in it, for who depends on it alone.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{borrow::Cow, sync::Arc};

use trackside::{
    Annotations, Config, DailyKey, Moment, RESPONSE_HEADERS, Reason, Request, Response, Stage, Tracker,
    Value,
    enrich::{Channel, Enricher, Found},
    explain::Explanation,
    is_field_value, judge,
    protocol::Enriched,
    transport::Recording,
};

/// A filter that asks by which way a visitor came.
fn is_no_referral(hit: &Enriched<'_>) -> bool {
    hit.found.is_none_or(|found: &Found| found.channel() != Channel::Referral)
}

type Explain = fn(
    &Config,
    &Enricher,
    &Request<'_>,
    &Response<'_>,
    &Annotations<'_>,
    Moment,
    Option<&DailyKey>,
) -> Explanation;

#[test]
fn what_a_signature_names_can_be_named() {
    let _: Explain = trackside::explain::explain;
    let _: fn(&Config, &Request<'_>, Moment, Option<&DailyKey>) -> judge::Exchange = judge::begin;
    let _: Option<Stage> = None;
    assert!(RESPONSE_HEADERS.iter().any(|name| name == "content-type") && is_field_value(b"a"));

    let recording: Arc<Recording> = Arc::default();
    let tracker = Tracker::builder(Config::builder().toml("visitor.identity = 'none'").build().unwrap())
        .filter(is_no_referral)
        .transport(recording)
        .open()
        .unwrap();
    let request = Request::new("GET", "/", &[("host", "a.example"), ("accept", "text/html")]);
    let verdict = tracker.begin(&request).finish(
        &request,
        &Response::new(200, &[("content-type", "text/html")]),
        &Annotations::new(),
    );
    assert_eq!(verdict.reason(), None::<Reason>);
}

#[test]
fn values_are_made_of_what_hosts_have() {
    let text = String::from("red");
    for value in
        [Value::from("red"), Value::from(&text), Value::from(Cow::from("red")), Value::from(text.clone())]
    {
        assert_eq!(value, Value::Text("red".into()));
    }
    assert_eq!([Value::from(7), Value::from(7_u32), Value::from(7_f32)], [7.0, 7.0, 7.0].map(Value::Number));
}
