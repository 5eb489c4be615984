//! The `type` of a destination and the keys that not every type has.

use std::path::{Path, PathBuf};

use super::{keys, network};
use crate::{
    config::{
        Receiver,
        builder::Resolver,
        nearest::nearest,
        reader::{self, Section},
        tree::quoted,
        units,
    },
    protocol::{self, Needs, ReceiverType, Remote, TYPES, ga_v1},
};

pub(super) const STORE: &str = "trackside.db";
/// The task that comes with the Python binding.
const TASK: &str = "trackside.celery.submit_tracking";
/// The longest name of a type: C has it in 16 bytes, with a NUL.
const MAX_NAME: usize = 15;
/// How many owners of a key are named to who gave it to another type.
const NAMED: usize = 3;

/// A `type`: the receivers that a destination may have.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Callback,
    Celery,
    File,
    Remote(&'static ReceiverType),
    Sqlite,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Celery => "celery",
            Self::File => "file",
            Self::Remote(kind) => kind.name,
            Self::Sqlite => "sqlite",
        }
    }

    /// Whether trackside itself reaches it over the network, where somebody else runs it.
    pub(super) fn is_remote(self) -> bool {
        matches!(self, Self::Remote(_))
    }

    /// The keys that not every type has.
    fn own_keys(self) -> Vec<&'static str> {
        let names = |keys: &'static [protocol::Key]| keys.iter().map(|key| key.name);
        match self {
            Self::Callback => Vec::new(),
            Self::Celery => names(ga_v1::TASK_KEYS).chain(["task"]).collect(),
            Self::File => vec!["path"],
            Self::Remote(kind) => names(kind.keys).chain(network::KEYS.iter().copied()).collect(),
            Self::Sqlite => vec!["path", "keep"],
        }
    }
}

/// Every type that there is, in the order in which they are told of: `more` are the host's own.
pub(super) fn kinds(root: &Section<'_>, more: &[&'static ReceiverType]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Sqlite, Kind::File];
    kinds.extend(TYPES.iter().map(|kind| Kind::Remote(kind)));
    kinds.extend([Kind::Callback, Kind::Celery]);
    for kind in more {
        match flaw(kind, &kinds) {
            Some(flaw) => root.mistake(
                "destination",
                format!("the type of receiver {} that the host gives {flaw}", quoted(kind.name)),
            ),
            None => kinds.push(Kind::Remote(kind)),
        }
    }
    kinds
}

/// Why a type of the host's own cannot be had.
fn flaw(kind: &ReceiverType, others: &[Kind]) -> Option<String> {
    let is_name = (1..=MAX_NAME).contains(&kind.name.len())
        && kind.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_name {
        return Some(format!("has no name of 1 to {MAX_NAME} of a-z, 0-9 and hyphen"));
    }
    if others.iter().any(|other| other.name() == kind.name) {
        return Some("is there already; give it another name".to_owned());
    }
    let taken = kind.keys.iter().find(|key| COMMON.contains(&key.name) || network::KEYS.contains(&key.name));
    taken
        .map(|key| format!("has a key \"{}\", which every destination has; call it something else", key.name))
}

/// The keys of every type.
const COMMON: &[&str] = &[
    "type",
    "name",
    "ip",
    "only",
    "set",
    "drop",
    "third_party",
    "workers",
    "queue",
    "batch",
    "timeout",
    "max_age",
    "after_unknown",
    "spool",
];

/// What is known of a receiver, even after a mistake.
pub(super) struct Read {
    pub(super) kind: Option<Kind>,
    pub(super) receiver: Option<Receiver>,
    pub(super) needs: Option<Needs>,
}

/// The `type`, and the receiver with its own keys.
pub(super) fn read(section: &mut Section<'_>, resolver: Option<&Resolver>, kinds: &[Kind]) -> Read {
    let Some(kind) = kind(section, kinds) else {
        for key in kinds.iter().flat_map(|kind| kind.own_keys()) {
            section.take(key);
        }
        return Read { kind: None, receiver: None, needs: None };
    };
    refuse_foreign(section, kind, kinds);
    let receiver = receiver(section, kind, resolver);
    let needs = receiver.as_ref().and_then(protocol::of).map(|protocol| protocol.needs());
    Read { kind: Some(kind), receiver, needs }
}

fn kind(section: &mut Section<'_>, kinds: &[Kind]) -> Option<Kind> {
    let words: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    let found = section.take("type");
    let Some(found) = found else {
        let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let words = match words.as_slice() {
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => String::new(),
        };
        section.missing("type", format!("missing: write {words}"));
        return None;
    };
    let kind = found.as_text().and_then(|text| kinds.iter().find(|kind| kind.name() == text));
    if kind.is_none() {
        let near = found.as_text().and_then(|text| nearest(text, &words));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
        let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
        section.mistake("type", format!("{found} is not {}{hint}", words.join(" or ")));
    }
    kind.copied()
}

/// Tells of the keys of other types where they belong.
fn refuse_foreign(section: &mut Section<'_>, kind: Kind, kinds: &[Kind]) {
    let own = kind.own_keys();
    let mut foreign: Vec<_> = kinds.iter().flat_map(|kind| kind.own_keys()).collect();
    foreign.sort_unstable();
    foreign.dedup();
    for key in foreign.into_iter().filter(|key| !own.contains(key)) {
        if section.take_foreign(key) {
            let owners: Vec<_> = kinds.iter().filter(|kind| kind.own_keys().contains(&key)).collect();
            let (owners, kind) = (named(&owners), kind.name());
            section.mistake(
                key,
                format!("belongs to destinations of type {owners}, and this one is of type {kind}"),
            );
        }
    }
}

/// The types of `kinds`, as a sentence names them.
fn named(kinds: &[&Kind]) -> String {
    let mut names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("others");
    }
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}

/// The receiver and the keys that are its own; none after a mistake.
fn receiver(section: &mut Section<'_>, kind: Kind, resolver: Option<&Resolver>) -> Option<Receiver> {
    match kind {
        Kind::Callback => Some(Receiver::Callback),
        Kind::Celery => {
            let task = section
                .text("task", "the name of a task such as \"analytics.tasks.submit_tracking\"", task)
                .or(TASK.to_owned());
            let (values, _) = keys::read(section, ga_v1::TASK_KEYS, resolver);
            let [url, tracking_id, version] =
                ["url", "tracking_id", "version"].map(|key| values.text(key).to_owned());
            let join = values.is_true("join");
            Some(Receiver::Celery { task, url, tracking_id, version, join })
        }
        Kind::File => {
            let path = path(section);
            if path.is_absent() {
                section.missing("path", "missing: the file to write, or \"-\" for the standard output");
            }
            let path = path.ok()?;
            Some(Receiver::File { path: (path != Path::new("-")).then_some(path) })
        }
        Kind::Remote(kind) => {
            let (values, is_whole) = keys::read(section, kind.keys, resolver);
            match (kind.make)(&values) {
                Ok(protocol) => Some(Receiver::Remote(Remote { kind, values, protocol })),
                Err(wrong) => {
                    if is_whole {
                        section.mistake(wrong.key, wrong.message);
                    }
                    None
                }
            }
        }
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

fn path(section: &mut Section<'_>) -> reader::Read<PathBuf> {
    path_of(section, "path")
}

/// The path of a file, under `key`.
pub(super) fn path_of(section: &mut Section<'_>, key: &'static str) -> reader::Read<PathBuf> {
    section.text(key, "the path of a file: not empty and without NUL", |text| {
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    })
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
