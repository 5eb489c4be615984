//! An exchange in C's hands.

use std::{
    ffi::{CStr, c_char},
    ptr, slice,
};

use trackside_ffi::*;

use crate::{
    block::Block,
    call::{Outcome, call},
    lend::{Lent, Manner},
    memory::{FILL, Piece},
    parts::{Annotation, Event, Request, Response},
    site::{Site, read},
    slip::{Fault, Place, Slip},
};

/// An exchange of a site's.
#[derive(Debug)]
pub struct Exchange {
    handle: *mut trackside_exchange,
    manner: Manner,
}

/// What can be seen of an exchange before it is finished.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Before {
    /// The visitor's id.
    pub visitor: Option<String>,
    /// Whether it is new.
    pub is_new: bool,
    /// The notice, as text and as HTML.
    pub notice: Option<(String, String)>,
}

/// What can be seen of an exchange that is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The reason's number; 0: tracked.
    pub reason: u16,
    /// What is appended to the response.
    pub headers: Vec<(String, String)>,
}

impl Exchange {
    /// Calls trackside_exchange_begin, with this mistake in it.
    pub fn begin(site: &Site, request: &Request<'_>, manner: Manner, slip: Slip) -> (Outcome, Option<Self>) {
        let mut lent = Lent::new(manner, slip);
        let request = lent.request(request);
        let tracker = slip.handle(Place::Tracker, site.tracker);
        Self::made(manner, slip, |out, error| {
            // SAFETY: the pointers are what the function asks for, or wrong in a way that it sees.
            unsafe { trackside_exchange_begin(tracker, request, out, error) }
        })
    }

    /// Calls trackside_exchange_begin_blob, with this mistake in it.
    pub fn begin_blob(site: &Site, block: &Block, manner: Manner, slip: Slip) -> (Outcome, Option<Self>) {
        let (data, length) = block.lend(manner, slip, Place::RequestBlock);
        let tracker = slip.handle(Place::Tracker, site.tracker);
        Self::made(manner, slip, |out, error| {
            // SAFETY: as above.
            unsafe { trackside_exchange_begin_blob(tracker, data, length, out, error) }
        })
    }

    /// Calls trackside_exchange_begin_lines, with this mistake in it.
    pub fn begin_lines(
        site: &Site,
        lines: &Block,
        flags: u8,
        manner: Manner,
        slip: Slip,
    ) -> (Outcome, Option<Self>) {
        let (data, length) = lines.lend(manner, slip, Place::RequestBlock);
        let tracker = slip.handle(Place::Tracker, site.tracker);
        let is_new = Piece::new(1);
        let (outcome, begun) = Self::made(manner, slip, |out, error| {
            // SAFETY: as above.
            unsafe {
                trackside_exchange_begin_lines(tracker, data, length, flags, out, is_new.pointer(), error)
            }
        });
        let told = begun.as_ref().map_or(FILL, |begun| u8::from(begun.before().is_new));
        assert_eq!(is_new.bytes(), [told], "an output is written if the call goes well, and only then");
        (outcome, begun)
    }

    /// Makes a call that gives an exchange only if it goes well.
    fn made(
        manner: Manner,
        slip: Slip,
        make: impl FnOnce(*mut *mut trackside_exchange, *mut trackside_error) -> trackside_status,
    ) -> (Outcome, Option<Self>) {
        let place = Piece::new(size_of::<*mut trackside_exchange>());
        let out = match (slip.place, slip.fault) {
            (Place::Out, Fault::Null) => ptr::null_mut(),
            (Place::Out, Fault::Off) => place.pointer::<u8>().wrapping_add(1).cast(),
            _ => place.pointer(),
        };
        let outcome = call(manner.room(), |error| make(out, error));
        let is_written = place.bytes().iter().any(|&byte| byte != FILL);
        assert_eq!(is_written, outcome.is_ok(), "an output is written if the call goes well, and only then");
        (outcome, is_written.then(|| Self { handle: place.read(), manner }))
    }

    /// What can be seen of it before it is finished.
    pub fn before(&self) -> Before {
        let visitor = self.id(|id, error| {
            // SAFETY: the handle is live, and there is room for an id.
            unsafe { trackside_exchange_visitor_id(self.handle, id, error) }
        });
        // SAFETY: the handle is live.
        let is_new = unsafe { trackside_exchange_is_new(self.handle) };
        let (mut text, mut html) = (trackside_bytes::EMPTY, trackside_bytes::EMPTY);
        let shown = call(self.manner.room(), |error| {
            // SAFETY: the handle is live, the places are places.
            unsafe { trackside_exchange_notice(self.handle, &mut text, &mut html, error) }
        });
        let notice = shown.is_ok_or(TRACKSIDE_NOT_FOUND).then(|| (utf8(text), utf8(html)));
        Before { visitor, is_new, notice }
    }

    /// A snapshot of its visitor.
    pub fn visitor(&self) -> Visitor {
        let mut visitor = ptr::null_mut();
        // SAFETY: the handle is live, the place is one.
        call(0, |error| unsafe { trackside_exchange_visitor(self.handle, &mut visitor, error) }).ok();
        let id = self.id(|id, error| {
            // SAFETY: the handle is live, and there is room for an id.
            unsafe { trackside_visitor_id(visitor, id, error) }
        });
        match self.before().visitor {
            // The day's id, which is a UUID of version 8, is made no sooner than it is needed.
            None => assert!(id.as_ref().is_none_or(|id| id.as_bytes()[14] == b'8'), "{id:?} is of a day"),
            known => assert_eq!(id, known),
        }
        Visitor { handle: visitor, id }
    }

    fn id(&self, make: impl FnOnce(*mut c_char, *mut trackside_error) -> trackside_status) -> Option<String> {
        let place = Piece::new(37);
        let is_found =
            call(self.manner.room(), |error| make(place.pointer(), error)).is_ok_or(TRACKSIDE_NOT_FOUND);
        if !is_found {
            assert_eq!(place.bytes(), [FILL; 37], "an output is written only if the call goes well");
            return None;
        }
        let id = CStr::from_bytes_with_nul(place.bytes()).expect("an id fills its place, and ends in NUL");
        Some(id.to_str().expect("an id is ASCII").to_owned())
    }

    /// Adds an annotation by the function for it, with this mistake in the call.
    pub fn annotate(&self, annotation: &Annotation<'_>, slip: Slip) -> Outcome {
        let mut lent = Lent::new(self.manner, slip);
        let handle = slip.handle(Place::AnnotatedExchange, self.handle);
        call(self.manner.room(), |error| {
            // SAFETY: the pointers are what the functions ask for, or wrong in a way that they see.
            unsafe {
                match annotation {
                    Annotation::Title(text) => {
                        trackside_exchange_set_title(handle, lent.bytes(text, Place::AnnotationText), error)
                    }
                    Annotation::UserId(text) => {
                        trackside_exchange_set_user_id(handle, lent.bytes(text, Place::AnnotationText), error)
                    }
                    Annotation::Route(text) => {
                        trackside_exchange_set_route(handle, lent.bytes(text, Place::AnnotationText), error)
                    }
                    Annotation::Property(property) => {
                        trackside_exchange_add_property(handle, lent.property(property), error)
                    }
                    Annotation::Event(event) => {
                        trackside_exchange_add_event(handle, lent.event(event), error)
                    }
                }
            }
        })
    }

    /// Calls trackside_exchange_finish, with this mistake in it.
    pub fn finish(&self, response: &Response<'_>, slip: Slip) -> Outcome {
        let mut lent = Lent::new(self.manner, slip);
        let response = lent.response(response);
        let handle = slip.handle(Place::Exchange, self.handle);
        // SAFETY: as above.
        call(self.manner.room(), |error| unsafe { trackside_exchange_finish(handle, response, error) })
    }

    /// Calls trackside_exchange_finish_blob, with this mistake in it.
    pub fn finish_blob(&self, block: &Block, slip: Slip) -> Outcome {
        let (data, length) = block.lend(self.manner, slip, Place::ResponseBlock);
        let handle = slip.handle(Place::Exchange, self.handle);
        // SAFETY: as above.
        call(self.manner.room(), |error| unsafe {
            trackside_exchange_finish_blob(handle, data, length, error)
        })
    }

    /// Calls trackside_exchange_end_blob, with this mistake in it, and with a buffer of `capacity` bytes. If it goes well
    /// the exchange is [gone](Self::is_gone).
    pub fn end_blob(&self, block: &Block, capacity: usize, slip: Slip) -> (Outcome, Written) {
        let (data, length) = block.lend(self.manner, slip, Place::ResponseBlock);
        let handle = slip.handle(Place::Exchange, self.handle);
        let (buffer, needed) = (Piece::new(capacity), Piece::new(size_of::<usize>()));
        let outcome = call(self.manner.room(), |error| {
            let (place, needed) = (buffer.pointer(), needed.pointer());
            // SAFETY: as above.
            unsafe { trackside_exchange_end_blob(handle, data, length, place, capacity, needed, error) }
        });
        let is_told = needed.bytes().iter().any(|&byte| byte != FILL);
        (outcome, Written { buffer, needed: is_told.then(|| needed.read()) })
    }

    /// Sees to it that nobody frees it again.
    pub fn is_gone(self) {
        std::mem::forget(self);
    }

    /// Calls trackside_exchange_abandon.
    pub fn abandon(&self) -> Outcome {
        // SAFETY: the handle is live.
        call(self.manner.room(), |error| unsafe { trackside_exchange_abandon(self.handle, error) })
    }

    /// What became of it; none if it is not over.
    pub fn verdict(&self) -> Option<Verdict> {
        let (mut reason, mut headers, mut count) = (u16::MAX, ptr::null(), 0);
        let is_over = call(self.manner.room(), |error| {
            // SAFETY: the handle is live, the place is one.
            unsafe { trackside_exchange_reason(self.handle, &mut reason, error) }
        })
        .is_ok_or(TRACKSIDE_UNFINISHED);
        let has_headers = call(self.manner.room(), |error| {
            // SAFETY: the handle is live, the places are places.
            unsafe { trackside_exchange_headers(self.handle, &mut headers, &mut count, error) }
        })
        .is_ok_or(TRACKSIDE_UNFINISHED);
        assert_eq!(is_over, has_headers);
        let headers = match count {
            0 => &[],
            // SAFETY: they are valid as long as the exchange.
            _ => unsafe { slice::from_raw_parts(headers, count) },
        };
        let text = |text: trackside_bytes| {
            // SAFETY: behind the text is a NUL.
            assert_eq!(unsafe { text.data.add(text.length).read() }, 0, "a NUL behind each");
            utf8(text)
        };
        let headers = headers.iter().map(|header| (text(header.name), text(header.value)));
        is_over.then(|| Verdict { reason, headers: headers.collect() })
    }
}

/// What trackside_exchange_end_blob has written.
#[derive(Debug)]
pub struct Written {
    pub(crate) buffer: Piece,
    /// How long the verdict is, if that was told.
    pub needed: Option<usize>,
}

impl Written {
    /// Whether the buffer is as it was.
    pub fn is_untouched(&self) -> bool {
        self.buffer.bytes().iter().all(|&byte| byte == FILL)
    }

    /// The verdict, read as the header specifies it.
    pub fn verdict(&self) -> Verdict {
        let bytes = self.buffer.bytes();
        let (block, behind) = bytes.split_at(self.needed.expect("its length is told"));
        assert!(behind.iter().all(|&byte| byte == FILL), "what lies behind the verdict");
        let short = |at: usize| u16::from_le_bytes([block[at], block[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|n| block[at + n])) as usize;
        assert_eq!((block[..2].to_vec(), short(6)), (vec![1, 0], 0), "version, flags and what is 0");
        let (reason, count) = (short(2), usize::from(short(4)));
        let mut at = 8 + 8 * count;
        let mut text = |length| {
            at += length;
            String::from_utf8(block[at - length..at].to_vec()).expect("what the library says is UTF-8")
        };
        let headers = (0..count).map(|n| (text(long(8 + 8 * n)), text(long(12 + 8 * n)))).collect();
        assert_eq!(at, block.len(), "nothing stands behind the headers");
        Verdict { reason, headers }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and nobody uses it any more.
        unsafe { trackside_exchange_free(self.handle) };
    }
}

/// A snapshot of a visitor, in C's hands.
#[derive(Debug)]
pub struct Visitor {
    /// Its id.
    pub id: Option<String>,
    handle: *mut trackside_visitor,
}

impl Visitor {
    /// Raises an event when the exchange is over.
    pub fn raise(&self, site: &Site, event: &Event<'_>, manner: Manner) -> Outcome {
        let mut lent = Lent::new(manner, Slip::default());
        let event = lent.event(event);
        // SAFETY: the handles are live, and the event is one.
        call(manner.room(), |error| unsafe {
            trackside_tracker_event(site.tracker, self.handle, event, error)
        })
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and nobody uses it any more.
        unsafe { trackside_visitor_free(self.handle) };
    }
}

fn utf8(text: trackside_bytes) -> String {
    // SAFETY: it is read while its exchange lives.
    let bytes = unsafe { read(text) };
    String::from_utf8(bytes.to_vec()).expect("what the library says is UTF-8")
}
