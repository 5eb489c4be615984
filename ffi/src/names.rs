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
    /// The one name that it can be, by its key: how long that is, 0 for none, and its place.
    static SLOTS: [(u8, u8); 64] = {
        let mut slots = [(0, 0); 64];
        let mut place = 0;
        while place < NAMES.len() {
            let name = NAMES[place];
            if let Some(key) = key(name) {
                assert!(slots[key].0 == 0, "two names have the same key");
                slots[key] = (name.len() as u8, place as u8);
            }
            place += 1;
        }
        slots
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
    let Some(key) = key(name) else {
        return short(name);
    };
    let (length, place) = SLOTS[key];
    if name.len() != usize::from(length) {
        return None;
    }
    let place = usize::from(place);
    if KNOWN.get(place)?.is(name) && (name.len() <= 16 || is_long(place, name)) { Some(place) } else { None }
}

/// The place of the one name that is too short for a key.
#[cold]
#[inline(never)]
fn short(name: &[u8]) -> Option<usize> {
    const SHORT: usize = NAMES.len() - 1;
    const { assert!(NAMES[SHORT].len() == 3) };
    if name.eq_ignore_ascii_case(NAMES[SHORT]) { Some(SHORT) } else { None }
}

/// Whether the name with this place is all of `name`, whose ends it has.
#[cold]
#[inline(never)]
fn is_long(place: usize, name: &[u8]) -> bool {
    NAMES.get(place).is_some_and(|known| known.eq_ignore_ascii_case(name))
}

/// A mix of a name's length and its last four bytes, of those bits in which their case does not show. With this factor,
/// found by trial, no two known names share one, nor does a name that browsers and proxies send with another meaning
/// share that of a known one of its length.
#[inline]
const fn key(name: &[u8]) -> Option<usize> {
    const LOWER: u32 = u32::from_ne_bytes([b' '; 4]);
    match name.last_chunk() {
        Some(last) => {
            let last = u32::from_le_bytes(*last) | LOWER;
            Some((last.wrapping_add(name.len() as u32).wrapping_mul(0xb02d_3505) >> 26) as usize)
        }
        None => None,
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

    /// Whether it is `name`, which has the same length, and four to sixteen bytes; of a longer one, whether it has the
    /// same ends.
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
