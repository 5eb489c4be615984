//! The names of the headers that are read.

use trackside_core::REQUEST_HEADERS;

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
#[inline(always)] // It is asked for each header, in a loop that calls nothing else.
pub(crate) fn place(name: &[u8]) -> Option<usize> {
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

/// A mix of a name's length and the letters at its ends, of those bits in which their case does not show: the case's
/// bit is gone with the remainder. With these factors, found by trial, no two known names share one, and all of it fits
/// into one line of the processor's cache.
const fn key(name: &[u8]) -> Option<usize> {
    match name {
        [first, .., last] => {
            let ends = *first as usize * 8 + *last as usize * 10;
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
pub(crate) fn is_name(name: &[u8], known: &[u8]) -> bool {
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
#[path = "names_test.rs"]
mod test;
