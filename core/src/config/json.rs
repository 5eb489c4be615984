//! The JSON layer.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Error, Value};

use super::{
    error::Mistake,
    tree::{Tree, quoted},
};

/// Reads a whole document.
pub(super) fn parse(text: &str) -> Result<Tree, Mistake> {
    // TOML's parser skips the mark that some editors put at the beginning, JSON's does not.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Value = serde_json::from_str(text).map_err(mistake)?;
    serde_json::from_str::<Unique>(text).map_err(mistake)?;
    match value {
        Value::Object(_) => Ok(tree(value)),
        _ => {
            Err(Mistake::new("line 1, column 1".to_owned(), "JSON: the document is not an object".to_owned()))
        }
    }
}

fn mistake(error: Error) -> Mistake {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
    Mistake::new(format!("line {line}, column {column}"), format!("JSON: {message}"))
}

/// It goes as deep as the parser lets a document nest.
fn tree(value: Value) -> Tree {
    match value {
        Value::Array(list) => Tree::List(list.into_iter().map(tree).collect()),
        Value::Bool(value) => Tree::Bool(value),
        Value::Null => Tree::Foreign("null"),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Tree::Integer(integer),
            None => number.as_f64().map_or(Tree::Foreign("a number out of range"), Tree::Float),
        },
        Value::Object(table) => {
            Tree::Table(table.into_iter().map(|(key, value)| (key, tree(value))).collect())
        }
        Value::String(text) => Tree::Text(text),
    }
}

/// A document without a key given twice, which TOML refuses too and of which [`Value`] keeps the last.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, Self)) = table.next_entry::<String, Self>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("the key {} is given twice", quoted(&key))));
            }
            keys.insert(key);
        }
        Ok(self)
    }
}
