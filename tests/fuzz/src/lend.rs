//! From parts to the structs that C has, in memory of their own.

use std::{
    mem::{offset_of, transmute},
    ptr,
};

use arbitrary::Arbitrary;
use trackside_ffi::*;

use crate::{
    memory::Piece,
    parts::{Bytes, Event, Property, Request, Response, Value},
    slip::{Fault, Place, Slip},
};

/// What differs between hosts that say the same.
#[derive(Arbitrary, Clone, Copy, Debug, Default, PartialEq)]
pub struct Manner {
    /// An empty string is { NULL, 0 }, an empty array NULL.
    pub null_when_empty: bool,
    /// By how many bytes the host's structs exceed those of the first version.
    pub growth: u8,
    /// The size of its error struct; below that of a size: none.
    pub room: u16,
}

impl Manner {
    /// The room for an error.
    pub fn room(self) -> usize {
        usize::from(self.room) % 512
    }
}

/// What a host lends for a call.
#[derive(Debug)]
pub struct Lent {
    manner: Manner,
    slip: Slip,
    pieces: Vec<Piece>,
}

const REQUEST: usize = offset_of!(trackside_request, resolved) + size_of::<trackside_truth>();
const RESPONSE: usize = offset_of!(trackside_response, status) + size_of::<u16>();
const PROPERTY: usize = offset_of!(trackside_property, truth) + size_of::<trackside_truth>();
const EVENT: usize = offset_of!(trackside_event, has_value) + size_of::<trackside_truth>();

impl Lent {
    /// Nothing yet. What is lent then has this mistake, if it has that part.
    pub fn new(manner: Manner, slip: Slip) -> Self {
        Self { manner, slip, pieces: Vec::new() }
    }

    fn slips(&self, place: Place) -> bool {
        self.slip.place == place
    }

    /// A request.
    pub fn request(&mut self, request: &Request<'_>) -> *const trackside_request {
        let [name, value] = [Place::RequestName, Place::RequestValue];
        let (headers, header_count) = self.headers(&request.headers, Place::RequestHeaders, name, value);
        let given = trackside_request {
            size: 0,
            method: self.bytes(&request.method, Place::Method),
            target: self.bytes(&request.target, Place::Target),
            authority: self.bytes(&request.authority, Place::Authority),
            peer: self.bytes(&request.peer, Place::Peer),
            headers,
            header_count,
            secure: truth(request.secure),
            resolved: truth(request.resolved),
        };
        self.one(given, REQUEST, Place::Request)
    }

    /// A response.
    pub fn response(&mut self, response: &Response<'_>) -> *const trackside_response {
        let [name, value] = [Place::ResponseName, Place::ResponseValue];
        let (headers, header_count) = self.headers(&response.headers, Place::ResponseHeaders, name, value);
        let given = trackside_response { size: 0, headers, header_count, status: response.status };
        self.one(given, RESPONSE, Place::Response)
    }

    /// A property.
    pub fn property(&mut self, property: &Property<'_>) -> *const trackside_property {
        let given = self.given(property, Place::AnnotationText);
        self.one(given, PROPERTY, Place::Annotation)
    }

    /// An event.
    pub fn event(&mut self, event: &Event<'_>) -> *const trackside_event {
        let given: Vec<_> = event.properties.iter().map(|it| self.given(it, Place::Nowhere)).collect();
        let (properties, property_count) = self.properties(given);
        let given = trackside_event {
            size: 0,
            name: self.bytes(&event.name, Place::AnnotationText),
            category: self.bytes(&event.category, Place::Nowhere),
            label: self.bytes(&event.label, Place::Nowhere),
            properties,
            property_count,
            value: event.value.unwrap_or_default(),
            has_value: truth(u8::from(event.value.is_some())),
        };
        self.one(given, EVENT, Place::Annotation)
    }

    /// A string.
    pub fn bytes(&mut self, bytes: &Bytes<'_>, place: Place) -> trackside_bytes {
        if self.slips(place) && place != Place::Nowhere {
            return self.slip.string();
        }
        if bytes.is_empty() && self.manner.null_when_empty {
            return trackside_bytes::EMPTY;
        }
        let piece = Piece::copy(bytes);
        let lent = trackside_bytes { data: piece.pointer(), length: bytes.len() };
        self.pieces.push(piece);
        lent
    }

    fn headers(
        &mut self,
        headers: &[(Bytes<'_>, Bytes<'_>)],
        array: Place,
        name: Place,
        value: Place,
    ) -> (*const trackside_header, usize) {
        let slipping = usize::from(self.slip.number) % headers.len().max(1);
        let at = |place, n| if n == slipping { place } else { Place::Nowhere };
        let given: Vec<_> = headers
            .iter()
            .enumerate()
            .map(|(n, header)| trackside_header {
                name: self.bytes(&header.0, at(name, n)),
                value: self.bytes(&header.1, at(value, n)),
            })
            .collect();
        let piece = Piece::items(&given);
        let lent = self.array(&piece, given.len(), array);
        self.pieces.push(piece);
        lent
    }

    fn properties(&mut self, mut given: Vec<trackside_property>) -> (*const trackside_property, usize) {
        let count = given.len();
        if self.slips(Place::Properties) && count == 0 {
            // The size of the first one is read before it is seen that there cannot be so many.
            given.push(
                self.given(&Property { key: Bytes::default(), value: Value::Truth(0) }, Place::Nowhere),
            );
        }
        // One behind the other, each must begin at an address for a struct.
        let size =
            (PROPERTY + usize::from(self.manner.growth)).next_multiple_of(align_of::<trackside_property>());
        let piece = Piece::structs(&given, size);
        let lent = self.array(&piece, count, Place::Properties);
        self.pieces.push(piece);
        lent
    }

    fn array<T>(&self, piece: &Piece, count: usize, place: Place) -> (*const T, usize) {
        match count {
            _ if self.slips(place) => self.slip.array(piece.pointer()),
            0 if self.manner.null_when_empty => (ptr::null(), 0),
            _ => (piece.pointer(), count),
        }
    }

    fn given(&mut self, property: &Property<'_>, key: Place) -> trackside_property {
        let mut given = trackside_property {
            size: 0,
            key: self.bytes(&property.key, key),
            r#type: TRACKSIDE_TYPE_TEXT,
            // What is not asked for is not looked at.
            text: trackside_bytes { data: ptr::null(), length: 1 },
            number: f64::NAN,
            truth: truth(0xff),
        };
        match &property.value {
            Value::Text(text) => given.text = self.bytes(text, Place::Nowhere),
            Value::Number(number) => {
                given.r#type = TRACKSIDE_TYPE_NUMBER;
                given.number = *number;
            }
            Value::Truth(byte) => {
                given.r#type = TRACKSIDE_TYPE_TRUTH;
                given.truth = truth(*byte);
            }
            Value::None(number) => given.r#type = Value::no_type(*number),
        }
        given
    }

    /// A struct that had `first` bytes in its first version.
    fn one<T: Copy>(&mut self, given: T, first: usize, place: Place) -> *const T {
        let piece = match (self.slips(place), self.slip.fault) {
            (false, _) => Piece::structs(&[given], first + usize::from(self.manner.growth)),
            (true, Fault::Null) => return ptr::null(),
            (true, Fault::Off) => Piece::items(&[self.slip.size(first)]),
        };
        let lent = piece.pointer();
        self.pieces.push(piece);
        lent
    }
}

/// C's `bool`, of any byte.
fn truth(byte: u8) -> trackside_truth {
    // SAFETY: it is a transparent struct around a byte, so that a caller may have written anything there.
    unsafe { transmute(byte) }
}
