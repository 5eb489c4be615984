//! `trackside spool`: what living and dead processes have on disk, and what becomes of it.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use trackside_tests::collector::{Answer, Collector, Recorded};

use crate::{
    client::exchange,
    place::{Place, Ran},
    server::{LONG, Server},
};

const ANNA: &str = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";

/// A site whose collector is down, so that all hits stay in its spool.
struct Site {
    place: Place,
    collector: Collector,
}

impl Site {
    fn new() -> Self {
        let mut collector = Collector::start().unwrap();
        collector.down();
        let site = Self { place: Place::new(), collector };
        site.configure("");
        site
    }

    /// The configuration, with `more` in its destination.
    fn configure(&self, more: &str) {
        self.configure_spool("always", more);
    }

    fn configure_spool(&self, spool: &str, more: &str) {
        let url = self.collector.url("/collect");
        self.place.write(
            "my.toml",
            format!(
                "consent.policy = 'none'\nprivacy = {{ query = 'keep' }}\n[[destination]]\ntype = 'ga-v1'\n\
                 tracking_id = 'UA-1'\nurl = '{url}'\nspool = '{spool}'\nafter_unknown = 'resend'\n{more}\n"
            ),
        );
    }

    fn start(&self) -> Server {
        Server::start(&self.place, &["--config", "my.toml"])
    }

    fn spool(&self, arguments: &[&str]) -> Ran {
        self.place.run(&[&["spool"], arguments, &["--config", "my.toml"]].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.spool(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err))
    }

    /// What `list` has of all directories.
    fn listed(&self) -> Vec<Value> {
        self.json(&["list"])["directories"].as_array().unwrap().clone()
    }

    /// Waits until so many hits are on disk: what a slow disk kept in memory is written soon.
    fn until_written(&self, hits: u64) {
        let begun = std::time::Instant::now();
        while self.listed().iter().map(|row| row["hits"].as_u64().unwrap()).sum::<u64>() < hits {
            assert!(begun.elapsed() < LONG, "{:?}", self.listed());
        }
    }

    /// A process that had so many hits is killed. Answers its directory.
    fn killed(&self, hits: u64) -> PathBuf {
        let mut server = self.start();
        (0..hits).for_each(|n| visit(&server, &format!("/articles/?q=secret&n={n}"), ANNA));
        self.until_written(hits);
        server.signal("KILL");
        server.wait();
        let dead: Vec<_> = self.listed().into_iter().filter(|row| row["owner"] == "dead").collect();
        let [dead] = &dead[..] else { panic!("{dead:?}") };
        self.place.path(dead["path"].as_str().unwrap())
    }
}

fn visit(server: &Server, target: &str, visitor: &str) {
    exchange(
        server.address,
        &format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nUser-Agent: Mozilla/5.0 (X11) Tests/1\r\n\
             Referer: https://a.example/?from=secret\r\nCookie: trackside={visitor}\r\nConnection: close\r\n\r\n"
        ),
    );
}

fn visitor(n: u64) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// The visitor of whom the collector was told.
fn visitor_of(body: &str) -> String {
    let mut fields = body.split('&');
    fields.find_map(|field| field.strip_prefix("cid=")).unwrap_or_default().to_owned()
}

fn id(directory: &std::path::Path) -> &str {
    directory.file_name().unwrap().to_str().unwrap()
}

/// The frames of a segment, as its specification has them: from byte 64 on, with a head of 16 bytes each in which
/// the length stands from the fifth on.
fn frames(segment: &[u8]) -> Vec<usize> {
    let (mut at, mut found) = (64, Vec::new());
    while let Some(head) = segment.get(at..at + 16) {
        found.push(at);
        at += 16 + u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    }
    found
}

#[test]
fn a_living_process_keeps_what_it_has_and_a_dead_ones_is_delivered() {
    let mut site = Site::new();
    let server = site.start();
    (0..5).for_each(|n| visit(&server, "/articles/", &visitor(n)));
    site.until_written(5);

    let listed = site.listed();
    let [living] = &listed[..] else { panic!("{listed:?}") };
    let expected = json!({
        "destination": "ga-v1", "receiver": "ga-v1", "owner": "living", "hits": 5, "sound": true,
        "path": living["path"], "segments": living["segments"], "bytes": living["bytes"], "oldest_at": living["oldest_at"],
    });
    assert_eq!(*living, expected);
    assert!(living["segments"].as_u64() > Some(0) && living["bytes"].as_u64() > Some(5 * 100), "{living}");
    let directory = site.place.path(living["path"].as_str().unwrap());
    assert!(directory.is_dir());

    let drained = site.spool(&["drain"]);
    let none = "no dead process left anything for a destination that can be drained here\n";
    let alone = "left alone: 5 hits in 1 directory that living processes own\n";
    assert_eq!((drained.code, drained.out), (Some(0), format!("{none}{alone}")), "{}", drained.err);
    let purged = site.spool(&["purge", "--yes", id(&directory)]);
    assert_eq!((purged.code, purged.out.as_str()), (Some(1), ""));
    assert!(
        purged.err.contains("a living process owns") && purged.err.contains(id(&directory)),
        "{}",
        purged.err
    );
    let purged = site.spool(&["purge", "--yes"]);
    assert_eq!(purged.code, Some(0), "{}", purged.err);
    assert!(purged.out.ends_with("left alone: 1 directory that living processes own\n"), "{}", purged.out);
    assert!(directory.is_dir());

    let mut server = server;
    server.signal("KILL");
    server.wait();
    assert_eq!(site.listed()[0]["owner"], "dead");
    let table = site.spool(&["list"]).out;
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows[0],
        ["destination", "receiver", "owner", "segments", "hits", "bytes", "oldest", "directory"]
    );
    assert_eq!((&rows[1][..3], rows[1][4]), (&["ga-v1", "ga-v1", "dead"][..], "5"), "{table}");

    // In vain, as long as nobody answers.
    let drained = site.spool(&["drain", "--timeout", "1s"]);
    assert_eq!(drained.code, Some(1), "{}", drained.out);
    assert!(drained.out.contains(" = 0 delivered + 0 refused + 0 dropped + "), "{}", drained.out);
    assert!(
        drained.err.contains("left on disk: 5 hits in 1 directory; see why in the log"),
        "{}",
        drained.err
    );
    assert_eq!(site.listed()[0]["hits"], 5);

    site.collector.up().unwrap();
    let drained = site.spool(&["drain"]);
    let book = "hits to ga-v1: 5 adopted = 5 delivered + 0 refused + 0 dropped + 0 pending\n";
    assert_eq!((drained.code, drained.out.as_str()), (Some(0), book), "{}", drained.err);
    let mut told: Vec<_> = site.collector.requests().iter().map(Recorded::text).collect();
    told.sort_by_key(|body| visitor_of(body));
    let expected: Vec<_> = (0..5).map(visitor).collect();
    assert_eq!(told.iter().map(|body| visitor_of(body)).collect::<Vec<_>>(), expected, "once each");
    assert_eq!(site.listed(), Vec::<Value>::new());
    let left: Vec<_> = fs::read_dir(directory.parent().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let nothing = "nothing is in the spool trackside-spool\n";
    assert_eq!(site.spool(&["list"]).out, nothing);
    assert_eq!((site.spool(&["verify"]).code, site.spool(&["verify"]).out.as_str()), (Some(0), nothing));
}

#[test]
fn damage_is_told_with_its_place_and_costs_no_other_hit() {
    let mut site = Site::new();
    let directory = site.killed(4);
    let verified = site.spool(&["verify"]);
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert!(
        verified.out.contains("4 good (4 waiting, 0 begun, 0 ended), 0 damaged, 0 torn"),
        "{}",
        verified.out
    );

    // All four hits may stand in one segment, or in one each.
    let mut segments: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    let largest = segments.iter().max_by_key(|path| frames(&fs::read(path).unwrap()).len()).unwrap();
    let mut bytes = fs::read(largest).unwrap();
    let hurt = frames(&bytes)[0];
    bytes[hurt + 16 + 30] ^= 0x20;
    fs::write(largest, &bytes).unwrap();
    // A write that was cut short.
    let torn = directory.join("0000ffff.seg");
    let mut half = bytes[..64].to_vec();
    half.extend_from_slice(&bytes[hurt..hurt + 20]);
    fs::write(&torn, &half).unwrap();
    let unreadable = directory.join("0000fffe.seg");
    fs::write(&unreadable, [0; 100]).unwrap();

    let verified = site.spool(&["verify"]);
    assert_eq!(verified.code, Some(1));
    assert_eq!(
        verified.err,
        "trackside: not sound: 1 directory; what is good there is delivered all the same\n"
    );
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    for part in [
        "3 good (3 waiting, 0 begun, 0 ended), 1 damaged, 1 torn, 0 foreign, 1 unreadable".to_owned(),
        format!("{}:{hurt}: damaged\n", name(largest)),
        format!("{}:64: a record that was not written to its end\n", name(&torn)),
        format!("{}: it is damaged at its beginning", name(&unreadable)),
    ] {
        assert!(verified.out.contains(&part), "{part} in {}", verified.out);
    }
    let document = site.json(&["verify"]);
    let row = &document["directories"][0];
    assert_eq!(
        (&row["waiting"], &row["damaged"], &row["torn"], &row["unreadable"]),
        (&json!(3), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!(row["faults"].as_array().unwrap().len(), 3, "{row}");

    site.collector.up().unwrap();
    let drained = site.spool(&["drain"]);
    let book = "hits to ga-v1: 4 adopted = 3 delivered + 0 refused + 1 dropped (corrupt 1) + 0 pending\n";
    assert_eq!((drained.code, drained.out.as_str()), (Some(1), book), "{}", drained.err);
    assert!(drained.err.contains("`trackside spool verify` tells what cannot be read"), "{}", drained.err);
    assert_eq!(site.collector.requests().len(), 3);
    assert!(unreadable.exists() && !torn.exists());
}

#[test]
fn hits_are_shown_without_who_it_was() {
    let site = Site::new();
    let directory = site.killed(3);
    let shown = site.spool(&["show", "--limit", "2"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    let lines: Vec<_> = shown.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", shown.out);
    for line in &lines[..2] {
        let end = "Z  waiting  ga-v1  page  200  GET  localhost/articles/?q=hidden&n=hidden";
        assert!(line.starts_with("20") && line.ends_with(end), "{line}");
    }
    assert_eq!(lines[2], "(1 more; --limit shows them)");

    let (table, document) = (shown.out, site.spool(&["show", "--format", "json"]).out);
    for private in [ANNA, "secret", "127.0.0."] {
        assert!(!table.contains(private) && !document.contains(private), "{private}");
    }
    let document: Value = serde_json::from_str(&document).unwrap();
    let first = &document["hits"][0];
    assert_eq!((&first["directory"], &first["state"]), (&json!(id(&directory)), &json!("waiting")));
    assert_eq!(first["hit"]["referrer"], "https://a.example/?from=hidden");
    assert_eq!((&first["hit"]["visitor"], &first["hit"]["ip"]), (&json!("hidden"), &json!("hidden")));
    assert_eq!(document["more"], 0);

    let all = site.json(&["show", "--unredacted"]);
    let hit = &all["hits"][0]["hit"];
    assert_eq!((&hit["visitor"], &hit["ip"]), (&json!(ANNA), &json!("127.0.0.0")));
    assert_eq!(hit["referrer"], "https://a.example/?from=secret");
    let table = site.spool(&["show", "--unredacted"]).out;
    assert!(table.contains("?q=secret&n=0") && table.contains(&format!("visitor={ANNA}")), "{table}");
}

#[test]
fn what_is_purged_is_said_and_only_when_it_is_asked_for() {
    let site = Site::new();
    let directory = site.killed(2);
    let before = site.listed();
    let told = site.spool(&["purge"]);
    assert_eq!(told.code, Some(2), "{}", told.out);
    let size = before[0]["bytes"].as_u64().unwrap();
    let segments = match before[0]["segments"].as_u64().unwrap() {
        1 => "1 segment".to_owned(),
        n => format!("{n} segments"),
    };
    let what = format!("2 hits that did not end, {segments}, {size} bytes");
    assert!(told.out.ends_with(&format!("{}: {what}\n", id(&directory))), "{}", told.out);
    assert!(told.err.contains("nothing is removed yet") && told.err.contains("--yes"), "{}", told.err);
    assert_eq!(site.listed(), before);

    let purged = site.spool(&["purge", "--yes", id(&directory)]);
    assert_eq!(purged.code, Some(0), "{}", purged.err);
    assert!(purged.out.ends_with(&format!("{}: removed {what}\n", id(&directory))), "{}", purged.out);
    assert!(!directory.exists());
    let purged = site.spool(&["purge", "--yes"]);
    let nothing = "there is nothing to remove in the spool trackside-spool\n";
    assert_eq!((purged.code, purged.out.as_str()), (Some(0), nothing), "{}", purged.err);
}

#[test]
fn what_was_made_for_another_receiver_is_left_and_told_of() {
    let mut site = Site::new();
    site.killed(2);
    site.collector.up().unwrap();
    for (more, receiver) in [("ip = 'none'", "another one"), ("name = 'new'", "not configured")] {
        site.configure(more);
        let table = site.spool(&["list"]).out;
        assert!(table.contains(receiver), "{table}");
        assert_eq!(site.listed()[0]["receiver"], Value::Null);
        let drained = site.spool(&["drain"]);
        assert_eq!(drained.code, Some(1), "{}", drained.out);
        let told = "left on disk: 2 hits in 1 directory; `trackside spool list` tells for whom\n";
        assert!(drained.err.ends_with(told), "{}", drained.err);
    }
    assert_eq!(site.collector.requests().len(), 0);
    assert_eq!(site.listed()[0]["hits"], 2);
    // Only what is asked for is looked at.
    assert_eq!(site.spool(&["drain", "--destination", "new"]).code, Some(0));
}

#[test]
fn a_sink_of_a_programs_own_cannot_be_drained_from_here() {
    let site = Site::new();
    let directory = site.killed(1);
    // The digits were computed from the words of the specification, for this receiver.
    let folder = directory.parent().unwrap();
    fs::rename(folder, folder.with_file_name("celery-189a1395")).unwrap();
    site.place.write(
        "my.toml",
        "consent.policy = 'none'\n[[destination]]\ntype = 'celery'\ntracking_id = 'UA-1'\nspool = 'always'\n",
    );
    let drained = site.spool(&["drain"]);
    assert_eq!(drained.code, Some(1), "{}", drained.out);
    assert!(
        drained.err.contains("its sink (celery) is in the program that embeds trackside"),
        "{}",
        drained.err
    );
    assert_eq!(site.listed()[0]["hits"], 1);
}

#[test]
fn what_waits_for_an_answer_at_the_end_is_left() {
    let mut site = Site::new();
    site.killed(2);
    site.collector.always(Answer::status(200).held());
    site.collector.up().unwrap();
    let drained = site.spool(&["drain", "--timeout", "2s", "--format", "json"]);
    assert_eq!(drained.code, Some(1), "{}{}", drained.out, drained.err);
    assert!(site.collector.wait_for_held(1, LONG));
    let document: Value = serde_json::from_str(&drained.out).unwrap();
    assert_eq!((&document["left"], &document["living"]), (&json!(2), &json!(0)), "{document}");
    assert!(drained.err.contains("left on disk: 2 hits in "), "{}", drained.err);
}

#[test]
fn hits_that_are_too_old_are_told_of() {
    let mut site = Site::new();
    site.killed(1);
    site.configure("max_age = '1ms'");
    site.collector.always(Answer::status(503));
    site.collector.up().unwrap();
    let drained = site.spool(&["drain"]);
    assert_eq!(drained.code, Some(1), "{}", drained.out);
    assert!(drained.out.contains("1 dropped (expired 1) + 0 pending"), "{}", drained.out);
    assert!(drained.err.contains("dropped: 1 hit older than the destination's max_age"), "{}", drained.err);
}

#[test]
fn a_destination_without_a_spool_today_has_the_time_of_one() {
    let mut site = Site::new();
    site.killed(1);
    site.configure_spool("off", "max_age = '1ms'");
    site.collector.script([Answer::status(503)]);
    site.collector.up().unwrap();
    let drained = site.spool(&["drain"]);
    let book = "hits to ga-v1: 1 adopted = 1 delivered + 0 refused + 0 dropped + 0 pending\n";
    assert_eq!((drained.code, drained.out.as_str()), (Some(0), book), "{}", drained.err);
}

#[test]
fn an_empty_directory_of_a_programs_own_sink_is_no_failure() {
    let site = Site::new();
    let celery = "[[destination]]\ntype = 'celery'\ntracking_id = 'UA-1'\nspool = 'always'\n";
    site.place.write("my.toml", format!("consent.policy = 'none'\n{celery}"));
    fs::create_dir_all(site.place.path("trackside-spool/celery-189a1395/0123456789abcdef")).unwrap();
    assert_eq!(site.listed()[0]["receiver"], "celery");
    let drained = site.spool(&["drain"]);
    assert_eq!(drained.code, Some(0), "{}", drained.err);
}

#[test]
fn a_folders_name_does_nothing_to_a_terminal() {
    let site = Site::new();
    let directory = site.killed(1);
    let folder = directory.parent().unwrap();
    fs::rename(folder, folder.with_file_name("\u{1b}[2J-0123abcd")).unwrap();
    for command in ["list", "show", "verify", "purge"] {
        let ran = site.spool(&[command]);
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{command}: {}", ran.out);
        assert!(ran.out.contains("[2J"), "{command}: {}", ran.out);
    }
    let mut command = site.place.command(&["spool", "list", "--config", "my.toml"]);
    let ran = Ran::of(command.env("TRACKSIDE__SPOOL__DIR", "\u{1b}[2J").output().unwrap());
    assert!(ran.out.starts_with("nothing is in the spool ") && !ran.out.contains('\u{1b}'), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn nothing_of_a_living_process_is_purged_by_a_link() {
    let site = Site::new();
    let server = site.start();
    visit(&server, "/articles/", ANNA);
    site.until_written(1);
    let listed = site.listed();
    let directory = site.place.path(listed[0]["path"].as_str().unwrap());
    std::os::unix::fs::symlink(&directory, directory.with_file_name("0123456789abcdef")).unwrap();
    let purged = site.spool(&["purge", "--yes"]);
    assert!(purged.out.ends_with("left alone: 1 directory that living processes own\n"), "{}", purged.out);
    let after = site.listed();
    assert_eq!((after.len(), &after[0]["hits"]), (1, &json!(1)), "{after:?}");
}

#[test]
fn where_nothing_is_sent_nothing_is_drained() {
    let mut site = Site::new();
    site.killed(1);
    site.collector.up().unwrap();
    for mode in ["off", "dry-run"] {
        let mut command = site.place.command(&["spool", "drain", "--config", "my.toml"]);
        let ran = Ran::of(command.env("TRACKSIDE__MODE", mode).output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains("nothing is drained; TRACKSIDE__MODE=on"), "{}", ran.err);
    }
    assert_eq!((site.collector.count(), &site.listed()[0]["hits"]), (0, &json!(1)));
}

#[test]
fn what_cannot_be_done_is_told() {
    let site = Site::new();
    for (arguments, code, says) in [
        (&["spool"][..], 2, "Usage: trackside spool"),
        (&["spool", "drain", "--timeout", "0s"], 2, "such as 30s, 5m or 2h"),
        (&["spool", "show", "--limit", "0"], 2, "--limit"),
        (
            &["spool", "list", "0123456789abcdef"],
            2,
            "there is no directory 0123456789abcdef in trackside-spool",
        ),
        (&["spool", "list", "--destination", "x"], 2, "no destination is called `x`"),
        (&["spool", "verify", "--config", "missing.toml"], 2, "there is no configuration file missing.toml"),
    ] {
        let ran = site.place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    site.place.write("trackside-spool", "a file");
    let ran = site.spool(&["list"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("the spool trackside-spool cannot be listed"), "{}", ran.err);
}
