//! What is kept of a request, for when its caller has gone on.

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

/// What `finish` reads of a request: the method, the target, the authority and the values of [`FINISH_HEADERS`].
#[derive(Debug)]
pub(crate) struct Kept {
    /// By their parts; empty what is not there.
    pieces: Pieces<KEPT>,
    /// Which pieces there are, by their bits: the others are not even empty. And whether the client came by https.
    present: usize,
    more: More,
    peer: Peer,
}

/// The further values of headers that came more than once, behind the pieces: the header's place, and how long the
/// value is. Seldom there, and so one word.
type More = Option<Box<Vec<(usize, usize)>>>;

/// The bit behind those of the pieces, which are the parts of a request up to [`KEPT`].
const SECURE: usize = 1 << KEPT;

impl Kept {
    /// What is kept of a request, and the place for its exchange. None if there is no memory for it.
    #[inline]
    pub(crate) fn of<'f, F: Fields<'f>, T: Handle>(
        parts: &Parts<'_, 'f, F>,
    ) -> Option<(Place<T, KEPT>, Self)> {
        if !parts.picks.are_kept_single() {
            return Self::of_repeated(parts);
        }
        let pieces = parts.picks.pieces();
        let place = if parts.lent { Place::showing(pieces)? } else { Place::holding(pieces, &[])? };
        let (pieces, present) = (place.pieces(), present(parts, parts.picks.kept()));
        Some((place, Self { pieces, present, more: None, peer: parts.peer }))
    }

    /// As [`of`](Self::of): all is copied, also what is lent.
    #[cold]
    #[inline(never)]
    fn of_repeated<'f, F: Fields<'f>, T: Handle>(parts: &Parts<'_, 'f, F>) -> Option<(Place<T, KEPT>, Self)> {
        let (mut bits, mut pieces) = (0, [&[][..]; KEPT]);
        for part in [METHOD, TARGET, AUTHORITY] {
            if let Some(piece) = parts.picks.get(part) {
                (bits, pieces[part]) = (bits | 1 << part, piece);
            }
        }
        let (mut more, mut further) = (Vec::new(), Vec::new());
        parts.headers.fields().each(|name, value| {
            let part = names::place(name).map(|place| VALUES + place);
            let Some(part) = part.filter(|&part| part < KEPT && is_field_value(value)) else {
                return;
            };
            if bits & 1 << part == 0 {
                (bits, pieces[part]) = (bits | 1 << part, value);
            } else {
                more.push((part - VALUES, value.len()));
                further.push(value);
            }
        });
        let place = Place::holding(&pieces, &further)?;
        let (pieces, more) = (place.pieces(), Some(Box::new(more)));
        Some((place, Self { pieces, present: present(parts, bits), more, peer: parts.peer }))
    }

    /// The request, as far as it is kept.
    pub(crate) fn read(&self) -> Read<'_> {
        let values = self.pieces.all_from(VALUES);
        Read { kept: self, are_values: !values.is_empty() && is_field_value(values) }
    }
}

/// The bits of what there is of a request: of these parts, and whether the client came by https.
#[inline]
fn present<F>(parts: &Parts<'_, '_, F>, bits: u32) -> usize {
    bits as usize | if parts.secure { SECURE } else { 0 }
}

/// A request, as far as it is kept.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    kept: &'a Kept,
    /// Whether each value could be one, which was not seen when they were copied: to look at all of them at once
    /// is quicker than at each that is asked for.
    are_values: bool,
}

impl<'a> Read<'a> {
    pub(crate) fn as_request(&self) -> Request<'_> {
        let piece = |n| self.piece(n).unwrap_or_default();
        Request::new(piece(METHOD), piece(TARGET), self)
            .with_authority(self.piece(AUTHORITY))
            .with_peer(self.kept.peer.address())
            .with_secure(self.kept.present & SECURE != 0)
    }

    fn piece(&self, n: usize) -> Option<&'a [u8]> {
        let piece = self.kept.pieces.get(n).filter(|_| self.kept.present & 1 << n != 0);
        piece.filter(|piece| n < VALUES || self.are_values || is_field_value(piece))
    }

    /// The further values, with their places.
    fn more(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut rest = self.kept.pieces.all_from(KEPT);
        let more = self.kept.more.iter().flat_map(|more| more.iter());
        more.filter_map(move |&(place, length)| Some((place, rest.split_off(..length)?)))
    }
}

impl Headers for Read<'_> {
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
