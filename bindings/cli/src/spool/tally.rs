//! What is in segments, counted, and what is wrong with it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use trackside::spool::{Entries, Finding, State};

/// So many places of damage are remembered of each segment; all are counted.
const PLACES: usize = 10;

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

    /// Adds what is in the segment.
    pub(super) fn add(&mut self, segment: &Path) {
        self.segments += 1;
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
