//! What is copied of a request, for when its caller has gone on.

use http::{
    HeaderName,
    header::{ACCEPT, ACCEPT_LANGUAGE, HOST, REFERER, USER_AGENT},
};
use trackside_core::{FINISH_HEADERS, Headers, Request, is_field_value};

use crate::{
    handle::{Handle, Pieces, Place},
    headers::{Fields, Picked},
    peer::Peer,
    request::Parts,
};

/// What is known of a request's copy, which is what `finish` reads of it: the method, the target, the authority
/// and the values of [`FINISH_HEADERS`]. Its numbers are whole words, which a fresh copy can be made of at once.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Which pieces there are, by their bits: the others are not even empty. And whether the client came by
    /// https.
    present: usize,
    more: More,
    peer: Peer,
}

/// The further values of headers that came more than once, behind the pieces: the header's place, and how long the
/// value is. Seldom there, and so one word.
type More = Option<Box<Vec<(usize, usize)>>>;

// The pieces.
const METHOD: usize = 0;
const TARGET: usize = 1;
const AUTHORITY: usize = 2;
const VALUES: usize = 3;
const PIECES: usize = VALUES + FINISH_HEADERS.len();

// Of the values.
const ACCEPTED: usize = 3;
const DESTINATION: usize = 5;

/// The bit behind those of the pieces.
const SECURE: usize = 1 << PIECES;

impl Kept {
    /// Copies a request that the judge has seen to a new place behind what will be its exchange, which `give`
    /// makes there. None if there is no memory for that.
    #[inline]
    pub(crate) fn copy<'f, F: Fields<'f>, T: Handle, R>(
        parts: &Parts<'f, F>,
        picked: &Picked<'f, &F>,
        give: impl FnOnce(Self, Place<T>) -> R,
    ) -> Option<R> {
        let Some((mut present, mut values)) = picked.single() else {
            let (kept, place) = Self::copy_repeated(parts, picked)?;
            return Some(give(*kept, place));
        };
        // Who says where the answer will be shown is not asked what it accepts, which is long.
        if present & 1 << DESTINATION != 0 && is_field_value(values[DESTINATION]) {
            present &= !(1 << ACCEPTED);
            values[ACCEPTED] = &[];
        }
        let place = Place::holding(&pieces(parts, values), &[])?;
        Some(give(Self::of(parts, present, None), place))
    }

    #[cold]
    #[inline(never)]
    fn copy_repeated<'f, F: Fields<'f>, T: Handle>(
        parts: &Parts<'f, F>,
        picked: &Picked<'f, &F>,
    ) -> Option<(Box<Self>, Place<T>)> {
        let (mut present, mut first) = (0, [&[][..]; FINISH_HEADERS.len()]);
        let mut more = picked.every();
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
        let more = more.iter().map(|(name, value)| (*name, value.len())).collect();
        Some((Box::new(Self::of(parts, present, Some(Box::new(more)))), place))
    }

    #[inline]
    fn of<'f, F>(parts: &Parts<'f, F>, values: usize, more: More) -> Self {
        let authority = usize::from(parts.authority.is_some()) << AUTHORITY;
        let secure = if parts.secure { SECURE } else { 0 };
        let present = 1 << METHOD | 1 << TARGET | authority | values << VALUES | secure;
        Self { present, more, peer: parts.peer }
    }

    /// The request that was copied to `bytes`.
    pub(crate) fn in_bytes<'a>(&'a self, bytes: &'a [u8]) -> Copied<'a> {
        let pieces = Pieces::of(bytes);
        Copied { kept: self, pieces, are_values: is_field_value(pieces.all_from(VALUES)) }
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
    /// Whether each value could be one, which was not seen when they were copied: to look at all of them at once
    /// is quicker than at each that is asked for.
    are_values: bool,
}

impl<'a> Copied<'a> {
    pub(crate) fn as_request(&self) -> Request<'_> {
        let piece = |n| self.piece(n).unwrap_or_default();
        Request::new(piece(METHOD), piece(TARGET), self)
            .with_authority(self.piece(AUTHORITY))
            .with_peer(self.kept.peer.address())
            .with_secure(self.kept.present & SECURE != 0)
    }

    fn piece(&self, n: usize) -> Option<&'a [u8]> {
        let is_present = n < PIECES && self.kept.present & 1 << n != 0;
        let piece = if is_present { self.pieces.get(n) } else { None };
        piece.filter(|piece| n < VALUES || self.are_values || is_field_value(piece))
    }

    /// The further values, with their places.
    fn more(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut rest = self.pieces.all_from(PIECES);
        let more = self.kept.more.iter().flat_map(|more| more.iter());
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
            () if name == ACCEPT => ACCEPTED,
            () if name == ACCEPT_LANGUAGE => 4,
            () if *name == FINISH_HEADERS[DESTINATION] => DESTINATION,
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
