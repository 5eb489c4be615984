//! `only` of a `[[destination]]`.

use super::host;
use crate::{
    config::{Only, Wanted, reader::Section},
    hit::Kind,
};

const KINDS: &[(&str, Kind)] = &[
    ("page", Kind::Page),
    ("event", Kind::Event),
    ("download", Kind::Download),
    ("not-found", Kind::NotFound),
    ("search", Kind::Search),
];

const WANTED: &str = "\"page\", \"event\", \"download\", \"not-found\", \"search\", or the name of an event of 1 to 500 \
    bytes, as \"event:purchase\"";
const SITE: &str = "a host name alone, such as \"www.example.com\"";
/// Each is compared with every hit.
const MOST: usize = 256;
const MAX_EVENT: usize = 500;

pub(super) fn read(only: &mut Section<'_>) -> Only {
    let hits = only.list("hits", MOST, WANTED, |tree| wanted(tree.as_text()?)).or(Vec::new());
    let sites = only.list("sites", MOST, SITE, |tree| host::site(tree.as_text()?)).or(Vec::new());
    let visitors = only.number("visitors", 1..=100).or(100);
    Only { hits, sites, visitors: u32::try_from(visitors).unwrap_or(100) }
}

fn wanted(text: &str) -> Option<Wanted> {
    if let Some(name) = text.strip_prefix("event:") {
        return (1..=MAX_EVENT).contains(&name.len()).then(|| Wanted::Event(name.to_owned()));
    }
    KINDS.iter().find(|(word, _)| *word == text).map(|(_, kind)| Wanted::Kind(*kind))
}
