use super::UserIds;
use crate::config::{Config, ConfigError, Secret, UserId};

const SECRET: &str = "0123456789abcdef";

fn hashed() -> UserIds {
    UserIds::hashed(&Secret::new(SECRET))
}

#[test]
fn a_plain_id_stays_as_it_is() {
    assert_eq!(UserIds::Plain.recorded("u-42").as_str(), "u-42");
    assert_eq!(UserIds::Plain.recorded("").as_str(), "");
}

/// printf 'trackside user id 1\0u-42' | openssl dgst -sha256 -hmac 0123456789abcdef
#[test]
fn a_hashed_one_is_half_its_hmac() {
    assert_eq!(hashed().recorded("u-42").as_str(), "f8ced6349c7ea79a23c521ffffd84c00");
    assert_eq!(hashed().recorded("ü\u{1f}").as_str(), "8a4407343b116bb68f9ebf77b77c794a");
}

#[test]
fn without_an_id_there_is_nothing_to_hash() {
    for blank in ["", " ", " \t\u{3000}"] {
        assert_eq!(hashed().recorded(blank).as_str(), blank);
    }
}

#[test]
fn ids_that_differ_beyond_any_cap_stay_different() {
    let long = "u".repeat(1_000);
    let other = long.clone() + "v";
    assert_ne!(hashed().recorded(&long).as_str(), hashed().recorded(&other).as_str());
}

#[test]
fn another_secret_makes_another_hash() {
    let other = UserIds::hashed(&Secret::new("fedcba9876543210"));
    assert_ne!(other.recorded("u-42").as_str(), hashed().recorded("u-42").as_str());
}

#[test]
fn neither_secret_nor_key_is_shown() {
    assert_eq!(format!("{:?}", hashed()), "Hashed(***)");
    let config = config("user_id = 'hashed'").unwrap();
    assert!(!format!("{config:?}").contains(SECRET));
    assert_eq!(config.user_id(), UserId::Hashed);
}

#[test]
fn a_user_may_have_been_recorded_before_ids_were_hashed() {
    let ids = |visitor: &str, id: &str| config(visitor).unwrap().recorded_user_ids(id);
    let hashed = "f8ced6349c7ea79a23c521ffffd84c00";
    assert_eq!(ids("user_id = 'hashed'", "u-42"), [hashed, "u-42"]);
    assert_eq!(ids("keys = 'derived'", "u-42"), ["u-42"]);
    // As a hit's is cut.
    let long = format!("{}é", "u".repeat(255));
    assert_eq!(ids("keys = 'derived'", &long), ["u".repeat(255)]);
    assert_eq!(ids("user_id = 'hashed'", &long)[1], "u".repeat(255));
}

fn config(visitor: &str) -> Result<Config, ConfigError> {
    let text = format!("consent.policy = 'none'\n[visitor]\nsecret = '{SECRET}'\n{visitor}");
    Config::builder().toml(&text).build()
}
