//! The target `config`: any text as a configuration.
//!
//! What is wrong is told in lines that a terminal and a log can bear, and never shows a secret; and a document means the
//! same in TOML and in JSON.

use std::fmt::Debug;

use serde_json::{Map, Value};
use trackside_core::{Config, config::ConfigError};

/// It stands where secrets stand, and is shown nowhere.
const SECRET: &str = "geheimnis-0123456789";

/// The text after a byte that says whether it is JSON or TOML.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let Some((&how, text)) = data.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let tree = if how & 1 == 0 {
        check(&Config::builder().toml(text).build());
        text.parse::<toml::Table>().ok().and_then(of_toml)
    } else {
        check(&Config::builder().json(text).build());
        serde_json::from_str(text).ok()
    };
    let Some(Value::Object(tree)) = tree else { return };
    let json = Value::Object(tree.clone()).to_string();
    let of_json = Config::builder().json(&json).build();
    check(&of_json);
    if let Ok(toml) = toml::to_string(&tree) {
        assert_eq!(shown(&Config::builder().toml(&toml).build()), shown(&of_json), "{json}");
    }
    hides(tree);
}

/// Sees to it that what is wrong can be read.
fn check(built: &Result<Config, ConfigError>) {
    let Err(error) = built else { return };
    assert!(error.mistakes().next().is_some());
    for (path, message) in error.mistakes() {
        assert!(!message.is_empty());
        assert!(![path, message].iter().any(|text| text.contains(char::is_control)), "{path:?} {message:?}");
        assert!(path.len() + message.len() < 4_000, "{path} {message}");
    }
}

fn shown(built: &Result<Config, ConfigError>) -> String {
    match built {
        Ok(config) => format!("{config:?}"),
        Err(error) => error.to_string(),
    }
}

/// Sees that secrets are not shown, whatever stands around them.
fn hides(mut tree: Map<String, Value>) {
    if Value::Object(tree.clone()).to_string().contains(SECRET) {
        return;
    }
    let secret = || Value::String(SECRET.to_owned());
    entry(&mut tree, "visitor").insert("secret".to_owned(), secret());
    let list = tree.entry("destination").or_insert_with(|| Value::Array(Vec::new()));
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    let destinations = list.as_array_mut().expect("it was just made one");
    destinations.push(Value::Object(Map::new()));
    for destination in destinations.iter_mut().filter_map(Value::as_object_mut) {
        for key in ["api_secret", "token"] {
            destination.insert(key.to_owned(), secret());
        }
    }
    let built = Config::builder().json(&Value::Object(tree).to_string()).build();
    let is_shown = |what: &dyn Debug| format!("{what:?}").contains(SECRET);
    assert!(!is_shown(&built) && !shown(&built).contains(SECRET), "{built:?}");
}

fn entry<'a>(tree: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = tree.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made one")
}

/// The same in JSON; none if there is something that JSON has not.
fn of_toml(table: toml::Table) -> Option<Value> {
    fn value(value: toml::Value) -> Option<Value> {
        Some(match value {
            toml::Value::Array(list) => Value::Array(list.into_iter().map(value_of).collect::<Option<_>>()?),
            toml::Value::Boolean(truth) => Value::Bool(truth),
            toml::Value::Datetime(_) => return None,
            toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(number)?),
            toml::Value::Integer(number) => Value::Number(number.into()),
            toml::Value::String(text) => Value::String(text),
            toml::Value::Table(table) => of_toml(table)?,
        })
    }
    fn value_of(it: toml::Value) -> Option<Value> {
        value(it)
    }
    let pairs = table.into_iter().map(|(key, it)| Some((key, value(it)?)));
    pairs.collect::<Option<Map<_, _>>>().map(Value::Object)
}
