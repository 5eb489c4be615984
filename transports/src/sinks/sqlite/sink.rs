use std::{borrow::Cow, mem, path::PathBuf, sync::Arc, time::Duration};

use rusqlite::{Connection, TransactionBehavior, named_params};
use trackside_core::{
    Hit,
    enrich::{Bot, Campaign, Found, Purpose},
    protocol::{Enriched, Outcome},
};

use super::{keep::Sweep, opened::Opened, schema::StoreError};
use crate::{
    log,
    pool::fork::Gate,
    sink::{Delivery, Sink, SinkError},
};

/// So long after a sweep that failed, or found no store, an idle worker tries again.
const AGAIN: Duration = Duration::from_secs(60);

pub(super) struct SqliteSink {
    store: Store,
    gate: Gate<Opened>,
    /// Whether the last batch was lost: the log is told when that begins.
    is_failing: bool,
}

impl SqliteSink {
    pub(super) fn open(path: PathBuf, sweep: Option<Arc<Sweep>>) -> Result<Self, SinkError> {
        let gate = Gate::new(&path);
        let mut sink = Self { store: Store { path, sweep }, gate, is_failing: false };
        match sink.gate.enter(|slot| sink.store.opened(slot).map(|_| ())) {
            Err(error) if !error.is_busy() => Err(error.at(&sink.store.path)),
            _ => Ok(sink),
        }
    }
}

impl Sink for SqliteSink {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let stored = self.gate.enter(|slot| {
            let stored = self.store.put(slot, batch, now);
            if stored.as_ref().is_err_and(|error| !error.is_busy()) {
                // What went wrong may stick to the connection.
                *slot = None;
            }
            stored
        });
        let outcome = match stored {
            Ok(()) => {
                self.is_failing = false;
                Outcome::Delivered
            }
            Err(error) if error.is_busy() => Outcome::Retry(None),
            Err(error) => {
                if !mem::replace(&mut self.is_failing, true) {
                    let problem = error.at(&self.store.path);
                    log::guarded(|| tracing::error!(target: "trackside", "{problem}; hits are dropped"));
                }
                Outcome::Unavailable
            }
        };
        Delivery::new(batch.len(), outcome)
    }

    fn tend(&mut self, now: u64) -> Duration {
        let Some(sweep) = self.store.sweep.clone() else {
            return Duration::MAX;
        };
        if !sweep.wait(now).is_zero() {
            return sweep.wait(now);
        }
        // One that was deleted is made anew by the next batch, not before.
        if !self.store.path.exists() {
            return AGAIN;
        }
        let swept = self.gate.enter(|slot| {
            let swept = self.store.opened(slot).and_then(|store| Ok(sweep.step(store, now)?));
            if swept.as_ref().is_err_and(|error| !error.is_busy()) {
                *slot = None;
            }
            swept
        });
        match swept {
            Ok(()) => sweep.wait(now),
            Err(error) => {
                let problem = error.at(&self.store.path);
                log::guarded(
                    || tracing::debug!(target: "trackside", "old hits cannot be deleted: {problem}"),
                );
                AGAIN
            }
        }
    }
}

struct Store {
    path: PathBuf,
    sweep: Option<Arc<Sweep>>,
}

impl Store {
    /// The connection to the file that stands at the path now.
    fn opened<'a>(&self, slot: &'a mut Option<Opened>) -> Result<&'a mut Connection, StoreError> {
        if let Some(gone) = slot.take_if(|opened| opened.is_gone(&self.path)) {
            gone.leave(&self.path);
        }
        let opened = match slot {
            Some(opened) => opened,
            None => slot.insert(Opened::open(&self.path)?),
        };
        Ok(opened.connection())
    }

    /// Stores `batch` in one transaction.
    fn put(&self, slot: &mut Option<Opened>, batch: &[Enriched<'_>], now: u64) -> Result<(), StoreError> {
        let connection = self.opened(slot)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for enriched in batch {
            insert(&transaction, enriched)?;
        }
        transaction.commit()?;
        if let Some(sweep) = &self.sweep
            && let Err(error) = sweep.step(connection, now)
        {
            // The batch is stored; the sweep comes again.
            log::guarded(|| tracing::debug!(target: "trackside", cause = %error, "cannot delete old hits"));
        }
        Ok(())
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

fn insert(connection: &Connection, enriched: &Enriched<'_>) -> rusqlite::Result<()> {
    let Enriched { hit, found, .. } = *enriched;
    let bot = found.and_then(Found::bot);
    let campaign = |of: fn(&Campaign) -> &str| found.and_then(|found| text(of(found.campaign())));
    let mut insert = connection.prepare_cached(
        "INSERT INTO hit (id, at, kind, site, path, status, visitor, session, referrer, secure, method, query,
             agent, language, ip, is_new, first_visit, user_id, title, route, name, category, label, value,
             properties, bot, bot_name, bot_operator, bot_purpose, channel, source, campaign_source,
             campaign_medium, campaign_name, campaign_term, campaign_content, campaign_id, campaign_click, country,
             region, city, cookieless, confined, ads)
         VALUES (:id, :at, :kind, :site, :path, :status, :visitor, :session, :referrer, :secure, :method,
             :query, :agent, :language, :ip, :is_new, :first_visit, :user_id, :title, :route, :name, :category,
             :label, :value, :properties, :bot, :bot_name, :bot_operator, :bot_purpose, :channel, :source,
             :campaign_source, :campaign_medium, :campaign_name, :campaign_term, :campaign_content, :campaign_id,
             :campaign_click, :country, :region, :city, :cookieless, :confined, :ads)
         ON CONFLICT (id) DO NOTHING",
    )?;
    insert.execute(named_params! {
        ":id": hit.id().as_bytes(),
        ":at": number(hit.micros()),
        ":kind": hit.kind().as_str(),
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
        ":bot": bot.map(|bot| bot.class().code()),
        ":bot_name": bot.and_then(|bot| text(bot.name())),
        ":bot_operator": bot.and_then(|bot| text(bot.operator())),
        ":bot_purpose": bot.and_then(Bot::purpose).map(Purpose::code),
        ":channel": found.map(|found| found.channel().code()),
        ":source": found.and_then(|found| text(found.source())),
        ":campaign_source": campaign(Campaign::source),
        ":campaign_medium": campaign(Campaign::medium),
        ":campaign_name": campaign(Campaign::name),
        ":campaign_term": campaign(Campaign::term),
        ":campaign_content": campaign(Campaign::content),
        ":campaign_id": campaign(Campaign::id),
        ":campaign_click": found.and_then(|found| found.campaign().click()).map(|(click, _)| click.code()),
        ":country": text(enriched.country()),
        ":region": text(enriched.region()),
        ":city": text(enriched.city()),
        ":cookieless": hit.is_cookieless(),
        ":confined": hit.is_confined(),
        ":ads": hit.grants_ads(),
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
