//! A store that cannot be written, or not now.

use std::{fs, path::Path};

use rusqlite::Connection;
use trackside::Reason;
use trackside_tests::folder::Folder;

use crate::kit::{Site, eventually, page_paths, pages, paths, rows, sqlite, turn};

/// Ten pages, which are whole, and whose hits are all lost.
fn lose_ten(store: &Path) {
    let site = Site::open(&sqlite(store), pages());
    let browser = site.browser();
    turn(&browser, 0..10);
    let stats = site.settled();
    assert_eq!(stats.requests.tracked, 10);
    assert_eq!((stats.destinations[0].offered, stats.destinations[0].delivered), (10, 0));
    assert_eq!(stats.destinations[0].dropped, [(Reason::StoreUnavailable, 10)]);
    assert!(browser.cookie("trackside").is_some(), "the visitor is not forgotten");
}

#[test]
fn a_damaged_store_is_a_counted_loss_and_stays_as_it_is() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let garbage = "no database ".repeat(1_000);
    fs::write(&store, &garbage).unwrap();
    lose_ten(&store);
    assert_eq!(fs::read_to_string(&store).unwrap(), garbage);
}

#[test]
fn a_store_that_is_another_programs_is_a_counted_loss_and_stays_as_it_is() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    Connection::open(&store).unwrap().execute_batch("CREATE TABLE hit (mine)").unwrap();
    let before = fs::read(&store).unwrap();
    lose_ten(&store);
    assert_eq!(fs::read(&store).unwrap(), before);
}

#[test]
fn a_store_in_a_folder_that_is_not_there_is_a_counted_loss() {
    let folder = Folder::new().unwrap();
    lose_ten(&folder.join("nowhere").join("trackside.db"));
}

#[cfg(unix)]
#[test]
fn a_read_only_store_is_a_counted_loss() {
    use std::{
        env,
        os::unix::{
            fs::{MetadataExt, PermissionsExt},
            process::CommandExt,
        },
        process::Command,
    };

    // In a process that is not root, for whom nothing is read-only.
    const CHILD: &str = "TRACKSIDE_TEST_READ_ONLY";
    if let Some(store) = env::var_os(CHILD) {
        return lose_ten(Path::new(&store));
    }
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    {
        let site = Site::open(&sqlite(&store), pages());
        turn(&site.browser(), [77]);
        site.settled();
    }
    let mode = |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    // The test's own program, where anybody may run it. Were it written here, a child of another test would have it open
    // for writing until it is a program of its own, and nothing runs meanwhile.
    let program = folder.join("program");
    let copied = Command::new("cp").arg(env::current_exe().unwrap()).arg(&program).status().unwrap();
    assert!(copied.success());
    mode(&program, 0o555);
    mode(&store, 0o444);
    mode(folder.path(), 0o555);
    let mut child = Command::new(&program);
    child.args(["--exact", "store::a_read_only_store_is_a_counted_loss"]).env(CHILD, &store);
    if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        // The user that owns nothing.
        child.uid(65_534).gid(65_534);
    }
    let output = child.output().unwrap();
    mode(folder.path(), 0o755);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(paths(&rows(&store)), ["/page/77"]);
}

#[test]
fn a_locked_store_is_waited_for() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages());
    let browser = site.browser();
    turn(&browser, [0]);
    site.settled();

    let other = Connection::open(&store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    turn(&browser, 1..30);
    // Longer than SQLite itself waits.
    eventually("a second attempt", || site.tracker.stats().destinations[0].retries > 0);
    turn(&browser, 30..40);
    let stats = site.balanced();
    assert_eq!((stats.requests.tracked, stats.destinations[0].delivered), (40, 1));
    assert_eq!(paths(&rows(&store)), ["/page/0"]);

    other.execute_batch("COMMIT").unwrap();
    let stats = site.settled();
    assert_eq!((stats.destinations[0].offered, stats.destinations[0].delivered), (40, 40));
    assert_eq!(paths(&rows(&store)), page_paths(0..40));
}
