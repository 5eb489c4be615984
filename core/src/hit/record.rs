//! A hit's record as bytes, for who writes it down and reads it again.

use std::{error::Error, fmt, str, sync::Arc};

use super::{
    Hit,
    joined::{are_ids, tail},
    layout::{self, Field, Flags, View},
};

impl Hit {
    /// The size of the largest record, in bytes.
    pub const MAX_RECORD: usize = layout::MAX_RECORD;

    /// The record. It holds nothing that may not be stored: address, query and path are already as the
    /// configuration says.
    pub fn record(&self) -> &[u8] {
        &self.0
    }

    /// The hit of a record that [`record`](Self::record) gave, perhaps in another process.
    ///
    /// # Errors
    ///
    /// [`RecordError`], if the bytes are no record, or one of another version of the layout.
    pub fn from_record(record: &[u8]) -> Result<Self, RecordError> {
        match record.first() {
            Some(&layout::VERSION) => {}
            Some(&version) => return Err(RecordError::Version(version)),
            None => return Err(RecordError::Malformed),
        }
        if !is_sound(record) {
            return Err(RecordError::Malformed);
        }
        Ok(Self(Arc::from(record)))
    }
}

/// Why bytes are no hit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RecordError {
    /// They are no record of the layout that they announce.
    Malformed,
    /// A record of this version of the layout, which this build does not know.
    Version(u8),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => {
                f.write_str("the record is damaged and cannot be used; nothing can be done for it")
            }
            Self::Version(version) => write!(
                f,
                "the record is of version {version}, and this build knows {}; read it with the version of trackside that wrote it",
                layout::VERSION
            ),
        }
    }
}

impl Error for RecordError {}

/// Whether all parts lie inside the record and fill it. Texts of any bytes are let pass: who reads one that is not
/// UTF-8 sees none.
fn is_sound(record: &[u8]) -> bool {
    let view = View(record);
    let length = u32::from_le_bytes(view.array(layout::LENGTH));
    if !(layout::TEXTS..=layout::MAX_RECORD).contains(&record.len())
        || usize::try_from(length) != Ok(record.len())
        || !layout::is_kind(view.byte(layout::KIND))
    {
        return false;
    }
    let texts: usize = (0..Field::COUNT).map(|field| view.length(field)).sum();
    if layout::TEXTS + texts > record.len() {
        return false;
    }
    if view.properties().count() != usize::from(view.u16(layout::PROPERTIES)) {
        return false;
    }
    let (place, joined) = tail(view);
    let flags = Flags(view.u16(layout::FLAGS));
    let is_whole = |flag, is_sound: fn(&[u8]) -> bool, bytes: &[u8]| {
        if flags.has(flag) { is_sound(bytes) } else { bytes.is_empty() }
    };
    is_whole(Flags::PLACE, is_place, place) && is_whole(Flags::JOINED, are_ids, joined)
}

/// Three lengths and their texts.
fn is_place(bytes: &[u8]) -> bool {
    let Some((lengths, texts)) = bytes.split_first_chunk::<{ layout::PLACE_LENGTHS }>() else {
        return false;
    };
    lengths.iter().map(|&length| usize::from(length)).sum::<usize>() == texts.len()
        && str::from_utf8(texts).is_ok()
}

#[cfg(test)]
#[path = "record_test.rs"]
mod test;
