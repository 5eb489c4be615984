use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use rusqlite::Connection;
use trackside_core::config::Keep;

use super::schema;

/// How many rows one step may delete: several times what it may insert, so that a sweep comes to its end.
pub(super) const ROWS: usize = 1_000;

/// How long after the end of a sweep the next may begin, in microseconds.
const INTERVAL: u64 = 3_600 * 1_000_000;

pub(super) const DELETE: &str =
    "DELETE FROM hit WHERE rowid IN (SELECT rowid FROM hit WHERE at < ?1 ORDER BY at LIMIT ?2)";

/// Deletes what is older than `keep`, in steps. All sinks of a factory share one.
pub(super) struct Sweep {
    keep: Keep,
    /// When the next step is due, in microseconds since the Unix epoch.
    due: AtomicU64,
    /// Whether the file may still show what was deleted, by this process or by one before it: the zeros stand in the log
    /// at first.
    is_logged: AtomicBool,
}

impl Sweep {
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, due: AtomicU64::new(0), is_logged: AtomicBool::new(true) }
    }

    /// How long it is to the next step.
    pub(super) fn wait(&self, now: u64) -> Duration {
        let wait = self.due.load(Ordering::Relaxed).saturating_sub(now);
        // Further away than any step is put off: the clock was set back.
        Duration::from_micros(if wait > INTERVAL { 0 } else { wait })
    }

    /// Deletes up to [`ROWS`] rows, if it is time.
    pub(super) fn step(&self, connection: &Connection, now: u64) -> rusqlite::Result<()> {
        if !self.wait(now).is_zero() {
            return Ok(());
        }
        let deleted = match oldest(connection, self.keep, now)? {
            Some(oldest) => connection.prepare_cached(DELETE)?.execute((oldest, ROWS as i64))?,
            None => 0,
        };
        if deleted > 0 {
            self.is_logged.store(true, Ordering::Relaxed);
        }
        if deleted < ROWS {
            self.due.store(now.saturating_add(INTERVAL), Ordering::Relaxed);
            if self.is_logged.load(Ordering::Relaxed) && checkpoint(connection)? {
                self.is_logged.store(false, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Brings the log into the file, and empties it. False if somebody who reads or writes is in the way: whoever has hits
/// to write cannot wait for that, and the next sweep tries again.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0));
    connection.busy_timeout(schema::BUSY)?;
    busy.map(|busy| busy == 0)
}

/// The time of the oldest hit that is kept, in microseconds since the Unix epoch; none if that would lie
/// before the first year that SQLite knows.
///
/// Months are those of the calendar, in UTC: a month before the 31st of March is the last of February.
pub(super) fn oldest(connection: &Connection, keep: Keep, now: u64) -> rusqlite::Result<Option<i64>> {
    let seconds = i64::try_from(now / 1_000_000).unwrap_or(i64::MAX);
    let span = match keep {
        Keep::Days(days) => format!("-{days} days"),
        Keep::Months(months) => format!("-{months} months"),
        // What a later version may know is kept.
        _ => return Ok(None),
    };
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT unixepoch(?1, 'unixepoch', ?2, 'floor')")?
        .query_row((seconds, span), |row| row.get(0))?;
    Ok(oldest.and_then(|seconds| seconds.checked_mul(1_000_000)))
}
