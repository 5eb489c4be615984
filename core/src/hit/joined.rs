//! What the scripts of receivers in the browser call the visitor, where a destination asks for it.

use super::{
    Hit, Place,
    layout::{self, Flags, View},
};

/// The ids in cookies of such scripts, as a record has them at its end: their number (1), then of each the lengths of
/// the cookie's name and of the id (2 × 1), and both texts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Joined(Vec<u8>);

/// The longest id that is taken, in bytes.
const MAX_ID: usize = 64;

impl Joined {
    /// Adds the id that the cookie called `name` has, unless there is one already, or it is none.
    pub(crate) fn add(&mut self, name: &str, id: &str) {
        let is_id = (1..=MAX_ID).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        let (Ok(name_length), Ok(id_length)) = (u8::try_from(name.len()), u8::try_from(id.len())) else {
            return;
        };
        if !is_id || self.0.first() == Some(&u8::MAX) || self.iter().any(|(known, _)| known == name) {
            return;
        }
        match self.0.first_mut() {
            Some(count) => *count += 1,
            None => self.0.push(1),
        }
        self.0.extend([name_length, id_length]);
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(id.as_bytes());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each cookie's name, and the id in it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        Ids::new(&self.0)
    }
}

/// Whether these bytes, to their end, are some ids.
pub(super) fn are_ids(bytes: &[u8]) -> bool {
    let mut ids = Ids::new(bytes);
    let count = bytes.first().copied().unwrap_or_default();
    count > 0 && ids.by_ref().count() == usize::from(count) && ids.rest.is_empty()
}

/// Ids as they stand in a record.
struct Ids<'a> {
    left: u8,
    rest: &'a [u8],
}

impl<'a> Ids<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (left, rest) = bytes.split_first().map_or((0, bytes), |(count, rest)| (*count, rest));
        Self { left, rest }
    }
}

impl<'a> Iterator for Ids<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (&[name, id], rest) = self.rest.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(name.into())?;
        let (id, rest) = rest.split_at_checked(id.into())?;
        self.rest = rest;
        Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(id).ok()?))
    }
}

impl Hit {
    /// The id of the visitor in the browser, as the cookie called `name` of a receiver's own script has it: one of the
    /// [cookies](crate::protocol::ReceiverType::cookies) for which a destination asks. None without consent, and where
    /// the browser sent no such cookie, or one that is malformed.
    pub fn joined(&self, name: &str) -> Option<&str> {
        Ids::new(self.joined_bytes()).find(|(known, _)| *known == name).map(|(_, id)| id)
    }

    /// The record's end, where they stand.
    pub(super) fn joined_bytes(&self) -> &[u8] {
        if self.has(Flags::JOINED) { tail(self.view()).1 } else { &[] }
    }

    /// The same hit with what few hits have.
    #[inline(never)]
    pub(crate) fn completed(self, place: Option<&Place>, joined: Option<&Joined>) -> Self {
        let placed = match place {
            Some(place) => self.at(place),
            None => self,
        };
        match joined {
            Some(joined) => placed.joining(joined),
            None => placed,
        }
    }

    /// The same hit with what is `joined`, unless the record would become too long. The place comes first.
    #[cold] // Few configurations ask for it, and it is a copy.
    #[inline(never)]
    pub(crate) fn joining(self, joined: &Joined) -> Self {
        let mut record = self.0.to_vec();
        record.extend_from_slice(&joined.0);
        if joined.is_empty() || self.has(Flags::JOINED) || record.len() > layout::MAX_RECORD {
            return self;
        }
        layout::extend_head(&mut record, Flags::JOINED);
        Self(record.into())
    }
}

/// What stands behind the properties: the place, and what is joined; either may be empty.
pub(super) fn tail(view: View<'_>) -> (&[u8], &[u8]) {
    let rest = view.after_properties();
    if !Flags(view.u16(layout::FLAGS)).has(Flags::PLACE) {
        return (&[], rest);
    }
    let texts = rest.iter().take(layout::PLACE_LENGTHS).map(|&length| usize::from(length)).sum::<usize>();
    rest.split_at_checked(layout::PLACE_LENGTHS + texts).unwrap_or((rest, &[]))
}

#[cfg(test)]
#[path = "joined_test.rs"]
mod test;
