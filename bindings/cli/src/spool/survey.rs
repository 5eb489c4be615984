//! What there is below `spool.dir`, directory by directory.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use trackside::{
    Config,
    config::Destination,
    spool::{self, Directory, Entries, Finding, State},
};

use crate::{escape::escape, failure::Failure};

/// So many places of damage are remembered of each segment; all are counted.
const PLACES: usize = 10;

/// The directories that were asked for.
pub(super) struct Survey {
    /// The folder of all spools.
    pub(super) dir: PathBuf,
    pub(super) found: Vec<Found>,
}

/// The directory of one process.
pub(super) struct Found {
    pub(super) directory: Directory,
    pub(super) made_for: MadeFor,
    /// Whether a living process owns it.
    pub(super) is_owned: bool,
}

/// Whom the hits of a directory are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MadeFor {
    /// The destination of the configuration, of this type.
    Destination(&'static str),
    /// A destination of a name that the configuration does not have.
    Nobody,
    /// Another receiver than the destination of that name has now, or the same under another `ip` policy.
    Other,
}

impl Survey {
    /// What `config` has, of the destination and the directories alone that are named, if any are.
    pub(super) fn of(config: &Config, destination: Option<&str>, ids: &[String]) -> Result<Self, Failure> {
        let dir = config.spool().dir.clone();
        let unlisted = |error| {
            let dir = text(&dir);
            Failure::failed(format_args!(
                "the spool {dir} cannot be listed ({error}); run this as the user whose server writes it"
            ))
        };
        let mut directories = spool::directories(&dir).map_err(unlisted)?;
        let known: BTreeSet<_> = directories.iter().map(Directory::destination).map(str::to_owned).collect();
        if let Some(name) = destination {
            let is_configured = config.destinations().iter().any(|destination| destination.name == name);
            if !is_configured && !known.contains(name) {
                return Err(Failure::usage(format_args!(
                    "no destination is called `{name}`, and none of that name left anything in {}",
                    text(&dir)
                )));
            }
            directories.retain(|directory| directory.destination() == name);
        }
        if let Some(missing) = ids.iter().find(|id| directories.iter().all(|directory| directory.id() != *id))
        {
            return Err(Failure::usage(format_args!(
                "there is no directory {missing} in {}; `trackside spool list` names them",
                text(&dir)
            )));
        }
        directories.retain(|directory| ids.is_empty() || ids.iter().any(|id| id == directory.id()));
        let found = directories.into_iter().map(|directory| {
            let is_owned = directory.is_owned().map_err(|error| {
                let path = text(&directory.path());
                Failure::failed(format_args!(
                    "whether a living process owns {path} cannot be told ({error}); run this as the user whose \
                     server writes it"
                ))
            })?;
            Ok(Found { made_for: made_for(config, &directory), is_owned, directory })
        });
        let found = found.collect::<Result<_, Failure>>()?;
        Ok(Self { dir, found })
    }

    /// The folder of all spools, as it is printed.
    pub(super) fn dir(&self) -> String {
        text(&self.dir)
    }
}

/// A path as it is printed.
fn text(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

fn made_for(config: &Config, directory: &Directory) -> MadeFor {
    let of_the_name = |it: &&Destination| it.name == directory.destination();
    match config.destinations().iter().find(of_the_name) {
        None => MadeFor::Nobody,
        Some(it) if spool::folder(&config.spool().dir, it) == directory.folder() => {
            MadeFor::Destination(it.receiver.kind())
        }
        Some(_) => MadeFor::Other,
    }
}

impl MadeFor {
    /// How the table has it.
    pub(super) fn as_text(self) -> &'static str {
        match self {
            Self::Destination(kind) => kind,
            Self::Nobody => "not configured",
            Self::Other => "another one",
        }
    }
}

impl Found {
    /// The destination's name, as its folder has it: anybody may have made that.
    pub(super) fn destination(&self) -> String {
        escape(self.directory.destination().as_bytes())
    }

    pub(super) fn path(&self) -> String {
        text(&self.directory.path())
    }

    pub(super) fn owner(&self) -> &'static str {
        if self.is_owned { "living" } else { "dead" }
    }

    pub(super) fn segments(&self) -> Result<Vec<PathBuf>, Failure> {
        self.directory.segments().map_err(|error| {
            Failure::failed(format_args!(
                "{} cannot be listed ({error}); run this as the user whose server writes it",
                self.path()
            ))
        })
    }

    /// What is in it.
    pub(super) fn tally(&self) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        for segment in self.segments()? {
            tally.segments += 1;
            tally.add(&segment);
        }
        Ok(tally)
    }
}

/// What was counted in segments.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) segments: u64,
    pub(super) bytes: u64,
    /// Hits of which no attempt has been made, or a failed one.
    pub(super) waiting: u64,
    /// Hits of which nobody knows how an attempt ended.
    pub(super) begun: u64,
    /// Hits that were delivered, refused or dropped, and stand in segments that are not finished.
    pub(super) ended: u64,
    /// Records and stretches that are damaged.
    pub(super) damaged: u64,
    /// Ends of writes that were cut short.
    pub(super) torn: u64,
    /// Hits that another version wrote.
    pub(super) foreign: u64,
    /// When the oldest hit came that has not ended, in microseconds since the Unix epoch.
    pub(super) oldest: Option<u64>,
    /// What is wrong, and where.
    pub(super) faults: Vec<Fault>,
    /// Segments of which nothing can be read.
    pub(super) unreadable: u64,
}

/// Something that is wrong in a segment.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) segment: PathBuf,
    /// Its byte; none if it is all of the segment.
    pub(super) offset: Option<u64>,
    pub(super) what: String,
}

impl Tally {
    /// Hits that have not ended.
    pub(super) fn pending(&self) -> u64 {
        self.waiting + self.begun
    }

    /// Hits that can be read.
    pub(super) fn good(&self) -> u64 {
        self.pending() + self.ended
    }

    /// Whether nothing is wrong but what a killed process leaves.
    pub(super) fn is_sound(&self) -> bool {
        self.damaged + self.foreign + self.unreadable == 0
    }

    fn add(&mut self, segment: &Path) {
        self.bytes += fs::metadata(segment).map_or(0, |metadata| metadata.len());
        let entries = match Entries::open(segment) {
            Ok(entries) => entries,
            // Its process, or who has adopted it, was done with it.
            Err(_) if !segment.exists() => return,
            Err(error) => return self.unreadable(segment, error.to_string()),
        };
        let before = self.faults.len();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.unreadable(segment, error.to_string()),
            };
            let what = match entry.found {
                Finding::Hit(hit, state) => {
                    match state {
                        State::Waiting => self.waiting += 1,
                        _ if state.is_ended() => self.ended += 1,
                        _ => self.begun += 1,
                    }
                    if !state.is_ended() {
                        let oldest = self.oldest.unwrap_or(u64::MAX);
                        self.oldest = Some(oldest.min(hit.micros()));
                    }
                    continue;
                }
                Finding::Foreign(version) => {
                    self.foreign += 1;
                    format!("a hit of version {version}, which this version of trackside does not know")
                }
                Finding::Torn => {
                    self.torn += 1;
                    "a record that was not written to its end".to_owned()
                }
                _ => {
                    self.damaged += 1;
                    "damaged".to_owned()
                }
            };
            if self.faults.len() - before < PLACES {
                self.faults.push(Fault { segment: segment.to_owned(), offset: Some(entry.offset), what });
            }
        }
    }

    fn unreadable(&mut self, segment: &Path, what: String) {
        self.unreadable += 1;
        self.faults.push(Fault { segment: segment.to_owned(), offset: None, what });
    }
}

/// How long ago `micros` was, in one unit.
pub(super) fn age(micros: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = now.saturating_sub(micros / 1_000_000);
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|&(unit, _)| seconds >= 2 * unit);
    let (unit, letter) = unit.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / unit)
}
