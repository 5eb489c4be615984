//! `set` and `drop` of a `[[destination]]`: what is changed about its hits.

use super::host;
use crate::{
    Value,
    config::{
        reader::{Read, Section},
        tree::{Tree, quoted, shown_key},
    },
    hit::{Edit, Text, cap},
};

/// The texts of a hit that can be set: their names, and the longest that a record holds.
const TEXTS: &[(&str, Text, usize)] = &[
    ("agent", Text::Agent, cap::AGENT),
    ("category", Text::Category, cap::EVENT),
    ("label", Text::Label, cap::EVENT),
    ("language", Text::Language, cap::LANGUAGE),
    ("name", Text::Name, cap::EVENT),
    ("path", Text::Path, cap::URL),
    ("query", Text::Query, cap::URL),
    ("referrer", Text::Referrer, cap::URL),
    ("route", Text::Route, cap::URL),
    ("title", Text::Title, cap::TITLE),
    ("user_id", Text::UserId, cap::USER_ID),
];

/// Without these no receiver could do anything with a hit.
const NEEDED: &[&str] = &["name", "path"];
const VISITOR: &str = "visitor";
const PROPERTY: &str = "properties.";
/// Each is looked for in every hit.
const MOST: usize = 64;
/// From here on a double no longer tells one integer from the next.
const MAX_WHOLE: i64 = 1 << 53;

/// What is to be changed about each hit of the destination, whose receiver may refuse hits without a visitor.
pub(super) fn read(section: &mut Section<'_>, needs_visitor: bool) -> Edit {
    let mut edit = Edit::new();
    let set = section.table("set", |set| constants(set, &mut edit));
    let dropped = section.list("drop", MOST, &droppable(), |tree| dropped(tree.as_text()?)).or(Vec::new());
    for (n, name) in dropped.iter().enumerate() {
        if set.contains(name) {
            section.mistake(
                &format!("drop[{n}]"),
                format!("{} is set, too; leave one of them out", quoted(name)),
            );
        }
        if name == VISITOR && needs_visitor {
            section.mistake(
                &format!("drop[{n}]"),
                "\"visitor\" leaves nothing to send, as this receiver counts no hit without a visitor; leave it out",
            );
        }
        match (name.strip_prefix(PROPERTY), TEXTS.iter().find(|(known, ..)| known == name)) {
            (Some(key), _) => edit.remove_property(key),
            (None, Some((_, text, _))) => edit.set(*text, ""),
            (None, None) => edit.forget_visitor(),
        }
    }
    edit
}

/// Reads `set`, and answers the names of what is in it.
fn constants(set: &mut Section<'_>, edit: &mut Edit) -> Vec<String> {
    let mut names = Vec::new();
    for &(name, text, most) in TEXTS {
        let value = set.text(name, &expected(text, most), |value| fitting(text, value, most));
        if let Read::Is(value) = value {
            edit.set(text, value);
            names.push(name.to_owned());
        }
    }
    match set.take("properties") {
        None => {}
        Some(Tree::Table(table)) if table.len() > cap::PROPERTIES => set.mistake(
            "properties",
            format!("{} entries are too many: at most {}", table.len(), cap::PROPERTIES),
        ),
        Some(Tree::Table(table)) => {
            for (key, value) in table {
                match property(&key, &value) {
                    Ok(value) => edit.property(key.clone(), value),
                    Err(expected) => set.mistake(
                        &format!("properties.{}", shown_key(&key)),
                        format!("{value} is not {expected}"),
                    ),
                }
                names.push(format!("{PROPERTY}{key}"));
            }
        }
        Some(other) => set.mistake(
            "properties",
            format!("{other} is not a table of properties, as in {{ env = \"prod\" }}"),
        ),
    }
    names
}

fn expected(text: Text, most: usize) -> String {
    match text {
        Text::Language => "a language such as \"en-GB\"".to_owned(),
        Text::Path => format!("a path that begins with \"/\", percent-encoded, of at most {most} bytes"),
        Text::Query => {
            format!("a query without its question mark, percent-encoded, of 1 to {most} bytes")
        }
        Text::Referrer => host::URL.to_owned(),
        _ => format!(
            "a text of 1 to {most} bytes, without line breaks and other control characters; `drop` takes a field out"
        ),
    }
}

/// `value`, if a hit that came by itself could have it there.
fn fitting(text: Text, value: &str, most: usize) -> Option<String> {
    let is_graphic = || value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let fits = match text {
        Text::Language => value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        Text::Path => value.starts_with('/') && is_graphic() && !value.contains('?'),
        Text::Query => !value.starts_with('?') && is_graphic(),
        Text::Referrer => host::url(value).is_some(),
        _ => !value.contains(char::is_control),
    };
    (fits && (1..=most).contains(&value.len())).then(|| value.to_owned())
}

/// The value of the property `key`; if there can be none, what would be right.
fn property(key: &str, value: &Tree) -> Result<Value<'static>, &'static str> {
    if !is_key(key) {
        return Err("the value of a property: its name has 1 to 128 bytes, none of them a control character");
    }
    let value = match value {
        Tree::Bool(truth) => Some(Value::Truth(*truth)),
        Tree::Float(number) if number.is_finite() => Some(Value::Number(*number)),
        Tree::Integer(number) if number.unsigned_abs() <= MAX_WHOLE.unsigned_abs() => {
            Some(Value::Number(*number as f64))
        }
        Tree::Raw(text) | Tree::Text(text)
            if text.len() <= cap::VALUE && !text.contains(char::is_control) =>
        {
            Some(Value::from(text.clone()))
        }
        _ => None,
    };
    value.ok_or("a text of at most 1,024 bytes in one line, a number up to 2^53, true or false")
}

fn is_key(key: &str) -> bool {
    (1..=cap::KEY).contains(&key.len()) && !key.contains(char::is_control)
}

/// The name of what can be taken out of a hit.
fn dropped(name: &str) -> Option<String> {
    let is_text = || TEXTS.iter().any(|(known, ..)| *known == name) && !NEEDED.contains(&name);
    let fits = match name.strip_prefix(PROPERTY) {
        Some(key) => is_key(key),
        None => name == VISITOR || is_text(),
    };
    fits.then(|| name.to_owned())
}

fn droppable() -> String {
    let names = TEXTS.iter().map(|(name, ..)| *name).filter(|name| !NEEDED.contains(name));
    let names: Vec<_> = names.chain([VISITOR]).map(|name| format!("\"{name}\"")).collect();
    format!("{}, or the name of a property, as \"properties.plan\"", names.join(", "))
}
