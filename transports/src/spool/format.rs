//! The bytes of a segment: its header and the frames. [The module above](super) specifies them.

use crc32fast::Hasher;
use trackside_core::Hit;

/// The version that this build writes, and the only one that it reads.
pub(super) const VERSION: u32 = 1;
/// The size of a header, which is written twice.
pub(super) const HEADER: usize = 32;
/// Where the first frame begins.
pub(super) const FIRST: usize = 2 * HEADER;
/// The size of what stands before a record.
pub(super) const FRAME: usize = 16;
/// Where a frame's state stands.
pub(super) const STATE: u32 = 2;
/// What lies beyond so many bytes of a segment is not read: no writer goes so far.
pub(super) const MAX_SEGMENT: u64 = 64 << 20;

const MAGIC: [u8; 8] = *b"trkspool";
const SYNC: [u8; 2] = [0xa5, 0x3c];

/// What has become of a hit in the spool. Two bits that flip make none of these another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[repr(u8)]
pub enum State {
    /// An attempt has begun, and nobody knows how it ended.
    Begun = 0x2d,
    /// The receiver has it.
    Delivered = 0x4b,
    /// It was given up.
    Dropped = 0x66,
    /// The receiver, or somebody before it, would not have it.
    Refused = 0x55,
    /// It is to be delivered.
    Waiting = 0x1e,
}

impl State {
    /// A byte that is none was damaged: whether an attempt has been made is unknown.
    fn of(byte: u8) -> Self {
        [Self::Delivered, Self::Dropped, Self::Refused, Self::Waiting]
            .into_iter()
            .find(|&state| state as u8 == byte)
            .unwrap_or(Self::Begun)
    }

    /// Whether nothing is left to be done.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Delivered | Self::Dropped | Self::Refused)
    }
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    /// When the segment was begun, in microseconds since the Unix epoch.
    pub(super) micros: u64,
    /// Drawn at random; every checksum of the segment begins with it.
    pub(super) nonce: u64,
}

/// Why a segment cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unreadable {
    /// Neither copy of the header is whole.
    Damaged,
    /// It ends before its first frame: nothing was ever written to it.
    Empty,
    /// It is of a version that this build does not know.
    Version(u32),
}

impl Header {
    pub(super) fn bytes(self) -> [u8; FIRST] {
        let mut bytes = [0; FIRST];
        let (first, second) = bytes.split_at_mut(HEADER);
        first[..8].copy_from_slice(&MAGIC);
        first[8..12].copy_from_slice(&VERSION.to_le_bytes());
        first[12..20].copy_from_slice(&self.micros.to_le_bytes());
        first[20..28].copy_from_slice(&self.nonce.to_le_bytes());
        let check = crc32fast::hash(&first[..28]);
        first[28..].copy_from_slice(&check.to_le_bytes());
        second.copy_from_slice(first);
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Some(bytes) = bytes.first_chunk::<FIRST>() else {
            return Err(Unreadable::Empty);
        };
        let (first, second) = bytes.split_at(HEADER);
        Self::copy(first).or_else(|why| match why {
            Unreadable::Damaged => Self::copy(second),
            _ => Err(why),
        })
    }

    fn copy(bytes: &[u8]) -> Result<Self, Unreadable> {
        let is_whole = bytes.starts_with(&MAGIC) && crc32fast::hash(&bytes[..28]) == u32_at(bytes, 28);
        match u32_at(bytes, 8) {
            _ if !is_whole => Err(Unreadable::Damaged),
            VERSION => Ok(Self { micros: u64_at(bytes, 12), nonce: u64_at(bytes, 20) }),
            version => Err(Unreadable::Version(version)),
        }
    }
}

/// Makes and checks the checksums of one segment. Nobody outside knows the nonce, so that no text of a client
/// can be mistaken for a frame.
#[derive(Clone)]
pub(super) struct Seal {
    /// Of what stands before a record.
    record: Hasher,
    /// Of what stands before the tag in a head.
    head: Hasher,
}

impl Seal {
    pub(super) fn new(nonce: u64) -> Self {
        let mut record = Hasher::new();
        record.update(&nonce.to_le_bytes());
        let mut head = record.clone();
        head.update(&SYNC);
        Self { record, head }
    }

    fn check_record(&self, record: &[u8]) -> u32 {
        check(&self.record, record)
    }

    /// Of the head's first twelve bytes: the state changes, and is left out.
    fn check_head(&self, head: &[u8; FRAME]) -> u32 {
        check(&self.head, &head[3..12])
    }

    /// Puts the frame of `record` into `out`, in place of what is there.
    pub(super) fn frame(&self, record: &[u8], tag: u8, out: &mut Vec<u8>) {
        let mut head = [0; FRAME];
        head[..2].copy_from_slice(&SYNC);
        head[2] = State::Waiting as u8;
        head[3] = tag;
        head[4..8].copy_from_slice(&(record.len() as u32).to_le_bytes());
        head[8..12].copy_from_slice(&self.check_record(record).to_le_bytes());
        let check = self.check_head(&head);
        head[12..].copy_from_slice(&check.to_le_bytes());
        out.clear();
        out.extend_from_slice(&head);
        out.extend_from_slice(record);
    }

    /// The head of a frame, if `bytes` begin with one.
    pub(super) fn head(&self, bytes: &[u8]) -> Option<Head> {
        let head = bytes.first_chunk::<FRAME>()?;
        let length = u32_at(head, 4) as usize;
        let is_one = head.starts_with(&SYNC)
            && (1..=Hit::MAX_RECORD).contains(&length)
            && self.check_head(head) == u32_at(head, 12);
        is_one.then(|| Head { state: State::of(head[2]), tag: head[3], length, check: u32_at(head, 8) })
    }

    /// Whether `record` is the one that `head` was written for.
    pub(super) fn fits(&self, head: Head, record: &[u8]) -> bool {
        record.len() == head.length && self.check_record(record) == head.check
    }
}

/// What stands before a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) state: State,
    pub(super) tag: u8,
    pub(super) length: usize,
    check: u32,
}

fn check(begun: &Hasher, bytes: &[u8]) -> u32 {
    let mut hasher = begun.clone();
    hasher.update(bytes);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
#[path = "format_test.rs"]
mod test;
