use std::{fs, net::IpAddr, path::Path, process, sync::Arc};

use rusqlite::{Connection, types::Value};
use trackside_core::{
    Annotations, Config, Event, Moment, Request, Response,
    config::Keep,
    enrich::{Enricher, Lists, Locate},
    hit::Place,
    judge,
    protocol::{Enriched, Outcome},
};
use trackside_tests::{folder::Folder, hits};
use trackside_transports::{sink::Sink, sinks};

use crate::{deliver, file::alone};

fn sink(path: &Path) -> Box<dyn Sink> {
    sinks::sqlite::factory(path, None)().unwrap()
}

fn count(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection.query_row("SELECT count(*) FROM hit", (), |row| row.get(0)).unwrap()
}

/// What the factory and `check` say of the store at `path`, without the path. They say the same.
fn refusal(path: &Path) -> String {
    let prefix = format!("store `{}`: ", path.display());
    let of_factory = sinks::sqlite::factory(path, None)().err().unwrap().to_string();
    let of_check = sinks::sqlite::check(path).unwrap_err().to_string();
    assert_eq!(of_factory, of_check);
    of_check.strip_prefix(&prefix).unwrap_or_else(|| panic!("{of_check}")).to_owned()
}

#[test]
fn every_field_stands_in_a_column_of_its_own() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let config = r#"
        consent.policy = "none"
        track = { methods = ["POST"], status = ["2xx"] }
        privacy = { ip = "full", query = "keep", geo = "city" }
        proxy.trusted = ["2001:db8::/32"]
        geo.cdn = "cloudflare"
    "#;
    let config = Config::builder().toml(config).build().unwrap();
    let headers = [
        ("cf-ipcountry", "DE"),
        ("cf-region-code", "BE"),
        ("cf-ipcity", "Berlin"),
        ("sec-gpc", "1"),
        ("host", "WWW.example.com:8080"),
        ("user-agent", "Agent/1.0"),
        ("referer", "https://search.example/list?q=1#top"),
        ("accept-language", "en-GB,en;q=0.7"),
    ];
    let request = Request::new("POST", "/cart/%C3%A9?a=1&b=", &headers)
        .with_peer("2001:db8::7".parse().ok())
        .with_secure(true);
    let annotations = Annotations::new()
        .title("Cart & \"checkout\"")
        .user_id("u-42")
        .route("/cart/{name}")
        .property("plan", "pro")
        .property("plan", "free")
        .property("seats", 3)
        .event(Event::new("add").category("cart").label("SKU-1").value(2.5).property("gift", true));
    let mut entropy = [0; 64];
    for (n, byte) in (0..).zip(&mut entropy) {
        *byte = n;
    }
    let exchange = judge::begin(&config, &request, Moment::new(hits::NOW + 7, entropy), None);
    let response_headers = [("cache-control", "private"), ("content-type", "text/html")];
    let mut hits = Vec::new();
    let verdict = judge::finish(
        &config,
        exchange,
        &request,
        &Response::new(201, &response_headers),
        &annotations,
        &mut |hit| hits.push(hit),
    );
    assert!(verdict.is_tracked());
    assert_eq!(deliver(&mut *sink(&path), &hits).outcome, Outcome::Delivered);

    let connection = Connection::open(&path).unwrap();
    let mut select = connection.prepare("SELECT * FROM hit ORDER BY kind DESC").unwrap();
    let names = select.column_names().map(str::to_owned);
    // Nobody has looked at these: see below.
    let names: Vec<String> = names.filter(|name| !FOUND.contains(&name.as_str())).collect();
    let mut rows = select.query(()).unwrap();
    let mut row = || -> Vec<(String, Value)> {
        let row = rows.next().unwrap().unwrap();
        names.iter().map(|name| (name.clone(), row.get(name.as_str()).unwrap())).collect()
    };
    // 2026-11-22T00:00:00Z is 1,795,305,600 s: 0x01a2008d7400 ms, in the ids' first six bytes.
    let at = 1_795_305_600_000_007;
    let id = |random: [u8; 10]| {
        let mut id = [0x01, 0xa2, 0x00, 0x8d, 0x74, 0x00].to_vec();
        id.extend(random);
        // Version 7, variant 0b10 (RFC 9562 §4).
        id[6] = 0x70 | id[6] & 0x0f;
        id[8] = 0x80 | id[8] & 0x3f;
        Value::Blob(id)
    };
    let visitor: Vec<u8> = vec![16, 17, 18, 19, 20, 21, 0x46, 23, 0x98, 25, 26, 27, 28, 29, 30, 31];
    let text = |text: &str| Value::Text(text.to_owned());
    let expected = |id, kind, own: [Value; 6]| {
        let [title, name, category, label, value, properties] = own;
        [
            ("id", id),
            ("at", Value::Integer(at)),
            ("kind", text(kind)),
            ("site", text("www.example.com")),
            ("path", text("/cart/%C3%A9")),
            ("status", Value::Integer(201)),
            ("visitor", Value::Blob(visitor.clone())),
            ("session", Value::Integer(1_795_305_600)),
            ("referrer", text("https://search.example/list?q=1")),
            ("secure", Value::Integer(1)),
            ("method", text("POST")),
            ("query", text("a=1&b=")),
            ("agent", text("Agent/1.0")),
            ("language", text("en-GB")),
            ("ip", text("2001:db8::7")),
            ("is_new", Value::Integer(1)),
            ("first_visit", Value::Integer(1_795_305_600)),
            ("user_id", text("u-42")),
            ("title", title),
            ("route", text("/cart/{name}")),
            ("name", name),
            ("category", category),
            ("label", label),
            ("value", value),
            ("properties", properties),
            ("country", text("DE")),
            ("region", text("BE")),
            ("city", text("Berlin")),
            ("cookieless", Value::Integer(0)),
            ("confined", Value::Integer(1)),
            ("ads", Value::Integer(0)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    };
    assert_eq!(
        row(),
        expected(
            id([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
            "page",
            [
                text("Cart & \"checkout\""),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                text(r#"{"plan":"free","seats":3}"#)
            ]
        )
    );
    assert_eq!(
        row(),
        expected(
            id([32, 33, 34, 35, 36, 37, 38, 39, 40, 41]),
            "event",
            [
                Value::Null,
                text("add"),
                text("cart"),
                text("SKU-1"),
                Value::Real(2.5),
                text(r#"{"gift":true}"#)
            ]
        )
    );
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    deliver(&mut *sink(&path), &hits::hostile().unwrap());
    let connection = Connection::open(&path).unwrap();
    let texts = |sql| -> Vec<String> {
        let mut select = connection.prepare(sql).unwrap();
        select.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let paths = texts("SELECT path FROM hit WHERE kind = 'page'");
    assert!(paths.contains(&"/\u{fffd}\u{fffd}\u{fffd}".to_owned()), "{paths:?}");
    assert!(paths.contains(&"/'; DROP TABLE hit; --".to_owned()), "{paths:?}");
    assert_eq!(texts("PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn a_store_tells_whose_it_is() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    sinks::sqlite::check(&path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let number =
        |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap_or_else(|e| panic!("{e}"));
    // "trks"
    assert_eq!(number("PRAGMA application_id"), 0x7472_6b73);
    assert_eq!(number("PRAGMA user_version"), 4);
    // What the probe inserted is gone.
    assert_eq!(number("SELECT count(*) FROM hit"), 0);
    let mode: String = connection.query_row("PRAGMA journal_mode", (), |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn another_programs_database_stays_as_it_is() {
    let folder = Folder::new().unwrap();
    let path = folder.join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE page (id)").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(refusal(&path), "it is another program's database and stays as it is; name another `path`");
    let error = sinks::sqlite::report(&path, 0).unwrap_err().to_string();
    assert!(error.contains("another program's database"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_store_stays_as_it_is() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    sinks::sqlite::check(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 5").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(
        refusal(&path),
        "its schema has version 5, this trackside knows 1 to 4; use the version that made it, or name another \
         `path`"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_database_stays_as_it_is() {
    let folder = Folder::new().unwrap();
    let path = folder.join("notes.txt");
    let notes = "Nothing to see here.\n".repeat(100);
    fs::write(&path, &notes).unwrap();
    assert_eq!(
        refusal(&path),
        "file is not a database; it is damaged or no database; put a copy in its place, or move it away"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), notes);
}

#[test]
fn a_damaged_store_is_told_at_the_start() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut writer = sink(&path);
    deliver(&mut *writer, &hits::pages(200).unwrap());
    drop(writer);
    // All pages but the first, which holds the schema.
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x55);
    fs::write(&path, bytes).unwrap();
    let error = sinks::sqlite::check(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("it is damaged or no database; put a copy in its place, or move it away"),
        "{error}"
    );
    // An embedding host starts, and loses hits by count.
    let mut sink = sink(&path);
    let delivery = deliver(&mut *sink, &hits::pages(2).unwrap());
    assert_eq!((delivery.taken, delivery.outcome), (2, Outcome::Unavailable));
}

#[test]
fn a_missing_folder_is_told() {
    let folder = Folder::new().unwrap();
    let error = refusal(&folder.join("missing/trackside.db"));
    assert!(error.ends_with("; see that its folder exists and may be written"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_store_is_told() {
    use std::os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    };

    // In a process that is not root, for whom nothing is read-only.
    const CHILD: &str = "TRACKSIDE_TEST_READ_ONLY";
    if let Some(path) = std::env::var_os(CHILD) {
        assert_eq!(
            refusal(Path::new(&path)),
            "it may be read but not written; make the file and its folder writable, or name another `path`"
        );
        return;
    }
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    sinks::sqlite::check(&path).unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    // The test's own program, where anybody may run it. Were it written here, a child of another test would have it open
    // for writing until it is a program of its own, and nothing runs meanwhile.
    let program = folder.join("program");
    let copied =
        process::Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap();
    assert!(copied.success());
    mode(&program, 0o555);
    mode(&path, 0o444);
    mode(folder.path(), 0o555);
    let mut child = process::Command::new(&program);
    child.args(["--exact", "sqlite::a_read_only_store_is_told"]).env(CHILD, &path);
    if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        // The user that owns nothing.
        child.uid(65_534).gid(65_534);
    }
    let output = child.output().unwrap();
    mode(folder.path(), 0o755);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_locked_store_is_waited_for_and_then_tried_again() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut sink = sink(&path);
    let hits = hits::pages(2).unwrap();
    let other = Connection::open(&path).unwrap();

    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let delivery = deliver(&mut *sink, &hits);
    assert_eq!((delivery.taken, delivery.outcome), (2, Outcome::Retry(None)));

    // The lock goes while the sink waits for it.
    let released = std::thread::spawn(move || other.execute_batch("ROLLBACK").unwrap());
    assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
    released.join().unwrap();
    assert_eq!(count(&path), 2);
}

#[test]
fn a_store_that_is_locked_at_the_start_is_no_error() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let other = Connection::open(&path).unwrap();
    // In the mode that a new database has, nobody can even read now.
    other.execute_batch("BEGIN EXCLUSIVE; CREATE TABLE t (x)").unwrap();
    let mut sink = sink(&path);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Delivered);
}

#[test]
fn a_batch_that_fails_midway_is_lost_whole_and_the_next_is_taken() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut sink = sink(&path);
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Delivered);
    // Fails in the midst of the batch, as a full disk would.
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER midway BEFORE INSERT ON hit WHEN new.path = '/page/50'
             BEGIN SELECT raise(ABORT, 'midway'); END",
        )
        .unwrap();
    let delivery = deliver(&mut *sink, &hits::pages(100).unwrap());
    assert_eq!((delivery.taken, delivery.outcome), (100, Outcome::Unavailable));
    assert_eq!(count(&path), 1);
    other.execute_batch("DROP TRIGGER midway").unwrap();
    assert_eq!(deliver(&mut *sink, &hits::pages(100).unwrap()).outcome, Outcome::Delivered);
    assert_eq!(count(&path), 100);
}

/// A store with three hits, and a sink that has it open.
#[cfg(unix)]
fn of_three(path: &Path) -> Box<dyn Sink> {
    let mut sink = sink(path);
    assert_eq!(deliver(&mut *sink, &hits::pages(3).unwrap()).outcome, Outcome::Delivered);
    sink
}

/// Has `sink` store two more.
#[cfg(unix)]
fn two_more(sink: &mut dyn Sink) -> Outcome {
    deliver(sink, &hits::pages_from(3, 2).unwrap()).outcome
}

#[cfg(unix)]
#[test]
fn a_store_that_was_deleted_is_made_anew() {
    for endings in [&["", "-wal", "-shm"][..], &[""]] {
        let folder = Folder::new().unwrap();
        let path = folder.join("trackside.db");
        let mut sink = of_three(&path);
        for ending in endings {
            fs::remove_file(folder.join(&format!("trackside.db{ending}"))).unwrap();
        }
        assert_eq!(two_more(&mut *sink), Outcome::Delivered);
        assert_eq!(count(&path), 2, "{endings:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_was_moved_keeps_what_it_had() {
    for endings in [&["", "-wal", "-shm"][..], &[""]] {
        let folder = Folder::new().unwrap();
        let (path, moved) = (folder.join("trackside.db"), folder.join("moved.db"));
        let mut sink = of_three(&path);
        for ending in endings {
            let name = |base| folder.join(&format!("{base}{ending}"));
            fs::rename(name("trackside.db"), name("moved.db")).unwrap();
        }
        assert_eq!(two_more(&mut *sink), Outcome::Delivered);
        drop(sink);
        assert_eq!((count(&moved), count(&path)), (3, 2), "{endings:?}");
    }
}

#[cfg(unix)]
#[test]
fn who_leaves_a_deleted_store_later_takes_nothing_from_the_new_one() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let (mut first, mut second) = (of_three(&path), sink(&path));
    assert_eq!(deliver(&mut *second, &hits::pages_from(10, 3).unwrap()).outcome, Outcome::Delivered);
    // What SQLite shares between connections stays behind.
    fs::remove_file(&path).unwrap();
    for n in 1..4 {
        let hits = hits::pages_from(n * 100, 50).unwrap();
        assert_eq!(deliver(&mut *first, &hits).outcome, Outcome::Delivered);
    }
    for n in 4..6 {
        let hits = hits::pages_from(n * 100, 50).unwrap();
        assert_eq!(deliver(&mut *second, &hits).outcome, Outcome::Delivered);
        assert_eq!(
            deliver(&mut *first, &hits::pages_from(n * 100 + 50, 50).unwrap()).outcome,
            Outcome::Delivered
        );
    }
    drop((first, second));
    assert_eq!(count(&path), 350);
}

#[cfg(unix)]
#[test]
fn a_store_to_which_the_path_leads_no_more_is_left_to_those_who_write_it() {
    let folder = Folder::new().unwrap();
    let [path, store, other] = ["trackside.db", "store.db", "other.db"].map(|name| folder.join(name));
    std::os::unix::fs::symlink(&store, &path).unwrap();
    let (mut sink, mut theirs) = (of_three(&path), self::sink(&store));
    assert_eq!(deliver(&mut *theirs, &hits::pages_from(10, 3).unwrap()).outcome, Outcome::Delivered);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    assert_eq!(two_more(&mut *sink), Outcome::Delivered);
    // Another connection reads the log that they write.
    assert_eq!(deliver(&mut *theirs, &hits::pages_from(20, 4).unwrap()).outcome, Outcome::Delivered);
    assert_eq!(count(&store), 10);
    drop(theirs);
    assert_eq!((count(&store), count(&other)), (10, 2));
}

#[cfg(unix)]
#[test]
fn a_store_that_was_replaced_is_left_for_what_took_its_place() {
    let folder = Folder::new().unwrap();
    let (path, other) = (folder.join("trackside.db"), folder.join("other.db"));
    let mut sink = of_three(&path);
    deliver(&mut *self::sink(&other), &hits::pages_from(100, 7).unwrap());
    fs::rename(&other, &path).unwrap();
    assert_eq!(two_more(&mut *sink), Outcome::Delivered);
    assert_eq!(count(&path), 9);

    // What is no store loses hits by count, until it goes.
    fs::write(&other, "no database ".repeat(1_000)).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(two_more(&mut *sink), Outcome::Unavailable);
    fs::remove_file(&path).unwrap();
    assert_eq!(two_more(&mut *sink), Outcome::Delivered);
    assert_eq!(count(&path), 2);
}

#[test]
fn eight_processes_begin_and_fill_one_store() {
    const PATH: &str = "TRACKSIDE_TEST_STORE";
    if let Ok(argument) = std::env::var(PATH) {
        let (n, path) = argument.split_once(' ').unwrap();
        let hits = hits::pages_from(n.parse::<usize>().unwrap() * 100, 100).unwrap();
        let mut sink = sink(Path::new(path));
        for batch in hits.chunks(5) {
            assert_eq!(deliver(&mut *sink, batch).outcome, Outcome::Delivered);
        }
        return;
    }
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let children: Vec<_> = (0..8)
        .map(|n| {
            alone("sqlite::eight_processes_begin_and_fill_one_store")
                .env(PATH, format!("{n} {}", path.display()))
                .stdout(process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let connection = Connection::open(&path).unwrap();
    let distinct: i64 =
        connection.query_row("SELECT count(DISTINCT path) FROM hit", (), |row| row.get(0)).unwrap();
    assert_eq!((distinct, count(&path)), (800, 800));
}

#[test]
fn old_hits_are_deleted_by_a_batch_and_never_when_opening() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let hits = hits::pages(2).unwrap();
    deliver(&mut *sink(&path), &hits[..1]);
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE hit SET at = at - 24 * 3600 * 1000000 - 1", ()).unwrap();

    let factory = sinks::sqlite::factory(&path, Some(Keep::Days(1)));
    let mut sink = factory().unwrap();
    assert_eq!(count(&path), 1);
    deliver(&mut *sink, &hits[1..]);
    let left: String = other.query_row("SELECT path FROM hit", (), |row| row.get(0)).unwrap();
    assert_eq!(left, "/page/1");
}

#[test]
fn a_report_reads_what_is_being_written() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut sink = sink(&path);
    deliver(&mut *sink, &hits::pages(3).unwrap());
    let report = sinks::sqlite::report(&path, hits::NOW + 1_000).unwrap();
    assert_eq!((report.views, report.single_hit_ids, report.sessions), (2, 2, 2));
    assert_eq!(report.statuses.len(), 1);
    let referrers: Vec<_> = report.referrers.iter().map(|r| (r.referrer.as_str(), r.views)).collect();
    assert_eq!(referrers, [("https://search.example/", 2)]);
}

#[test]
fn a_report_of_nothing_is_an_error_and_makes_no_file() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let error = sinks::sqlite::report(&path, 0).unwrap_err().to_string();
    assert!(error.ends_with("`: there is no such file"), "{error}");
    assert!(!path.exists());
    fs::write(&path, "").unwrap();
    let error = sinks::sqlite::report(&path, 0).unwrap_err().to_string();
    assert!(error.ends_with("it holds nothing yet; no hit was ever stored in it"), "{error}");
}

#[test]
fn a_report_of_what_is_no_file_is_an_error_at_once() {
    let folder = Folder::new().unwrap();
    let error = sinks::sqlite::report(folder.path(), 0).unwrap_err().to_string();
    assert!(error.ends_with("`: it is no file; name the database itself"), "{error}");
    #[cfg(unix)]
    {
        // Opening it would wait for somebody to write there.
        let pipe = folder.join("pipe");
        assert!(process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = sinks::sqlite::report(&pipe, 0).unwrap_err().to_string();
        assert!(error.ends_with("`: it is no file; name the database itself"), "{error}");
    }
}

/// What a worker finds out.
const FOUND: [&str; 13] = [
    "bot",
    "bot_name",
    "bot_operator",
    "bot_purpose",
    "channel",
    "source",
    "campaign_source",
    "campaign_medium",
    "campaign_name",
    "campaign_term",
    "campaign_content",
    "campaign_id",
    "campaign_click",
];

/// Knows where the network of an address is.
#[derive(Debug)]
struct Places;

impl Locate for Places {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        assert_eq!(address, IpAddr::from([203, 0, 113, 0]));
        Place::named("FR", "ARA", "Lyon")
    }
}

#[test]
fn what_a_worker_found_out_stands_in_columns_of_its_own() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let headers = [("host", "www.example.com"), ("user-agent", "GPTBot/1.2")];
    let target = "/?utm_source=a&utm_medium=b&utm_campaign=c&utm_term=d&utm_content=e&utm_id=f&gclid=g";
    let request = Request::new("GET", target, &headers).with_peer("203.0.113.9".parse().ok());
    let exchange = judge::begin(&config, &request, Moment::new(hits::NOW, [7; 64]), None);
    let response = [("content-type", "text/html")];
    let response = Response::new(200, &response);
    let mut hits = Vec::new();
    let verdict =
        judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut |hit| hits.push(hit));
    assert!(verdict.is_tracked());
    let enricher = Enricher::new(&config, Arc::new(Lists::built_in())).with_places(Arc::new(Places));
    let found = enricher.look(&hits[0]);
    let delivery = sink(&path).deliver(&[Enriched::with(&hits[0], &found)], hits::NOW);
    assert_eq!(delivery.outcome, Outcome::Delivered);

    let connection = Connection::open(&path).unwrap();
    let columns = FOUND.join(", ");
    let texts: Vec<String> = connection
        .query_row(&format!("SELECT {columns} FROM hit"), (), |row| (0..13).map(|at| row.get(at)).collect())
        .unwrap();
    assert_eq!(
        texts,
        ["ai", "GPTBot", "OpenAI", "training", "campaign", "a", "a", "b", "c", "d", "e", "f", "gclid"]
    );
    let place = connection.query_row("SELECT country, region FROM hit", (), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
    });
    // No more than the country is to be recorded.
    assert_eq!(place.unwrap(), ("FR".to_owned(), None));
}
