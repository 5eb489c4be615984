use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::Hash,
    path::Path,
};

use rusqlite::{Connection, Row, types::ValueRef};
use serde::Serialize;

use super::{schema, unforked};
use crate::sink::SinkError;

/// How many pages and referrers a report names.
const TOP: usize = 10;

/// The gap that ends a session for hits that name none: more than 30 minutes, in microseconds.
const GAP: i64 = 30 * 60 * 1_000_000;

/// What the store holds of a period.
///
/// In JSON the fields have the names they have here.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Page views of persons, as are all other figures but `bots`.
    pub views: u64,
    /// Events.
    pub events: u64,
    /// Page views without a visitor.
    pub without_visitor: u64,
    /// Visitor ids with two hits or more.
    pub visitors: u64,
    /// Visitor ids with one hit: many are programs that keep no cookies, each request a new id.
    pub single_hit_ids: u64,
    /// Sessions: those that the hits name; a visitor's hits that name none are cut where more than 30
    /// minutes lie between two of them.
    pub sessions: u64,
    /// The ten pages with the most views, most first; among equals by path.
    pub pages: Vec<PageCount>,
    /// The ten referrers with the most views, most first; among equals by name. Addresses on a site of the
    /// store itself are left out.
    pub referrers: Vec<ReferrerCount>,
    /// The statuses of page views, most first; among equals by number.
    pub statuses: Vec<StatusCount>,
    /// By which way visitors came, most first; among equals by name. Views from the site's own pages are left out.
    pub channels: Vec<ChannelCount>,
    /// The countries from which pages were viewed, most first; among equals by code. None where nobody knows it.
    pub countries: Vec<CountryCount>,
    /// The page views of programs, most first; among equals by class, operator, purpose and name.
    pub bots: Vec<BotCount>,
}

/// The views by one channel.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChannelCount {
    /// The word of [`Channel`](trackside_core::enrich::Channel).
    pub channel: String,
    /// The views.
    pub views: u64,
}

/// The views from one country.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CountryCount {
    /// Its ISO 3166-1 code of two letters.
    pub country: String,
    /// The views.
    pub views: u64,
}

/// The views of one program.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BotCount {
    /// The word of its [`Class`](trackside_core::enrich::Class).
    pub class: String,
    /// Who runs an AI agent, if that is known; else empty.
    pub operator: String,
    /// What an AI agent fetches pages for, the word of [`Purpose`](trackside_core::enrich::Purpose); of others
    /// empty.
    pub purpose: String,
    /// Its name; may be empty.
    pub name: String,
    /// The views.
    pub views: u64,
}

/// The views of one page.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PageCount {
    /// The path, percent-encoded, without query.
    pub path: String,
    /// Its views.
    pub views: u64,
}

/// The views that one referrer led to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReferrerCount {
    /// The referrer's address, as it was stored.
    pub referrer: String,
    /// The views.
    pub views: u64,
}

/// The views that were answered with one status.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StatusCount {
    /// The status (RFC 9110 §15).
    pub status: u16,
    /// The views.
    pub views: u64,
}

/// What the store at `path` holds of the time from `since`, in microseconds since the Unix epoch, on. It
/// only reads, also while others write. Takes memory for each visitor, session, page and referrer of the
/// period.
///
/// # Errors
///
/// If there is no store at `path`, or none that this version knows.
pub fn report(path: impl AsRef<Path>, since: u64) -> Result<Report, SinkError> {
    let path = path.as_ref();
    unforked(path, || {
        let connection = schema::open_to_read(path)?;
        Ok(tally(&connection, i64::try_from(since).unwrap_or(i64::MAX))?.report())
    })
}

pub(super) const HITS: &str = "
    SELECT at, kind, site, path, status, visitor, session, referrer, channel, bot, bot_operator, bot_purpose, bot_name,
        country
    FROM hit WHERE at >= ?1 ORDER BY at";

/// One walk over the period in the order of time: SQLite would sort the rows once for each grouping.
pub(super) fn tally(connection: &Connection, since: i64) -> rusqlite::Result<Tally> {
    let mut tally = Tally::default();
    let mut hits = connection.prepare(HITS)?;
    let mut rows = hits.query([since])?;
    while let Some(row) = rows.next()? {
        tally.add(row)?;
    }
    Ok(tally)
}

#[derive(Default)]
pub(super) struct Tally {
    views: u64,
    events: u64,
    without_visitor: u64,
    sites: HashSet<String>,
    pages: HashMap<String, u64>,
    referrers: HashMap<String, u64>,
    statuses: HashMap<u16, u64>,
    channels: HashMap<String, u64>,
    countries: HashMap<String, u64>,
    bots: HashMap<[String; 4], u64>,
    visitors: HashMap<[u8; 16], u64>,
    sessions: HashSet<([u8; 16], i64)>,
    /// The last hit of each visitor that named no session.
    unnamed: HashMap<[u8; 16], i64>,
    unnamed_sessions: u64,
}

impl Tally {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let at: i64 = row.get(0)?;
        let is_view = row.get_ref(1)?.as_str()? == "page";
        if let Some(class) = row.get::<_, Option<String>>(9)? {
            if is_view {
                let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
                *self.bots.entry([class, text(10)?, text(11)?, text(12)?]).or_default() += 1;
            }
            return Ok(());
        }
        let visitor: Option<[u8; 16]> = row.get(5)?;
        let session: Option<i64> = row.get(6)?;
        if is_view {
            self.views += 1;
            self.without_visitor += u64::from(visitor.is_none());
            count(&mut self.pages, row.get_ref(3)?.as_str()?);
            *self.statuses.entry(row.get::<_, Option<u16>>(4)?.unwrap_or(0)).or_default() += 1;
            if let ValueRef::Text(channel) = row.get_ref(8)?
                && channel != b"internal"
            {
                count(&mut self.channels, &String::from_utf8_lossy(channel));
            }
            if let ValueRef::Text(country) = row.get_ref(13)? {
                count(&mut self.countries, &String::from_utf8_lossy(country));
            }
            if let ValueRef::Text(referrer) = row.get_ref(7)? {
                count(&mut self.referrers, &String::from_utf8_lossy(referrer));
            }
        } else {
            self.events += 1;
        }
        let site = row.get_ref(2)?.as_str()?;
        if !self.sites.contains(site) {
            self.sites.insert(site.to_owned());
        }
        let Some(visitor) = visitor else {
            return Ok(());
        };
        *self.visitors.entry(visitor).or_default() += 1;
        match session {
            Some(session) => {
                self.sessions.insert((visitor, session));
            }
            None => match self.unnamed.entry(visitor) {
                Entry::Occupied(mut last) => {
                    let before = last.insert(at);
                    self.unnamed_sessions += u64::from(at.saturating_sub(before) > GAP);
                }
                Entry::Vacant(none) => {
                    none.insert(at);
                    self.unnamed_sessions += 1;
                }
            },
        }
        Ok(())
    }

    pub(super) fn report(self) -> Report {
        let sites = self.sites;
        let referrers = self.referrers.into_iter().filter(|(referrer, _)| !sites.contains(&host(referrer)));
        let single = self.visitors.values().filter(|&&hits| hits == 1).count() as u64;
        Report {
            views: self.views,
            events: self.events,
            without_visitor: self.without_visitor,
            visitors: self.visitors.len() as u64 - single,
            single_hit_ids: single,
            sessions: self.sessions.len() as u64 + self.unnamed_sessions,
            pages: top(self.pages.into_iter(), TOP, |path, views| PageCount { path, views }),
            referrers: top(referrers, TOP, |referrer, views| ReferrerCount { referrer, views }),
            statuses: top(self.statuses.into_iter(), usize::MAX, |status, views| StatusCount {
                status,
                views,
            }),
            channels: top(self.channels.into_iter(), usize::MAX, |channel, views| ChannelCount {
                channel,
                views,
            }),
            countries: top(self.countries.into_iter(), usize::MAX, |country, views| CountryCount {
                country,
                views,
            }),
            bots: top(self.bots.into_iter(), usize::MAX, |[class, operator, purpose, name], views| {
                BotCount { class, operator, purpose, name, views }
            }),
        }
    }
}

fn count(counts: &mut HashMap<String, u64>, key: &str) {
    match counts.get_mut(key) {
        Some(n) => *n += 1,
        None => {
            counts.insert(key.to_owned(), 1);
        }
    }
}

fn top<K: Ord + Hash, T>(
    counts: impl Iterator<Item = (K, u64)>,
    limit: usize,
    entry: impl Fn(K, u64) -> T,
) -> Vec<T> {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    counts.into_iter().take(limit).map(|(key, n)| entry(key, n)).collect()
}

/// The host of an address, in lower case, without user information and port.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name.to_ascii_lowercase(),
        _ => host.to_ascii_lowercase(),
    }
}
