//! Trackside as a host in another language has it: the C ABI's functions, which take pointers and lengths.
//! The tracker, the request and the response are those of [`ours`].

#![allow(unsafe_code, reason = "whoever calls a function of C answers for its pointers")]

use std::{error::Error, ffi::CStr, ptr, slice};

use trackside_ffi::*;
use trackside_tests::block::{Annotation, RequestBlock, ResponseBlock};

use crate::{
    clock::Load,
    ours::{self, Setup},
    sample::AGENT,
};

/// How a host hands over what it has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// In structs and arrays, and the title in a call of its own.
    Structs,
    /// In one block each.
    Blob,
    /// As `Blob`, and the block of the request is lent until the end.
    Lent,
}

/// A tracker, and the request and response that it is to count.
pub struct Abi {
    way: Way,
    tracker: *mut trackside_tracker,
    request: RequestBlock,
    response: ResponseBlock,
    /// Views of the headers of both.
    headers: [Vec<trackside_header>; 2],
    /// The bytes of both.
    blocks: [Vec<u8>; 2],
}

// SAFETY: a tracker is for any thread at any time, and everything else is only read.
unsafe impl Sync for Abi {}

impl Abi {
    /// Opens a tracker whose receivers are at `url`, and visits it.
    pub fn open(way: Way, url: &str) -> Result<Self, Box<dyn Error>> {
        let folder = ours::folder()?;
        let toml = ours::configuration(&Setup::default(), url, &folder.to_string_lossy());
        let chrome = ours::chrome(AGENT);
        let pairs = chrome.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec()));
        let request = RequestBlock {
            secure: true,
            resolved: false,
            lent: matches!(way, Way::Lent),
            method: b"GET".to_vec(),
            target: ours::TARGET.into(),
            authority: Vec::new(),
            peer: ours::PEER.to_vec(),
            headers: pairs.collect(),
        };
        let response = ResponseBlock {
            status: 200,
            headers: vec![(b"content-type".to_vec(), ours::HTML.into())],
            annotations: vec![Annotation::Title(ours::TITLE.to_owned())],
        };
        let tracker = opened(&toml);
        let (headers, blocks) = Default::default();
        let mut abi = Self { way, tracker, request, response, headers, blocks }.prepared();
        // The first visit hands out a cookie; from then on it comes along.
        let cookie = abi.visit(first_value).ok_or("no cookie was handed out")?;
        let pair = cookie.split(';').next().unwrap_or_default();
        abi.request.headers.push((b"cookie".to_vec(), pair.into()));
        let abi = abi.prepared();
        match abi.visit(first_value) {
            None => Ok(abi),
            Some(value) => Err(format!("the header {value:?}, which is not what is to be measured").into()),
        }
    }

    /// With views and blocks of what is there.
    fn prepared(self) -> Self {
        let view = |headers: &[(Vec<u8>, Vec<u8>)]| {
            let view = headers.iter().map(|(name, value)| trackside_header {
                name: trackside_bytes::of(name),
                value: trackside_bytes::of(value),
            });
            view.collect()
        };
        let headers = [view(&self.request.headers), view(&self.response.headers)];
        Self { headers, blocks: [self.request.bytes(), self.response.bytes()], ..self }
    }

    /// Delivers everything.
    ///
    /// # Errors
    ///
    /// When a hit was lost on the way: then the measurement was of something else.
    pub fn close(self) -> Result<(), Box<dyn Error>> {
        let mut stats = ptr::null_mut();
        // SAFETY: the handles are live until they are freed, and the places are there.
        unsafe {
            let within = ours::PATIENCE.as_millis() as u64;
            ok(|error| trackside_tracker_close(self.tracker, within, ptr::null_mut(), error));
            ok(|error| trackside_tracker_stats(self.tracker, &mut stats, error));
            for index in 0..trackside_stats_destination_count(stats) {
                let mut book: trackside_hits_book = std::mem::zeroed();
                book.size = size_of_val(&book);
                ok(|error| trackside_stats_destination(stats, index, &mut book, error));
                if book.delivered != book.offered {
                    return Err(format!("not all were delivered: {book:?}").into());
                }
            }
            trackside_stats_free(stats);
            trackside_tracker_free(self.tracker);
        }
        Ok(())
    }

    /// One request, begun, finished and ended, once `read` has seen the exchange.
    fn visit<T>(&self, read: impl FnOnce(*const trackside_exchange) -> T) -> T {
        let mut exchange = ptr::null_mut();
        // SAFETY: all that is pointed at lives as long as the calls, and the exchange until it is freed.
        unsafe {
            match self.way {
                Way::Structs => self.structs(&mut exchange),
                Way::Blob | Way::Lent => self.blob(&mut exchange),
            }
            let read = read(exchange);
            trackside_exchange_free(exchange);
            read
        }
    }

    unsafe fn structs(&self, exchange: &mut *mut trackside_exchange) {
        let request = trackside_request {
            size: size_of::<trackside_request>(),
            method: trackside_bytes::of(&self.request.method),
            target: trackside_bytes::of(&self.request.target),
            authority: trackside_bytes::EMPTY,
            peer: trackside_bytes::of("203.0.113.9"),
            headers: self.headers[0].as_ptr(),
            header_count: self.headers[0].len(),
            secure: true.into(),
            resolved: false.into(),
        };
        let response = trackside_response {
            size: size_of::<trackside_response>(),
            headers: self.headers[1].as_ptr(),
            header_count: self.headers[1].len(),
            status: self.response.status,
        };
        let title = trackside_bytes::of(ours::TITLE);
        // SAFETY: the caller's.
        unsafe {
            ok(|error| trackside_exchange_begin(self.tracker, &request, exchange, error));
            ok(|error| trackside_exchange_set_title(*exchange, title, error));
            ok(|error| trackside_exchange_finish(*exchange, &response, error));
        }
    }

    unsafe fn blob(&self, exchange: &mut *mut trackside_exchange) {
        let [request, response] = &self.blocks;
        // SAFETY: the caller's.
        unsafe {
            ok(|error| {
                trackside_exchange_begin_blob(self.tracker, request.as_ptr(), request.len(), exchange, error)
            });
            ok(|error| trackside_exchange_finish_blob(*exchange, response.as_ptr(), response.len(), error));
        }
    }
}

impl Load for Abi {
    fn one(&self) {
        self.visit(|_| ());
    }

    fn settle(&self) {
        let mut left =
            trackside_left { size: size_of::<trackside_left>(), queued: 0, in_flight: 0, spooled: 0 };
        let within = ours::PATIENCE.as_millis() as u64;
        // SAFETY: the tracker is live, and the struct as large as it says.
        ok(|error| unsafe { trackside_tracker_flush(self.tracker, within, &mut left, error) });
        assert_eq!(left.queued + left.in_flight, 0, "not delivered in a minute");
    }
}

/// Makes a call that must go well.
fn ok(call: impl FnOnce(*mut trackside_error) -> trackside_status) {
    let status = call(ptr::null_mut());
    // SAFETY: the text is static and ends in NUL.
    assert_eq!(status, TRACKSIDE_OK, "{:?}", unsafe { CStr::from_ptr(trackside_status_text(status)) });
}

fn opened(toml: &str) -> *mut trackside_tracker {
    let (mut options, mut tracker) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the places are there, and the options live until they are freed.
    unsafe {
        ok(|error| trackside_options_new(&mut options, error));
        ok(|error| trackside_options_toml(options, trackside_bytes::of(toml), error));
        ok(|error| trackside_tracker_open(options, &mut tracker, error));
        trackside_options_free(options);
    }
    tracker
}

/// The value of the first header to append.
fn first_value(exchange: *const trackside_exchange) -> Option<String> {
    let (mut first, mut count) = (ptr::null(), 0);
    // SAFETY: the exchange is live, and so are its headers.
    unsafe {
        ok(|error| trackside_exchange_headers(exchange, &mut first, &mut count, error));
        let value = first.as_ref()?.value;
        Some(String::from_utf8_lossy(slice::from_raw_parts(value.data.cast(), value.length)).into_owned())
    }
}
