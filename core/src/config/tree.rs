//! The one tree into which every layer writes, whatever language it is written in.

use std::{borrow::Cow, collections::BTreeMap, fmt};

/// How many characters of a value an error shows.
const SHOWN: usize = 60;

/// A document before its keys have a meaning. It may hold secrets and so has no `Debug`.
#[derive(Clone, PartialEq)]
pub(super) enum Tree {
    Bool(bool),
    Float(f64),
    /// What no key takes, by its name: `null` of JSON, a date of TOML.
    Foreign(&'static str),
    Integer(i64),
    List(Vec<Tree>),
    /// A text of the environment, which becomes what its key asks for.
    Raw(String),
    Table(BTreeMap<String, Tree>),
    Text(String),
}

impl Tree {
    pub(super) fn table() -> Self {
        Self::Table(BTreeMap::new())
    }

    /// Lays `over` on top: tables are merged key by key, anything else is replaced. It goes no deeper
    /// than `over`, whose depth its parser has bounded.
    pub(super) fn merge(&mut self, over: Self) {
        match (self, over) {
            (Self::Table(below), Self::Table(over)) => {
                for (key, value) in over {
                    match below.get_mut(&key) {
                        Some(below) => below.merge(value),
                        None => {
                            below.insert(key, value);
                        }
                    }
                }
            }
            (below, over) => *below = over,
        }
    }

    /// The value of `key`, made if it is not there; what is no table becomes one.
    pub(super) fn entry(&mut self, key: &str) -> &mut Self {
        if !matches!(self, Self::Table(_)) {
            *self = Self::table();
        }
        match self {
            Self::Table(table) => table.entry(key.to_owned()).or_insert_with(Self::table),
            // OK because it was just made a table; the other arms only exist for the compiler.
            other => other,
        }
    }

    /// Sets the value at the end of `path`.
    pub(super) fn set(&mut self, path: &[&str], value: Self) {
        *path.iter().fold(self, |tree, key| tree.entry(key)) = value;
    }

    /// Adds to the list at the end of `path`; what is no list becomes one.
    pub(super) fn push(&mut self, path: &[&str], value: Self) {
        match path.iter().fold(self, |tree, key| tree.entry(key)) {
            Self::List(list) => list.push(value),
            other => *other = Self::List(vec![value]),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Raw(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Raw(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Raw(text) => integer(text),
            _ => None,
        }
    }
}

/// A number of the environment, written as TOML would have it: `10_000`.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let well_formed =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let text = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    text.parse().ok().filter(|_| well_formed)
}

/// How an error names the value: short, and in one line.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Foreign(name) => f.write_str(name),
            Self::Integer(value) => value.fmt(f),
            Self::List(_) => f.write_str("a list"),
            Self::Raw(text) => write!(f, "{} (environment)", quoted(text)),
            Self::Table(_) => f.write_str("a table"),
            Self::Text(text) => quoted(text).fmt(f),
        }
    }
}

/// `text` in quotes, cut, and with nothing in it that could harm a terminal or a log's line.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The path of `key` inside the table at `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A key that nobody knows, in quotes where TOML would want them.
pub(super) fn shown_key(key: &str) -> String {
    let bare = (1..=SHOWN).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}
