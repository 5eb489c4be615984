//! Deleting what is stored of one visitor or user, without a trace.
//!
//! There is no index of visitors or users: the table is read from end to end, once for each id. An index would cost every
//! write for what is asked for a few times a year, and [`purge`], which follows, rewrites the whole file anyway.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, TransactionBehavior};
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

const OF_USER: &str = "user_id = ?1";

/// Deletes the hits of `who` in the store at `path`. Others may write to it meanwhile, and their hits wait.
/// [`purge`] then removes what the deletion leaves in the file.
///
/// # Errors
///
/// If the store cannot be opened or written: nothing is deleted then.
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
    let deletion = store.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let forgotten = match who {
        Who::Visitor(id) => {
            let hits = deletion.execute("DELETE FROM hit WHERE visitor = ?1", [id.as_bytes()])?;
            Forgotten { hits: hits as u64, others: Vec::new() }
        }
        Who::User(ids) => {
            let mut visitors = BTreeMap::<[u8; 16], u64>::new();
            let mut hits = 0;
            for id in ids {
                let mut of_user = deletion.prepare_cached(&format!(
                    "SELECT DISTINCT visitor FROM hit WHERE {OF_USER} AND visitor IS NOT NULL"
                ))?;
                for visitor in of_user.query_map([id], |row| row.get(0))? {
                    visitors.insert(visitor?, 0);
                }
                hits += deletion.execute(&format!("DELETE FROM hit WHERE {OF_USER}"), [id])?;
            }
            if !visitors.is_empty() {
                let mut left = deletion.prepare("SELECT visitor FROM hit WHERE visitor IS NOT NULL")?;
                for visitor in left.query_map((), |row| row.get::<_, [u8; 16]>(0))? {
                    if let Some(count) = visitors.get_mut(&visitor?) {
                        *count += 1;
                    }
                }
            }
            let others = visitors.into_iter().filter(|&(_, left)| left > 0);
            let others = others.map(|(visitor, left)| (Uuid::from_bytes(visitor), left)).collect();
            Forgotten { hits: hits as u64, others }
        }
    };
    deletion.commit()?;
    Ok(forgotten)
}

#[cfg(test)]
#[path = "forget_test.rs"]
mod test;
