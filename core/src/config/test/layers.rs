//! One layer over the other, and the environment.

use std::time::Duration;

use super::{POLICY, env};
use crate::config::{Builder, Config, Destination, Mode, Receiver};

fn mistakes(builder: Builder) -> Vec<String> {
    builder.build().unwrap_err().to_string().lines().map(str::to_owned).collect()
}

#[test]
fn the_later_layer_wins_key_by_key() {
    let config = Config::builder()
        .toml("mode = 'off'\nshutdown = '1s'\nvisitor.cookie = { name = 'a', path = '/a' }")
        .json(r#"{"shutdown": "2s", "visitor": {"cookie": {"name": "b"}}}"#)
        .env(env([("SHUTDOWN", "3s"), ("CONSENT__POLICY", "none")]))
        .mode(Mode::DryRun)
        .build()
        .unwrap();
    assert_eq!(config.mode(), Mode::DryRun);
    assert_eq!(config.shutdown(), Duration::from_secs(3));
    assert_eq!((config.cookie.name.as_str(), config.cookie.path.as_str()), ("b", "/a"));

    let config = Config::builder().mode(Mode::DryRun).toml(POLICY).toml("mode = 'off'").build().unwrap();
    assert_eq!(config.mode(), Mode::Off);
}

#[test]
fn a_later_list_stands_alone_and_a_setter_adds() {
    let config = Config::builder()
        .toml(POLICY)
        .toml("site = ['a', 'b']\n[[destination]]\ntype = 'sqlite'")
        .toml("site = ['c']")
        .site("d")
        .destination(Destination::stdout())
        .build()
        .unwrap();
    assert_eq!(config.sites(), ["c", "d"]);
    assert_eq!(config.destinations().len(), 2);
}

#[test]
fn the_environment_changes_entries_and_adds_the_next() {
    let config = Config::builder()
        .toml(POLICY)
        .toml("site = ['a', 'b']\n[[destination]]\ntype = 'file'\npath = 'old'\nname = 'kept'")
        .env(env([
            // Out of order, as environments are.
            ("SITE__2", "e"),
            ("SITE__1", "d"),
            ("DESTINATION__1__TYPE", "sqlite"),
            ("DESTINATION__0__PATH", "new"),
            ("DESTINATION__1__QUEUE__HITS", "+1_000"),
            ("DESTINATION__1__THIRD_PARTY", "true"),
            ("TRACK__STATUS__0", "404"),
        ]))
        .build()
        .unwrap();
    assert_eq!(config.sites(), ["a", "d", "e"]);
    let [file, store] = config.destinations() else { panic!("{config:?}") };
    assert_eq!(file.name, "kept");
    assert!(matches!(&file.receiver, Receiver::File { path: Some(path) } if path.as_os_str() == "new"));
    assert_eq!((store.queue.hits, store.third_party), (1_000, true));
    assert!(config.track.status.contains(404) && !config.track.status.contains(200));
}

#[test]
fn entries_of_the_environment_are_ordered_by_number() {
    let names: Vec<_> = (0..12).map(|n| (format!("TRACKSIDE__SITE__{n}"), format!("h{n}"))).collect();
    let config = Config::builder().toml(POLICY).env(names.into_iter().rev()).build().unwrap();
    assert_eq!(config.sites()[10..], ["h10", "h11"]);
}

#[test]
fn only_the_prefix_is_read() {
    let others =
        ["TRACKSIDE_CONFIG", "TRACKSIDE", "TRACKSIDE_MODE", "trackside__mode", "XTRACKSIDE__MODE", "PATH"];
    let others = others.map(|name| (name.to_owned(), "nonsense".to_owned()));
    assert!(Config::builder().toml(POLICY).env(others).build().is_ok());
}

#[test]
fn a_gap_in_a_list_is_told() {
    let builder = Config::builder().toml(POLICY).toml("site = ['a']").env(env([("SITE__2", "c")]));
    let [mistake] = &mistakes(builder)[..] else { panic!() };
    assert_eq!(
        mistake,
        "TRACKSIDE__SITE__2: leaves a gap: site has 1 entries so far, so the next index is 1, not 2"
    );
}

#[test]
fn an_index_is_written_in_one_way() {
    for name in ["SITE__00", "SITE__+0", "SITE__-1", "SITE__18446744073709551616"] {
        let builder = Config::builder().toml(POLICY).env(env([(name, "a")]));
        assert_eq!(mistakes(builder), ["site: a table is not a list"]);
    }
}

#[test]
fn a_list_given_whole_by_the_environment_is_told() {
    let told = mistakes(Config::builder().toml(POLICY).env(env([("SITE", "a,b")])));
    assert_eq!(
        told,
        [
            r#"site: "a,b" (environment) is not a list: a list is given entry by entry, the first by the same name with __0 added"#
        ]
    );
}

#[test]
fn variables_that_contradict_each_other_are_told() {
    let told = mistakes(Config::builder().toml(POLICY).env(env([
        ("MODE", "on"),
        ("mode", "off"),
        ("VISITOR", "x"),
        ("VISITOR__IDENTITY", "none"),
        ("VISITOR__COOKIE__NAME", "v"),
    ])));
    let told_of = |name: &str| told.iter().any(|line| line.starts_with(&format!("TRACKSIDE__{name}: ")));
    assert!(told_of("mode") || told_of("MODE"), "{told:?}");
    assert!(told_of("VISITOR__IDENTITY") && told_of("VISITOR__COOKIE__NAME"), "{told:?}");
}

#[test]
fn odd_variables_are_told() {
    let told =
        mistakes(Config::builder().toml(POLICY).toml("destination = [{ type = 'sqlite' }]").env(env([
            ("", "x"),
            ("VISITOR____COOKIE", "x"),
            ("A__B__C__D__E__F__G__H__I", "x"),
            ("DESTINATION__URL", "x"),
            ("VISITOR__0", "x"),
            ("MOOD\n", "x"),
        ])));
    let paths: Vec<_> = told.iter().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(
        paths,
        [
            "TRACKSIDE__",
            "TRACKSIDE__A__B__C__D__E__F__G__H__I",
            "TRACKSIDE__DESTINATION__URL",
            "TRACKSIDE__VISITOR____COOKIE",
            "visitor",
            r#""mood\n""#,
        ]
    );
}

#[test]
fn numbers_and_switches_of_the_environment_are_checked() {
    for (name, value) in [
        ("DESTINATION__0__QUEUE__HITS", "1__0"),
        ("DESTINATION__0__QUEUE__HITS", "_10"),
        ("DESTINATION__0__QUEUE__HITS", "10_"),
        ("DESTINATION__0__QUEUE__HITS", "1e3"),
        ("DESTINATION__0__QUEUE__HITS", ""),
        ("DESTINATION__0__THIRD_PARTY", "yes"),
        ("DESTINATION__0__THIRD_PARTY", "True"),
    ] {
        let builder = Config::builder().toml(POLICY).toml("destination = [{ type = 'sqlite' }]");
        let told = mistakes(builder.env(env([(name, value)])));
        assert!(told.len() == 1 && told[0].contains(&format!("{value:?} (environment) is not ")), "{told:?}");
    }
}
