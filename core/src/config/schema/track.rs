//! `[track]`.

use std::{collections::HashSet, path::PathBuf};

use super::visitor::is_token;
use crate::{
    config::{
        Bots, Count, Track,
        reader::{Read, Section},
        tree::{Tree, quoted},
    },
    decide::{COMMON, ContentTypes, Downloads, Methods, Patterns, Statuses},
};

pub(super) const COUNT: Count = Count::Pages;
pub(in crate::config) const COUNTS: &[(&str, Count)] = &[("pages", Count::Pages), ("api", Count::Api)];

pub(in crate::config) const BOTS: &[(&str, Bots)] =
    &[("separate", Bots::Separate), ("drop", Bots::Drop), ("keep", Bots::Keep)];

const MAX_PATTERNS: usize = 65_536;
const MAX_PATTERN: usize = 2_048;
/// More entries than there are statuses, methods or types to name.
const MAX_ENTRIES: usize = 1_000;
const MAX_WORD: usize = 256;

/// What is counted, and the rules for it; no rules only after a mistake. And whether paths have one spelling.
pub(super) fn read(track: &mut Section<'_>) -> (Read<Count>, Option<Track>, bool) {
    let count = track.choice("count", COUNTS);
    let preset = count.or(COUNT);
    let (ignore, only) = (patterns(track, "ignore"), patterns(track, "only"));
    let status = statuses(track, preset);
    let methods = methods(track, preset);
    let content_types = content_types(track, preset);
    let fragments = track.bool("fragments").or(preset == Count::Api);
    let bots = track.choice("bots", BOTS).or(match preset {
        Count::Api => Bots::Keep,
        Count::Pages => Bots::Separate,
    });
    let (bots_allow, bots_deny) = (agents(track, "bots_allow"), agents(track, "bots_deny"));
    let bots_list = bots_list(track, bots);
    let (downloads, search) = (downloads(track), search(track));
    let not_found = track.bool("not_found").or(false);
    let canonical = track.bool("canonical").or(false);
    let rules = ignore.zip(only);
    let rules = rules.map(|(ignore, only)| Track {
        ignore,
        only,
        status,
        methods,
        content_types,
        fragments,
        downloads,
        not_found,
        search,
        bots,
        bots_allow,
        bots_deny,
        bots_list,
    });
    (count, rules, canonical)
}

fn patterns(track: &mut Section<'_>, key: &'static str) -> Option<Patterns> {
    let texts = track.list(
        key,
        MAX_PATTERNS,
        "a path's beginning or a pattern with *, of at most 2048 bytes",
        |tree| tree.as_text().filter(|text| text.len() <= MAX_PATTERN).map(str::to_owned),
    );
    let mut texts = texts.or(Vec::new());
    for (n, text) in texts.iter().enumerate() {
        let key = format!("{key}[{n}]");
        if text.is_empty() {
            track.warn(&key, "an empty pattern covers every path");
        } else if !text.starts_with(['/', '*']) {
            let shown = quoted(text);
            track.warn(&key, format_args!("{shown} begins with neither / nor *, and so covers no path"));
        } else if text.contains(['?', '#']) {
            let shown = quoted(text);
            track.warn(
                &key,
                format_args!("{shown} has a ? or #: it is compared with the path alone, without its query"),
            );
        } else if is_encoded(text) {
            let shown = quoted(text);
            track.warn(
                &key,
                format_args!("{shown} is percent-encoded, and paths are decoded before; write it decoded"),
            );
        }
    }
    // The same glob many times over would be tried as many times.
    let mut distinct = HashSet::new();
    texts.retain(|text| distinct.insert(text.clone()));
    Patterns::new(texts).map_err(|error| track.mistake(key, error)).ok()
}

fn is_encoded(text: &str) -> bool {
    let is_pair = |w: &[u8]| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit();
    text.as_bytes().windows(3).any(is_pair)
}

fn agents(track: &mut Section<'_>, key: &'static str) -> Vec<String> {
    let expected = "a part of an agent, of 1 to 256 bytes and not of * alone";
    let is_part = |text: &&str| text.len() <= MAX_WORD && text.bytes().any(|byte| byte != b'*');
    track
        .list(key, MAX_ENTRIES, expected, |tree| tree.as_text().filter(is_part).map(str::to_owned))
        .or(Vec::new())
}

fn bots_list(track: &mut Section<'_>, bots: Bots) -> Option<PathBuf> {
    let path = track.text("bots_list", "the path of a file: not empty and without NUL", |text| {
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    });
    if !path.is_absent() && bots == Bots::Keep {
        track.warn("bots_list", "it is not read, as nobody looks for bots with bots = \"keep\"");
    }
    path.ok().filter(|_| bots != Bots::Keep)
}

fn statuses(track: &mut Section<'_>, preset: Count) -> Statuses {
    let given = list(track, "status", r#"a status such as "200", "2xx" or "200-299""#, |tree| {
        let entry = match (tree.as_text(), tree.as_integer()) {
            (Some(text), _) => text.to_owned(),
            (None, integer) => integer?.to_string(),
        };
        Statuses::default().add(&entry).then_some(entry)
    });
    let preset = match preset {
        Count::Api => ["2xx"].as_slice(),
        Count::Pages => &["200", "304"],
    };
    let mut statuses = Statuses::default();
    for entry in given.unwrap_or_else(|| preset.iter().map(|&entry| entry.to_owned()).collect()) {
        // OK because every entry has just been tried, or is one of the two above.
        let _known = statuses.add(&entry);
    }
    statuses
}

fn methods(track: &mut Section<'_>, preset: Count) -> Methods {
    let given = list(track, "methods", r#"a method, such as "GET""#, |tree| {
        tree.as_text().filter(|text| is_token(text)).map(str::to_owned)
    });
    match (given, preset) {
        (Some(methods), _) => Methods::Only(methods),
        (None, Count::Api) => Methods::AllButProbes,
        (None, Count::Pages) => Methods::Only(vec!["GET".to_owned()]),
    }
}

fn content_types(track: &mut Section<'_>, preset: Count) -> ContentTypes {
    let given =
        list(track, "content_types", r#"a content type without parameters, such as "text/html""#, |tree| {
            let (kind, subtype) = tree.as_text()?.split_once('/')?;
            let well_formed = is_token(kind) && is_token(subtype) && kind != "*" && subtype != "*";
            well_formed.then(|| format!("{kind}/{subtype}").to_ascii_lowercase())
        });
    match (given, preset) {
        (Some(types), _) => ContentTypes::Only(types),
        (None, Count::Api) => ContentTypes::Any,
        (None, Count::Pages) => {
            ContentTypes::Only(vec!["text/html".to_owned(), "application/xhtml+xml".to_owned()])
        }
    }
}

fn downloads(track: &mut Section<'_>) -> Downloads {
    const EXPECTED: &str =
        r#""common", "attachment", an extension such as "pdf" or a content type without parameters"#;
    let given = track.list("downloads", MAX_ENTRIES, EXPECTED, |tree| {
        let text = tree.as_text()?.to_ascii_lowercase();
        let is_well_formed = match text.split_once('/') {
            Some((kind, subtype)) => is_token(kind) && is_token(subtype) && kind != "*" && subtype != "*",
            None => {
                let extension = text.strip_prefix('.').unwrap_or(&text);
                !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_alphanumeric())
            }
        };
        is_well_formed.then_some(text)
    });
    let mut downloads = Downloads::default();
    for entry in given.or(Vec::new()) {
        match entry.as_str() {
            "attachment" => downloads.attachment = true,
            "common" => {
                downloads.attachment = true;
                downloads.extensions.extend(COMMON.map(str::to_owned));
            }
            _ if entry.contains('/') => downloads.types.push(entry),
            extension => downloads.extensions.push(extension.trim_start_matches('.').to_owned()),
        }
    }
    downloads
}

fn search(track: &mut Section<'_>) -> Vec<String> {
    let given = track.list("search", 64, r#"a parameter's name, such as "q", of 1 to 128 bytes"#, |tree| {
        tree.as_text().filter(|text| (1..=128).contains(&text.len())).map(str::to_owned)
    });
    given.or(Vec::new())
}

/// A list that would count nothing if it were empty; none if it is not given, or wrong.
fn list<T>(
    track: &mut Section<'_>,
    key: &'static str,
    expected: &str,
    parse: impl Fn(&Tree) -> Option<T>,
) -> Option<Vec<T>> {
    let given = track.list(key, MAX_ENTRIES, expected, parse).ok()?;
    if given.is_empty() {
        track.mistake(
            key,
            format!("an empty list would count nothing; name at least {expected}, or leave it out"),
        );
    }
    Some(given)
}
