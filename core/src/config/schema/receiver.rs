//! The `type` of a destination and the keys that not every type has.

use std::path::{Path, PathBuf};

use super::host;
use crate::config::{
    Receiver, Secret,
    builder::Resolver,
    reader::{Read, Section},
    tree::quoted,
    units,
};

pub(super) const STORE: &str = "trackside.db";
const GA_V1_URL: &str = "https://www.google-analytics.com/collect";
/// The task that comes with the Python binding.
const TASK: &str = "trackside.celery.submit_tracking";
const GA4_URL: &str = "https://www.google-analytics.com/mp/collect";

/// A `type`: the receivers that a destination may have.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Kind {
    Callback,
    Celery,
    File,
    GaV1,
    Ga4,
    Sqlite,
}

const KINDS: &[(&str, Kind)] = &[
    ("sqlite", Kind::Sqlite),
    ("file", Kind::File),
    ("ga4", Kind::Ga4),
    ("ga-v1", Kind::GaV1),
    ("callback", Kind::Callback),
    ("celery", Kind::Celery),
];

/// The types that are reached over the network by trackside itself.
const NETWORK: &[Kind] = &[Kind::Ga4, Kind::GaV1];

/// The keys that not every type has.
const OWN_KEYS: &[(&str, &[Kind])] = &[
    ("api_secret", &[Kind::Ga4]),
    ("ca", NETWORK),
    ("compression", NETWORK),
    ("keep", &[Kind::Sqlite]),
    ("measurement_id", &[Kind::Ga4]),
    ("path", &[Kind::Sqlite, Kind::File]),
    ("proxy", NETWORK),
    ("task", &[Kind::Celery]),
    ("timeouts", NETWORK),
    ("tracking_id", &[Kind::GaV1, Kind::Celery]),
    ("url", &[Kind::Ga4, Kind::GaV1, Kind::Celery]),
    ("version", &[Kind::GaV1, Kind::Celery]),
];

impl Kind {
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    pub(super) fn is_on_the_network(self) -> bool {
        NETWORK.contains(&self)
    }

    pub(super) fn is_third_party(self) -> bool {
        matches!(self, Self::GaV1 | Self::Ga4)
    }
}

/// The `type`, and the receiver with its own keys; none of the two, or no receiver, after a mistake.
pub(super) fn read(
    section: &mut Section<'_>,
    resolver: Option<&Resolver>,
) -> (Option<Kind>, Option<Receiver>) {
    let kind = section.choice("type", KINDS);
    if kind.is_absent() {
        section.missing(
            "type",
            "missing: write \"sqlite\", \"file\", \"ga4\", \"ga-v1\", \"callback\" or \"celery\"",
        );
    }
    let Some(kind) = kind.ok() else {
        for &(key, _) in OWN_KEYS {
            section.take(key);
        }
        return (None, None);
    };
    (Some(kind), receiver(section, kind, resolver))
}

/// The receiver and the keys that are its own; none after a mistake.
fn receiver(section: &mut Section<'_>, kind: Kind, resolver: Option<&Resolver>) -> Option<Receiver> {
    for (key, kinds) in OWN_KEYS {
        if !kinds.contains(&kind) && section.take_foreign(key) {
            let (owners, kind) = (owners(kinds), kind.name());
            section.mistake(
                key,
                format!("belongs to destinations of type {owners}, and this one is of type {kind}"),
            );
        }
    }
    match kind {
        Kind::Callback => Some(Receiver::Callback),
        Kind::Celery => Some(Receiver::Celery {
            task: section
                .text("task", "the name of a task such as \"analytics.tasks.submit_tracking\"", task)
                .or(TASK.to_owned()),
            url: url(section, GA_V1_URL),
            tracking_id: tracking_id(section),
            version: version(section),
        }),
        Kind::File => {
            let path = path(section);
            if path.is_absent() {
                section.missing("path", "missing: the file to write, or \"-\" for the standard output");
            }
            let path = path.ok()?;
            Some(Receiver::File { path: (path != Path::new("-")).then_some(path) })
        }
        Kind::GaV1 => Some(Receiver::GaV1 {
            url: url(section, GA_V1_URL),
            tracking_id: tracking_id(section),
            version: version(section),
        }),
        Kind::Ga4 => Some(Receiver::Ga4 {
            url: url(section, GA4_URL),
            measurement_id: measurement_id(section),
            api_secret: {
                let secret = section.secret("api_secret", resolver);
                if secret.is_absent() {
                    section.missing(
                        "api_secret",
                        "missing: the data stream's secret, as \"env:NAME\", \"file:PATH\" or itself",
                    );
                }
                Secret::new(secret.or(String::new()))
            },
        }),
        Kind::Sqlite => {
            let path = path(section).or(PathBuf::from(STORE));
            // SQLite reads these as a store of one connection and as a URI.
            if path == Path::new(":memory:") || path.to_str().is_some_and(|path| path.starts_with("file:")) {
                section.mistake(
                    "path",
                    format!(
                        "{} is not the path of a file, such as \"{STORE}\"",
                        quoted(&path.display().to_string())
                    ),
                );
            }
            let keep = section.text("keep", units::KEEP, units::keep).ok();
            Some(Receiver::Sqlite { path, keep })
        }
    }
}

/// The types of `kinds`, as a sentence names them.
fn owners(kinds: &[Kind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}

fn tracking_id(section: &mut Section<'_>) -> String {
    let id =
        section.text("tracking_id", "an id such as \"UA-12345-6\": 1 to 64 printable ASCII characters", word);
    if id.is_absent() {
        section.missing("tracking_id", "missing: the id of the property, such as \"UA-12345-6\"");
    }
    id.or(String::new())
}

fn version(section: &mut Section<'_>) -> String {
    section
        .text("version", "a version such as \"1\": 1 to 64 printable ASCII characters", word)
        .or("1".to_owned())
}

fn path(section: &mut Section<'_>) -> Read<PathBuf> {
    path_of(section, "path")
}

/// The path of a file, under `key`.
pub(super) fn path_of(section: &mut Section<'_>, key: &'static str) -> Read<PathBuf> {
    section.text(key, "the path of a file: not empty and without NUL", |text| {
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    })
}

fn url(section: &mut Section<'_>, default: &str) -> String {
    match section.take("url") {
        None => default.to_owned(),
        Some(tree) => tree.as_text().and_then(host::url).unwrap_or_else(|| {
            let shown =
                tree.as_text().map_or_else(|| tree.to_string(), |text| quoted(&host::shown_url(text)));
            section.mistake("url", format!("{shown} is not {}", host::URL));
            String::new()
        }),
    }
}

fn measurement_id(section: &mut Section<'_>) -> String {
    const EXPECTED: &str = "the id of a web data stream, \"G-\" and up to 32 capital letters and digits";
    let id = section.text("measurement_id", EXPECTED, |text| {
        let id = text.strip_prefix("G-")?;
        let fits =
            (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        fits.then(|| text.to_owned())
    });
    if id.is_absent() {
        section.missing("measurement_id", "missing: the id of the data stream, such as \"G-ABC123DEF4\"");
    }
    id.or(String::new())
}

/// The name of a task, as Celery makes it: that of a module, a dot and that of a function.
fn task(text: &str) -> Option<String> {
    let is_name = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && chars.all(|char| char == '_' || char.is_alphanumeric())
    };
    ((3..=255).contains(&text.len()) && text.contains('.') && text.split('.').all(is_name))
        .then(|| text.to_owned())
}

/// A short text that may stand in any request.
fn word(text: &str) -> Option<String> {
    ((1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
}
