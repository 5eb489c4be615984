//! The record of a hit, byte by byte. All numbers are little-endian.
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 1 | version of this layout: 1 |
//! | 1 | 1 | kind: 0 page, 1 event, 2 download, 3 not found, 4 search |
//! | 2 | 2 | flags, see [`Flags`] |
//! | 4 | 4 | length of the whole record |
//! | 8 | 8 | time, µs since the epoch |
//! | 16 | 16 | hit id |
//! | 32 | 16 | visitor, if flagged |
//! | 48 | 8 | first visit, s since the epoch |
//! | 56 | 8 | session's start, s since the epoch, if flagged |
//! | 64 | 16 | address, if flagged; an IPv4 address in the first four bytes |
//! | 80 | 8 | event's value (IEEE 754), if flagged |
//! | 88 | 2 | status |
//! | 90 | 2 | number of properties |
//! | 92 | 2 × 13 | lengths of the texts, in the order of [`Field`] |
//! | 118 | … | the texts, then the properties: key length (2), key, type (1), then text length (2) and text, eight bytes of number, or one byte of truth; then the place, if flagged: the lengths (3 × 1) of country, region and city, and these texts; then, if flagged, the ids that scripts in the browser gave the visitor: their number (1), and of each the lengths (2 × 1) of the cookie's name and of the id, and these texts |

use super::{Kind, Value};
use crate::config::IpPolicy;

pub(super) const VERSION: u8 = 1;
pub(super) const VERSION_AT: usize = 0;
pub(super) const KIND: usize = 1;
pub(super) const FLAGS: usize = 2;
pub(super) const LENGTH: usize = 4;
pub(super) const MICROS: usize = 8;
pub(super) const ID: usize = 16;
pub(super) const VISITOR: usize = 32;
pub(super) const FIRST_VISIT: usize = 48;
pub(super) const SESSION: usize = 56;
pub(super) const IP: usize = 64;
pub(super) const VALUE: usize = 80;
pub(super) const STATUS: usize = 88;
pub(super) const PROPERTIES: usize = 90;
pub(super) const LENGTHS: usize = 92;
pub(super) const TEXTS: usize = LENGTHS + 2 * Field::COUNT;

const KINDS: [Kind; 5] = [Kind::Page, Kind::Event, Kind::Download, Kind::NotFound, Kind::Search];

/// The kind that a byte stands for.
pub(super) fn kind(byte: u8) -> Kind {
    KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Page)
}

/// Whether a byte stands for a kind.
pub(super) fn is_kind(byte: u8) -> bool {
    usize::from(byte) < KINDS.len()
}

/// The byte that stands for a kind.
pub(super) fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::Page => 0,
        Kind::Event => 1,
        Kind::Download => 2,
        Kind::NotFound => 3,
        Kind::Search => 4,
    }
}

pub(super) const TYPE_TEXT: u8 = 0;
pub(super) const TYPE_NUMBER: u8 = 1;
pub(super) const TYPE_TRUTH: u8 = 2;

/// How many lengths a place begins with, in bytes.
pub(super) const PLACE_LENGTHS: usize = 3;

/// The largest record, in bytes.
pub(super) const MAX_RECORD: usize = 64 * 1024;

/// Corrects the head of a record to whose end something was added, which `flag` tells of.
pub(super) fn extend_head(record: &mut [u8], flag: u16) {
    let flags = View(record).u16(FLAGS) | flag;
    let size = record.len() as u32; // OK because no record is longer than 64 KiB.
    for (at, bytes) in [(FLAGS, &flags.to_le_bytes()[..]), (LENGTH, &size.to_le_bytes()[..])] {
        if let Some(to) = record.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    }
}

/// The texts of a record, in the order in which they stand there.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(super) enum Field {
    Site,
    Method,
    Path,
    Query,
    Referrer,
    Agent,
    Language,
    Title,
    UserId,
    Route,
    Name,
    Category,
    Label,
}

impl Field {
    pub(super) const COUNT: usize = Self::Label as usize + 1;
}

/// The record's flags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags(pub(super) u16);

impl Flags {
    pub(super) const VISITOR: u16 = 1;
    pub(super) const NEW: u16 = 1 << 1;
    pub(super) const SESSION: u16 = 1 << 2;
    pub(super) const SECURE: u16 = 1 << 3;
    pub(super) const IP: u16 = 1 << 4;
    pub(super) const IP_V6: u16 = 1 << 5;
    pub(super) const VALUE: u16 = 1 << 6;
    pub(super) const COOKIELESS: u16 = 1 << 7;
    const POLICY_SHIFT: u16 = 8;
    const POLICY: u16 = 0b11;
    pub(super) const CONFINED: u16 = 1 << 10;
    pub(super) const ADS: u16 = 1 << 11;
    pub(super) const PLACE: u16 = 1 << 12;
    pub(super) const JOINED: u16 = 1 << 13;

    pub(super) fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn set(&mut self, flag: u16, on: bool) {
        if on {
            self.0 |= flag;
        }
    }

    pub(super) fn set_ip_policy(&mut self, policy: IpPolicy) {
        self.0 |= (policy as u16) << Self::POLICY_SHIFT;
    }

    pub(super) fn ip_policy(self) -> IpPolicy {
        match (self.0 >> Self::POLICY_SHIFT) & Self::POLICY {
            0 => IpPolicy::Masked,
            1 => IpPolicy::Full,
            _ => IpPolicy::None,
        }
    }
}

/// Reads a record. Every record is made by `Draft::seal`, so that all offsets lie inside it; the zeroes
/// and empty texts given otherwise are there so that nothing can panic.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(pub(super) &'a [u8]);

impl<'a> View<'a> {
    pub(super) fn array<const N: usize>(self, offset: usize) -> [u8; N] {
        self.0.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }

    pub(super) fn byte(self, offset: usize) -> u8 {
        u8::from_le_bytes(self.array(offset))
    }

    pub(super) fn u16(self, offset: usize) -> u16 {
        u16::from_le_bytes(self.array(offset))
    }

    pub(super) fn u64(self, offset: usize) -> u64 {
        u64::from_le_bytes(self.array(offset))
    }

    pub(super) fn field(self, field: Field) -> &'a [u8] {
        self.nth(field as usize)
    }

    /// The text of the field of this number.
    pub(super) fn nth(self, field: usize) -> &'a [u8] {
        let start = TEXTS + (0..field).map(|n| self.length(n)).sum::<usize>();
        self.0.get(start..start + self.length(field)).unwrap_or_default()
    }

    pub(super) fn properties(self) -> Properties<'a> {
        let start = TEXTS + (0..Field::COUNT).map(|n| self.length(n)).sum::<usize>();
        Properties { rest: self.0.get(start..).unwrap_or_default(), left: self.u16(PROPERTIES) }
    }

    /// What stands behind the properties.
    pub(super) fn after_properties(self) -> &'a [u8] {
        let mut properties = self.properties();
        while properties.next().is_some() {}
        properties.rest
    }

    pub(super) fn length(self, field: usize) -> usize {
        usize::from(self.u16(LENGTHS + 2 * field))
    }
}

pub(super) struct Properties<'a> {
    rest: &'a [u8],
    left: u16,
}

impl<'a> Properties<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(head)
    }

    fn take_text(&mut self) -> Option<&'a str> {
        let length = self.take(2)?.try_into().map(u16::from_le_bytes).ok()?;
        std::str::from_utf8(self.take(length.into())?).ok()
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let key = self.take_text()?;
        let value = match *self.take(1)? {
            [TYPE_TEXT] => Value::from(self.take_text()?),
            [TYPE_NUMBER] => Value::Number(self.take(8)?.try_into().map(f64::from_le_bytes).ok()?),
            _ => Value::Truth(self.take(1)? != [0]),
        };
        Some((key, value))
    }
}
