//! The embedded store: one SQLite file, which several processes may write and read at once.
//!
//! One batch is one transaction. A hit's id is its key, so that a hit delivered again is stored once. The
//! file carries an `application_id` and its schema's version: another program's database, or one made by a
//! newer trackside, is an error and stays as it is. The schema, with the meaning of each column, stands in
//! `schema.rs`. Texts from the client that are not UTF-8 are stored with U+FFFD in place of the bad bytes.
//!
//! The connection is closed before the process forks, and opened anew with the next batch. Where that was
//! not possible in time, because a batch was just being written, the child opens the store no more.
//!
//! A store that was deleted, moved or replaced is noticed before the next batch, and what stands at its path
//! then is opened, or made anew. A moved one keeps the hits that it had. What is written over in place, as
//! `cp` does, nobody can notice: move another file there instead. Several processes leave the old file one
//! by one; begin no new one in between. Nobody may cut off the file beside it that ends in `-shm`: SQLite has it
//! mapped into memory, and the system ends a process (SIGBUS) that reads where the file is no more.
//!
//! A store that is made is for its owner alone (mode 0600), and so are its log and its index (`-wal`, `-shm`), which
//! SQLite gives the store's mode as it makes them. One that is there keeps its mode: `chmod 640` of all three lets a
//! group read it as long as a process has it open. Processes of several users share one that you make before, as an
//! empty file that all of them may write.
//!
//! # Who else may open it
//!
//! Any other process, by any SQLite, and in this one whatever uses the same copy of SQLite as this crate, such as
//! [`report`]. But in a process that writes the store nobody else may open it: no second copy of SQLite (the system's
//! beside the one that is linked in here, or that of another module), and no plain `open` and `close`, as to copy it.
//! POSIX locks belong to the process: when anything in it closes the file, those that SQLite holds there are gone, and
//! nobody is told. Then another process may write in the midst of a write, and damage the store; a copy that closes it
//! last takes away the log into which hits are written on, so that they are lost; or the index is cut off while it is
//! mapped (SIGBUS). Back it up from another process, as by `sqlite3 trackside.db ".backup copy.db"`.
//!
//! # When it cannot be written
//!
//! A locked store is waited for, then the batch is *retry*. One that cannot be written (full, read-only,
//! damaged) is *unavailable*, and opened anew with the next batch.

mod forget;
mod keep;
mod opened;
mod report;
mod schema;
mod sink;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use trackside_core::config::Keep;

pub use self::{
    forget::{Forgotten, Who, forget, purge},
    report::{BotCount, ChannelCount, CountryCount, PageCount, ReferrerCount, Report, StatusCount, report},
};
use self::{keep::Sweep, schema::StoreError, sink::SqliteSink};
use crate::{
    files,
    pool::fork::Gate,
    sink::{Sink, SinkError, SinkFactory},
};

/// Sinks that store hits in the database at `path`, which is made if it is not there, and that delete what
/// is older than `keep`: first after the batch for which it was opened, then once an hour, after a batch or while
/// there is none, a bounded number of rows at a time. A process that has had no hit deletes nothing.
///
/// # Errors
///
/// The factory fails if the file cannot be opened and written, or is not a store that this version knows.
/// A store that is only locked is no error: its hits wait.
pub fn factory(path: impl Into<PathBuf>, keep: Option<Keep>) -> impl SinkFactory {
    let path = files::absolute(&path.into());
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
    unforked(path, || sink::probe(&schema::open(path)?))
}

/// What stands at the path of a store.
pub(crate) enum State {
    /// A store of an earlier version, which the first hit brings up to this one.
    Earlier,
    /// A file with nothing in it.
    Empty,
    /// Nothing.
    Missing,
    /// A store that is ready.
    Ready,
}

/// Sees that the store at `path`, if there is one, can be written: unlike [`check`] it makes and migrates nothing.
///
/// # Errors
///
/// As [`check`].
pub(crate) fn look(path: &Path) -> Result<State, SinkError> {
    unforked(path, || schema::look(path))
}

/// Does `work`, which opens and closes the store at `path`, while no fork comes in between.
fn unforked<R>(path: &Path, work: impl FnOnce() -> Result<R, StoreError>) -> Result<R, SinkError> {
    Gate::<()>::new(path).enter(|_| work()).map_err(|error| error.at(path))
}

#[cfg(test)]
mod test;
