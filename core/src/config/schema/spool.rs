//! `[spool]`.

use std::{path::PathBuf, time::Duration};

use crate::config::{Fsync, Spool, Spooling, reader::Section, units};

pub(in crate::config) const SPOOLINGS: &[(&str, Spooling)] =
    &[("off", Spooling::Off), ("overflow", Spooling::Overflow), ("always", Spooling::Always)];

const DIR: &str = "trackside-spool";
const BYTES: usize = 1 << 30;
/// Some segments fit.
const LEAST: usize = 1 << 20;

pub(super) fn read(spool: &mut Section<'_>) -> Spool {
    let dir = spool.text("dir", "the path of a folder: not empty and without NUL", |text| {
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    });
    let bytes = spool.size("bytes").or(BYTES);
    if bytes < LEAST {
        spool.mistake("bytes", "it is too small for any hit to be kept; write \"1MiB\" or more");
    }
    let fsync = spool.text("fsync", r#""never", "always" or an interval, as "1s""#, |text| match text {
        "never" => Some(Fsync::Never),
        "always" => Some(Fsync::Always),
        _ => units::duration(text).filter(|every| *every > Duration::ZERO).map(Fsync::Every),
    });
    Spool { dir: dir.or(DIR.into()), bytes: bytes as u64, fsync: fsync.or(Fsync::Never) }
}
