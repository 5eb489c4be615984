//! The command itself: what it prints, what it leaves alone, and how it ends.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json as document};
use trackside_tests::collector::Answer;

use super::{Bench, SECRET, json};
use crate::place::Place;

const RUDDERSTACK: &str = "name = 'data'\nurl = 'URL/v1/batch'\nwrite_key = 'SECRET'";

#[test]
fn a_person_reads_what_is_right_and_wrong_and_what_to_do() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    bench.collector.script([json("OK"), Answer::status(401)]);
    let url = bench.collector.url("/v1/batch");
    let ran = bench.run(&[]);
    let expected = format!(
        "destination data (rudderstack): right\n  asked: POST {url} (a test hit, which counts)\n  right: RudderStack took the \
         test hit: it knows the source of the write key\n"
    );
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (Some(0), expected, ""));
    let ran = bench.run(&[]);
    let expected = format!(
        "destination data (rudderstack): wrong\n  asked: POST {url} (a test hit, which counts)\n  wrong: RudderStack does not \
         know a source of this `write_key` (status 401)\n    to do: copy it from Connections, (the source), Setup; a new \
         source takes some seconds to be known\n"
    );
    assert_eq!((ran.code, ran.out), (Some(1), expected));
    assert_eq!(ran.err, "trackside: something is wrong with `data`\n");
}

#[test]
fn a_program_reads_the_same() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    bench.collector.always(json("OK"));
    let ran = bench.run(&["--format", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&ran.out).unwrap(),
        document!({"mode": "on", "warnings": [], "destinations": [{
            "name": "data",
            "type": "rudderstack",
            "grade": "right",
            "asked": [{"means": "test-hit", "method": "POST", "url": bench.collector.url("/v1/batch")}],
            "findings": [{
                "grade": "right",
                "what": "RudderStack took the test hit: it knows the source of the write key",
                "to_do": "",
            }],
        }]})
    );
}

#[test]
fn one_that_fails_keeps_no_other_from_being_asked() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    let more = format!(
        "{RUDDERSTACK}\n[[destination]]\ntype = 'umami'\nurl = 'http://no-such-host.invalid/api/send'\n\
         website = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20'\n[[destination]]\ntype = 'sqlite'\n[[destination]]\ntype = 'callback'"
    );
    bench.configure("", "rudderstack", &more);
    bench.collector.always(json("OK"));
    let ran = bench.run(&[]);
    assert_eq!(ran.code, Some(1));
    for says in [
        "destination data (rudderstack): right\n",
        "destination umami: wrong\n",
        "destination sqlite: right\n  right: store `trackside.db` is not there yet, and can be made\n",
        "destination callback: unproven\n  unproven: what becomes of its hits: its sink (callback) is in the program",
    ] {
        assert!(ran.out.contains(says), "{says} in: {}", ran.out);
    }
    assert_eq!(ran.err, "trackside: something is wrong with `umami`\n");
    let names: Vec<_> =
        fs::read_dir(bench.place.path("")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["my.toml"], "nothing is left behind");

    let ran = bench.run(&["--destination", "data"]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 3), "{}", ran.out);
}

#[test]
fn stores_and_files_that_cannot_be_written() {
    let place = Place::new();
    place.write(
        "my.toml",
        "consent.policy = 'none'\n[[destination]]\ntype = 'sqlite'\npath = 'other.db'\n[[destination]]\ntype = 'file'\n\
         path = 'none/hits.jsonl'\n[[destination]]\ntype = 'celery'\ntracking_id = 'UA-1'\n",
    );
    Connection::open(place.path("other.db")).unwrap().execute_batch("CREATE TABLE other (a)").unwrap();
    let ran = place.run(&["check", "--config", "my.toml"]);
    assert_eq!(ran.code, Some(1));
    for says in [
        "wrong: store `other.db`: it is another program's database and stays as it is; name another `path`\n",
        "wrong: `none/hits.jsonl` cannot be written: ",
        "    to do: make the folder that it is to be in, or name another `path`\n",
        "destination celery: unproven\n",
    ] {
        assert!(ran.out.contains(says), "{says} in: {}", ran.out);
    }
    assert_eq!(ran.err, "trackside: something is wrong with `sqlite`, `file`\n");
}

#[test]
fn a_dry_run_sends_nothing_and_shows_what_it_would() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    let ran = bench.run(&["--dry-run"]);
    assert_eq!((ran.code, ran.err.as_str(), bench.collector.count()), (Some(0), "", 0));
    let url = bench.collector.url("/v1/batch");
    let begins = format!(
        "destination data (rudderstack): would be sent this (a test hit, which counts)\n  POST {url}\n  content-type: \
         application/json\n  authorization: Basic ***\n\n  {{\"batch\":["
    );
    assert!(ran.out.starts_with(&begins), "{}", ran.out);
    assert!(ran.out.contains("\"url\":\"https://www.example.com/trackside-check\""), "{}", ran.out);
    assert!(ran.out.contains("\"title\":\"trackside check\""), "{}", ran.out);
    let ran = bench.run(&["--dry-run", "--format", "json", "--site", "shop.example"]);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    let asked = &said["destinations"][0]["asked"][0];
    assert!(
        asked["headers"].as_array().unwrap().contains(&document!(["authorization", "Basic ***"])),
        "{asked}"
    );
    assert!(asked["body"].as_str().unwrap().contains("https://shop.example/trackside-check"), "{asked}");
    assert_eq!(said["destinations"][0]["grade"], Value::Null);
    assert!(!ran.out.contains(SECRET));
    bench.configure("", "sqlite", "");
    let ran = bench.run(&["--dry-run"]);
    assert_eq!(ran.out, "destination sqlite: would be sent nothing\n");
}

#[test]
fn where_no_hit_is_sent_that_is_said() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    for mode in ["off", "dry-run"] {
        bench.configure(&format!("mode = '{mode}'"), "rudderstack", RUDDERSTACK);
        bench.collector.always(json("OK"));
        let ran = bench.run(&[]);
        let begins = format!("note: with mode = \"{mode}\" no hit is sent");
        assert!(ran.out.starts_with(&begins) && ran.out.contains("right: RudderStack"), "{}", ran.out);
        let said: Value = serde_json::from_str(&bench.run(&["--format", "json"]).out).unwrap();
        assert_eq!(said["mode"], mode);
    }
}

#[test]
fn what_every_hit_would_be_refused_for_is_told_and_nothing_sent() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    bench.configure("visitor.identity = 'none'", "rudderstack", RUDDERSTACK);
    let text = fs::read_to_string(bench.place.path("my.toml")).unwrap();
    bench.place.write("my.toml", text.replace("consent.policy = 'none'\n", ""));
    for arguments in [&[][..], &["--dry-run"]] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, bench.collector.count()), (Some(1), 0));
        let says = "wrong: no page view would be sent to RudderStack: it would be refused(no-visitor)\n";
        assert!(ran.out.contains(says), "{}", ran.out);
    }
}

#[test]
fn what_was_asked_for_wrongly_is_told() {
    let bench = Bench::new("rudderstack", RUDDERSTACK);
    for (arguments, says) in [
        (&["--destination", "x"][..], "no destination is called `x`; the configuration has `data`"),
        (&["--timeout", "0s"], "such as 30s, 5m or 2h"),
        (&["--format", "xml"], "possible values: text, json"),
    ] {
        let ran = bench.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    bench.configure("mood = 'on'", "rudderstack", RUDDERSTACK);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("mood: unknown key"), "{}", ran.err);
    bench.configure("geo.file = 'none.mmdb'", "rudderstack", RUDDERSTACK);
    let ran = bench.run(&[]);
    assert_eq!((ran.code, bench.collector.count()), (Some(1), 0), "{}", ran.err);
    assert!(ran.err.contains("geo.file `none.mmdb`"), "{}", ran.err);
}

#[test]
fn without_a_configuration_the_built_in_one_is_checked() {
    let ran = Place::new().run(&["check"]);
    let says = "destination sqlite: right\n  right: store `trackside.db` is not there yet, and can be made\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), says, ""));
}
