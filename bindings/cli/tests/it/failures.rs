//! Whatever is wrong is one clear message, and an exit code that tells whose fault it is.

use std::{fs, net::TcpListener};

use crate::place::{Place, Ran};

fn failed(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}{}", ran.out, ran.err);
    assert!(ran.err.starts_with("trackside: "), "{}", ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "{part} in: {}", ran.err);
    }
    assert_eq!(ran.out, "");
}

#[test]
fn a_port_in_use() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    failed(&place.run(&["serve", "--listen", &address]), 1, &[&address, "is in use", "--listen"]);
}

#[test]
fn no_address() {
    let place = Place::new();
    failed(&place.run(&["serve", "--listen", "7878"]), 2, &["--listen 7878 is no address", "127.0.0.1:7878"]);
}

#[test]
fn every_mistake_of_a_configuration_at_once() {
    let place = Place::new();
    place.write("my.toml", "mood = \"on\"\nshutdown = 5\n");
    let parts = ["my.toml", "\n  shutdown: ", "\n  mood: unknown key", "\n  consent.policy: "];
    for command in ["serve", "report", "explain"] {
        failed(&place.run(&[command, "--config", "my.toml"]), 2, &parts);
    }
}

#[test]
fn mistakes_of_the_environment() {
    let place = Place::new();
    let ran = Ran::of(place.command(&["report"]).env("TRACKSIDE__MOOD", "on").output().unwrap());
    failed(&ran, 2, &["built in, with the TRACKSIDE__ variables", "\n  mood: unknown key"]);
}

#[test]
fn a_configuration_that_is_not_there() {
    let place = Place::new();
    failed(&place.run(&["serve", "--config", "none.toml"]), 2, &["no configuration file none.toml"]);
    let ran = Ran::of(place.command(&["serve"]).env("TRACKSIDE_CONFIG", "other.toml").output().unwrap());
    failed(&ran, 2, &["no configuration file other.toml"]);
}

#[test]
fn a_folder_that_is_not_there() {
    let place = Place::new();
    failed(&place.run(&["serve", "none"]), 2, &["there is no folder none"]);
    place.write("page.html", "");
    failed(&place.run(&["serve", "page.html"]), 2, &["page.html is no folder"]);
    assert!(!place.path("trackside.db").exists());
}

#[test]
fn a_corrupt_store() {
    let place = Place::new();
    let text = "this is no database, and must stay what it is. ".repeat(50);
    let store = place.write("trackside.db", &text);
    for command in [["serve", "--listen=127.0.0.1:0"], ["report", "--format=json"]] {
        failed(&place.run(&command), 1, &["trackside.db"]);
    }
    assert_eq!(fs::read_to_string(store).unwrap(), text);
}

#[test]
fn a_file_without_its_folder() {
    let place = Place::new();
    place.write(
        "my.toml",
        "visitor.identity = \"none\"\n[[destination]]\ntype = \"file\"\npath = \"none/hits.jsonl\"\n",
    );
    let ran = place.run(&["serve", "--config", "my.toml", "--listen", "127.0.0.1:0"]);
    failed(&ran, 1, &["`none/hits.jsonl`", "there is no folder none"]);
}

#[test]
fn a_sink_of_a_hosts_own() {
    let place = Place::new();
    for (kind, keys) in [("callback", ""), ("celery", "tracking_id = \"UA-1\"\n")] {
        let mine = format!("[[destination]]\ntype = \"{kind}\"\nname = \"mine\"\n{keys}");
        place.write(
            "my.toml",
            format!("visitor.identity = \"none\"\n{mine}[[destination]]\ntype = \"sqlite\"\n"),
        );
        let ran = place.run(&["serve", "--config", "my.toml", "--listen", "127.0.0.1:0"]);
        let says = format!("destination `mine` is of type {kind}");
        failed(&ran, 2, &[&says, "this command cannot run it"]);
        assert!(!place.path("trackside.db").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_may_only_be_read() {
    use std::os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    };

    const NOBODY: u32 = 65_534;
    let place = Place::new();
    let store = place.write("site/trackside.db", "");
    // Of everybody's files, root may write all: nobody stands in.
    let is_root = fs::metadata(&store).unwrap().uid() == 0;
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.current_dir(store.parent().unwrap());
    if is_root {
        chown(&store, Some(NOBODY), None).unwrap();
        command.uid(NOBODY);
    }
    fs::set_permissions(&store, fs::Permissions::from_mode(0o444)).unwrap();
    failed(&Ran::of(command.output().unwrap()), 1, &["trackside.db"]);
}

#[test]
fn no_store_to_report_of() {
    let place = Place::new();
    failed(&place.run(&["report"]), 1, &["there is no store trackside.db", "the first hit"]);
    failed(&place.run(&["report", "--store", "other.db"]), 1, &["there is no store other.db"]);
    assert!(!place.path("trackside.db").exists() && !place.path("other.db").exists());
    place.write("my.toml", "visitor.identity = \"none\"\n[[destination]]\ntype = \"file\"\npath = \"-\"\n");
    failed(&place.run(&["report", "--config", "my.toml"]), 2, &["no destination of type sqlite", "--store"]);
}

#[test]
fn wrong_arguments() {
    let place = Place::new();
    for arguments in [
        &["serve", "a", "b"][..],
        &["report", "--since", "yesterday"],
        &["explain", "--status", "20"],
        &["explain", "--peer", "localhost"],
        &["count"],
        &[],
    ] {
        assert_eq!(place.run(arguments).code, Some(2), "{arguments:?}");
    }
    assert!(place.run(&["report", "--since", "yesterday"]).err.contains("2026-11-01"));
}
