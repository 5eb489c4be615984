//! What is copied of a request, for when its caller has gone on.

use std::{mem, net::IpAddr};

use arrayvec::ArrayVec;
use http::HeaderName;
use trackside_core::{FINISH_HEADERS, Headers, Request};

use crate::{headers::Fields, request::Parts};

/// How many bytes of a request fit into the handle. A larger request has a block of its own on the heap.
const ROOM: usize = 512;

/// What `finish` reads of a request: method, target, authority and the values of [`FINISH_HEADERS`], one
/// behind the other.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    bytes: Bytes,
    /// Where each piece ends, which is where the next one begins.
    ends: [usize; PIECES],
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
    /// Copies a request into one that is empty.
    pub(crate) fn fill<'f, F: Fields<'f>>(&mut self, parts: &Parts<'f, F>) {
        let is_kept = |&(place, _): &(usize, _)| place < FINISH_HEADERS.len();
        let mut pieces = [None; PIECES];
        pieces[METHOD] = Some(parts.method);
        pieces[TARGET] = Some(parts.target);
        pieces[AUTHORITY] = parts.authority;
        for (place, value) in parts.headers.first().filter(is_kept) {
            pieces[VALUES + place] = Some(value);
        }
        let more = || parts.headers.more().filter(is_kept);
        let lengths = pieces.iter().flatten().copied().chain(more().map(|(_, value)| value)).map(<[u8]>::len);
        self.bytes.reserve(lengths.sum());
        for (n, piece) in pieces.into_iter().enumerate() {
            if let Some(piece) = piece {
                self.bytes.push(piece);
                self.present |= 1 << n;
            }
            self.ends[n] = self.bytes.all().len();
        }
        for (place, value) in more() {
            self.bytes.push(value);
            self.more.push((place, self.bytes.all().len()));
        }
        self.peer = parts.peer;
        self.secure = parts.secure;
    }

    /// The request, as far as it was copied.
    pub(crate) fn as_request(&self) -> Request<'_> {
        let piece = |n| self.piece(n).unwrap_or_default();
        Request::new(piece(METHOD), piece(TARGET), self)
            .with_authority(self.piece(AUTHORITY))
            .with_peer(self.peer)
            .with_secure(self.secure)
    }

    fn piece(&self, n: usize) -> Option<&[u8]> {
        let begin = n.checked_sub(1).map_or(0, |before| self.ends[before]);
        (self.present & 1 << n != 0).then(|| &self.bytes.all()[begin..self.ends[n]])
    }

    /// The further values, with their places.
    fn more(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut begin = self.ends[PIECES - 1];
        self.more
            .iter()
            .map(move |&(place, end)| (place, &self.bytes.all()[mem::replace(&mut begin, end)..end]))
    }
}

impl Headers for Kept {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.piece(VALUES + FINISH_HEADERS.iter().position(|kept| kept == name)?)
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

/// Bytes in the handle, or on the heap if they are many.
#[derive(Debug, Default)]
struct Bytes {
    near: ArrayVec<u8, ROOM>,
    far: Vec<u8>,
}

impl Bytes {
    fn reserve(&mut self, length: usize) {
        if length > ROOM {
            self.far.reserve_exact(length);
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.far.capacity() > 0 || self.near.try_extend_from_slice(bytes).is_err() {
            self.far.extend(self.near.drain(..));
            self.far.extend_from_slice(bytes);
        }
    }

    fn all(&self) -> &[u8] {
        if self.far.is_empty() { &self.near } else { &self.far }
    }
}
