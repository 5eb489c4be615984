//! What the tests of several receivers begin with.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;

use super::{Enriched, Outgoing, Protocol};
use crate::{
    Config, Event,
    config::IpPolicy,
    enrich::{Enricher, Lists},
    hit::{Draft, Hit, Kind, sample, sample::MICROS},
};

/// Hits are sent so many microseconds after the sample's moment.
pub(super) const NOW: u64 = MICROS + 2_500_000;

pub(super) fn full(draft: &Draft<'_>) -> Hit {
    draft.seal(IpPolicy::Full)
}

pub(super) fn event<'a>(event: &'a Event<'a>) -> Draft<'a> {
    Draft { event: Some(event), title: "", ..sample::page() }
}

/// A hit of what trackside tells apart, with this label.
pub(super) fn told(kind: Kind, label: &str) -> Hit {
    let told = Event::new(kind.as_str()).label(label);
    full(&Draft { special: Some(kind), path: b"/files/a.pdf", query: b"", ..event(&told) })
}

/// The request that carries the leading ones of `hits`, at which a worker has looked, and how many it took.
pub(super) fn request(protocol: &dyn Protocol, hits: &[Hit]) -> (usize, Outgoing) {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let enricher = Enricher::new(&config, Arc::new(Lists::built_in()));
    // Clones of one hit are looked at once.
    let found: BTreeMap<_, _> = hits
        .iter()
        .map(|hit| (hit.place(), hit))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .map(|(place, hit)| (place, enricher.look(hit)))
        .collect();
    let batch: Vec<_> = hits.iter().map(|hit| Enriched::with(hit, &found[&hit.place()])).collect();
    let mut out = Outgoing::new();
    (protocol.encode(&batch, NOW, &mut out), out)
}

/// The body of that request, of which all hits are taken.
pub(super) fn body(protocol: &dyn Protocol, hits: &[Hit]) -> Json {
    let (taken, out) = request(protocol, hits);
    assert_eq!(taken, hits.len());
    serde_json::from_slice(out.payload()).unwrap()
}

/// A hit of which nothing is known but its visitor.
pub(super) fn bare() -> Draft<'static> {
    Draft {
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
    }
}

pub(super) const NASTY: &str = "\u{0}\u{1f}\"\\},{\r\n\u{2028}</script>";
/// [`NASTY`] without its control characters.
pub(super) const CLEAN: &str = "\u{fffd}\u{fffd}\"\\},{\r\n\u{2028}</script>";

/// An event all of whose texts try to break out of where they stand.
pub(super) fn hostile<'a>(event: &'a Event<'a>) -> Draft<'a> {
    Draft {
        path: b"/\0\"\x80#",
        query: b"\\=%zz",
        referrer: b"https://x/\"\n\xc3",
        agent: b"\0\"\\\xff\xfe",
        user_id: NASTY,
        ..self::event(event)
    }
}

pub(super) const HOSTILE_URL: &str = "https://shop.example/%00%22%80%23?%5C=%25zz";
pub(super) const HOSTILE_AGENT: &str = "\u{fffd}\"\\\u{fffd}\u{fffd}";

/// A hit with 10,000 properties, each of whose texts has a megabyte of `character`, as has everything else that the host
/// gives; what the client gives has ten kilobytes of it.
pub(super) fn largest(character: char, is_page: bool) -> Hit {
    let repeated =
        |bytes: usize| -> String { std::iter::repeat_n(character, bytes / character.len_utf8()).collect() };
    let (worst, long) = (repeated(1 << 20), repeated(10_000));
    let texts = (0..10_000).map(|n| (format!("k{n}").into(), worst.as_str().into()));
    let event = Event::new(worst.as_str()).category(worst.as_str()).label(worst.as_str()).value(f64::MAX);
    let event = (0..10_000).fold(event, |event, n| event.property(format!("k{n}"), worst.as_str()));
    let properties: Vec<_> = texts.collect();
    full(&Draft {
        site: "x".repeat(255).as_bytes(),
        path: format!("/{long}").as_bytes(),
        query: long.as_bytes(),
        referrer: format!("https://x.example/{long}").as_bytes(),
        agent: long.as_bytes(),
        title: &worst,
        user_id: &worst,
        event: (!is_page).then_some(&event),
        properties: &properties,
        ..sample::page()
    })
}
