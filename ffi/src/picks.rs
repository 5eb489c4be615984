//! What is read of a request, picked from its head in one walk.

use std::mem::MaybeUninit;

use trackside_core::{FINISH_HEADERS, is_field_value};

use crate::names::{self, NAMES};

// The parts of a request that are read: of its line, and behind these its headers, in the order of `NAMES`.
pub(crate) const METHOD: usize = 0;
pub(crate) const TARGET: usize = 1;
pub(crate) const AUTHORITY: usize = 2;
pub(crate) const VALUES: usize = 3;
const PARTS: usize = VALUES + NAMES.len();

/// How many of them are read again when the request is gone.
pub(crate) const KEPT: usize = VALUES + FINISH_HEADERS.len();

// Of the headers.
pub(crate) const HOST: usize = VALUES;
pub(crate) const ACCEPT: usize = VALUES + 3;
pub(crate) const DESTINATION: usize = VALUES + 5;
/// From here on they are not read of a request that has another destination than `empty`.
const LIBRARIES: usize = VALUES + 14;

/// The parts of a request where they lie.
#[derive(Debug)]
pub(crate) struct Picks<'f> {
    /// Which there are, by their bits.
    present: u32,
    /// Which came more than once.
    repeated: u32,
    /// Which are to be shown to who walks through them all, and which to be kept.
    shown: u32,
    kept: u32,
    /// What is present; the last one of what came more than once. What is not present is empty where it may be kept, and
    /// else not written.
    parts: [MaybeUninit<&'f [u8]>; PARTS],
}

/// What may be shown: all but what is asked for by name.
const SHOWN: u32 = bit(HOST) | !before(DESTINATION);

const fn bit(part: usize) -> u32 {
    1 << part
}

/// Those before `end`.
const fn before(end: usize) -> u32 {
    bit(end) - 1
}

impl<'f> Picks<'f> {
    /// Nothing yet.
    #[inline]
    pub(crate) fn new() -> Self {
        let mut parts = [const { MaybeUninit::uninit() }; PARTS];
        parts[..KEPT].fill(MaybeUninit::new(&[][..]));
        Self { present: 0, repeated: 0, shown: 0, kept: 0, parts }
    }

    /// Adds a part.
    #[inline]
    pub(crate) fn put(&mut self, part: usize, bytes: &'f [u8]) {
        if let Some(place) = self.parts.get_mut(part) {
            place.write(bytes);
            self.repeated |= self.present & bit(part);
            self.present |= bit(part);
        }
    }

    /// Adds the line of a request. An empty authority is none.
    #[inline]
    pub(crate) fn put_line(&mut self, method: &'f [u8], target: &'f [u8], authority: &'f [u8]) {
        self.put(METHOD, method);
        self.put(TARGET, target);
        if !authority.is_empty() {
            self.put(AUTHORITY, authority);
        }
    }

    /// Adds those headers that are read of all that `next` answers with, until it fails or there is none.
    #[inline]
    pub(crate) fn put_headers<'n, E>(
        &mut self,
        mut next: impl FnMut() -> Result<Option<(&'n [u8], &'f [u8])>, E>,
    ) -> Result<(), E> {
        // In registers: what is in memory may change with each part that is written, as far as the compiler knows.
        let (mut present, mut repeated) = (self.present, self.repeated);
        while let Some((name, value)) = next()? {
            let Some(place) = names::place(name) else {
                continue;
            };
            if let Some(part) = self.parts.get_mut(VALUES + place) {
                part.write(value);
                repeated |= present & bit(VALUES + place);
                present |= bit(VALUES + place);
            }
        }
        (self.present, self.repeated) = (present, repeated);
        Ok(())
    }

    /// Says what is to be shown and kept, when all has been added.
    #[inline]
    pub(crate) fn settle(&mut self) {
        self.shown = self.present & SHOWN;
        self.kept = self.present & before(KEPT);
        if let Some(destination) = self.get(DESTINATION) {
            if !is_field_value(destination) {
                self.shown &= !bit(DESTINATION);
                self.kept &= !bit(DESTINATION);
            } else if !is_empty_word(destination) {
                self.shown &= before(LIBRARIES);
                // Who says where the answer will be shown is not asked what it accepts, which is long.
                self.kept &= !bit(ACCEPT);
                self.parts[ACCEPT].write(&[]);
            }
        }
    }

    /// Whether none of those that may be kept came more than once; else it is not known here what is to be kept.
    #[inline]
    pub(crate) fn are_kept_single(&self) -> bool {
        self.repeated & before(KEPT) == 0
    }

    /// The same of those that may be shown.
    #[inline]
    pub(crate) fn are_shown_single(&self) -> bool {
        self.repeated & SHOWN == 0
    }

    /// The bits of those that are kept.
    #[inline]
    pub(crate) fn kept(&self) -> u32 {
        self.kept
    }

    /// A part; the last one of what came more than once.
    #[inline]
    pub(crate) fn get(&self, part: usize) -> Option<&'f [u8]> {
        let bytes = self.parts.get(part).filter(|_| self.present & bit(part) != 0)?;
        // SAFETY: what is present was written.
        Some(unsafe { bytes.assume_init() })
    }

    /// The parts that may be kept; what is not there is empty.
    #[inline]
    pub(crate) fn pieces(&self) -> &[&'f [u8]; KEPT] {
        // SAFETY: these were written when all began, and there are more.
        unsafe { &*self.parts.as_ptr().cast() }
    }

    /// The names and values of those that are shown, all of which could be values.
    #[inline]
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&'static [u8], &'f [u8])> {
        let values = in_bits(self.shown).filter_map(|part| Some((part, self.get(part)?)));
        // The destination was looked at before.
        let values = values.filter(|&(part, value)| part == DESTINATION || is_field_value(value));
        values.map(|(part, value)| (NAMES[part - VALUES], value))
    }

    /// The names and values of all.
    #[inline]
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'static [u8], &'f [u8])> {
        let headers = in_bits(self.present & !before(VALUES));
        headers.filter_map(|part| Some((NAMES[part - VALUES], self.get(part)?)))
    }
}

/// Whether a value is the word `empty`, but for blanks around it.
#[inline]
fn is_empty_word(value: &[u8]) -> bool {
    match value {
        [first, .., last] if *first > b' ' && *last > b' ' => value == b"empty",
        _ => is_empty_word_within(value),
    }
}

#[cold]
#[inline(never)]
fn is_empty_word_within(value: &[u8]) -> bool {
    value.trim_ascii() == b"empty"
}

/// The parts of these bits.
#[inline]
fn in_bits(mut bits: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        if first < PARTS { Some(first) } else { None }
    })
}

#[cfg(test)]
#[path = "picks_test.rs"]
mod test;
