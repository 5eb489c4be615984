//! A connection that notices when its file is moved, deleted or replaced, and leaves it in good order.

use std::{
    ffi::OsString,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process,
};

use rusqlite::Connection;

use super::schema::{self, StoreError};
use crate::{log, sinks::identity::Identity};

/// The log of the last writes, and its index, which all connections to the file share.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A connection, and the files that it goes to.
pub(super) struct Opened {
    connection: Connection,
    /// None: a database without a file.
    file: Option<Identity>,
    /// Where that stood when it was opened.
    place: PathBuf,
    beside: Vec<(PathBuf, Identity)>,
}

impl Opened {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        // Looked up before, so that a file which is replaced meanwhile is opened again, not taken for another.
        let file = Identity::at(path);
        let connection = schema::open(path)?;
        let file = file.or_else(|| Identity::at(path));
        // Where the path is a link, they stand beside what it leads to.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let beside = BESIDE.into_iter().filter_map(|ending| {
            let path = with(&place, ending);
            Identity::at(&path).map(|file| (path, file))
        });
        let beside = beside.collect();
        Ok(Self { connection, file, place, beside })
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Whether the file is no longer the one at `path`. One that cannot be looked at is taken to be there.
    pub(super) fn is_gone(&self, path: &Path) -> bool {
        let Some(file) = self.file else {
            return false;
        };
        match fs::metadata(path) {
            Ok(metadata) => Identity::of(&metadata) != file,
            Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }

    /// Leaves a file that was moved with all that was stored in it, or one to which the path leads no more.
    ///
    /// The log of the last writes stands beside the path, not beside the file: it is written to the file. Then
    /// both it and its index are taken away, so that nobody takes them for those of the file at the path now.
    /// That comes before the connection closes: while it is open nobody can have made the index his own.
    pub(super) fn leave(self, path: &Path) {
        let name = path.display();
        if self.file.is_some() && Identity::at(&self.place) == self.file {
            // Others may go on with it, and with its log.
            log::guarded(|| {
                tracing::warn!(target: "trackside", "store `{name}` no longer leads where it led; what is there now is opened");
            });
            return;
        }
        log::guarded(|| {
            tracing::warn!(target: "trackside", "store `{name}` was moved or deleted; it is opened anew");
        });
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        // 1: somebody else was at it.
        if !matches!(self.connection.query_row(checkpoint, (), |row| row.get(0)), Ok(0)) {
            log::guarded(|| {
                tracing::warn!(target: "trackside", "the store that was moved may lack its last hits");
            });
        }
        for (path, file) in &self.beside {
            take_away(path, *file);
        }
    }
}

/// Deletes the file at `path` if it is `file`.
fn take_away(path: &Path, file: Identity) {
    if Identity::at(path) != Some(file) {
        return;
    }
    // Another process may do the same, and make a new one, between a look and a deletion.
    let aside = with(path, &format!("-{}", process::id()));
    if fs::rename(path, &aside).is_ok() {
        let done = if Identity::at(&aside) == Some(file) {
            fs::remove_file(&aside)
        } else {
            fs::rename(&aside, path)
        };
        // What cannot be deleted is in nobody's way under that name.
        done.ok();
    }
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
