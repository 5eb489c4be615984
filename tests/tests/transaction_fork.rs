//! Forks while a worker of the parent is held inside a transaction of the store: in a binary of its own, since
//! the test harness has threads.
//!
//! A trigger of the store notes each hit, a second copy that the store would ignore included, and then holds
//! the worker, which has written and not yet committed. Most forks let it go when they are under way, and find
//! it inside; the others have to do without it.

#![allow(unsafe_code, reason = "fork is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
mod forks;

#[cfg(unix)]
fn main() {
    unix::children_store_beside_a_parent_that_is_held_inside_a_transaction();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::{c_char, c_int},
        path::Path,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use rusqlite::{
        Connection,
        auto_extension::{init_auto_extension, register_auto_extension},
        ffi,
        functions::FunctionFlags,
    };
    use trackside::Tracker;
    use trackside_tests::folder::Folder;
    use trackside_transports::sinks;

    use crate::forks::{Door, Family, assert_received, is_first, visit};

    const FORKS: usize = 220;

    /// Where the parent's worker is held.
    static DOOR: Door = Door::new();

    /// How many of the parent's transactions a fork lets go on as it begins.
    static LET_GO: AtomicUsize = AtomicUsize::new(0);

    /// Whether the worker is still held when the `n`th fork gives up waiting for it.
    fn is_held_throughout(n: usize) -> bool {
        n % 11 == 5
    }

    pub(crate) fn children_store_beside_a_parent_that_is_held_inside_a_transaction() {
        // SAFETY: `extend` opens no database.
        unsafe { register_auto_extension(extend).unwrap() };
        let folder = Folder::new().unwrap();
        let path = folder.join("trackside.db");
        make(&path);
        let toml = format!(
            "consent.policy = 'none'\nshutdown = '60s'\n[[destination]]\ntype = 'sqlite'\npath = '{}'\n\
             batch = {{ age = '1ms' }}\n",
            path.display()
        );
        let mut family = Family::new(|| Tracker::from_toml(&toml).unwrap());
        // After the tracker: what is registered last is called first before a fork.
        // SAFETY: the function never goes away.
        assert_eq!(unsafe { libc::pthread_atfork(Some(before_fork), None, None) }, 0);

        for n in 0..FORKS {
            visit(&family.tracker);
            DOOR.wait_for(n + 1);
            if !is_held_throughout(n) {
                LET_GO.store(n + 1, SeqCst);
            }
            family.fork(n);
            DOOR.let_go(n + 1);
            family.wait_for(n);
        }

        DOOR.let_go(usize::MAX);
        visit(&family.tracker);
        let books = family.close();
        let lost = assert_received(&books, "sqlite", &stored(&path));
        for n in 0..FORKS {
            let is_without = books.iter().any(|book| book.is_of(n) && book.is_without_store());
            assert!(is_without || !is_held_throughout(n), "child {n} opened what it inherited open");
        }
        // Mostly the worker comes out in time.
        let without = books.iter().filter(|book| book.is_without_store()).count();
        assert!(without < books.len() / 2, "{without} of {} processes could not open the store", books.len());
        println!(
            "transaction_fork: {FORKS} forks, each hit stored once but {lost} that the ledgers of {without} \
             processes report as dropped"
        );
    }

    /// A store that notes and holds.
    fn make(path: &Path) {
        sinks::sqlite::check(path).unwrap();
        let connection = Connection::open(path).unwrap();
        let trigger = "
            CREATE TABLE attempt (id BLOB, path TEXT);
            CREATE TRIGGER hold BEFORE INSERT ON hit BEGIN
                INSERT INTO attempt VALUES (NEW.id, NEW.path);
                SELECT hold();
            END";
        connection.execute_batch(trigger).unwrap();
    }

    /// The path of every hit that was inserted, each time that it was.
    fn stored(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let number = |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
        let check: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        assert_eq!(number("SELECT count(DISTINCT id) FROM attempt"), number("SELECT count(*) FROM attempt"));
        assert_eq!(number("SELECT count(*) FROM hit"), number("SELECT count(*) FROM attempt"));
        let mut select = connection.prepare("SELECT path FROM attempt").unwrap();
        select.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Gives each connection of this process, and of its children, the function that the trigger calls.
    unsafe extern "C" fn extend(
        connection: *mut ffi::sqlite3,
        error: *mut *mut c_char,
        _: *const ffi::sqlite3_api_routines,
    ) -> c_int {
        // SAFETY: the arguments are SQLite's own, and the closure opens and closes no database.
        unsafe {
            init_auto_extension(connection, error, |connection| {
                connection.create_scalar_function("hold", 0, FunctionFlags::SQLITE_UTF8, |_| {
                    // The door is the parent's: its lock means nothing in a child.
                    if is_first() {
                        DOOR.pass();
                    }
                    Ok(0)
                })
            })
        }
    }

    extern "C" fn before_fork() {
        if is_first() {
            DOOR.let_go(LET_GO.load(SeqCst));
        }
    }
}
