//! Whether a store or a file can be written. Nothing is left there.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process,
};

use trackside_core::protocol::check::Finding;

/// Whether lines can be appended to the file at `path`.
pub(super) fn file(path: Option<&Path>) -> Finding {
    let Some(path) = path else {
        return Finding::right("hits go to the standard output of the program that embeds trackside");
    };
    let name = path.display();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Finding::wrong(format!("`{name}` is a folder"), "name a file as `path`")
        }
        // To open a pipe would wait for who reads it.
        Ok(metadata) if !metadata.is_file() => Finding::unproven(
            format!("that `{name}` can be written: it is no file on a disk, and is left alone"),
            "see that somebody reads it before hits come",
        ),
        Ok(_) => match OpenOptions::new().append(true).open(path) {
            Ok(_) => Finding::right(format!("`{name}` can be appended to")),
            Err(error) => unwritable(path, &error),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => match try_beside(path) {
            Ok(()) => Finding::right(format!("`{name}` is not there yet, and can be made")),
            Err(error) => unwritable(path, &error),
        },
        Err(error) => unwritable(path, &error),
    }
}

/// Whether hits can be stored in the database at `path`.
#[cfg(feature = "sqlite")]
pub(super) fn store(path: &Path) -> Finding {
    use crate::sinks::sqlite::{self, State};

    let name = path.display();
    let way_out = "see what it says; hits are dropped(store-unavailable) until then";
    match sqlite::look(path) {
        Ok(State::Missing) => match try_beside(path) {
            Ok(()) => Finding::right(format!("store `{name}` is not there yet, and can be made")),
            Err(error) => unwritable(path, &error),
        },
        Ok(State::Empty) => Finding::right(format!("store `{name}` is empty, and can be written")),
        Ok(State::Earlier) => Finding::right(format!(
            "store `{name}` can be written; an earlier version made it, and the first hit brings it up to this one"
        )),
        Ok(State::Ready) => Finding::right(format!("store `{name}` can be written")),
        Err(error) => Finding::wrong(error.to_string(), way_out),
    }
}

#[cfg(not(feature = "sqlite"))]
pub(super) fn store(path: &Path) -> Finding {
    Finding::wrong(
        format!("`{}` is a store, which this build cannot reach", path.display()),
        "build trackside with the feature `sqlite`",
    )
}

/// Makes a file in the folder of `path` and takes it away.
fn try_beside(path: &Path) -> io::Result<()> {
    let mut name = OsString::from(path);
    name.push(format!(".check-{}", process::id()));
    let beside = PathBuf::from(name);
    OpenOptions::new().write(true).create_new(true).open(&beside)?;
    fs::remove_file(&beside)
}

fn unwritable(path: &Path, error: &io::Error) -> Finding {
    let name = path.display();
    let to_do = match error.kind() {
        ErrorKind::NotFound => "make the folder that it is to be in, or name another `path`",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "let the user under whom this runs write there, or name another `path`"
        }
        ErrorKind::NotADirectory => "a part of `path` is a file, not a folder: name another",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on its disk",
        _ => "see what it says, or name another `path`",
    };
    Finding::wrong(format!("`{name}` cannot be written: {error}"), to_do)
}

#[cfg(test)]
#[path = "places_test.rs"]
mod test;
