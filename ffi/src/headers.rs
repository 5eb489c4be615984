//! Headers where the host has them, in arrays or in a block: core reads them there.

use std::{marker::PhantomData, mem};

use http::HeaderName;
use trackside_core::{Headers, REQUEST_HEADERS, is_field_value};

use crate::{boundary::Call, error::Failure, text::trackside_header};

/// Names and values that can be walked through as often as it takes, each time the same.
pub(crate) trait Fields<'f> {
    fn fields(&self) -> impl Iterator<Item = (&'f [u8], &'f [u8])>;
}

/// An array of the host's.
#[derive(Debug)]
pub(crate) struct Array<'f> {
    call: &'f Call,
    headers: &'f [trackside_header],
}

impl<'f> Array<'f> {
    /// The `count` headers at `headers`, all of which can be read.
    pub(crate) fn new(
        call: &'f Call,
        headers: *const trackside_header,
        count: usize,
        argument: &str,
    ) -> Result<Self, Failure> {
        let headers = call.array(headers, count, argument)?;
        let is_readable =
            |it: &trackside_header| call.bytes(it.name, "").and(call.bytes(it.value, "")).is_ok();
        match headers.iter().position(|header| !is_readable(header)) {
            None => Ok(Self { call, headers }),
            Some(n) => {
                call.bytes(headers[n].name, &format!("{argument}[{n}].name"))?;
                call.bytes(headers[n].value, &format!("{argument}[{n}].value"))?;
                Err(Failure::null(argument))
            }
        }
    }
}

impl<'f> Fields<'f> for Array<'f> {
    fn fields(&self) -> impl Iterator<Item = (&'f [u8], &'f [u8])> {
        let call = self.call;
        // OK because `new` has seen that all of them can be read.
        self.headers.iter().filter_map(|it| call.bytes(it.name, "").ok().zip(call.bytes(it.value, "").ok()))
    }
}

/// The headers of a response, few of which are asked for, each by a walk through all.
#[derive(Debug)]
pub(crate) struct Walked<'f, F> {
    fields: F,
    lent: PhantomData<&'f [u8]>,
}

impl<'f, F: Fields<'f>> Walked<'f, F> {
    pub(crate) fn of(fields: F) -> Self {
        Self { fields, lent: PhantomData }
    }

    fn named(&self, name: &HeaderName) -> impl Iterator<Item = &'f [u8]> {
        let name = name.as_str().as_bytes();
        let fields = self.fields.fields().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value).filter(|value| is_field_value(value))
    }
}

impl<'f, F: Fields<'f>> Headers for Walked<'f, F> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.named(name).next()
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        for value in self.named(name) {
            visit(value);
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        let fields = self.fields.fields().filter(|(_, value)| is_field_value(value));
        fields.for_each(|(name, value)| visit(name, value));
    }
}

/// The headers of a request that the judge reads, found in one walk through all: of each name the first
/// value, by its place in [`REQUEST_HEADERS`].
#[derive(Debug)]
pub(crate) struct Picked<'f, F> {
    first: [Option<&'f [u8]>; REQUEST_HEADERS.len()],
    /// Whether a name came more than once. Then the others are found by a second walk.
    has_more: bool,
    fields: F,
}

impl<'f, F: Fields<'f>> Picked<'f, F> {
    pub(crate) fn of(fields: F) -> Self {
        let mut first = [None; REQUEST_HEADERS.len()];
        let mut has_more = false;
        for (place, value) in placed(&fields) {
            match &mut first[place] {
                slot @ None => *slot = Some(value),
                Some(_) => has_more = true,
            }
        }
        Self { first, has_more, fields }
    }

    /// The first value of each name that came, by its place.
    pub(crate) fn first(&self) -> impl Iterator<Item = (usize, &'f [u8])> {
        (0..).zip(self.first).filter_map(|(place, value)| Some((place, value?)))
    }

    /// The other values, in the order received.
    pub(crate) fn more(&self) -> impl Iterator<Item = (usize, &'f [u8])> {
        let mut is_first = [true; REQUEST_HEADERS.len()];
        let all = self.has_more.then(|| placed(&self.fields)).into_iter().flatten();
        all.filter(move |&(place, _)| !mem::replace(&mut is_first[place], false))
    }
}

impl<'f, F: Fields<'f>> Headers for Picked<'f, F> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.first[place(name.as_str().as_bytes())?]
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        let Some(wanted) = place(name.as_str().as_bytes()) else {
            return;
        };
        let more = self.more().filter(|&(place, _)| place == wanted).map(|(_, value)| value);
        self.first[wanted].into_iter().chain(more).for_each(visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        for (place, value) in self.first().chain(self.more()) {
            visit(REQUEST_HEADERS[place].as_str().as_bytes(), value);
        }
    }
}

/// The fields that the judge reads, by their places.
fn placed<'f>(fields: &impl Fields<'f>) -> impl Iterator<Item = (usize, &'f [u8])> {
    let placed = fields.fields().filter_map(|(name, value)| Some((place(name)?, value)));
    placed.filter(|(_, value)| is_field_value(value))
}

/// Where in [`REQUEST_HEADERS`] a name stands. Its length and its last letter leave one that it can be.
fn place(name: &[u8]) -> Option<usize> {
    let (place, known): (_, &[u8]) = match (name.len(), name.last()? | 0x20) {
        (4, b't') => (0, b"host"),
        (10, b't') => (1, b"user-agent"),
        (7, b'r') => (2, b"referer"),
        (6, b't') => (3, b"accept"),
        (15, b'e') => (4, b"accept-language"),
        (14, b't') => (5, b"sec-fetch-dest"),
        (6, b'e') => (6, b"cookie"),
        (11, b'e') => (7, b"sec-purpose"),
        (7, b'e') => (8, b"purpose"),
        (9, b'e') => (9, b"x-purpose"),
        (5, b'z') => (10, b"x-moz"),
        (13, b'e') => (11, b"x-sec-purpose"),
        (12, b'd') => (12, b"hx-preloaded"),
        _ => return None,
    };
    is_same(name, known).then_some(place)
}

/// Whether `name` is `known`, which is as long, in any case. `known` has from 4 to 16 letters in lower case
/// and hyphens.
fn is_same(name: &[u8], known: &[u8]) -> bool {
    let (name, known) = (ends(name), ends(known));
    // Of these, the letters alone have the bit 0x40; in upper case they lack 0x20.
    let letters = known & u128::from_ne_bytes([0x40; 16]);
    name | (letters >> 1) == known
}

/// The first and the last bytes, which together are all of them.
fn ends(name: &[u8]) -> u128 {
    let join = |first, last| u128::from(first) << 64 | u128::from(last);
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        join(u64::from_ne_bytes(*first), u64::from_ne_bytes(*last))
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        join(u32::from_ne_bytes(*first).into(), u32::from_ne_bytes(*last).into())
    } else {
        0
    }
}

#[cfg(test)]
#[path = "headers_test.rs"]
mod test;
