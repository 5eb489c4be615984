//! Secrets: where they come from, and that no error shows them.

use super::{POLICY, env};
use crate::config::{Builder, Config, ConfigError, Destination, Keys, Receiver, SecretSource, UserId};

const SECRET: &str = "hunter2-hunter2";

fn with(secret: &str) -> Builder {
    Config::builder().toml(POLICY).destination(Destination::ga4("G-1", secret))
}

fn revealed(config: &Config) -> &str {
    match &config.destinations()[0].receiver {
        Receiver::Remote(remote) => remote.values().secret("api_secret").unwrap().reveal(),
        other => panic!("{other:?}"),
    }
}

fn resolver(source: SecretSource<'_>) -> Result<String, String> {
    match source {
        SecretSource::Env("KEY") => Ok(SECRET.to_owned()),
        SecretSource::Env("EMPTY") => Ok(String::new()),
        SecretSource::Env("LINE") => Ok(format!("{SECRET}\n")),
        SecretSource::File("/run/key") => Ok(format!("{SECRET}\n")),
        SecretSource::File("/run/crlf:1") => Ok(format!("{SECRET}\r\n")),
        SecretSource::File("/run/newline") => Ok("\n".to_owned()),
        SecretSource::File("/run/two") => Ok(format!("{SECRET}\n\n")),
        other => Err(format!("{other:?}\nnot found")),
    }
}

#[test]
fn a_secret_is_itself_or_looked_up() {
    for given in [SECRET, "env:KEY", "file:/run/key", "file:/run/crlf:1"] {
        assert_eq!(revealed(&with(given).secrets(resolver).build().unwrap()), SECRET, "{given}");
    }
    let environment = env([("DESTINATION__0__API_SECRET", "env:KEY")]);
    assert_eq!(revealed(&with("x").env(environment).secrets(resolver).build().unwrap()), SECRET);
    assert_eq!(revealed(&with("http://x").build().unwrap()), "http://x");
}

#[test]
fn what_cannot_be_looked_up_is_told() {
    for (given, told) in [
        ("", "is empty"),
        ("env:EMPTY", r#"is empty ("env:EMPTY")"#),
        ("file:/run/newline", r#"is empty ("file:/run/newline")"#),
        (
            "file:/run/two",
            r#"holds a line break or another control character ("file:/run/two"); a secret is one line of text"#,
        ),
        (
            "env:LINE",
            r#"holds a line break or another control character ("env:LINE"); a secret is one line of text"#,
        ),
        ("env:", r#"cannot be looked up ("env:"): Env("") not found"#),
        ("file:/none", r#"cannot be looked up ("file:/none"): File("/none") not found"#),
    ] {
        let error = with(given).secrets(resolver).build().unwrap_err();
        assert_eq!(error.to_string(), format!("destination[0].api_secret: {told}"));
    }
}

#[test]
fn without_a_resolver_nothing_is_looked_up() {
    let error = with("env:KEY").build().unwrap_err().to_string();
    assert_eq!(
        error,
        "destination[0].api_secret: cannot be looked up (\"env:KEY\"): no resolver of secrets was given to the builder"
    );
}

#[test]
fn no_error_shows_a_secret() {
    let documents = [
        format!("api_secret = '{SECRET}'\nsecret = '{SECRET}'"),
        // A mistake beside it, one in its key, one in its type and one in its place.
        format!("destination = [{{ type = 'ga4', api_secret = '{SECRET}' }}]"),
        format!("destination = [{{ type = 'ga4', api_secert = '{SECRET}' }}]"),
        format!("destination = [{{ type = 'ga4', api_secret = ['{SECRET}'] }}]"),
        format!("destination = [{{ type = 'sqlite', api_secret = '{SECRET}' }}]"),
        format!("destination = [{{ type = 'nil', api_secret = '{SECRET}' }}]"),
        format!("destination = [{{ type = 'ga4', api_secret = \"{SECRET}\\u0000\" }}]"),
        // Where the line itself cannot be read.
        format!("destination = [{{ type = 'ga4', api_secret = '{SECRET} }}]"),
        format!("api_secret = {SECRET}"),
        format!("api_secret = '{SECRET}' '{SECRET}'"),
        format!("api_secret = '{SECRET}'\napi_secret = '{SECRET}'"),
        format!("api_secret = \"{SECRET}\\q{SECRET}\""),
        // As a URL's password or token.
        format!("destination = [{{ type = 'ga4', url = 'https://user:{SECRET}@h/' }}]"),
        format!("destination = [{{ type = 'ga4', url = 'user:{SECRET}@h/' }}]"),
        format!("destination = [{{ type = 'ga4', url = 'https:/user:{SECRET}@h/' }}]"),
        format!("destination = [{{ type = 'ga4', url = 'ftp://h/?key={SECRET}' }}]"),
        format!("destination = [{{ type = 'ga4', url = 'https://h/#{SECRET}' }}]"),
    ];
    for document in documents {
        hides(&Config::builder().toml(&document).build().unwrap_err());
        // Not always JSON: broken documents stay broken.
        let json = document.replace('\'', "\"");
        hides(&Config::builder().json(&format!("{{{json}}}")).build().unwrap_err());
    }
    let json = format!(r#"{{"destination": [{{"type": "ga4", "api_secret": {{"a": "{SECRET}"}}}}]}}"#);
    hides(&Config::builder().json(&json).build().unwrap_err());
    hides(&Config::builder().json(&json.replace('}', "")).build().unwrap_err());
    hides(&with("x").env(env([("API_SECRET", SECRET)])).build().unwrap_err());
    hides(&with("x").env(env([("DESTINATION__API_SECRET", SECRET)])).build().unwrap_err());
    hides(&with("file:/run/two").secrets(resolver).build().unwrap_err());
}

fn hides(error: &ConfigError) {
    for shown in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!shown.is_empty() && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn no_debug_shows_a_secret() {
    let destination = Destination::ga4("G-1", SECRET);
    let config = with(SECRET).build().unwrap();
    for shown in [format!("{destination:?}"), format!("{:?}", with(SECRET)), format!("{config:#?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn the_visitors_secret_is_there_where_it_is_needed() {
    let missing = "missing: keys = \"derived\" needs it, as \"env:NAME\", \"file:PATH\" or itself";
    let of = |visitor: &str| Config::builder().toml(POLICY).toml(&format!("[visitor]\n{visitor}")).build();
    let told = |visitor: &str| of(visitor).unwrap_err().to_string();
    assert_eq!(told("keys = 'derived'"), format!("visitor.secret: {missing}"));
    assert_eq!(
        told("user_id = 'hashed'"),
        format!("visitor.secret: {}", missing.replace("keys = \"derived\"", "user_id = \"hashed\""))
    );
    assert!(told("secret = 'fifteen bytes !'\nuser_id = 'hashed'").contains("is shorter than 16 bytes"));
    assert!(told("keys = ''").contains("\"\" is not \"derived\", or the path of a file"));

    let secret = format!("secret = '{SECRET}-and-more'");
    let config = of(&format!("{secret}\nkeys = 'derived'")).unwrap();
    assert_ne!(config.derived_key(1).unwrap(), config.derived_key(2).unwrap());
    assert!(config.warnings().is_empty());
    let idle = of(&secret).unwrap();
    assert!(idle.warnings()[0].starts_with("visitor.secret: is needed for keys"), "{:?}", idle.warnings());
    for config in [config, idle] {
        assert!(!format!("{config:?}").contains(SECRET));
    }
}

#[test]
fn the_builder_sets_what_surrounds_the_secret() {
    let built = |builder: Builder| builder.toml(POLICY).build().unwrap();
    let config =
        built(Config::builder().keys(Keys::Derived).secret("0123456789abcdef").user_id(UserId::Hashed));
    assert_eq!((config.keys(), config.user_id()), (&Keys::Derived, UserId::Hashed));
    let config = built(Config::builder().keys(Keys::File("k".into())).user_id(UserId::Plain));
    assert_eq!((config.keys(), config.user_id()), (&Keys::File("k".into()), UserId::Plain));
}
