//! What is never served, whatever it is called: our own database, keys, spool and configuration.
//!
//! A file is recognised by where it lies and, on Unix, by its inode, so that neither a link nor the other
//! case of a letter leads to it. No such file is ever opened to find that out: closing a descriptor of a
//! database would drop the locks that SQLite holds on it in this process.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    path::{Path, PathBuf},
};

use trackside::config::{Keys, Receiver};

use crate::configuration::Loaded;

/// What SQLite puts beside a database.
const BESIDE: [&str; 4] = ["", "-journal", "-shm", "-wal"];
/// What stands beside a file of keys while it is turned.
const KEYS_BESIDE: [&str; 2] = ["", ".new"];

/// Where a configuration is saved by habit, and the default places of what another one named, or a later one may name.
const CONFIGURATION: &str = "trackside.toml";
const STORE: &str = "trackside.db";
const KEYS: &str = "trackside.keys";
const SPOOL: &str = "trackside-spool";

/// Knows the files that are never served.
#[derive(Clone, Debug)]
pub(super) struct Guard(Vec<PathBuf>);

impl Guard {
    /// Guards what `loaded` names.
    pub(super) fn new(loaded: &Loaded) -> Self {
        let mut private: Vec<_> = [SPOOL, CONFIGURATION].map(PathBuf::from).into();
        private.push(loaded.config.spool().dir.clone());
        private.extend(database(Path::new(STORE)));
        private.extend(with(Path::new(KEYS), &KEYS_BESIDE));
        if let Keys::File(path) = loaded.config.keys() {
            private.extend(with(path, &KEYS_BESIDE));
        }
        private.extend(loaded.file.clone());
        private.extend(loaded.secrets.iter().cloned());
        for destination in loaded.config.destinations() {
            match &destination.receiver {
                Receiver::File { path: Some(path) } => private.push(path.clone()),
                Receiver::Sqlite { path, .. } => private.extend(database(path)),
                _ => {}
            }
        }
        Self(private)
    }

    /// Guards these files, and all that lies in these folders.
    #[cfg(test)]
    pub(super) fn of(private: Vec<PathBuf>) -> Self {
        Self(private)
    }

    /// Whether `file`, a path without links, or one with the same content in the file system, is private.
    pub(super) fn is_private(&self, file: &Path, metadata: &Metadata) -> bool {
        self.0.iter().any(|private| {
            let is_same = fs::metadata(private).is_ok_and(|other| is_same_file(metadata, &other));
            is_same || resolve(private).is_some_and(|private| lies_in(file, &private))
        })
    }
}

/// A database by its name and, should that be a link, by the name behind it.
fn database(path: &Path) -> impl Iterator<Item = PathBuf> {
    let behind = fs::canonicalize(path).ok();
    [Some(path.to_owned()), behind].into_iter().flatten().flat_map(|path| with(&path, &BESIDE))
}

/// `path` with each of these behind it.
fn with<const N: usize>(path: &Path, endings: &[&str; N]) -> [PathBuf; N] {
    endings.map(|ending| {
        let mut name = OsString::from(path);
        name.push(ending);
        PathBuf::from(name)
    })
}

/// `path` without links. Its last part need not exist: it may be made at any moment.
fn resolve(path: &Path) -> Option<PathBuf> {
    if let Ok(resolved) = fs::canonicalize(path) {
        return Some(resolved);
    }
    let path = std::path::absolute(path).ok()?;
    let folder = fs::canonicalize(path.parent()?).ok()?;
    Some(folder.join(path.file_name()?))
}

/// Whether `file` is `place` or lies within it, without regard to the case of ASCII letters.
fn lies_in(file: &Path, place: &Path) -> bool {
    let mut parts = file.components();
    place.components().all(|expected| {
        parts.next().is_some_and(|part| part.as_os_str().eq_ignore_ascii_case(expected.as_os_str()))
    })
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    one.dev() == other.dev() && one.ino() == other.ino()
}

/// Elsewhere the standard library does not tell: only the place counts.
#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    false
}
