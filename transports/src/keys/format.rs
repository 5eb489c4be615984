//! What stands in the file of keys, and when it turns.

use std::fmt;

use sha2::{Digest, Sha256};

use super::error::Problem;

/// The bytes of a key.
pub(super) const KEY: usize = 32;
/// The bytes of the file.
pub(super) const SIZE: usize = 104;

const MAGIC: &[u8; 8] = b"trkskeys";
const VERSION: u8 = 1;
const COUNT: usize = 9;
const KEYS: usize = 16;
const ENTRY: usize = 8 + KEY;
const MOST: usize = 2;
const CHECKSUM: usize = KEYS + MOST * ENTRY;

const HOUR: u64 = 3_600 * 1_000_000;
const DAY: u64 = 24 * HOUR;
/// From then on tomorrow's key is ready.
const READY: u64 = 23 * HOUR;

/// The keys of at most two days, each under its day, the earlier first.
#[derive(Clone, Default, Eq, PartialEq)]
pub(super) struct Ring(Vec<(u64, [u8; KEY])>);

impl Ring {
    pub(super) fn of<const N: usize>(keys: [(u64, [u8; KEY]); N]) -> Self {
        Self(keys.to_vec())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(u64, [u8; KEY])> {
        self.0.iter()
    }

    fn of_day(&self, day: u64) -> Option<[u8; KEY]> {
        self.0.iter().find(|(of, _)| *of == day).map(|(_, key)| *key)
    }

    /// What `bytes` say, which are a whole file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() <= SIZE && bytes.iter().all(|&byte| byte == 0) {
            return Ok(Self::default());
        }
        if !bytes.starts_with(MAGIC) {
            return Err(Problem::Foreign);
        }
        match bytes.get(MAGIC.len()) {
            Some(&VERSION) => {}
            Some(&version) => return Err(Problem::Version(version)),
            None => return Err(Problem::Torn),
        }
        let Some((content, checksum)) = bytes.split_at_checked(CHECKSUM) else {
            return Err(Problem::Torn);
        };
        if checksum != checksum_of(content) {
            return Err(Problem::Torn);
        }
        let count = usize::from(content[COUNT]);
        let entries = content[KEYS..].chunks_exact(ENTRY);
        let keys: Vec<_> = entries
            .take(count)
            .filter_map(|entry| {
                let (day, key) = entry.split_first_chunk()?;
                Some((u64::from_le_bytes(*day), key.try_into().ok()?))
            })
            .collect();
        let is_ordered = keys.is_sorted_by(|(one, _), (other, _)| one < other);
        // Nobody but a program that is not this one writes a sound checksum over that.
        if count > MOST || !is_ordered || keys.iter().any(|(day, _)| *day > u64::MAX / DAY + 1) {
            return Err(Problem::Foreign);
        }
        Ok(Self(keys))
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[MAGIC.len()] = VERSION;
        // OK because there are two at most.
        bytes[COUNT] = self.0.len() as u8;
        for (entry, (day, key)) in bytes[KEYS..CHECKSUM].chunks_exact_mut(ENTRY).zip(&self.0) {
            entry[..8].copy_from_slice(&day.to_le_bytes());
            entry[8..].copy_from_slice(key);
        }
        let checksum = checksum_of(&bytes[..CHECKSUM]);
        bytes[CHECKSUM..].copy_from_slice(&checksum);
        bytes
    }

    /// What is to stand there at the time `micros`, with new keys out of `draw`; the same, if nothing is to be
    /// changed.
    pub(super) fn turned(
        &self,
        micros: u64,
        mut draw: impl FnMut() -> Result<[u8; KEY], Problem>,
    ) -> Result<Self, Problem> {
        let today = micros / DAY;
        if let Some((day, _)) = self.0.last().filter(|(day, _)| *day > today + 1) {
            return Err(Problem::Future { days: day - today });
        }
        let is_evening = micros % DAY >= READY;
        let mut keys = Vec::with_capacity(MOST);
        let tomorrows = match self.of_day(today + 1) {
            None if is_evening => Some(draw()?),
            key => key,
        };
        let yesterday = today.checked_sub(1).and_then(|day| Some((day, self.of_day(day)?)));
        if tomorrows.is_none() {
            keys.extend(yesterday);
        }
        keys.push((today, self.of_day(today).map_or_else(&mut draw, Ok)?));
        keys.extend(tomorrows.map(|key| (today + 1, key)));
        Ok(Self(keys))
    }

    /// Whether `other` lacks a key that is here.
    pub(super) fn loses_any(&self, other: &Self) -> bool {
        self.0.iter().any(|entry| !other.0.contains(entry))
    }
}

/// Shows no key.
impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(day, _)| day)).finish()
    }
}

fn checksum_of(content: &[u8]) -> [u8; SIZE - CHECKSUM] {
    let mut checksum = [0; SIZE - CHECKSUM];
    checksum.copy_from_slice(&Sha256::digest(content)[..SIZE - CHECKSUM]);
    checksum
}

/// How long it is from the time `micros` to the next at which keys turn: 23:00, or midnight.
pub(super) fn to_next_turn(micros: u64) -> u64 {
    let into_day = micros % DAY;
    if into_day < READY { READY - into_day } else { DAY - into_day }
}
