//! What is read of a request, picked from its head in one walk.

use std::{mem::MaybeUninit, slice};

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
    /// What is present; the last one of what came more than once. Up to `KEPT`, what is not is empty; behind, it is
    /// not written.
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
        let mut parts = [const { MaybeUninit::<&[u8]>::uninit() }; PARTS];
        for part in &mut parts[..KEPT] {
            part.write(&[]);
        }
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

    /// Adds a header, if it is one that is read.
    #[inline]
    pub(crate) fn put_header(&mut self, name: &[u8], value: &'f [u8]) {
        if let Some(place) = names::place(name) {
            self.put(VALUES + place, value);
        }
    }

    /// Says what is to be shown and kept, when all has been added.
    #[inline]
    pub(crate) fn settle(&mut self) {
        self.shown = self.present & SHOWN;
        self.kept = self.present & before(KEPT);
        let Some(destination) = self.get(DESTINATION) else {
            return;
        };
        if !is_field_value(destination) {
            self.shown &= !bit(DESTINATION);
            self.kept &= !bit(DESTINATION);
            return;
        }
        if destination.trim_ascii() != b"empty" {
            self.shown &= before(LIBRARIES);
            // Who says where the answer will be shown is not asked what it accepts, which is long.
            self.kept &= !bit(ACCEPT);
            self.parts[ACCEPT].write(&[]);
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
    pub(crate) fn pieces(&self) -> &[&'f [u8]] {
        // SAFETY: so many were written at the beginning.
        unsafe { slice::from_raw_parts(self.parts[..KEPT].as_ptr().cast(), KEPT) }
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
