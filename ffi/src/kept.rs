//! What is copied of a request, for when its caller has gone on.

use http::{
    HeaderName,
    header::{ACCEPT, ACCEPT_LANGUAGE, HOST, REFERER, USER_AGENT},
};
use trackside_core::{FINISH_HEADERS, Headers, Request, is_field_value};

use crate::{
    handle::{Handle, Pieces, Place},
    headers::Fields,
    names,
    peer::Peer,
    picks::{AUTHORITY, DESTINATION, KEPT, METHOD, TARGET, VALUES},
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
pub(crate) type More = Option<Box<Vec<(usize, usize)>>>;

/// The bit behind those of the pieces, which are the parts of a request up to [`KEPT`].
const SECURE: usize = 1 << KEPT;

impl Kept {
    /// Copies a request to a new place for what will be its exchange, and says what [`of`](Self::of) wants to know of
    /// the copy. None if there is no memory for it.
    #[inline]
    pub(crate) fn copy<'f, F: Fields<'f>, T: Handle>(
        parts: &Parts<'_, 'f, F>,
    ) -> Option<(Place<T>, u32, More)> {
        if !parts.picks.are_kept_single() {
            return Self::copy_repeated(parts);
        }
        Some((Place::holding::<KEPT>(parts.picks.pieces())?, parts.picks.kept(), None))
    }

    #[cold]
    #[inline(never)]
    fn copy_repeated<'f, F: Fields<'f>, T: Handle>(
        parts: &Parts<'_, 'f, F>,
    ) -> Option<(Place<T>, u32, More)> {
        let (mut present, mut pieces) = (0, vec![&[][..]; KEPT]);
        for part in [METHOD, TARGET, AUTHORITY] {
            if let Some(piece) = parts.picks.get(part) {
                (present, pieces[part]) = (present | 1 << part, piece);
            }
        }
        let mut more = Vec::new();
        parts.headers.fields().each(|name, value| {
            let part = names::place(name).map(|place| VALUES + place);
            let Some(part) = part.filter(|&part| part < KEPT && is_field_value(value)) else {
                return;
            };
            if present & 1 << part == 0 {
                (present, pieces[part]) = (present | 1 << part, value);
            } else {
                more.push((part - VALUES, value.len()));
                pieces.push(value);
            }
        });
        let place = Place::holding::<KEPT>(&pieces)?;
        Some((place, present, Some(Box::new(more))))
    }

    /// What is known of the copy of a request that has the parts of these bits.
    #[inline]
    pub(crate) fn of<F>(parts: &Parts<'_, '_, F>, present: u32, more: More) -> Self {
        let secure = if parts.secure { SECURE } else { 0 };
        Self { present: present as usize | secure, more, peer: parts.peer }
    }

    /// The request that was copied to `bytes`.
    pub(crate) fn in_bytes<'a>(&'a self, bytes: &'a [u8]) -> Copied<'a> {
        let pieces = Pieces::of(bytes);
        Copied { kept: self, pieces, are_values: is_field_value(pieces.all_from(VALUES)) }
    }
}

/// A request, as far as it was copied.
#[derive(Debug)]
pub(crate) struct Copied<'a> {
    kept: &'a Kept,
    pieces: Pieces<'a, KEPT>,
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
        let is_present = n < KEPT && self.kept.present & 1 << n != 0;
        let piece = if is_present { self.pieces.get(n) } else { None };
        piece.filter(|piece| n < VALUES || self.are_values || is_field_value(piece))
    }

    /// The further values, with their places.
    fn more(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut rest = self.pieces.all_from(KEPT);
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
            () if name == ACCEPT => 3,
            () if name == ACCEPT_LANGUAGE => 4,
            () if *name == FINISH_HEADERS[DESTINATION - VALUES] => DESTINATION - VALUES,
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
