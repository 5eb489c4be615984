//! The configuration from outside, topic by topic.

mod defaults;
mod geo;
mod hostile;
mod layers;
mod mistakes;
mod proxy;
mod receivers;
mod reference;
mod secrets;
mod values;

use super::Config;

/// What every configuration with a visitor cookie has to say.
const POLICY: &str = "consent.policy = 'none'\n";

/// Reads a TOML document that gives a policy by itself.
fn with_policy(text: &str) -> Config {
    Config::builder().toml(POLICY).toml(text).build().unwrap()
}

/// The mistakes of a TOML document, as (path, message).
fn mistakes(text: &str) -> Vec<(String, String)> {
    let error = Config::builder().toml(POLICY).toml(text).build().expect_err(text);
    error.mistakes().map(|(path, message)| (path.to_owned(), message.to_owned())).collect()
}

/// The environment, as names without their prefix and values.
fn env<const N: usize>(variables: [(&str, &str); N]) -> [(String, String); N] {
    variables.map(|(name, value)| (format!("TRACKSIDE__{name}"), value.to_owned()))
}
