//! Deleting a visitor, a user or what is old from a store on the disk.

use std::{fs, path::PathBuf, process};

use rusqlite::Connection;
use trackside_core::config::Keep;
use uuid::Uuid;

use super::{super::keep::Sweep, Forgotten, Who, delete, forget, purge, schema};

/// A store of its own, which goes with it.
struct Store(PathBuf);

impl Store {
    fn new(name: &str) -> Self {
        let store = Self(std::env::temp_dir().join(format!("trackside-forget-{}-{name}.db", process::id())));
        store.remove();
        store
    }

    fn remove(&self) {
        for ending in ["", "-wal", "-shm"] {
            fs::remove_file(format!("{}{ending}", self.0.display())).ok();
        }
    }

    fn open(&self) -> Connection {
        schema::open(&self.0).unwrap()
    }

    /// All bytes of the store and of its log.
    fn bytes(&self) -> Vec<u8> {
        let log = fs::read(format!("{}-wal", self.0.display())).unwrap_or_default();
        [fs::read(&self.0).unwrap(), log].concat()
    }

    fn holds(&self, text: &str) -> bool {
        self.bytes().windows(text.len()).any(|window| window == text.as_bytes())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.remove();
    }
}

const ANNA: Uuid = Uuid::from_bytes([0xA1; 16]);
const BELA: Uuid = Uuid::from_bytes([0xB2; 16]);

fn put(store: &Connection, visitor: Option<Uuid>, user: Option<&str>, agent: &str) {
    store
        .execute(
            "INSERT INTO hit (id, at, kind, site, path, visitor, user_id, agent, secure, is_new)
             VALUES (randomblob(16), 1, 'page', 'a.example', '/', ?1, ?2, ?3, 0, 0)",
            (visitor.map(Uuid::into_bytes), user, agent),
        )
        .unwrap();
}

fn left(store: &Connection) -> i64 {
    store.query_row("SELECT count(*) FROM hit", (), |row| row.get(0)).unwrap()
}

#[test]
fn a_visitor_is_gone_from_the_file_and_its_log_while_a_server_has_it_open() {
    let store = Store::new("visitor");
    let server = store.open();
    for n in 0..500 {
        put(&server, Some(ANNA), None, &format!("annas agent {n} {}", "a".repeat(300)));
        put(&server, Some(BELA), None, &format!("belas agent {n}"));
        put(&server, None, None, "nobodys agent");
    }
    assert!(store.holds("annas agent"));
    let forgotten = forget(&store.0, Who::Visitor(ANNA)).unwrap();
    assert_eq!(forgotten, Forgotten { hits: 500, others: Vec::new() });
    purge(&store.0).unwrap();

    let id = |id: Uuid| store.bytes().windows(16).any(|window| window == id.as_bytes());
    assert!(!store.holds("annas agent") && !id(ANNA));
    assert!(store.holds("belas agent 499") && id(BELA));
    // The server goes on.
    assert_eq!(left(&server), 1_000);
    put(&server, Some(ANNA), None, "annas agent again");
    assert_eq!(left(&server), 1_001);
}

#[test]
fn a_user_is_gone_and_those_who_have_other_hits_are_named() {
    let store = Store::new("user");
    let connection = &mut store.open();
    put(connection, Some(ANNA), Some("u-1"), "x");
    put(connection, Some(ANNA), Some("u-1"), "x");
    put(connection, Some(ANNA), None, "x");
    put(connection, Some(ANNA), Some("u-2"), "x");
    put(connection, Some(BELA), Some("u-1"), "x");
    put(connection, None, Some("u-1"), "x");
    put(connection, Some(BELA), Some("u-10"), "x");
    let user = Who::User(&["u-1", "u-1", "u-none"]);
    assert_eq!(delete(connection, user).unwrap(), Forgotten { hits: 4, others: vec![(ANNA, 2), (BELA, 1)] });
    assert_eq!(delete(connection, user).unwrap(), Forgotten::default());
    assert_eq!(delete(connection, Who::User(&["", "u"])).unwrap(), Forgotten::default());
    assert_eq!(left(connection), 3);
}

#[test]
fn what_a_sweep_deletes_is_gone_from_the_file_and_its_log() {
    const DAY: u64 = 24 * 3_600 * 1_000_000;

    let store = Store::new("swept");
    let server = store.open();
    let fill = |what: &str| {
        for n in 0..200 {
            put(&server, Some(ANNA), None, &format!("{what} agent {n} {}", "a".repeat(300)));
        }
        server.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
        assert!(store.holds(&format!("{what} agent")));
    };
    let sweep = Sweep::new(Keep::Days(1));
    fill("old");
    sweep.step(&server, 2 * DAY).unwrap();
    assert!(!store.holds("old agent"));

    // While somebody reads what was there before, it has to stay; the next sweep has nothing to delete.
    fill("older");
    let reader = store.open();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(left(&reader), 200);
    sweep.step(&server, 3 * DAY).unwrap();
    assert_eq!((left(&server), left(&reader)), (0, 200));
    assert!(store.holds("older agent"));
    reader.execute_batch("COMMIT").unwrap();
    sweep.step(&server, 4 * DAY).unwrap();
    assert!(!store.holds("older agent"));

    // Of a process that ended before that, it is the next one's.
    fill("oldest");
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(left(&reader), 200);
    sweep.step(&server, 5 * DAY).unwrap();
    assert!(store.holds("oldest agent"));
    reader.execute_batch("COMMIT").unwrap();
    Sweep::new(Keep::Days(1)).step(&server, 5 * DAY).unwrap();
    assert!(!store.holds("oldest agent"));
}

#[cfg(unix)]
#[test]
fn a_store_that_is_made_is_for_its_owner_alone_and_one_that_was_there_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (name, given, expected) in [("made", None, 0o600), ("given", Some(0o640), 0o640)] {
        let store = Store::new(name);
        if let Some(given) = given {
            fs::write(&store.0, "").unwrap();
            fs::set_permissions(&store.0, fs::Permissions::from_mode(given)).unwrap();
        }
        let connection = store.open();
        put(&connection, Some(ANNA), None, "x");
        for ending in ["", "-wal", "-shm"] {
            assert_eq!(mode(&format!("{}{ending}", store.0.display())), expected, "{name}{ending}");
        }
    }
}

#[test]
fn nothing_is_left_of_what_was_deleted_before() {
    let store = Store::new("before");
    let connection = store.open();
    connection.query_row("PRAGMA secure_delete = OFF", (), |_| Ok(())).unwrap();
    for n in 0..200 {
        put(&connection, Some(ANNA), None, &format!("old agent {n} {}", "a".repeat(300)));
    }
    connection.execute("DELETE FROM hit", ()).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    assert!(store.holds("old agent"));
    purge(&store.0).unwrap();
    assert!(!store.holds("old agent"));
}

#[test]
fn every_row_is_looked_at_whatever_its_number() {
    let store = Store::new("rows");
    let mut connection = store.open();
    let numbers = [-5_000, -904, -1, 0, 1, 4_096, 4_097, 8_191, 8_192, 8_193, 50_000];
    for number in numbers {
        for (row, visitor) in [(number, ANNA), (number + 100_000, BELA)] {
            connection
                .execute(
                    "INSERT INTO hit (rowid, id, at, kind, site, path, visitor, secure, is_new)
                     VALUES (?1, randomblob(16), 1, 'page', 'a.example', '/', ?2, 0, 0)",
                    (row, visitor.into_bytes()),
                )
                .unwrap();
        }
    }
    assert_eq!(delete(&mut connection, Who::Visitor(ANNA)).unwrap().hits, 11);
    assert_eq!(left(&connection), 11);
    assert_eq!(delete(&mut connection, Who::Visitor(BELA)).unwrap().hits, 11);
    assert_eq!(delete(&mut connection, Who::Visitor(BELA)).unwrap(), Forgotten::default(), "there is none");
}

#[test]
fn the_store_is_locked_for_a_few_rows_at_a_time_and_what_was_deleted_stays_so() {
    let store = Store::new("few");
    let mut connection = store.open();
    let batch = connection.transaction().unwrap();
    (0..1_000).for_each(|_| put(&batch, Some(ANNA), Some("u"), "x"));
    put(&batch, Some(ANNA), None, "x");
    batch.commit().unwrap();
    // The 601st cannot be deleted.
    connection
        .execute_batch(
            "CREATE TRIGGER damage BEFORE DELETE ON hit WHEN (SELECT count(*) FROM hit) <= 401
             BEGIN SELECT RAISE(ABORT, 'no further'); END",
        )
        .unwrap();
    let told = forget(&store.0, Who::User(&["u"])).unwrap_err().to_string();
    assert!(told.contains("no further; 512 hits were deleted before that"), "{told}");
    assert_eq!(left(&connection), 1_001 - 512, "two times 256, and of the third nothing");
    connection.execute_batch("DROP TRIGGER damage").unwrap();
    let forgotten = forget(&store.0, Who::User(&["u"])).unwrap();
    assert_eq!(forgotten, Forgotten { hits: 488, others: vec![(ANNA, 1)] });
}

#[test]
fn a_store_of_the_third_version_is_brought_up_while_an_old_process_writes_to_it() {
    let store = Store::new("third");
    let old = Connection::open(&store.0).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    schema::make(&old, 3);
    (0..100).for_each(|_| put(&old, Some(ANNA), None, "x"));
    put(&old, Some(BELA), None, "x");
    let indexes = "SELECT count(*) FROM sqlite_schema WHERE name = 'hit_visitor'";
    let count = |store: &Connection| store.query_row(indexes, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(&old), 1);

    let new = store.open();
    assert_eq!((left(&new), count(&new)), (101, 0));
    put(&old, Some(ANNA), None, "what it has open it goes on writing");
    assert_eq!(forget(&store.0, Who::Visitor(ANNA)).unwrap().hits, 101);
    assert_eq!((left(&old), left(&new)), (1, 1));
}

#[test]
fn a_process_of_an_older_version_is_told_of_a_newer_store_and_changes_nothing() {
    let store = Store::new("newer");
    let newer = store.open();
    put(&newer, Some(ANNA), None, "x");
    newer.pragma_update(None, "user_version", 5).unwrap();
    drop(newer);
    let before = store.bytes();
    let told = forget(&store.0, Who::Visitor(ANNA)).unwrap_err().to_string();
    let says = "its schema has version 5, this trackside knows 1 to 4; use the version that made it";
    assert!(told.contains(says) && told.contains(&store.0.display().to_string()), "{told}");
    assert_eq!(store.bytes(), before);
}

#[test]
fn who_reads_on_and_on_is_told_of() {
    let store = Store::new("read");
    let mut connection = store.open();
    put(&connection, Some(ANNA), None, "x");
    let reader = connection.transaction().unwrap();
    assert_eq!(left(&reader), 1);
    let told = purge(&store.0).unwrap_err().to_string();
    assert!(told.contains("another process has been reading it for too long"), "{told}");
}

/// How many bytes the log has after a batch of 100 hits of so many visitors in turn, in a store that has 5,000.
fn written(visitors: u32) -> u64 {
    let store = Store::new(&format!("turn-{visitors}"));
    let mut connection = store.open();
    let mut put = |numbers: std::ops::Range<u32>| {
        let batch = connection.transaction().unwrap();
        for n in numbers {
            let visitor = u128::from(n % visitors).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
            batch
                .execute(
                    "INSERT INTO hit (id, at, kind, site, path, visitor, secure, is_new)
                     VALUES (?1, ?2, 'page', 'a.example', '/', ?3, 0, 0)",
                    (u128::from(n).to_be_bytes(), 1_000_000 + n, visitor.to_be_bytes()),
                )
                .unwrap();
        }
        batch.commit().unwrap();
    };
    put(0..5_000);
    store.open().query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    put(5_000..5_100);
    fs::metadata(format!("{}-wal", store.0.display())).unwrap().len()
}

#[test]
fn a_batch_of_many_visitors_writes_no_more_than_one_of_a_single_one() {
    assert_eq!(written(1_000), written(1));
}

#[test]
fn what_is_no_store_stays_as_it_is() {
    let store = Store::new("foreign");
    let foreign = Connection::open(&store.0).unwrap();
    foreign.execute_batch("CREATE TABLE hit (visitor, user_id); INSERT INTO hit VALUES (1, 'u')").unwrap();
    drop(foreign);
    let before = store.bytes();
    for told in [forget(&store.0, Who::User(&["u"])).map(drop), purge(&store.0)] {
        assert!(told.unwrap_err().to_string().contains("another program's database"));
    }
    assert_eq!(store.bytes(), before);
}
