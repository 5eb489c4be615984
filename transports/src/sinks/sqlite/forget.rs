//! Deleting what is stored of one visitor or user, without a trace.
//!
//! There is no index of visitors or users: the table is read from end to end. An index would cost every write for what is
//! asked for a few times a year, and [`purge`], which follows, rewrites the whole file anyway.
//!
//! It is read some thousand rows at a time, which holds up nobody who writes; the store is locked for the deletion of a
//! few hundred at a time, and as long as that took, others may write before the next.

use std::{
    collections::BTreeMap,
    iter,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ToSql, TransactionBehavior, params_from_iter};
use uuid::Uuid;

use super::{
    schema::{self, StoreError},
    unforked,
};
use crate::sink::SinkError;

/// Whose hits are to be deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "a hit has no other owner")]
pub enum Who<'a> {
    /// Those of a user, under any of these ids, as they are recorded.
    User(&'a [&'a str]),
    /// Those of this visitor.
    Visitor(Uuid),
}

/// What was deleted, and what is left to think of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Forgotten {
    /// How many hits were deleted.
    pub hits: u64,
    /// The visitors whose hits had the user id, and who have others that do not have it, with the number of
    /// those: what the user did without having signed in, or somebody else at the same browser. They are not
    /// deleted.
    pub others: Vec<(Uuid, u64)>,
}

/// How many rows are read at one look, at most.
const LOOK: i64 = 4_096;

/// How many of them are deleted under one lock, at most.
const ROWS: usize = 256;

/// Deletes the hits of `who` that are in the store at `path` when this begins. Others may write to it meanwhile.
/// [`purge`] then removes what the deletion leaves in the file.
///
/// # Errors
///
/// If the store cannot be opened or written. The message says how many hits were deleted before that; to call it again
/// deletes the rest, but [`Forgotten::others`] does not name visitors all of whose hits with the user's id went before.
pub fn forget(path: impl AsRef<Path>, who: Who<'_>) -> Result<Forgotten, SinkError> {
    let path = path.as_ref();
    unforked(path, || delete(&mut schema::open(path)?, who))
}

/// Rewrites the store at `path` so that neither it nor its log holds anything of hits that were deleted, and
/// gives back their room. Takes as much room again while it runs; others' hits wait.
///
/// What the disk keeps of blocks that are free, and what stands in backups, is out of reach.
///
/// # Errors
///
/// If the store cannot be opened or written, or another process reads it for longer than five seconds.
pub fn purge(path: impl AsRef<Path>) -> Result<(), SinkError> {
    let path = path.as_ref();
    unforked(path, || {
        let store = schema::open(path)?;
        store.execute_batch("VACUUM")?;
        // Else the log holds pages of before until somebody else writes over them.
        match store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0))? {
            0 => Ok(()),
            _ => Err(StoreError::Read),
        }
    })
}

pub(super) fn delete(store: &mut Connection, who: Who<'_>) -> Result<Forgotten, StoreError> {
    let mut forgotten = Forgotten::default();
    let mut visitors = BTreeMap::new();
    let deleted = delete_all(store, who, &mut forgotten.hits, &mut visitors);
    let counted = deleted.and_then(|()| count_others(store, &mut visitors));
    if let Err(error) = counted {
        return Err(match forgotten.hits {
            0 => error,
            hits => StoreError::HalfForgotten(hits, Box::new(error)),
        });
    }
    let others = visitors.into_iter().filter(|&(_, left)| left > 0);
    forgotten.others = others.map(|(visitor, left)| (Uuid::from_bytes(visitor), left)).collect();
    Ok(forgotten)
}

/// Deletes the hits of `who`, and adds them to `hits`; of a user, the visitors who had some are put into `visitors`.
fn delete_all(
    store: &mut Connection,
    who: Who<'_>,
    hits: &mut u64,
    visitors: &mut BTreeMap<[u8; 16], u64>,
) -> Result<(), StoreError> {
    let visitor;
    let (is_theirs, ids): (String, Vec<&dyn ToSql>) = match &who {
        Who::Visitor(id) => {
            visitor = id.as_bytes();
            ("visitor = ?".to_owned(), vec![visitor])
        }
        Who::User(ids) => {
            let places = vec!["?"; ids.len()].join(", ");
            (format!("user_id IN ({places})"), ids.iter().map(|id| id as &dyn ToSql).collect())
        }
    };
    let select = format!("SELECT rowid, visitor FROM hit WHERE rowid BETWEEN ? AND ? AND {is_theirs}");
    // What has the row's number may be another hit meanwhile.
    let delete = format!("DELETE FROM hit WHERE rowid = ? AND {is_theirs}");
    for (first, last) in looks(store)? {
        let mut rows = Vec::new();
        let mut found = store.prepare_cached(&select)?;
        let parameters = [&first as &dyn ToSql, &last].into_iter().chain(ids.iter().copied());
        for row in found.query_map(params_from_iter(parameters), |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (row, visitor): (i64, Option<[u8; 16]>) = row?;
            rows.push(row);
            if let (Who::User(_), Some(visitor)) = (&who, visitor) {
                visitors.insert(visitor, 0);
            }
        }
        drop(found);
        for rows in rows.chunks(ROWS) {
            let began = Instant::now();
            let deletion = store.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut deleted = 0;
            for row in rows {
                let parameters = iter::once(row as &dyn ToSql).chain(ids.iter().copied());
                deleted += deletion.prepare_cached(&delete)?.execute(params_from_iter(parameters))?;
            }
            deletion.commit()?;
            *hits += deleted as u64;
            // Who waits for the lock looks for it now and then, and would find it taken each time.
            thread::sleep(began.elapsed().min(Duration::from_secs(1)));
        }
    }
    Ok(())
}

/// Counts the hits that are left of each of these visitors.
fn count_others(store: &Connection, visitors: &mut BTreeMap<[u8; 16], u64>) -> Result<(), StoreError> {
    if visitors.is_empty() {
        return Ok(());
    }
    let select = "SELECT visitor FROM hit WHERE rowid BETWEEN ?1 AND ?2 AND visitor IS NOT NULL";
    for look in looks(store)? {
        let mut left = store.prepare_cached(select)?;
        for visitor in left.query_map(look, |row| row.get::<_, [u8; 16]>(0))? {
            if let Some(count) = visitors.get_mut(&visitor?) {
                *count += 1;
            }
        }
    }
    Ok(())
}

/// The numbers of all rows that there are now, first and last of each look.
fn looks(store: &Connection) -> Result<impl Iterator<Item = (i64, i64)> + use<>, StoreError> {
    let ends = store.query_row("SELECT min(rowid), max(rowid) FROM hit", (), |row| {
        Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?))
    })?;
    let first =
        move |first: &i64| ends.and_then(|(_, last)| first.checked_add(LOOK).filter(|it| *it <= last));
    let firsts = iter::successors(ends.map(|(first, _)| first), first);
    Ok(firsts.map(|first| (first, first.saturating_add(LOOK - 1))))
}

#[cfg(test)]
#[path = "forget_test.rs"]
mod test;
