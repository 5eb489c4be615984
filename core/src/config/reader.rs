//! Walks the tree by the keys that the schema asks for, and reports what does not fit.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use super::{
    SecretSource,
    builder::Resolver,
    elsewhere::elsewhere,
    error::Report,
    nearest::nearest,
    tree::{Tree, join, quoted, shown_key},
    units,
};

/// What was found at a key.
#[derive(Clone, Copy)]
pub(super) enum Read<T> {
    Absent,
    Is(T),
    /// Something else, which has been reported.
    Wrong,
}

impl<T> Read<T> {
    /// The value, or what stands for it. What stands for a wrong one is never used: the report is not
    /// clean.
    pub(super) fn or(self, default: T) -> T {
        self.ok().unwrap_or(default)
    }

    pub(super) fn ok(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }

    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Read<U> {
        match self {
            Self::Absent => Read::Absent,
            Self::Is(value) => Read::Is(f(value)),
            Self::Wrong => Read::Wrong,
        }
    }

    /// What is in force, default included; none if that is not known.
    pub(super) fn settled(self, default: T) -> Option<T> {
        match self {
            Self::Absent => Some(default),
            Self::Is(value) => Some(value),
            Self::Wrong => None,
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// One table, whose keys are asked for one by one. What was never asked for is unknown.
pub(super) struct Section<'a> {
    path: String,
    left: BTreeMap<String, Tree>,
    known: Vec<&'static str>,
    /// Whether there is a table at all: if not, none of its keys is missed.
    is_table: bool,
    report: &'a Report,
}

impl<'a> Section<'a> {
    /// Reads the whole of `tree`.
    pub(super) fn root<T>(tree: Tree, report: &'a Report, read: impl FnOnce(&mut Section<'a>) -> T) -> T {
        Self::new(String::new(), tree, report).whole(read)
    }

    fn new(path: String, tree: Tree, report: &'a Report) -> Self {
        let (left, is_table) = match tree {
            Tree::Table(table) => (table, true),
            other => {
                report.add(path.clone(), format!("{other} is not a table of keys"));
                (BTreeMap::new(), false)
            }
        };
        Self { path, left, known: Vec::new(), is_table, report }
    }

    fn whole<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = read(&mut self);
        for key in self.left.keys() {
            let hint = match (elsewhere(key, &self.path), nearest(key, &self.known)) {
                (Some(place), _) => place,
                (None, Some(known)) => format!("did you mean \"{known}\"?"),
                (None, None) => format!("the keys here are {}", self.known.join(", ")),
            };
            self.report.add(self.path_of(&shown_key(key)), format!("unknown key; {hint}"));
        }
        value
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Something is wrong with `key`.
    pub(super) fn mistake(&self, key: &str, message: impl Into<String>) {
        self.report.add(self.path_of(key), message.into());
    }

    /// `key` has no default and is not given.
    pub(super) fn missing(&self, key: &str, message: impl Into<String>) {
        if self.is_table {
            self.report.missing(self.path_of(key), message.into());
        }
    }

    /// The value of `key` is likely not what was meant.
    pub(super) fn warn(&self, key: &str, message: impl std::fmt::Display) {
        self.report.warn(&self.path_of(key), message);
    }

    /// Takes `key` out of what is left, and remembers it as known.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Tree> {
        self.known.push(key);
        self.left.remove(key)
    }

    /// Whether `key`, which belongs elsewhere, is given here. It is taken out all the same.
    pub(super) fn take_foreign(&mut self, key: &str) -> bool {
        self.left.remove(key).is_some()
    }

    /// The value of `key` as `parse` sees it; what it refuses is reported as "not `expected`".
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&Tree) -> Option<T>,
    ) -> Read<T> {
        let Some(tree) = self.take(key) else {
            return Read::Absent;
        };
        match parse(&tree) {
            Some(value) => Read::Is(value),
            None => {
                self.mistake(key, format!("{tree} is not {expected}"));
                Read::Wrong
            }
        }
    }

    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Read<T> {
        self.read(key, expected, |tree| parse(tree.as_text()?))
    }

    pub(super) fn bool(&mut self, key: &'static str) -> Read<bool> {
        self.read(key, "true or false", Tree::as_bool)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Read<T> {
        self.text(key, &either(choices), |text| pick(text, choices))
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<usize>) -> Read<usize> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        self.read(key, &expected, |tree| {
            usize::try_from(tree.as_integer()?).ok().filter(|number| range.contains(number))
        })
    }

    /// A duration of at least `least`.
    pub(super) fn duration(&mut self, key: &'static str, least: Duration) -> Read<Duration> {
        let expected = if least.is_zero() {
            units::DURATION.to_owned()
        } else {
            format!("{} of at least {}", units::DURATION, units::duration_text(least))
        };
        self.text(key, &expected, |text| units::duration(text).filter(|duration| *duration >= least))
    }

    /// A size in bytes, above zero.
    pub(super) fn size(&mut self, key: &'static str) -> Read<usize> {
        self.read(key, units::SIZE, |tree| {
            let bytes = match tree.as_integer() {
                Some(bytes) => {
                    u64::try_from(bytes).ok().filter(|bytes| (1..=units::MAX_SIZE).contains(bytes))
                }
                None => units::size(tree.as_text()?),
            };
            usize::try_from(bytes?).ok()
        })
    }

    /// A list of at most `most` values, each as `parse` sees it; `expected` names one of them.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        most: usize,
        expected: &str,
        parse: impl Fn(&Tree) -> Option<T>,
    ) -> Read<Vec<T>> {
        let items = match self.items(key, "") {
            Read::Is(items) => items,
            Read::Absent => return Read::Absent,
            Read::Wrong => return Read::Wrong,
        };
        if items.len() > most {
            self.mistake(key, format!("{} entries are too many: at most {most}", items.len()));
            return Read::Wrong;
        }
        let mut values = Vec::with_capacity(items.len());
        let mut wrong = false;
        for (n, item) in items.iter().enumerate() {
            match parse(item) {
                Some(value) => values.push(value),
                None => {
                    wrong = true;
                    self.mistake(&format!("{key}[{n}]"), format!("{item} is not {expected}"));
                }
            }
        }
        if wrong { Read::Wrong } else { Read::Is(values) }
    }

    /// The table of `key`, read whole; an empty one if it is not there.
    pub(super) fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Section<'a>) -> T) -> T {
        let tree = self.take(key).unwrap_or_else(Tree::table);
        Section::new(self.path_of(key), tree, self.report).whole(read)
    }

    /// The tables of the list `key`, each read whole; `default` alone if there are none.
    pub(super) fn tables_or<T>(
        &mut self,
        key: &'static str,
        default: Tree,
        read: impl Fn(&mut Section<'a>) -> T,
    ) -> Vec<T> {
        let hint = format!(": in TOML, [[{key}]] in two pairs of brackets begins each entry");
        let mut items = self.items(key, &hint).or(Vec::new());
        if items.is_empty() {
            items.push(default);
        }
        let tables = items.into_iter().enumerate().map(|(n, tree)| {
            Section::new(format!("{}[{n}]", self.path_of(key)), tree, self.report).whole(&read)
        });
        tables.collect()
    }

    /// The entries of the list `key`; `hint` tells who wrote a table how a list of them is written.
    fn items(&mut self, key: &'static str, hint: &str) -> Read<Vec<Tree>> {
        match self.take(key) {
            None => Read::Absent,
            Some(Tree::List(items)) => Read::Is(items),
            Some(raw @ Tree::Raw(_)) => {
                let hint = "a list is given entry by entry, the first by the same name with __0 added";
                self.mistake(key, format!("{raw} is not a list: {hint}"));
                Read::Wrong
            }
            Some(table @ Tree::Table(_)) => {
                self.mistake(key, format!("{table} is not a list{hint}"));
                Read::Wrong
            }
            Some(other) => {
                self.mistake(key, format!("{other} is not a list: write its entries in brackets"));
                Read::Wrong
            }
        }
    }

    /// A secret, itself or where to find it. No message ever shows it.
    pub(super) fn secret(&mut self, key: &'static str, resolver: Option<&Resolver>) -> Read<String> {
        let Some(tree) = self.take(key) else {
            return Read::Absent;
        };
        let secret = match tree.as_text() {
            Some(text) => resolve(text, resolver),
            None => {
                Err("is not a text; write the secret in quotes, or \"env:NAME\" or \"file:PATH\"".to_owned())
            }
        };
        match secret {
            Ok(secret) => Read::Is(secret),
            Err(message) => {
                self.mistake(key, message);
                Read::Wrong
            }
        }
    }
}

fn resolve(text: &str, resolver: Option<&Resolver>) -> Result<String, String> {
    let source = match text.split_once(':') {
        Some(("env", name)) => Some(SecretSource::Env(name)),
        Some(("file", path)) => Some(SecretSource::File(path)),
        _ => None,
    };
    let (secret, from) = match source {
        None => (text.to_owned(), String::new()),
        Some(source) => {
            let from = format!(" ({})", quoted(text));
            let resolver = resolver.ok_or_else(|| {
                format!("cannot be looked up{from}: no resolver of secrets was given to the builder")
            })?;
            let mut secret =
                resolver(source).map_err(|error| format!("cannot be looked up{from}: {error}"))?;
            if matches!(source, SecretSource::File(_)) && secret.ends_with('\n') {
                secret.pop();
                if secret.ends_with('\r') {
                    secret.pop();
                }
            }
            (secret, from)
        }
    };
    if secret.is_empty() {
        Err(format!("is empty{from}"))
    } else if secret.contains(char::is_control) {
        Err(format!("holds a line break or another control character{from}; a secret is one line of text"))
    } else {
        Ok(secret)
    }
}

/// The words of a choice, as an error names them.
fn either<T>(choices: &[(&str, T)]) -> String {
    let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    words.join(" or ")
}

pub(super) fn pick<T: Copy>(text: &str, choices: &[(&str, T)]) -> Option<T> {
    choices.iter().find(|(word, _)| *word == text).map(|&(_, choice)| choice)
}
