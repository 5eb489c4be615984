//! What is copied of a request, for when its caller has gone on.

use std::net::IpAddr;

use http::{
    HeaderName,
    header::{ACCEPT, ACCEPT_LANGUAGE, HOST, REFERER, USER_AGENT},
};
use trackside_core::{FINISH_HEADERS, Headers, Request, is_field_value};

use crate::{
    handle::{Handle, Pieces, Place},
    headers::Fields,
    request::Parts,
};

/// What is known of a request's copy, which is what `finish` reads of it: the method, the target, the authority
/// and the values of [`FINISH_HEADERS`].
#[derive(Debug)]
pub(crate) struct Kept {
    /// Which pieces there are, by their bits: the others are not even empty.
    present: u16,
    /// The further values of a header that came more than once, behind the pieces: its place, and how long
    /// the value is.
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

/// Which of [`FINISH_HEADERS`] were copied, the further values, and where to.
type Placed<T> = (u16, Vec<(usize, usize)>, Place<T>);

impl Kept {
    /// Copies a request that the judge has seen to a new place behind what will be its exchange. None if
    /// there is no memory for that.
    #[inline]
    pub(crate) fn copy<'f, F: Fields<'f>, T: Handle>(parts: &Parts<'f, F>) -> Option<(Self, Place<T>)> {
        let (present, more, place) = Self::copy_single(parts).or_else(|| Self::copy_repeated(parts))?;
        let line = 1 << METHOD | 1 << TARGET | u16::from(parts.authority.is_some()) << AUTHORITY;
        let kept = Self { present: line | present << VALUES, more, peer: parts.peer, secure: parts.secure };
        Some((kept, place))
    }

    /// None if a header came more than once, too.
    #[inline]
    fn copy_single<'f, F: Fields<'f>, T: Handle>(parts: &Parts<'f, F>) -> Option<Placed<T>> {
        let (present, values) = parts.headers.single()?;
        Some((present, Vec::new(), Place::holding(&pieces(parts, values), &[])?))
    }

    #[cold]
    fn copy_repeated<'f, F: Fields<'f>, T: Handle>(parts: &Parts<'f, F>) -> Option<Placed<T>> {
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
        let further: Vec<_> = more.iter().map(|(_, value)| *value).collect();
        let place = Place::holding(&pieces(parts, first), &further)?;
        Some((present, more.iter().map(|(name, value)| (*name, value.len())).collect(), place))
    }

    /// The request that was copied to `bytes`.
    pub(crate) fn in_bytes<'a>(&'a self, bytes: &'a [u8]) -> Copied<'a> {
        let pieces = Pieces::of(bytes);
        // They are looked through as one, which is several times as fast as one by one.
        Copied { kept: self, pieces, is_plain: is_field_value(pieces.all_from(VALUES)) }
    }
}

/// The pieces, with `values` for the headers; what is not present is empty.
#[inline]
fn pieces<'f, F>(
    parts: &Parts<'f, F>,
    [host, agent, referrer, accept, language, destination]: [&'f [u8]; FINISH_HEADERS.len()],
) -> [&'f [u8]; PIECES] {
    let (method, target, authority) = (parts.method, parts.target, parts.authority.unwrap_or_default());
    [method, target, authority, host, agent, referrer, accept, language, destination]
}

/// A request, as far as it was copied.
#[derive(Debug)]
pub(crate) struct Copied<'a> {
    kept: &'a Kept,
    pieces: Pieces<'a, PIECES>,
    /// Whether each value could be that of a header.
    is_plain: bool,
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
        let piece = if is_present { self.pieces.get(n) } else { None };
        piece.filter(|piece| self.is_plain || n < VALUES || is_field_value(piece))
    }

    /// The further values, with their places.
    fn more(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut rest = self.pieces.all_from(PIECES);
        let more = self.kept.more.iter();
        more.filter_map(move |&(place, length)| Some((place, rest.split_off(..length)?)))
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
