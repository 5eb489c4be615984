use std::{borrow::Cow, path::PathBuf, sync::Arc};

use rusqlite::{Connection, TransactionBehavior, named_params};
use trackside_core::{
    Hit,
    hit::Kind,
    protocol::{Enriched, Outcome},
};

use super::{
    gate::Gate,
    keep::Sweep,
    schema::{self, StoreError},
};
use crate::sink::{Delivery, Sink, SinkError};

pub(super) struct SqliteSink {
    path: PathBuf,
    sweep: Option<Arc<Sweep>>,
    gate: Gate<Connection>,
}

impl SqliteSink {
    pub(super) fn open(path: PathBuf, sweep: Option<Arc<Sweep>>) -> Result<Self, SinkError> {
        let sink = Self { path, sweep, gate: Gate::new() };
        match sink.gate.enter(|slot| sink.opened(slot).map(|_| ())) {
            Err(error) if !error.is_busy() => Err(error.at(&sink.path)),
            _ => Ok(sink),
        }
    }

    fn opened<'a>(&self, slot: &'a mut Option<Connection>) -> Result<&'a mut Connection, StoreError> {
        match slot {
            Some(connection) => Ok(connection),
            None => Ok(slot.insert(schema::open(&self.path)?)),
        }
    }

    fn store(
        &self,
        slot: &mut Option<Connection>,
        batch: &[Enriched<'_>],
        now: u64,
    ) -> Result<(), StoreError> {
        let connection = self.opened(slot)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for enriched in batch {
            insert(&transaction, enriched.hit)?;
        }
        transaction.commit()?;
        if let Some(sweep) = &self.sweep
            && let Err(error) = sweep.step(connection, now)
        {
            // The batch is stored; the sweep comes again.
            tracing::debug!(target: "trackside", cause = %error, "cannot delete old hits");
        }
        Ok(())
    }
}

impl Sink for SqliteSink {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let outcome = self.gate.enter(|slot| match self.store(slot, batch, now) {
            Ok(()) => Outcome::Delivered,
            Err(error) if error.is_busy() => Outcome::Retry(None),
            Err(error) => {
                tracing::debug!(target: "trackside", cause = %error.at(&self.path), "cannot store hits");
                // What went wrong may stick to the connection.
                *slot = None;
                Outcome::Unavailable
            }
        });
        Delivery::new(batch.len(), outcome)
    }
}

/// Inserts a row into `connection` and takes it back.
pub(super) fn probe(connection: &Connection) -> Result<(), StoreError> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute(
        "INSERT INTO hit (id, at, kind, site, path, secure, is_new, visitor)
         VALUES (zeroblob(16), 0, '', '', '', 0, 0, zeroblob(16)) ON CONFLICT (id) DO NOTHING",
        (),
    )?;
    transaction.rollback()?;
    Ok(())
}

fn insert(connection: &Connection, hit: &Hit) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO hit (id, at, kind, site, path, status, visitor, session, referrer, secure, method, query,
             agent, language, ip, is_new, first_visit, user_id, title, route, name, category, label, value,
             properties)
         VALUES (:id, :at, :kind, :site, :path, :status, :visitor, :session, :referrer, :secure, :method,
             :query, :agent, :language, :ip, :is_new, :first_visit, :user_id, :title, :route, :name, :category,
             :label, :value, :properties)
         ON CONFLICT (id) DO NOTHING",
    )?;
    insert.execute(named_params! {
        ":id": hit.id().as_bytes(),
        ":at": number(hit.micros()),
        ":kind": match hit.kind() {
            Kind::Event => "event",
            _ => "page",
        },
        ":site": hit.site(),
        ":path": String::from_utf8_lossy(hit.path()),
        ":status": (hit.status() != 0).then(|| hit.status()),
        ":visitor": hit.visitor().map(|id| id.into_bytes()),
        ":session": hit.session().map(number),
        ":referrer": lossy(hit.referrer()),
        ":secure": hit.is_secure(),
        ":method": lossy(hit.method()),
        ":query": lossy(hit.query()),
        ":agent": lossy(hit.agent()),
        ":language": text(hit.language()),
        ":ip": hit.ip().map(|ip| ip.to_string()),
        ":is_new": hit.is_new(),
        ":first_visit": hit.first_visit().map(number),
        ":user_id": text(hit.user_id()),
        ":title": text(hit.title()),
        ":route": text(hit.route()),
        ":name": text(hit.name()),
        ":category": text(hit.category()),
        ":label": text(hit.label()),
        ":value": hit.value(),
        ":properties": properties(hit),
    })?;
    Ok(())
}

/// SQLite's integers end at 2^63 - 1.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn lossy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    Some(bytes).filter(|bytes| !bytes.is_empty()).map(String::from_utf8_lossy)
}

/// A JSON object; the last of several properties of one name stands.
fn properties(hit: &Hit) -> Option<String> {
    let object: serde_json::Map<_, _> = hit
        .properties()
        .filter_map(|(key, value)| Some((key.to_owned(), serde_json::to_value(&value).ok()?)))
        .collect();
    (!object.is_empty()).then(|| serde_json::Value::Object(object).to_string())
}
