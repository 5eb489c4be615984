//! A MaxMind DB file, in memory, which is read again when another stands at its path.
//!
//! It is read rather than mapped: a file that somebody cuts short while it is mapped ends the process (SIGBUS). A
//! forked child shares its parent's memory. Another file at the path is noticed by a worker, which looks once a
//! minute; one that cannot be used is told of once, and the one before goes on being used.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use maxminddb::{MaxMindDbError, Reader, geoip2};
use trackside_core::{enrich::Locate, hit::Place};

use crate::{
    files::{self, Stamp},
    log,
    pool::fork::PerProcess,
};

/// How often the path is looked at.
const EVERY: Duration = Duration::from_secs(60);
/// A database that has no country in so many of its networks is one of something else.
const TRIED: usize = 10_000;

type Database = Reader<Vec<u8>>;

/// The file at one path.
pub(super) struct Places {
    path: PathBuf,
    every: Duration,
    /// Where it still is the one in use, a child takes it up. None but `used` keeps it, so that it goes when another
    /// takes its place.
    first: (Weak<Database>, Stamp),
    used: PerProcess<Mutex<Used>>,
}

/// What a process uses now.
#[derive(Clone)]
struct Used {
    database: Option<Arc<Database>>,
    /// Of the file that was read last, whether or not it can be used.
    stamp: Stamp,
    looked: Instant,
}

impl Places {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and the way out.
    pub(super) fn open(path: PathBuf) -> Result<Self, String> {
        Self::looking_every(path, EVERY)
    }

    fn looking_every(path: PathBuf, every: Duration) -> Result<Self, String> {
        let path = files::absolute(&path);
        let stamp = Stamp::at(&path);
        let database = Arc::new(read(&path)?);
        let first = (Arc::downgrade(&database), stamp);
        let used = PerProcess::new();
        used.get(|| {
            let database = Some(Arc::clone(&database));
            Mutex::new(Used { database, stamp, looked: Instant::now() })
        });
        Ok(Self { path, every, first, used })
    }

    /// That of this process, read again if need be.
    fn database(&self) -> Option<Arc<Database>> {
        let used = self.used.get(|| {
            let (database, stamp) = (self.first.0.upgrade(), self.first.1);
            let stamp = if database.is_some() { stamp } else { Stamp::default() };
            // Looked at when the process began: whoever was forked has to look soon.
            Mutex::new(Used { database, stamp, looked: Instant::now() })
        });
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.database.is_none() || used.looked.elapsed() >= self.every {
            used.looked = Instant::now();
            self.look(&mut used);
        }
        used.database.clone()
    }

    fn look(&self, used: &mut Used) {
        let stamp = Stamp::at(&self.path);
        if stamp == used.stamp {
            return;
        }
        used.stamp = stamp;
        let path = self.path.display();
        match read(&self.path) {
            Ok(database) => {
                used.database = Some(Arc::new(database));
                log::guarded(|| tracing::info!(target: "trackside", "geo.file `{path}` was read again"));
            }
            Err(why) => {
                let goes_on = if used.database.is_some() { "; the one before is used on" } else { "" };
                log::guarded(|| tracing::warn!(target: "trackside", "geo.file `{path}`: {why}{goes_on}"));
            }
        }
    }
}

impl Locate for Places {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        place(&*self.database()?, address)
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What the database says of an address. Where it is damaged, nothing.
fn place(database: &Database, address: IpAddr) -> Option<Place> {
    let found = database.lookup(address).ok()?.decode::<geoip2::City<'_>>().ok()??;
    let region = found.subdivisions.first().and_then(|region| region.iso_code);
    let names = &found.city.names;
    // Not every database has names in English.
    let all = [
        names.english,
        names.german,
        names.spanish,
        names.french,
        names.brazilian_portuguese,
        names.russian,
        names.japanese,
        names.simplified_chinese,
    ];
    let city = all.into_iter().flatten().next().unwrap_or_default();
    Place::named(found.country.iso_code?, region.unwrap_or_default(), city)
}

fn read(path: &Path) -> Result<Database, String> {
    const WAY_OUT: &str = "download it anew, and move it to its place when it is whole";
    let bytes = files::read(path, usize::MAX)?;
    let damaged =
        |error: MaxMindDbError| format!("it is damaged, or no MaxMind DB file ({error}); {WAY_OUT}");
    let database = Reader::from_source(bytes).map_err(damaged)?;
    let mut has_countries = false;
    for network in database.networks(Default::default()).map_err(damaged)?.take(TRIED) {
        let found = network.map_err(damaged)?.decode::<geoip2::City<'_>>();
        has_countries |= matches!(found, Ok(Some(city)) if city.country.iso_code.is_some());
        if has_countries {
            break;
        }
    }
    if !has_countries {
        let kind = &database.metadata().database_type;
        return Err(format!(
            "it is a database of another kind ({kind}) and tells of no country; name one of countries or cities, such \
             as GeoLite2-City"
        ));
    }
    Ok(database)
}

#[cfg(test)]
#[path = "file_test.rs"]
mod test;
