//! The keys under which visitors without a cookie are told apart: one for each UTC day, which turns at
//! midnight.
//!
//! `visitor.keys` says where they come from: a file that all processes share ([`FileKeys`]), or a secret
//! ([`DerivedKeys`]). A request reads the key of its day from memory, without a system call and without an
//! allocation. A worker turns the keys: from 23:00 on it has tomorrow's ready. A process whose workers are
//! not awake turns them itself, on its first request of the day. Without a key a hit has no cookieless id; all
//! else goes on.
//!
//! # The file
//!
//! A file of mode 0600, of which this library makes all there is. It has 104 bytes; numbers are little-endian.
//!
//! | bytes | hold |
//! | --- | --- |
//! | 0..8 | `trkskeys` in ASCII |
//! | 8 | the format's version: 1 |
//! | 9 | how many keys follow: 0, 1 or 2 |
//! | 10..16 | zeros |
//! | 16..24 | the day of the first key: whole UTC days since 1970-01-01 |
//! | 24..56 | the first key: random bytes of the system |
//! | 56..64 | the day of the second key, later than that of the first |
//! | 64..96 | the second key |
//! | 96..104 | the first 8 bytes of the SHA-256 of bytes 0..96 |
//!
//! Where there are less keys than two, their bytes are zeros. An empty file, or one of zeros alone as a power
//! cut leaves it, holds no keys yet.
//!
//! # What becomes of it
//!
//! From midnight to 23:00 (UTC) it holds the keys of yesterday and of today, from then on those of today and
//! of tomorrow: whoever looks at it and finds it otherwise turns it. So a key that was drawn at 23:00 the evening
//! before is destroyed 48 hours later, and one that was drawn during its day earlier than that. Yesterday's is
//! kept for processes whose clock is slow, and for requests that began before midnight.
//!
//! To turn it, one locks it (`flock`), sees that it is still the file at the path, writes a new one beside it,
//! and moves that into its place: who reads needs no lock, and reads the one or the other. Then a key that is
//! gone is written over with zeros where it stood; on disks that do not write in place, and in backups, that is
//! no erasure: keep the file out of them. If no process runs, nobody destroys anything: the file holds what it
//! held, until a tracker is opened.
//!
//! A file that cannot be read or is no such file, that others may read, or that holds keys of days after tomorrow
//! (then some clock is wrong) is an error, told once, and stays as it is: hits go without a cookieless id, until a
//! worker, which looks again every minute, finds it in order. Deleting it is always safe: a new one is made, whose
//! ids have nothing to do with those of the day before that.

mod derived;
mod error;
mod file;
mod format;
mod shared;
mod slots;

use std::{fmt, sync::Arc, time::Duration};

use trackside_core::{Config, config::Keys as Configured, visitor::DailyKey};

use crate::clock::{Clock, System};

pub use self::{derived::DerivedKeys, error::KeysError, shared::FileKeys};

/// Has the key of each UTC day.
pub trait Keys: fmt::Debug + Send + Sync + 'static {
    /// The key of the day `day`, which [`DailyKey::day`] counts from the Unix epoch; none if there is none, so that
    /// nobody takes a cookieless id. It is asked on the request thread, once for each exchange. A panic of it
    /// reaches the host.
    fn key(&self, day: u64) -> Option<DailyKey>;

    /// Called by workers, often: sees to what is due at the time `micros`, such as tomorrow's key, and answers
    /// how long there is nothing more to see to. Defaults to nothing ever being due.
    fn tend(&self, _micros: u64) -> Duration {
        Duration::MAX
    }
}

/// No keys: nobody takes a cookieless id.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it holds nothing")]
pub struct Without;

impl Keys for Without {
    fn key(&self, _: u64) -> Option<DailyKey> {
        None
    }
}

/// The source that `config` asks for; none where nobody is told apart without a cookie.
pub fn open(config: &Config) -> Option<Arc<dyn Keys>> {
    if !config.takes_daily_key() {
        return None;
    }
    Some(match config.keys() {
        Configured::File(path) => Arc::new(FileKeys::new(path.clone())),
        _ => Arc::new(DerivedKeys::new(config.clone())),
    })
}

/// Turns a file that is there, so that keys which nobody used for days are destroyed though nobody asks for one yet. What
/// goes wrong is told by who does.
pub(crate) fn outdate(config: &Config) {
    if let Configured::File(path) = config.keys()
        && config.takes_daily_key()
        && path.exists()
    {
        file::turn(path, System.micros(), file::Care::Durable).ok();
    }
}

/// Sees that the key of the day can be had, for programs that are to say so at their start: makes the file, or turns
/// it if that is due.
///
/// # Errors
///
/// If that fails: the message names the file, the cause and the way out.
pub fn check(config: &Config) -> Result<(), KeysError> {
    match config.keys() {
        Configured::File(path) if config.takes_daily_key() => {
            file::turn(path, System.micros(), file::Care::Durable).map(drop)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod test;
