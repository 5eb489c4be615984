//! The embedded store: one SQLite file, which several processes may write and read at once.
//!
//! One batch is one transaction. A hit's id is its key, so that a hit delivered again is stored once. The
//! file carries an `application_id` and its schema's version: another program's database, or one made by a
//! newer trackside, is an error and stays as it is. The schema, with the meaning of each column, stands in
//! `schema.rs`. Texts from the client that are not UTF-8 are stored with U+FFFD in place of the bad bytes.
//!
//! A locked store is waited for, then the batch is *retry*. One that cannot be written (full, read-only,
//! damaged) is *unavailable*, and opened anew with the next batch.

mod gate;
mod keep;
mod report;
mod schema;
mod sink;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use trackside_core::config::Keep;

pub use self::report::{PageCount, ReferrerCount, Report, StatusCount, report};
use self::{keep::Sweep, sink::SqliteSink};
use crate::sink::{Sink, SinkError, SinkFactory};

/// Sinks that store hits in the database at `path`, which is made if it is not there, and that delete what
/// is older than `keep`: never when opening, at most once an hour, a bounded number of rows a batch.
///
/// # Errors
///
/// The factory fails if the file cannot be opened and written, or is not a store that this version knows.
/// A store that is only locked is no error: its hits wait.
pub fn factory(path: impl Into<PathBuf>, keep: Option<Keep>) -> impl SinkFactory {
    let path = path.into();
    let sweep = keep.map(|keep| Arc::new(Sweep::new(keep)));
    move || Ok(Box::new(SqliteSink::open(path.clone(), sweep.clone())?) as Box<dyn Sink>)
}

/// Makes or migrates the store at `path`, and sees that it can be written: inserts a row and takes it back.
///
/// # Errors
///
/// If that fails: the message names the file, the cause and the way out.
pub fn check(path: impl AsRef<Path>) -> Result<(), SinkError> {
    let path = path.as_ref();
    schema::open(path).and_then(|connection| sink::probe(&connection)).map_err(|error| error.at(path))
}

#[cfg(test)]
mod test;
