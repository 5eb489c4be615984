//! What is copied of a request, for when its caller has gone on.

use std::{mem, net::IpAddr};

use http::{
    HeaderName,
    header::{ACCEPT, ACCEPT_LANGUAGE, HOST, REFERER, USER_AGENT},
};
use trackside_core::{FINISH_HEADERS, Headers, Request, is_field_value};

use crate::{
    handle::{Handle, Place},
    headers::Fields,
    request::Parts,
};

/// Where the pieces of a request lie in its copy: what `finish` reads of it, which is the method, the target,
/// the authority and the values of [`FINISH_HEADERS`], one behind the other.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where each piece begins, and behind the last one, where that ends.
    bounds: [usize; PIECES + 1],
    /// Which pieces there are, by their bits: the others are not even empty.
    present: u16,
    /// The further values of a header that came more than once, behind the pieces: its place, and where
    /// the value ends.
    more: Vec<(usize, usize)>,
    peer: Option<IpAddr>,
    secure: bool,
}

// The pieces.
const METHOD: usize = 0;
const TARGET: usize = 1;
const AUTHORITY: usize = 2;
const VALUES: usize = 3;
const PIECES: usize = VALUES + FINISH_HEADERS.len();

impl Kept {
    /// Copies a request that the judge has seen to a new place behind what will be its exchange. None if
    /// there is no memory for that.
    #[inline]
    pub(crate) fn copy<'f, F: Fields<'f>, T: Handle>(parts: &Parts<'f, F>) -> Option<(Self, Place<T>)> {
        if let Some((present, values)) = parts.headers.single() {
            let (kept, pieces) = Self::of(parts, present, values);
            let place = Place::holding(&pieces)?;
            // They are looked through as one, which is several times as fast as one by one.
            if is_field_value(&place.bytes()[kept.bounds[VALUES]..]) {
                return Some((kept, place));
            }
        }
        Self::copy_checked(parts)
    }

    /// The same where a header came more than once, or has a value that it cannot have.
    #[cold]
    fn copy_checked<'f, F: Fields<'f>, T: Handle>(parts: &Parts<'f, F>) -> Option<(Self, Place<T>)> {
        let (mut present, mut first) = (0, [&[][..]; FINISH_HEADERS.len()]);
        let mut more = parts.headers.every();
        more.retain(|&(name, value)| {
            let is_first = present & 1 << name == 0;
            if is_first {
                present |= 1 << name;
                first[name] = value;
            }
            !is_first
        });
        let (mut kept, pieces) = Self::of(parts, present, first);
        let mut end = kept.bounds[PIECES];
        for (name, value) in &more {
            end += value.len();
            kept.more.push((*name, end));
        }
        let more = more.iter().map(|(_, value)| *value);
        Some((kept, Place::holding(&pieces.into_iter().chain(more).collect::<Vec<_>>())?))
    }

    /// Where the pieces will lie, and the pieces, with `values` for the headers, as far as they are present.
    #[inline]
    fn of<'f, F>(
        parts: &Parts<'f, F>,
        present: u16,
        [host, agent, referrer, accept, language, destination]: [&'f [u8]; FINISH_HEADERS.len()],
    ) -> (Self, [&'f [u8]; PIECES]) {
        let (method, target, authority) = (parts.method, parts.target, parts.authority.unwrap_or_default());
        let pieces = [method, target, authority, host, agent, referrer, accept, language, destination];
        let mut bounds = [0; PIECES + 1];
        for (n, piece) in pieces.iter().enumerate() {
            bounds[n + 1] = bounds[n] + piece.len();
        }
        let line = 1 << METHOD | 1 << TARGET | u16::from(parts.authority.is_some()) << AUTHORITY;
        let present = line | present << VALUES;
        (Self { bounds, present, more: Vec::new(), peer: parts.peer, secure: parts.secure }, pieces)
    }

    /// The request that was copied to `bytes`.
    pub(crate) fn in_bytes<'a>(&'a self, bytes: &'a [u8]) -> Copied<'a> {
        Copied { kept: self, bytes }
    }
}

/// A request, as far as it was copied.
#[derive(Debug)]
pub(crate) struct Copied<'a> {
    kept: &'a Kept,
    bytes: &'a [u8],
}

impl<'a> Copied<'a> {
    pub(crate) fn as_request(&self) -> Request<'_> {
        let piece = |n| self.piece(n).unwrap_or_default();
        Request::new(piece(METHOD), piece(TARGET), self)
            .with_authority(self.piece(AUTHORITY))
            .with_peer(self.kept.peer)
            .with_secure(self.kept.secure)
    }

    fn piece(&self, n: usize) -> Option<&'a [u8]> {
        let is_present = n < PIECES && self.kept.present & 1 << n != 0;
        if is_present { self.bytes.get(self.kept.bounds[n]..self.kept.bounds[n + 1]) } else { None }
    }

    /// The further values, with their places.
    fn more(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut begin = self.kept.bounds[PIECES];
        let more = self.kept.more.iter();
        more.filter_map(move |&(place, end)| {
            Some((place, self.bytes.get(mem::replace(&mut begin, end)..end)?))
        })
    }
}

impl Headers for Copied<'_> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        // In the order of `FINISH_HEADERS`, written out: that is several times as fast as a search.
        let place = match () {
            () if name == HOST => 0,
            () if name == USER_AGENT => 1,
            () if name == REFERER => 2,
            () if name == ACCEPT => 3,
            () if name == ACCEPT_LANGUAGE => 4,
            () if *name == FINISH_HEADERS[5] => 5,
            () => return None,
        };
        self.piece(VALUES + place)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        if let Some(first) = self.value(name) {
            visit(first);
            let more = self.more().filter(|&(place, _)| FINISH_HEADERS[place] == *name);
            more.for_each(|(_, value)| visit(value));
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        let first = (0..FINISH_HEADERS.len()).filter_map(|place| Some((place, self.piece(VALUES + place)?)));
        for (place, value) in first.chain(self.more()) {
            visit(FINISH_HEADERS[place].as_str().as_bytes(), value);
        }
    }
}

#[cfg(test)]
#[path = "kept_test.rs"]
mod test;
