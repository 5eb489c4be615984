use rusqlite::Connection;
use trackside_core::config::Keep;

use super::{
    keep::{DELETE, ROWS, Sweep, oldest},
    report::{HITS, tally},
    schema, *,
};

const MINUTE: i64 = 60 * 1_000_000;

fn store() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

/// A hit as the store has it, of the site `a.example`.
struct Stored {
    at: i64,
    kind: &'static str,
    path: &'static str,
    status: u16,
    visitor: Option<u8>,
    session: Option<i64>,
    referrer: Option<&'static str>,
}

const PAGE: Stored =
    Stored { at: 0, kind: "page", path: "/", status: 200, visitor: None, session: None, referrer: None };

fn put(connection: &Connection, hits: &[Stored]) {
    let stored: i64 = connection.query_row("SELECT count(*) FROM hit", (), |row| row.get(0)).unwrap();
    for (n, hit) in (stored..).zip(hits) {
        connection
            .prepare_cached(
                "INSERT INTO hit (id, at, kind, site, path, status, visitor, session, referrer, secure, is_new)
                 VALUES (?1, ?2, ?3, 'a.example', ?4, ?5, ?6, ?7, ?8, 0, 0)",
            )
            .unwrap()
            .execute((
                i128::from(n).to_be_bytes(),
                hit.at,
                hit.kind,
                hit.path,
                hit.status,
                hit.visitor.map(|v| [v; 16]),
                hit.session,
                hit.referrer,
            ))
            .unwrap();
    }
}

fn reported(connection: &Connection, since: i64) -> Report {
    tally(connection, since).unwrap().report()
}

#[test]
fn visitors_seen_once_are_counted_apart() {
    let store = store();
    let hit = |visitor, kind| Stored { kind, visitor, ..PAGE };
    put(
        &store,
        &[
            hit(Some(1), "page"),
            hit(Some(1), "event"),
            hit(Some(2), "page"),
            hit(Some(3), "event"),
            hit(None, "page"),
            hit(None, "event"),
        ],
    );
    let report = reported(&store, 0);
    assert_eq!((report.views, report.events, report.without_visitor), (3, 3, 1));
    assert_eq!((report.visitors, report.single_hit_ids), (1, 2));
}

#[test]
fn sessions_are_those_named_and_those_cut_by_gaps() {
    let store = store();
    let hit =
        |visitor, session, minute| Stored { visitor: Some(visitor), session, at: minute * MINUTE, ..PAGE };
    put(
        &store,
        &[
            // Two visitors with a session of the same name are two; the same one named twice is one.
            hit(1, Some(60), 1),
            hit(1, Some(60), 2),
            hit(2, Some(60), 3),
            hit(1, Some(6_000), 100),
            // Thirty minutes sharp are no gap, a microsecond more is.
            hit(3, None, 200),
            hit(3, None, 230),
            Stored { at: 260 * MINUTE + 1, ..hit(3, None, 0) },
            hit(4, None, 231),
            // Without a visitor there is no session.
            Stored { visitor: None, ..hit(0, None, 300) },
        ],
    );
    assert_eq!(reported(&store, 0).sessions, 3 + 3);
}

#[test]
fn a_report_begins_where_it_is_told_to() {
    let store = store();
    put(&store, &[Stored { at: 9, ..PAGE }, Stored { at: 10, ..PAGE }, Stored { at: 11, ..PAGE }]);
    assert_eq!(reported(&store, 10).views, 2);
    assert_eq!(reported(&store, 12), Report::default());
}

#[test]
fn pages_and_statuses_are_of_views_alone_most_first() {
    let store = store();
    let page = |path, status| Stored { path, status, ..PAGE };
    put(
        &store,
        &[
            page("/b", 200),
            page("/a", 304),
            page("/b", 200),
            page("/c", 404),
            Stored { kind: "event", ..page("/a", 500) },
        ],
    );
    let report = reported(&store, 0);
    let pages: Vec<_> = report.pages.iter().map(|page| (page.path.as_str(), page.views)).collect();
    assert_eq!(pages, [("/b", 2), ("/a", 1), ("/c", 1)]);
    let statuses: Vec<_> = report.statuses.iter().map(|status| (status.status, status.views)).collect();
    assert_eq!(statuses, [(200, 2), (304, 1), (404, 1)]);
}

#[test]
fn at_most_ten_pages_are_named() {
    let store = store();
    let paths = ["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j", "/k"];
    put(&store, &paths.map(|path| Stored { path, ..PAGE }));
    let named: Vec<_> = reported(&store, 0).pages.into_iter().map(|page| page.path).collect();
    assert_eq!(named, paths[..10]);
}

#[test]
fn referrers_are_external() {
    let store = store();
    let from = |referrer| Stored { referrer: Some(referrer), ..PAGE };
    put(
        &store,
        &[
            from("https://www.example.org/list"),
            from("https://www.example.org/list"),
            from("http://A.example:8080/other"),
            from("https://a.example?x"),
            from("https://a.example.org/"),
            Stored { kind: "event", ..from("https://event.example/") },
        ],
    );
    let report = reported(&store, 0);
    let referrers: Vec<_> = report.referrers.iter().map(|r| (r.referrer.as_str(), r.views)).collect();
    assert_eq!(referrers, [("https://www.example.org/list", 2), ("https://a.example.org/", 1)]);
}

#[test]
fn a_report_reads_the_period_by_its_index() {
    let plan: String =
        store().query_row(&format!("EXPLAIN QUERY PLAN {HITS}"), [0], |row| row.get("detail")).unwrap();
    assert_eq!(plan, "SEARCH hit USING INDEX hit_at (at>?)");
}

#[test]
fn a_report_in_json_has_the_names_of_its_fields() {
    let store = store();
    put(&store, &[PAGE, Stored { referrer: Some("https://b.example/"), ..PAGE }]);
    assert_eq!(
        serde_json::to_value(reported(&store, 0)).unwrap(),
        serde_json::json!({
            "views": 2,
            "events": 0,
            "without_visitor": 2,
            "visitors": 0,
            "single_hit_ids": 0,
            "sessions": 0,
            "pages": [{ "path": "/", "views": 2 }],
            "referrers": [{ "referrer": "https://b.example/", "views": 1 }],
            "statuses": [{ "status": 200, "views": 2 }],
            "channels": [], "countries": [],
            "bots": [],
        })
    );
}

#[test]
fn months_are_those_of_the_calendar() {
    let store = store();
    let second = 1_000_000;
    // 2026-03-31T12:00:00Z
    let now = 1_774_958_400 * second;
    let before = |keep| oldest(&store, keep, now as u64).unwrap().map(|micros| micros / second);
    assert_eq!(before(Keep::Days(1)), Some(1_774_872_000));
    assert_eq!(before(Keep::Months(0)), Some(1_774_958_400));
    // 2026-02-28T12:00:00Z and 2024-02-29T12:00:00Z
    assert_eq!(before(Keep::Months(1)), Some(1_772_280_000));
    assert_eq!(before(Keep::Months(25)), Some(1_709_208_000));
    assert_eq!(before(Keep::Months(u32::MAX)), None);
    assert_eq!(before(Keep::Days(u32::MAX)), None);
}

#[test]
fn a_sweep_goes_on_from_batch_to_batch_and_then_rests_for_an_hour() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let store = store();
    let left = || store.query_row("SELECT count(*) FROM hit", (), |row| row.get::<_, i64>(0)).unwrap();
    let old: Vec<_> = (0..ROWS as i64 + 1).map(|at| Stored { at, ..PAGE }).collect();
    put(&store, &old);
    put(&store, &[Stored { at: DAY, ..PAGE }, Stored { at: 2 * DAY, ..PAGE }]);

    let sweep = Sweep::new(Keep::Days(1));
    // The hit of exactly a day ago stays.
    let now = 2 * DAY as u64;
    sweep.step(&store, now).unwrap();
    assert_eq!(left(), 3);
    sweep.step(&store, now).unwrap();
    assert_eq!(left(), 2);

    let hour = 60 * MINUTE as u64;
    sweep.step(&store, now + hour - 1).unwrap();
    assert_eq!(left(), 2);
    sweep.step(&store, now + hour).unwrap();
    assert_eq!(left(), 1);
}

#[test]
fn a_sweep_of_many_rows_is_done_in_bounded_steps_and_spares_the_rest() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let store = store();
    let batch = store.unchecked_transaction().unwrap();
    for day in 0..40 {
        let hits: Vec<_> = (0..250).map(|n| Stored { at: day * DAY + n, ..PAGE }).collect();
        put(&store, &hits);
    }
    batch.commit().unwrap();
    let kept = reported(&store, 9 * DAY);
    let sweep = Sweep::new(Keep::Days(30));
    let now = (39 * DAY) as u64;
    let mut total = 10_000;
    for _ in 0..5 {
        sweep.step(&store, now).unwrap();
        let left: i64 = store.query_row("SELECT count(*) FROM hit", (), |row| row.get(0)).unwrap();
        assert!(total - left <= ROWS as i64);
        total = left;
    }
    assert_eq!(total, 31 * 250);
    assert_eq!(reported(&store, 0), kept);
}

#[test]
fn a_sweep_finds_its_rows_by_their_indexes() {
    let store = store();
    let mut plan = store.prepare(&format!("EXPLAIN QUERY PLAN {DELETE}")).unwrap();
    let plan: Vec<String> =
        plan.query_map([5, 9], |row| row.get("detail")).unwrap().map(Result::unwrap).collect();
    assert!(plan.contains(&"SEARCH hit USING COVERING INDEX hit_at (at<?)".to_owned()), "{plan:?}");
    assert!(plan.iter().all(|step| !step.starts_with("SCAN")), "{plan:?}");
}

#[test]
fn bots_and_channels_are_counted_apart() {
    let store = store();
    put(&store, &[PAGE, PAGE, PAGE, PAGE, Stored { kind: "event", ..PAGE }, PAGE]);
    store
        .execute_batch(
            "UPDATE hit SET bot = 'ai', bot_name = 'GPTBot', bot_operator = 'OpenAI', bot_purpose = 'training'
                 WHERE rowid <= 2;
             UPDATE hit SET bot = 'library', bot_name = 'curl' WHERE rowid IN (3, 5);
             UPDATE hit SET channel = 'search' WHERE rowid <= 4;
             UPDATE hit SET channel = 'internal' WHERE rowid = 6;",
        )
        .unwrap();
    let report = reported(&store, 0);
    assert_eq!((report.views, report.events, report.pages[0].views), (2, 0, 2));
    let bots: Vec<_> = report
        .bots
        .iter()
        .map(|bot| (&*bot.class, &*bot.operator, &*bot.purpose, &*bot.name, bot.views))
        .collect();
    assert_eq!(bots, [("ai", "OpenAI", "training", "GPTBot", 2), ("library", "", "", "curl", 1)]);
    let channels: Vec<_> = report.channels.iter().map(|c| (&*c.channel, c.views)).collect();
    assert_eq!(channels, [("search", 1)]);
}

#[test]
fn countries_are_counted_by_the_views_of_persons() {
    let store = store();
    put(&store, &[PAGE, PAGE, PAGE, Stored { kind: "event", ..PAGE }, PAGE, PAGE]);
    store
        .execute_batch(
            "UPDATE hit SET country = 'FR' WHERE rowid IN (1, 4);
             UPDATE hit SET country = 'DE' WHERE rowid IN (2, 3);
             UPDATE hit SET country = 'DE', bot = 'library' WHERE rowid = 5;",
        )
        .unwrap();
    let report = reported(&store, 0);
    let countries: Vec<_> = report.countries.iter().map(|c| (&*c.country, c.views)).collect();
    assert_eq!(countries, [("DE", 2), ("FR", 1)]);
}

#[test]
fn a_store_of_the_first_version_is_brought_up() {
    let mut store = Connection::open_in_memory().unwrap();
    schema::make(&store, 1);
    put(&store, &[PAGE]);
    schema::migrate(&mut store).unwrap();
    let report = reported(&store, 0);
    assert_eq!((report.views, report.bots.len(), report.channels.len()), (1, 0, 0));
    let version: i64 = store.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(version, 4);
    // And once more does nothing.
    schema::migrate(&mut store).unwrap();
}
