use std::{env, fs, path::PathBuf, process};

use super::*;

/// A folder of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("trackside-check-{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_file_is_left_as_it_was() {
    let folder = Folder::new("file");
    let path = folder.0.join("hits.jsonl");
    let finding = file(Some(&path));
    assert!(
        finding.is_right() && finding.what().ends_with("is not there yet, and can be made"),
        "{finding:?}"
    );
    assert_eq!(folder.names(), [""; 0]);
    fs::write(&path, "{}\n").unwrap();
    assert!(file(Some(&path)).what().ends_with("can be appended to"));
    assert_eq!(fs::read(&path).unwrap(), b"{}\n");
    assert_eq!(folder.names(), ["hits.jsonl"]);
}

#[test]
fn a_file_that_cannot_be_written_is_wrong() {
    let folder = Folder::new("nofile");
    assert!(file(Some(&folder.0)).what().ends_with("is a folder"));
    let missing = file(Some(&folder.0.join("none/hits.jsonl")));
    assert!(missing.is_wrong() && missing.to_do().starts_with("make the folder"), "{missing:?}");
    let path = folder.0.join("hits.jsonl");
    fs::write(&path, "").unwrap();
    let below = file(Some(&path.join("hits.jsonl")));
    assert!(below.is_wrong() && below.to_do().contains("is a file, not a folder"), "{below:?}");
}

#[cfg(unix)]
#[test]
fn nobody_waits_for_who_reads_a_pipe() {
    let finding = file(Some(Path::new("/dev/null")));
    assert_eq!(finding.grade(), trackside_core::protocol::check::Grade::Unproven, "{finding:?}");
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use rusqlite::Connection;

    use super::*;
    use crate::sinks::sqlite;

    fn version(path: &Path) -> i64 {
        let connection = Connection::open(path).unwrap();
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_store_is_neither_made_nor_migrated() {
        let folder = Folder::new("store");
        let path = folder.0.join("trackside.db");
        assert!(store(&path).what().ends_with("is not there yet, and can be made"));
        assert_eq!(folder.names(), [""; 0]);
        fs::write(&path, "").unwrap();
        assert!(store(&path).what().ends_with("is empty, and can be written"));
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        sqlite::check(&path).unwrap();
        assert!(store(&path).what().ends_with("can be written"));
        assert_eq!(sqlite::report(&path, 0).unwrap().views, 0);
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
        assert!(store(&path).what().contains("an earlier version made it"));
        assert_eq!((version(&path), folder.names()), (1, vec!["trackside.db".to_owned()]));
    }

    #[test]
    fn what_is_no_store_is_wrong() {
        let folder = Folder::new("nostore");
        let path = folder.0.join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (a)").unwrap();
        let finding = store(&path);
        assert!(finding.is_wrong() && finding.what().contains("another program's database"), "{finding:?}");
        fs::write(folder.0.join("text.db"), "no database, but longer than a header of one has to be")
            .unwrap();
        assert!(store(&folder.0.join("text.db")).what().contains("it is damaged or no database"));
        assert!(store(&folder.0).what().contains("it is no file"));
        let missing = store(&folder.0.join("none/trackside.db"));
        assert!(missing.is_wrong() && missing.to_do().starts_with("make the folder"), "{missing:?}");
        sqlite::check(folder.0.join("new.db")).unwrap();
        let new = folder.0.join("new.db");
        Connection::open(&new).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        assert!(store(&new).what().contains("its schema has version 99"));
    }
}
