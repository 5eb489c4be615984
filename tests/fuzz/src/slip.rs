//! One mistake of a host's in one call.

use std::{ptr, sync::OnceLock};

use arbitrary::Arbitrary;
use trackside_ffi::*;

use crate::call::call;

/// A mistake: what is wrong, and how.
#[derive(Arbitrary, Clone, Copy, Debug, Default, PartialEq)]
pub struct Slip {
    /// What is wrong.
    pub place: Place,
    /// How.
    pub fault: Fault,
    /// Which one, or how much.
    pub number: u8,
}

/// An argument, or a part of one. Where a call has none of that name, the slip is none.
#[derive(Arbitrary, Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "they are the names of arguments and fields")]
pub enum Place {
    #[default]
    Nowhere,
    // In trackside_exchange_begin.
    Tracker,
    Request,
    Out,
    Method,
    Target,
    Authority,
    Peer,
    RequestHeaders,
    RequestName,
    RequestValue,
    // In trackside_exchange_begin_blob, and the tracker and the output.
    RequestBlock,
    // In trackside_exchange_finish.
    Exchange,
    Response,
    ResponseHeaders,
    ResponseName,
    ResponseValue,
    // In trackside_exchange_finish_blob, and the exchange.
    ResponseBlock,
    // In the functions that annotate, for the first annotation.
    AnnotatedExchange,
    Annotation,
    AnnotationText,
    Properties,
}

/// All places.
pub const PLACES: [Place; 22] = [
    Place::Nowhere,
    Place::Tracker,
    Place::Request,
    Place::Out,
    Place::Method,
    Place::Target,
    Place::Authority,
    Place::Peer,
    Place::RequestHeaders,
    Place::RequestName,
    Place::RequestValue,
    Place::RequestBlock,
    Place::Exchange,
    Place::Response,
    Place::ResponseHeaders,
    Place::ResponseName,
    Place::ResponseValue,
    Place::ResponseBlock,
    Place::AnnotatedExchange,
    Place::Annotation,
    Place::AnnotationText,
    Place::Properties,
];

/// How an argument is wrong.
#[derive(Arbitrary, Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Fault {
    /// NULL, of a length if it has one.
    #[default]
    Null,
    /// A handle of another type, a struct whose size is too small, a place that is not aligned, a length that
    /// memory cannot hold.
    Off,
}

impl Slip {
    /// A mistake in `place`.
    pub const fn new(place: Place, fault: Fault) -> Self {
        Self { place, fault, number: 0 }
    }

    /// A handle of type `T`, or what is given in its place. It is never written to.
    pub fn handle<T>(self, place: Place, handle: *mut T) -> *mut T {
        match self.fault {
            _ if self.place != place => handle,
            Fault::Null => ptr::null_mut(),
            Fault::Off => of_another_type().cast(),
        }
    }

    /// The status that a wrong handle gives.
    pub fn handle_status(self) -> trackside_status {
        match self.fault {
            Fault::Null => TRACKSIDE_NULL_ARGUMENT,
            Fault::Off => TRACKSIDE_WRONG_HANDLE,
        }
    }

    /// The status that all else gives.
    pub fn status(self) -> trackside_status {
        match self.fault {
            Fault::Null => TRACKSIDE_NULL_ARGUMENT,
            Fault::Off => TRACKSIDE_INVALID_ARGUMENT,
        }
    }

    /// A string, or an array, that cannot be: its pointer and its length. `data` is where it might be.
    pub fn array<T>(self, data: *const T) -> (*const T, usize) {
        match self.fault {
            Fault::Null => (ptr::null(), 1 + usize::from(self.number)),
            Fault::Off => (data, usize::MAX - usize::from(self.number)),
        }
    }

    /// As [`array`](Self::array), as a string.
    pub fn string(self) -> trackside_bytes {
        let (data, length) = self.array(c"".as_ptr());
        trackside_bytes { data, length }
    }

    /// The size of a struct that should have at least `first` bytes, and has a size.
    pub fn size(self, first: usize) -> usize {
        usize::from(self.number) % first
    }
}

/// A live handle that is neither a tracker nor an exchange.
fn of_another_type() -> *mut trackside_options {
    static OPTIONS: OnceLock<usize> = OnceLock::new();
    let address = OPTIONS.get_or_init(|| {
        let mut options = ptr::null_mut();
        // SAFETY: the place is one.
        call(0, |error| unsafe { trackside_options_new(&mut options, error) }).ok();
        options.expose_provenance()
    });
    ptr::with_exposed_provenance_mut(*address)
}
