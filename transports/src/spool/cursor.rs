//! Reads one segment from its beginning to its end, as far as it has been written.

use std::{fmt, io, sync::Arc};

use trackside_core::{Hit, hit::RecordError};

use super::{
    disk::DiskFile,
    format::{FIRST, Header, MAX_SEGMENT, State, Unreadable},
    scan::{Found, Scanner, Step},
    segment::{Segment, Spot},
};

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

/// A hit that was read from the spool.
#[derive(Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The hit.
    pub hit: Hit,
    /// Where it is marked.
    pub spot: Spot,
    /// What its writer wanted to be told again.
    pub tag: u8,
    /// Whether an attempt has begun of which nobody knows how it ended.
    pub is_begun: bool,
    /// Whether another process wrote it.
    pub is_adopted: bool,
}

/// What a cursor came upon.
#[derive(Debug)]
pub(super) enum Next {
    /// There is nothing more, nor will there be. So many hits of this process, by the last bit of their tag, were
    /// written and not found.
    End([u64; 2]),
    /// A hit that is to be delivered.
    Hit(Stored),
    /// A hit that cannot be read any more, with its tag; in an adopted segment it may have been several.
    Lost(u8),
    /// There is nothing more yet.
    Nothing,
}

/// Why nothing can be read.
#[derive(Debug)]
pub(super) enum Blocked {
    /// The disk failed.
    Failed(io::Error),
    /// It is no segment that this build can read.
    Unreadable(Unreadable),
}

/// A place in a segment, up to which it has been read.
#[derive(Debug)]
pub(super) struct Cursor {
    segment: Arc<Segment>,
    is_adopted: bool,
    reading: Option<Reading>,
    /// Hits found, by the last bit of their tag.
    found: [u64; 2],
    /// Hits found that this build does not understand, and does not touch.
    foreign: u64,
}

impl Cursor {
    pub(super) fn new(segment: Arc<Segment>, is_adopted: bool) -> Self {
        Self { segment, is_adopted, reading: None, found: [0; 2], foreign: 0 }
    }

    pub(super) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    pub(super) fn is_adopted(&self) -> bool {
        self.is_adopted
    }

    /// How many hits of an unknown layout it holds, so far.
    pub(super) fn foreign(&self) -> u64 {
        self.foreign
    }

    /// The file has lost its header, and this process's hits with it: they are lost one by one, also those that are
    /// written before the writer knows.
    pub(super) fn spoil(&mut self) {
        self.segment.spoil();
    }

    fn is_spoilt(&self) -> bool {
        !self.is_adopted && self.segment.is_spoilt()
    }

    /// A hit that was written and not found.
    fn missing(&self) -> Option<u8> {
        let written = self.segment.written();
        (0..2).find(|&tag: &u8| written[usize::from(tag)] > self.found[usize::from(tag)])
    }

    /// Whether more was written than has been read, or nothing more will be.
    pub(super) fn has_unread(&self) -> bool {
        if self.is_spoilt() {
            return self.segment.is_sealed() || self.missing().is_some();
        }
        self.segment.is_sealed() || self.segment.committed() > self.position()
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Result<Next, Blocked> {
        // Asked first: what is committed to a sealed segment changes no more.
        let is_sealed = self.segment.is_sealed();
        if self.is_spoilt() {
            return Ok(match self.missing() {
                Some(tag) => self.lose(tag),
                None if is_sealed => self.end(),
                None => Next::Nothing,
            });
        }
        let limit = self.segment.committed().min(MAX_SEGMENT);
        loop {
            if limit <= self.position() {
                return Ok(if is_sealed { self.end() } else { Next::Nothing });
            }
            let reading = match &mut self.reading {
                Some(reading) => reading,
                None => {
                    let file = self.segment.file().map_err(Blocked::Failed)?;
                    self.reading.insert(Reading::begin(file)?)
                }
            };
            let start = reading.position();
            let Step { skipped, taken, found } = reading.step();
            // OK to cut: a segment is read up to 64 MiB.
            let offset = (start + skipped as u64) as u32;
            let found = match found {
                Found::Record(_, state, _) | Found::DamagedRecord(state, _) if state.is_ended() => None,
                Found::Record(record, state, tag) => Some((Hit::from_record(record), state, tag)),
                Found::DamagedRecord(state, tag) => Some((Err(RecordError::Malformed), state, tag)),
                // Of one's own what is missing is known at the end.
                Found::Damage if !self.is_adopted => None,
                Found::Damage => Some((Err(RecordError::Malformed), State::Begun, 0)),
                Found::Short => {
                    reading.take(skipped);
                    if reading.fill(limit).map_err(Blocked::Failed)? {
                        continue;
                    }
                    // A torn end.
                    return Ok(if is_sealed { self.end() } else { Next::Nothing });
                }
            };
            reading.take(skipped + taken);
            match found {
                Some((Ok(hit), state, tag)) => {
                    self.found[usize::from(tag & 1)] += 1;
                    return Ok(Next::Hit(Stored {
                        hit,
                        spot: Spot::new(&self.segment, offset),
                        tag,
                        is_begun: state == State::Begun,
                        is_adopted: self.is_adopted,
                    }));
                }
                Some((Err(RecordError::Version(_)), ..)) => self.foreign += 1,
                Some((Err(_), _, tag)) => return Ok(self.lose(tag)),
                None => {}
            }
        }
    }

    /// Ends it, if all of it has been read.
    pub(super) fn finish(&self) -> Option<[u64; 2]> {
        let is_read = self.is_spoilt() || self.segment.committed() <= self.position();
        let is_over = self.segment.is_sealed() && is_read;
        match is_over.then(|| self.end()) {
            Some(Next::End(lost)) => Some(lost),
            _ => None,
        }
    }

    fn lose(&mut self, tag: u8) -> Next {
        if !self.is_adopted {
            self.found[usize::from(tag & 1)] += 1;
            self.segment.end(1);
        }
        Next::Lost(tag)
    }

    /// Up to where it has been read.
    fn position(&self) -> u64 {
        self.reading.as_ref().map_or(FIRST as u64, Reading::position)
    }

    fn end(&self) -> Next {
        let written = if self.is_adopted { self.found } else { self.segment.written() };
        let lost = [0, 1].map(|tag: usize| written[tag].saturating_sub(self.found[tag]));
        self.segment.end(lost.iter().sum());
        if self.is_spoilt() {
            // It stays where it is.
            return Next::End(lost);
        }
        let found: u64 = self.found.iter().chain(&lost).sum();
        self.segment.read_to_end(found + self.foreign);
        Next::End(lost)
    }
}

/// A segment that is being read.
pub(super) struct Reading {
    file: Arc<dyn DiskFile>,
    scanner: Scanner,
    /// What was read, and how much of it has been dealt with.
    buffer: Vec<u8>,
    done: usize,
    /// Where in the file the buffer ends.
    at: u64,
}

impl Reading {
    pub(super) fn begin(file: Arc<dyn DiskFile>) -> Result<Self, Blocked> {
        let mut head = [0; FIRST];
        let mut length = 0;
        while length < FIRST {
            match file.read_at(&mut head[length..], length as u64).map_err(Blocked::Failed)? {
                0 => break,
                more => length += more,
            }
        }
        let header = Header::parse(&head[..length]).map_err(Blocked::Unreadable)?;
        let scanner = Scanner::new(header.nonce);
        Ok(Self { file, scanner, buffer: Vec::new(), done: 0, at: FIRST as u64 })
    }

    /// What that begins with which was read and not dealt with.
    pub(super) fn step(&mut self) -> Step<'_> {
        let Self { scanner, buffer, done, .. } = self;
        scanner.next(buffer.get(*done..).unwrap_or_default())
    }

    /// What was read and not dealt with.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    /// Where in the file that begins.
    pub(super) fn position(&self) -> u64 {
        self.at - self.rest().len() as u64
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.done += bytes;
    }

    /// Reads more, up to the byte `limit` of the file. False if there is nothing more.
    pub(super) fn fill(&mut self, limit: u64) -> io::Result<bool> {
        self.buffer.drain(..self.done.min(self.buffer.len()));
        self.done = 0;
        let before = self.buffer.len();
        let more = usize::try_from(limit.saturating_sub(self.at)).unwrap_or(CHUNK).min(CHUNK);
        self.buffer.resize(before + more, 0);
        let read = self.file.read_at(&mut self.buffer[before..], self.at);
        self.buffer.truncate(before + read.as_ref().copied().unwrap_or_default());
        self.at += read? as u64;
        Ok(self.buffer.len() > before)
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("at", &self.at).finish_non_exhaustive()
    }
}
