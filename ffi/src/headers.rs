//! Headers where the host has them, in arrays or in a block: core reads them there.

use std::{array, cell::Cell, marker::PhantomData};

use http::HeaderName;
use trackside_core::{FINISH_HEADERS, Headers, REQUEST_HEADERS, is_field_value};

use crate::view::HeaderArray;

/// Names and values that can be walked through as often as it takes, each time the same.
///
/// It is no iterator, but a loop of its own for each kind: that is several times as fast.
pub(crate) trait Fields<'f> {
    /// Shows `look` each name and value until it has an answer.
    fn find<T>(&self, look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T>;

    /// Shows `look` each name and value.
    #[inline]
    fn each(&self, mut look: impl FnMut(&'f [u8], &'f [u8])) {
        self.find(|name, value| {
            look(name, value);
            None::<()>
        });
    }
}

impl<'f, F: Fields<'f>> Fields<'f> for &F {
    #[inline]
    fn find<T>(&self, look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T> {
        (**self).find(look)
    }
}

impl<'f> Fields<'f> for HeaderArray<'f> {
    #[inline]
    fn find<T>(&self, mut look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T> {
        self.iter().find_map(|(name, value)| look(name, value))
    }
}

/// Headers of which few are asked for, each by a walk through all.
#[derive(Debug)]
pub(crate) struct Walked<'f, F> {
    fields: F,
    lent: PhantomData<&'f [u8]>,
}

impl<'f, F: Fields<'f>> Walked<'f, F> {
    pub(crate) fn of(fields: F) -> Self {
        Self { fields, lent: PhantomData }
    }

    /// Shows `look` each value of `name` until it has an answer.
    fn find<T>(&self, name: &HeaderName, mut look: impl FnMut(&'f [u8]) -> Option<T>) -> Option<T> {
        let name = name.as_str().as_bytes();
        self.fields.find(
            |key, value| {
                if is_name(key, name) && is_field_value(value) { look(value) } else { None }
            },
        )
    }
}

impl<'f, F: Fields<'f>> Headers for Walked<'f, F> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.find(name, Some)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.find(name, |value| {
            visit(value);
            None::<()>
        });
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.fields.each(|name, value| {
            if is_field_value(value) {
                visit(name, value);
            }
        });
    }
}

/// The headers of a request, as far as the judge reads them. It walks through all of them once, for the host,
/// the cookies, what announces a prefetch and what tells a page from its parts; what it asks for by name when the request is gone, which is
/// [`FINISH_HEADERS`], is picked on the way.
#[derive(Debug)]
pub(crate) struct Picked<'f, F> {
    walked: Walked<'f, F>,
    /// None until the judge has walked.
    picks: Cell<Option<Picks>>,
    values: [Cell<&'f [u8]>; KEPT],
}

/// How many there are to keep.
const KEPT: usize = FINISH_HEADERS.len();

/// What was picked.
#[derive(Clone, Copy, Debug)]
struct Picks {
    /// Which of [`FINISH_HEADERS`] there are, by their bits.
    present: usize,
    /// Whether one of them came more than once.
    is_repeated: bool,
}

impl<'f, F: Fields<'f>> Picked<'f, F> {
    pub(crate) fn of(fields: F) -> Self {
        Self {
            walked: Walked::of(fields),
            picks: Cell::default(),
            values: [const { Cell::new(&[] as &[u8]) }; KEPT],
        }
    }

    /// The value of each of [`FINISH_HEADERS`] that is present, of which it was not seen whether it could be
    /// one; none if one came more than once.
    #[inline]
    pub(crate) fn single(&self) -> Option<(usize, [&'f [u8]; KEPT])> {
        let Picks { present, is_repeated } = self.picks.get().unwrap_or_else(|| self.walk(|_, _| {}));
        if is_repeated { None } else { Some((present, array::from_fn(|n| self.values[n].get()))) }
    }

    /// All values of [`FINISH_HEADERS`], with their places there, in the order received.
    pub(crate) fn every(&self) -> Vec<(usize, &'f [u8])> {
        let mut every = Vec::new();
        self.walked.fields.each(|name, value| {
            if let Some(place) = place(name)
                && place < KEPT
                && is_field_value(value)
            {
                every.push((place, value));
            }
        });
        every
    }

    #[inline]
    fn walk<'a>(&'a self, mut look: impl FnMut(&'a [u8], &'a [u8])) -> Picks {
        let mut picks = Picks { present: 0, is_repeated: false };
        self.walked.fields.each(|name, value| {
            let Some(place) = place(name) else {
                return;
            };
            if let Some(kept) = self.values.get(place) {
                kept.set(value);
                picks.is_repeated |= picks.present & 1 << place != 0;
                picks.present |= 1 << place;
            }
            if (place == HOST || place >= DESTINATION) && is_field_value(value) {
                look(name, value);
            }
        });
        self.picks.set(Some(picks));
        picks
    }
}

/// Where those stand that are looked at in the walk and read when the request is gone, too.
const HOST: usize = 0;
const DESTINATION: usize = KEPT - 1;

impl<'f, F: Fields<'f>> Headers for Picked<'f, F> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.walked.value(name)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.walked.each(name, visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.walk(visit);
    }
}

/// The names of [`REQUEST_HEADERS`].
pub(crate) const NAMES: [&[u8]; REQUEST_HEADERS.len()] = [
    b"host",
    b"user-agent",
    b"referer",
    b"accept",
    b"accept-language",
    b"sec-fetch-dest",
    b"cookie",
    b"sec-purpose",
    b"purpose",
    b"x-purpose",
    b"x-moz",
    b"x-sec-purpose",
    b"hx-preloaded",
    b"sec-gpc",
    b"sec-fetch-mode",
    b"x-requested-with",
    b"turbo-frame",
    b"hx-request",
    b"hx-boosted",
    b"hx-history-restore-request",
    b"x-inertia",
    b"x-inertia-partial-component",
    b"x-up-target",
    b"x-livewire",
    b"x-livewire-navigate",
    b"x-pjax",
    b"rsc",
];

/// Where in [`REQUEST_HEADERS`] a name stands.
#[inline]
fn place(name: &[u8]) -> Option<usize> {
    /// The one name that it can be, by its key.
    static PLACES: [u8; 64] = {
        let mut places = [u8::MAX; 64];
        let mut place = 0;
        while place < NAMES.len() {
            let Some(key) = key(NAMES[place]) else { panic!("too short") };
            assert!(places[key] == u8::MAX, "two names have the same key");
            places[key] = place as u8;
            place += 1;
        }
        places
    };
    static KNOWN: [Known; NAMES.len()] = {
        let mut all = [Known::of(NAMES[0]); NAMES.len()];
        let mut place = 1;
        while place < NAMES.len() {
            all[place] = Known::of(NAMES[place]);
            place += 1;
        }
        all
    };
    let place = usize::from(PLACES[key(name)?]);
    let is_known = match name.len() {
        4..=16 => KNOWN.get(place)?.is(name),
        _ => NAMES.get(place)?.eq_ignore_ascii_case(name),
    };
    is_known.then_some(place)
}

/// A mix of a name's length and the letters at its ends, of those bits in which their case does not show. With
/// these factors, found by trial, no two known names share one, and all of it fits into one line of the processor's
/// cache.
const fn key(name: &[u8]) -> Option<usize> {
    match name {
        [first, .., last] => {
            let ends = (*first & 31) as usize * 8 + (*last & 31) as usize * 10;
            Some((name.len() * 17 + ends) % 64)
        }
        _ => None,
    }
}

/// A known name, each byte of which is a letter in lower case or a hyphen, by its ends.
#[derive(Clone, Copy, Debug)]
struct Known {
    ends: (u64, u64),
    /// What has to be the same: of letters, which alone have the bit of `LETTERS`, not the next lower one, which
    /// those in upper case lack.
    mask: (u64, u64),
}

impl Known {
    #[inline]
    const fn of(name: &[u8]) -> Self {
        const LETTERS: u64 = u64::from_ne_bytes([0x40; 8]);
        let ends = ends(name);
        Self { ends, mask: (!((ends.0 & LETTERS) >> 1), !((ends.1 & LETTERS) >> 1)) }
    }

    /// Whether it is `name`, which has the same length, and four to sixteen bytes.
    #[inline]
    fn is(&self, name: &[u8]) -> bool {
        let (begin, end) = ends(name);
        ((begin ^ self.ends.0) & self.mask.0) | ((end ^ self.ends.1) & self.mask.1) == 0
    }
}

/// Whether `name` is `known`, which is in lower case.
#[inline]
fn is_name(name: &[u8], known: &[u8]) -> bool {
    if name.len() != known.len() {
        return false;
    }
    match name.len() {
        4..=16 => Known::of(known).is(name),
        _ => name.eq_ignore_ascii_case(known),
    }
}

/// The first and the last bytes, which together are all of a name of four to sixteen.
#[inline]
const fn ends(name: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        (u64::from_ne_bytes(*first), u64::from_ne_bytes(*last))
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        (u32::from_ne_bytes(*first) as u64, u32::from_ne_bytes(*last) as u64)
    } else {
        (0, 0)
    }
}

#[cfg(test)]
#[path = "headers_test.rs"]
mod test;
