//! The TOML layer.

use ::toml::{Table, Value, de::Error};

use super::{error::Mistake, tree::Tree};

/// Reads a whole document.
pub(super) fn parse(text: &str) -> Result<Tree, Mistake> {
    // The error's own text would show the line, which may hold a secret.
    let table: Table = text.parse().map_err(|error: Error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = position(text, at);
        let hint = hint(text, at);
        Mistake::new(format!("line {line}, column {column}"), format!("TOML: {}{hint}", error.message()))
    })?;
    Ok(tree(Value::Table(table)))
}

/// The line and the column, in characters, of a byte of `text`; both begin at 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// What is probably wrong at a byte of `text`, which the parser says in its own words only.
fn hint(text: &str, at: usize) -> &'static str {
    let Some((before, after)) = text.split_at_checked(at) else {
        return "";
    };
    match before.rsplit('\n').next().unwrap_or_default().trim() {
        "[" => "; an entry of a list begins with its name in two pairs of brackets, such as [[destination]]",
        line if line.ends_with(['=', '[', ','])
            && after.starts_with(|c: char| c.is_alphabetic() || c == '/') =>
        {
            "; a text is written in quotes"
        }
        _ => "",
    }
}

/// It goes as deep as the parser lets a document nest.
fn tree(value: Value) -> Tree {
    match value {
        Value::Array(list) => Tree::List(list.into_iter().map(tree).collect()),
        Value::Boolean(value) => Tree::Bool(value),
        Value::Datetime(_) => Tree::Foreign("a date or time"),
        Value::Float(value) => Tree::Float(value),
        Value::Integer(value) => Tree::Integer(value),
        Value::String(text) => Tree::Text(text),
        Value::Table(table) => {
            Tree::Table(table.into_iter().map(|(key, value)| (key, tree(value))).collect())
        }
    }
}
