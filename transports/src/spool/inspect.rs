//! Looking at spools from outside: what tools for operators need. Nothing here changes a file but [`Directory::purge`].

use std::{
    fmt,
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use trackside_core::{Hit, hit::RecordError};

use super::{
    cursor::{Blocked, Reading},
    disk::{self, Disk, DiskFile},
    folder::without_fingerprint,
    format::{FRAME, MAX_SEGMENT, State, Unreadable},
    home::{self, Home},
    scan::{Found, Step},
};

/// The directory of one process, living or gone, in the spool of one destination.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Directory {
    folder: PathBuf,
    destination: String,
    id: String,
}

/// All directories of all spools below `dir`, the configuration's `spool.dir`, in the order of their names. None if
/// there is no such folder. Links below it are passed over: they would be the same directories again.
///
/// # Errors
///
/// The system's, if a folder cannot be listed.
pub fn directories(dir: &Path) -> io::Result<Vec<Directory>> {
    let mut found = Vec::new();
    for name in list(dir)? {
        let Some(destination) = without_fingerprint(&name) else {
            continue;
        };
        let folder = dir.join(&name);
        if !disk::Os.is_folder(&folder) {
            continue;
        }
        let is_directory = |id: &String| home::is_id(id) && disk::Os.is_folder(&folder.join(id));
        let ids = list(&folder)?.into_iter().filter(is_directory);
        found.extend(ids.map(|id| Directory {
            folder: folder.clone(),
            destination: destination.to_owned(),
            id,
        }));
    }
    found.sort();
    Ok(found)
}

/// What is in a folder; nothing if it is not there.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    match disk::Os.list(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

impl Directory {
    /// The folder of the destination's spool, for one receiver and one `ip` policy: compare it with
    /// [`folder`](super::folder).
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the destination that it was written for.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// What it is called: 16 hex digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.id)
    }

    /// Whether a living process owns it. To find out, its lock is held for a moment: a process that looks for
    /// something to adopt in this moment finds it when it looks again, half a minute later.
    ///
    /// # Errors
    ///
    /// The system's, if the lock cannot be opened or asked.
    pub fn is_owned(&self) -> io::Result<bool> {
        home::is_locked(&self.folder, &self.id)
    }

    /// Its segments, in the order in which they were begun. None if it is gone by now.
    ///
    /// # Errors
    ///
    /// The system's, if it cannot be listed.
    pub fn segments(&self) -> io::Result<Vec<PathBuf>> {
        match home::segments(&disk::Os, &self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// Removes it, with all that is in its segments. False if a living process owns it, which is left alone, or if it
    /// is gone by now. A file in it that is no segment stays, and the directory with it.
    ///
    /// # Errors
    ///
    /// The system's, if a file cannot be removed; those before it are gone then.
    pub fn purge(&self) -> io::Result<bool> {
        let disk: Arc<dyn Disk> = Arc::new(disk::Os);
        let Some(home) = Home::adopt(&disk, &self.folder, |id| id == self.id)? else {
            return Ok(false);
        };
        home.segments()?.iter().try_for_each(fs::remove_file)?;
        Ok(true)
    }
}

/// What stands in a segment, one after the other. It is read in linear time and in bounded memory, and not changed; one
/// that a living process writes to is read as far as it is written.
pub struct Entries {
    /// None: it ends before its first frame.
    reading: Option<Reading>,
    length: u64,
    is_lost: bool,
    is_over: bool,
}

/// What stands at one place of a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The byte of the segment that it begins at.
    pub offset: u64,
    /// What it is.
    pub found: Finding,
}

/// What was found at a place.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// A hit, and what has become of it.
    Hit(Hit, State),
    /// A record that is damaged, or damage up to the next whole head of a frame, which took one or more records.
    Damaged,
    /// A hit in this version of the record's layout, which this build does not know.
    Foreign(u8),
    /// The end of a write that was cut short: the last record is not whole. Nothing follows.
    Torn,
}

impl Entries {
    /// Those of the segment at `path`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or if its header is damaged in both copies or of another version.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        // Opening a pipe would wait for somebody.
        if !path.symlink_metadata()?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is no file").into());
        }
        let file = File::open(path)?;
        let length = file.length()?;
        let reading = match Reading::begin(Arc::new(file)) {
            Ok(reading) => Some(reading),
            Err(Blocked::Unreadable(Unreadable::Empty)) => None,
            Err(Blocked::Unreadable(Unreadable::Damaged)) => return Err(SegmentError::Damaged),
            Err(Blocked::Unreadable(Unreadable::Version(version))) => {
                return Err(SegmentError::Version(version));
            }
            Err(Blocked::Failed(error)) => return Err(error.into()),
        };
        Ok(Self { reading, length, is_lost: false, is_over: false })
    }

    fn end(&mut self, entry: Option<Entry>) -> Option<io::Result<Entry>> {
        self.is_over = true;
        entry.map(Ok)
    }
}

impl Iterator for Entries {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let Some(reading) = &mut self.reading else {
            let torn = (self.length > 0).then_some(Entry { offset: 0, found: Finding::Torn });
            return self.end(torn);
        };
        loop {
            let start = reading.position();
            let Step { skipped, taken, found } = reading.step();
            let offset = start + skipped as u64;
            let found = match found {
                Found::Record(record, state, _) => match Hit::from_record(record) {
                    Ok(hit) => Finding::Hit(hit, state),
                    Err(RecordError::Version(version)) => Finding::Foreign(version),
                    Err(_) => Finding::Damaged,
                },
                Found::DamagedRecord(..) => Finding::Damaged,
                Found::Damage => {
                    self.is_lost = true;
                    Finding::Damaged
                }
                Found::Short => {
                    reading.take(skipped);
                    match reading.fill(self.length.min(MAX_SEGMENT)) {
                        Ok(true) => continue,
                        Ok(false) => {}
                        Err(error) => {
                            self.is_over = true;
                            return Some(Err(error));
                        }
                    }
                    // What is too short for a head behind damage belongs to that.
                    let rest = reading.rest().len();
                    let is_torn = rest >= if self.is_lost { FRAME } else { 1 };
                    // No writer goes so far, and no reader.
                    let is_beyond = self.length > MAX_SEGMENT;
                    let found = if is_beyond { Finding::Damaged } else { Finding::Torn };
                    return self.end((is_torn || is_beyond).then_some(Entry { offset, found }));
                }
            };
            reading.take(skipped + taken);
            self.is_lost &= taken == 0;
            return Some(Ok(Entry { offset, found }));
        }
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("reading", &self.reading).finish_non_exhaustive()
    }
}

/// Why nothing of a segment can be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum SegmentError {
    /// Both copies of its header are damaged, or it is no segment.
    Damaged,
    /// The disk failed.
    Failed(io::Error),
    /// It is of this version, which this build does not know.
    Version(u32),
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => {
                f.write_str("it is damaged at its beginning; restore it from a copy, or remove it")
            }
            Self::Failed(error) => {
                write!(f, "it cannot be read ({error}); see that this process may read it")
            }
            Self::Version(version) => write!(
                f,
                "it is a segment of version {version}, which this version of trackside does not know; deliver it \
                 with the version that wrote it"
            ),
        }
    }
}

impl std::error::Error for SegmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for SegmentError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}
