//! Finds the frames of a segment, whatever its bytes are. Pure.

use super::format::{FRAME, Head, Seal, State};

/// Walks a segment from its first frame on: in linear time, since no byte is looked at more than twice as part
/// of a head and once as part of a record.
pub(super) struct Scanner {
    seal: Seal,
    /// Whether the last bytes were no frame: all of them up to the next frame are one damage.
    is_lost: bool,
}

/// What was found, behind `skipped` bytes of damage and in `taken` bytes after those.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Step<'a> {
    pub(super) skipped: usize,
    pub(super) taken: usize,
    pub(super) found: Found<'a>,
}

/// What stands at the beginning of the bytes.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Found<'a> {
    /// Damage begins here, where a frame should. How many records it took is unknown: at least one.
    Damage,
    /// A frame whose record is damaged, with its state and the writer's tag.
    DamagedRecord(State, u8),
    /// A record, with its state and the writer's tag.
    Record(&'a [u8], State, u8),
    /// Too few bytes. If there are no more, they are the torn end of a write that was cut short.
    Short,
}

impl Scanner {
    pub(super) fn new(nonce: u64) -> Self {
        Self { seal: Seal::new(nonce), is_lost: false }
    }

    /// What `bytes` begin with. They begin where the step before ended.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Step<'a> {
        let mut skipped = 0;
        while let Some(rest) = bytes.get(skipped..).filter(|rest| rest.len() >= FRAME) {
            if let Some(head) = self.seal.head(rest) {
                let (taken, found) = self.record(head, rest);
                if taken > 0 {
                    self.is_lost = false;
                }
                return Step { skipped, taken, found };
            }
            if !self.is_lost {
                self.is_lost = true;
                return Step { skipped, taken: 0, found: Found::Damage };
            }
            skipped += 1;
        }
        Step { skipped, taken: 0, found: Found::Short }
    }

    fn record<'a>(&self, head: Head, bytes: &'a [u8]) -> (usize, Found<'a>) {
        let end = FRAME + head.length;
        match bytes.get(FRAME..end) {
            None => (0, Found::Short),
            Some(record) if self.seal.fits(head, record) => {
                (end, Found::Record(record, head.state, head.tag))
            }
            Some(_) => (end, Found::DamagedRecord(head.state, head.tag)),
        }
    }
}

#[cfg(test)]
#[path = "scan_test.rs"]
mod test;
