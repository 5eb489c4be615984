//! Writes hits as JSON lines, to a file or to the standard output.
//!
//! One line is one hit, in the form that [`Hit`](trackside_core::Hit) serialises to. One batch is one
//! `write`; a file is opened for appending, so that several processes may write to one without tearing
//! each other's lines. A file that was moved or deleted is noticed within a second and opened anew, so
//! that logrotate needs no signal.
//!
//! A file that is made is for its owner alone (mode 0600). One that is there keeps its mode, so that others can read
//! what `chmod 640` or logrotate's `create 0640 www-data adm` lets them.
//!
//! If the disk fills up in the middle of a batch, the lines that were written whole are delivered, and the
//! next line begins on a line of its own, as it does after what another process has left torn: that is looked for when
//! the file is opened, and waits some milliseconds for who is just writing there.

mod sink;

use std::path::PathBuf;

use self::sink::FileSink;
use crate::{
    files,
    sink::{Sink, SinkFactory},
};

/// Sinks that append to the file at `path`, which is made if it is not there; to the standard output if
/// there is none.
///
/// # Errors
///
/// The factory fails if the file cannot be opened for appending.
pub fn factory(path: Option<PathBuf>) -> impl SinkFactory {
    let path = path.as_deref().map(files::absolute);
    move || Ok(Box::new(FileSink::open(path.clone())?) as Box<dyn Sink>)
}

#[cfg(test)]
mod test;
