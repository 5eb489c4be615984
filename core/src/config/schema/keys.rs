//! The keys that a receiver declares, read as it declares them.

use super::host;
use crate::{
    config::{
        Secret,
        builder::Resolver,
        reader::{Read, Section},
        tree::{Tree, quoted, shown_key},
    },
    protocol::{Absent, Given, Holds, Key, Values},
};

/// What `keys` hold, and whether all of them are right. What is wrong, or missing, is an empty text.
pub(super) fn read(
    section: &mut Section<'_>,
    keys: &'static [Key],
    resolver: Option<&Resolver>,
) -> (Values, bool) {
    let mut values = Values::default();
    let mut is_whole = true;
    for key in keys {
        let given = match (one(section, key, resolver), key.absent) {
            (Read::Is(given), _) => Some(given),
            (Read::Wrong, _) => {
                is_whole = false;
                None
            }
            (Read::Absent, Absent::Bool(value)) => Some(Given::Bool(value)),
            (Read::Absent, Absent::Mistake(what)) => {
                section.missing(key.name, format!("missing: {what}"));
                is_whole = false;
                None
            }
            (Read::Absent, Absent::Nothing) => None,
            (Read::Absent, Absent::Number(number)) => Some(Given::Number(number)),
            (Read::Absent, Absent::Text(text)) => Some(Given::Text(text.to_owned())),
        };
        if let Some(given) = given {
            values.put(key.name, given);
        }
    }
    (values, is_whole)
}

fn one(section: &mut Section<'_>, key: &Key, resolver: Option<&Resolver>) -> Read<Given> {
    let name = key.name;
    match key.holds {
        Holds::Bool => section.bool(name).map(Given::Bool),
        Holds::Number { least, most } => {
            let expected = format!("a number from {least} to {most}");
            let number = section.read(name, &expected, |tree| {
                u64::try_from(tree.as_integer()?).ok().filter(|number| (least..=most).contains(number))
            });
            number.map(Given::Number)
        }
        Holds::Numbers { most, expected, fits } => numbers(section, name, most, expected, fits),
        Holds::Secret => section.secret(name, resolver).map(|secret| Given::Secret(Secret::new(secret))),
        Holds::Text { expected, fits } => {
            section.text(name, expected, |text| fits(text).then(|| text.to_owned())).map(Given::Text)
        }
        Holds::Url => url(section, name),
        Holds::Word(words) => {
            let choices: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            section.choice(name, &choices).map(|word| Given::Text(word.to_owned()))
        }
    }
}

/// A URL may hold a password or a token, so that a message shows only what is none.
fn url(section: &mut Section<'_>, key: &'static str) -> Read<Given> {
    let Some(tree) = section.take(key) else {
        return Read::Absent;
    };
    if let Some(url) = tree.as_text().and_then(host::url) {
        return Read::Is(Given::Text(url));
    }
    let shown = tree.as_text().map_or_else(|| tree.to_string(), |text| quoted(&host::shown_url(text)));
    section.mistake(key, format!("{shown} is not {}", host::URL));
    Read::Wrong
}

fn numbers(
    section: &mut Section<'_>,
    key: &'static str,
    most: usize,
    expected: &str,
    fits: fn(&str, u64) -> bool,
) -> Read<Given> {
    let table = match section.take(key) {
        None => return Read::Absent,
        Some(Tree::Table(table)) => table,
        Some(other) => {
            section.mistake(key, format!("{other} is not a table, {expected}"));
            return Read::Wrong;
        }
    };
    if table.len() > most {
        section.mistake(key, format!("{} entries are too many: at most {most}", table.len()));
        return Read::Wrong;
    }
    let mut found = Vec::with_capacity(table.len());
    let mut is_wrong = false;
    for (name, value) in table {
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        match number.filter(|number| fits(&name, *number)) {
            Some(number) => found.push((name, number)),
            None => {
                section.mistake(&format!("{key}.{}", shown_key(&name)), format!("{value} is not {expected}"));
                is_wrong = true;
            }
        }
    }
    if is_wrong { Read::Wrong } else { Read::Is(Given::Numbers(found)) }
}
