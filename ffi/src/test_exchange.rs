//! Exchanges as a host has them, for tests: through the exported functions, and beside them through Rust.

use std::{ffi::CStr, net::IpAddr, ptr, slice, sync::Arc};

use trackside_core::{
    Annotations, Config, Event, Hit, REQUEST_HEADERS, Request, Response, Value,
    transport::{Null, Recording, Transport},
};
use trackside_tests::block::{self, Annotation, Property, RequestBlock, ResponseBlock};
use trackside_transports::{Tracker, clock::Clock, entropy::Entropy};

use crate::*;

/// A tracker whose hits are kept, and whose time and randomness stand still.
pub(crate) struct Site {
    pub(crate) live: Tracker,
    pub(crate) tracker: *mut trackside_tracker,
    recording: Arc<Recording>,
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn micros(&self) -> u64 {
        1_784_714_400_000_000
    }
}

impl Entropy for Still {
    fn draw(&self) -> [u8; 64] {
        [7; 64]
    }
}

impl Site {
    pub(crate) fn new(toml: &str) -> Self {
        let recording = Arc::new(Recording::new());
        Self::with(toml, recording.clone(), recording)
    }

    /// A tracker whose hits go nowhere.
    pub(crate) fn without_hits(toml: &str) -> Self {
        Self::with(toml, Arc::new(Null), Arc::default())
    }

    fn with(toml: &str, transport: Arc<dyn Transport>, recording: Arc<Recording>) -> Self {
        let config = Config::builder().toml(toml).build().unwrap();
        let builder = Tracker::builder(config).clock(Arc::new(Still)).entropy(Arc::new(Still));
        let live = builder.transport(transport).open().unwrap();
        let tracker = handle::give(trackside_tracker::of_a_test(live.clone()));
        Self { live, tracker, recording }
    }

    pub(crate) fn hits(&self) -> Vec<Hit> {
        self.recording.hits()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // SAFETY: it was given once, and nobody uses it any more.
        unsafe { trackside_tracker_free(self.tracker) }
    }
}

/// One request and its response, in the terms of the blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    pub(crate) request: RequestBlock,
    pub(crate) response: ResponseBlock,
}

/// What becomes of a case.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) id: Option<String>,
    pub(crate) is_new: bool,
    pub(crate) notice: Option<(String, String)>,
    /// 0 for tracked.
    pub(crate) reason: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) hits: Vec<Hit>,
}

impl Case {
    /// What becomes of it in Rust.
    pub(crate) fn in_rust(&self, site: &Site) -> Outcome {
        let before = site.hits().len();
        let peer = address(&self.request.peer);
        let authority = Some(&self.request.authority[..]).filter(|it| !it.is_empty());
        let request = Request::new(&self.request.method, &self.request.target, &self.request.headers)
            .with_authority(authority)
            .with_peer(peer)
            .with_secure(self.request.secure)
            .with_resolved(self.request.resolved);
        let response = Response::new(self.response.status, &self.response.headers);
        let exchange = site.live.begin(&request);
        let id = exchange.visitor_id().map(|id| id.to_string());
        let is_new = exchange.is_new();
        let notice = exchange.notice(&request).map(|it| (it.text().to_owned(), it.html()));
        let verdict = exchange.finish(&request, &response, &self.annotations());
        Outcome {
            id,
            is_new,
            notice,
            reason: verdict.reason().map_or(0, |reason| reason.number()),
            headers: verdict.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            hits: site.hits().split_off(before),
        }
    }

    fn annotations(&self) -> Annotations<'_> {
        self.response.annotations.iter().fold(Annotations::new(), |all, one| match one {
            Annotation::Title(text) => all.title(text),
            Annotation::UserId(text) => all.user_id(text),
            Annotation::Route(text) => all.route(text),
            Annotation::Property(key, value) => all.property(key, value_of(value)),
            Annotation::Event(event) => all.event(event_of(event)),
        })
    }

    /// What becomes of it through arrays in C.
    pub(crate) fn in_arrays(&self, site: &Site) -> Outcome {
        let exchange = self.begun_by_arrays(site);
        for annotation in &self.response.annotations {
            // SAFETY: all that is pointed at lives as long as the call.
            assert_eq!(unsafe { annotate(exchange, annotation) }, TRACKSIDE_OK);
        }
        let headers = headers(&self.response.headers);
        let response = trackside_response {
            size: size_of::<trackside_response>(),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            status: self.response.status,
        };
        ended(site, exchange, || {
            // SAFETY: as above.
            unsafe { trackside_exchange_finish(exchange, &response, ptr::null_mut()) }
        })
    }

    /// What becomes of it through blocks in C.
    pub(crate) fn in_blocks(&self, site: &Site) -> Outcome {
        let block = self.request.bytes();
        let exchange = begun_by_block(site, &block).unwrap();
        let _lent = self.as_lent(block);
        ended(site, exchange, || finished_by_block(exchange, &self.response.bytes()))
    }

    /// What becomes of it through blocks in C, of which one call ends the exchange.
    pub(crate) fn in_one_block(&self, site: &Site, capacity: usize) -> Outcome {
        let block = self.request.bytes();
        let exchange = begun_by_block(site, &block).unwrap();
        let _lent = self.as_lent(block);
        let block = self.response.bytes();
        before_the_end(site, exchange, || ended_by_block(exchange, &block, capacity))
    }

    /// What becomes of it in C if the request comes in lines.
    pub(crate) fn in_lines(&self, site: &Site) -> Outcome {
        let lines = self.lines(site);
        let (exchange, is_new) = begun_by_lines(site, &lines, self.flags()).unwrap();
        let _lent = self.as_lent(lines);
        let outcome = ended(site, exchange, || finished_by_block(exchange, &self.response.bytes()));
        assert_eq!(outcome.is_new, is_new);
        outcome
    }

    /// What has to live until the exchange has ended: of a request that is not lent nothing.
    fn as_lent(&self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.request.lent.then_some(bytes)
    }

    fn flags(&self) -> u8 {
        u8::from(self.request.secure)
            | u8::from(self.request.resolved) << 1
            | u8::from(self.request.lent) << 2
    }

    /// The request in lines, of whose headers those count that are read; each may be there once.
    pub(crate) fn lines(&self, site: &Site) -> Vec<u8> {
        let peer = address(&self.request.peer).map_or_else(String::new, |peer| peer.to_string());
        let line: [&[u8]; 4] =
            [&self.request.method, &self.request.target, &self.request.authority, peer.as_bytes()];
        let read = REQUEST_HEADERS.iter().chain(site.live.config().more_headers());
        let values = read.map(|read| {
            let mut named = self.request.headers.iter().filter(|(name, _)| read.as_str().as_bytes() == name);
            named.next().map_or(&b"\0"[..], |(_, value)| value)
        });
        line.into_iter().chain(values).collect::<Vec<_>>().join(&b'\n')
    }

    pub(crate) fn begun_by_arrays(&self, site: &Site) -> *mut trackside_exchange {
        let peer = address(&self.request.peer).map_or_else(String::new, |peer| peer.to_string());
        let headers = headers(&self.request.headers);
        let request = trackside_request {
            size: size_of::<trackside_request>(),
            method: trackside_bytes::of(&self.request.method),
            target: trackside_bytes::of(&self.request.target),
            authority: trackside_bytes::of(&self.request.authority),
            peer: trackside_bytes::of(&peer),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            secure: self.request.secure.into(),
            resolved: self.request.resolved.into(),
        };
        let mut exchange = ptr::null_mut();
        // SAFETY: all that is pointed at lives as long as the call.
        let status =
            unsafe { trackside_exchange_begin(site.tracker, &request, &mut exchange, ptr::null_mut()) };
        assert_eq!(status, TRACKSIDE_OK);
        exchange
    }
}

/// The exchange, or why there is none.
pub(crate) fn begun_by_block(
    site: &Site,
    block: &[u8],
) -> Result<*mut trackside_exchange, (trackside_status, String)> {
    let (mut exchange, mut error) = (ptr::null_mut(), test_kit::error());
    let (data, length) = (block.as_ptr(), block.len());
    // SAFETY: all that is pointed at lives as long as the call.
    match unsafe { trackside_exchange_begin_blob(site.tracker, data, length, &mut exchange, &mut error) } {
        TRACKSIDE_OK => Ok(exchange),
        status => {
            assert_eq!((exchange, error.status), (ptr::null_mut(), status));
            Err((status, test_kit::said(&error).to_owned()))
        }
    }
}

/// The exchange and whether its visitor is new, or why there is none.
pub(crate) fn begun_by_lines(
    site: &Site,
    lines: &[u8],
    flags: u8,
) -> Result<(*mut trackside_exchange, bool), (trackside_status, String)> {
    let (mut exchange, mut is_new, mut error) = (ptr::null_mut(), false, test_kit::error());
    let (data, length) = (lines.as_ptr(), lines.len());
    // SAFETY: all that is pointed at lives as long as the call.
    let status = unsafe {
        let (exchange, is_new) = (&mut exchange, &mut is_new);
        trackside_exchange_begin_lines(site.tracker, data, length, flags, exchange, is_new, &mut error)
    };
    if status == TRACKSIDE_OK {
        return Ok((exchange, is_new));
    }
    assert_eq!((exchange, is_new, error.status), (ptr::null_mut(), false, status));
    Err((status, test_kit::said(&error).to_owned()))
}

pub(crate) fn finished_by_block(exchange: *mut trackside_exchange, block: &[u8]) -> trackside_status {
    // SAFETY: all that is pointed at lives as long as the call.
    unsafe { trackside_exchange_finish_blob(exchange, block.as_ptr(), block.len(), ptr::null_mut()) }
}

/// Ends an exchange by one call, with a buffer of this many bytes, and reads the verdict.
pub(crate) fn ended_by_block(
    exchange: *mut trackside_exchange,
    block: &[u8],
    capacity: usize,
) -> (u16, Vec<(String, String)>) {
    let mut buffer = vec![0xee; capacity];
    let mut needed = usize::MAX;
    let (data, place) = (block.as_ptr(), buffer.as_mut_ptr());
    // SAFETY: all that is pointed at lives as long as the call.
    let status = unsafe {
        let error = ptr::null_mut();
        trackside_exchange_end_blob(exchange, data, block.len(), place, capacity, &mut needed, error)
    };
    if status == TRACKSIDE_OK {
        assert!(buffer[needed..].iter().all(|&byte| byte == 0xee), "nothing is written behind it");
        return block::verdict(&buffer[..needed]);
    }
    assert_eq!((status, needed > capacity), (TRACKSIDE_BUFFER, true));
    assert!(buffer.iter().all(|&byte| byte == 0xee), "nothing is written");
    // SAFETY: it is live, finished, and was not freed.
    unsafe { verdict(exchange) }
}

/// The verdict on an exchange, which is freed.
///
/// # Safety
///
/// It must be live, and used by nobody else.
unsafe fn verdict(exchange: *mut trackside_exchange) -> (u16, Vec<(String, String)>) {
    // SAFETY: the caller's, and all outputs are places.
    unsafe {
        let (mut reason, mut first, mut count) = (u16::MAX, ptr::null(), usize::MAX);
        assert_eq!(trackside_exchange_reason(exchange, &mut reason, ptr::null_mut()), TRACKSIDE_OK);
        let status = trackside_exchange_headers(exchange, &mut first, &mut count, ptr::null_mut());
        assert_eq!(status, TRACKSIDE_OK);
        assert_eq!(first.is_null(), count == 0);
        let headers = if count == 0 { &[] } else { slice::from_raw_parts(first, count) };
        let headers = headers.iter().map(|header| (text(header.name), text(header.value))).collect();
        trackside_exchange_free(exchange);
        (reason, headers)
    }
}

/// Everything about an exchange that is begun, finished by `finish` and freed.
fn ended(
    site: &Site,
    exchange: *mut trackside_exchange,
    finish: impl FnOnce() -> trackside_status,
) -> Outcome {
    before_the_end(site, exchange, || {
        assert_eq!(finish(), TRACKSIDE_OK);
        // SAFETY: it is live, and nobody uses it any more.
        unsafe { verdict(exchange) }
    })
}

/// Everything about an exchange that is begun, and that `end` finishes and frees.
fn before_the_end(
    site: &Site,
    exchange: *mut trackside_exchange,
    end: impl FnOnce() -> (u16, Vec<(String, String)>),
) -> Outcome {
    let before = site.hits().len();
    // SAFETY: the exchange is live, and all outputs are places.
    unsafe {
        let mut id = [1; 37];
        let id = match trackside_exchange_visitor_id(exchange, id.as_mut_ptr(), ptr::null_mut()) {
            TRACKSIDE_OK => Some(CStr::from_ptr(id.as_ptr()).to_str().unwrap().to_owned()),
            status => {
                assert_eq!(status, TRACKSIDE_NOT_FOUND);
                None
            }
        };
        let is_new = trackside_exchange_is_new(exchange);
        let (mut plain, mut html) = (trackside_bytes::EMPTY, trackside_bytes::EMPTY);
        let notice = match trackside_exchange_notice(exchange, &mut plain, &mut html, ptr::null_mut()) {
            TRACKSIDE_OK => Some((text(plain), text(html))),
            status => {
                assert_eq!(status, TRACKSIDE_NOT_FOUND);
                None
            }
        };
        let (reason, headers) = end();
        Outcome { id, is_new, notice, reason, headers, hits: site.hits().split_off(before) }
    }
}

/// A text that the library lends.
///
/// # Safety
///
/// It must be valid, and NUL must stand behind it.
pub(crate) unsafe fn text(bytes: trackside_bytes) -> String {
    // SAFETY: the caller's.
    let bytes = unsafe { slice::from_raw_parts(bytes.data.cast(), bytes.length) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn headers(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<trackside_header> {
    let (bytes, headers) = (trackside_bytes::of, headers.iter());
    headers.map(|(name, value)| trackside_header { name: bytes(name), value: bytes(value) }).collect()
}

/// # Safety
///
/// The exchange must be live.
unsafe fn annotate(exchange: *mut trackside_exchange, annotation: &Annotation) -> trackside_status {
    let (none, of) = (ptr::null_mut(), trackside_bytes::of);
    // SAFETY: all that is pointed at lives as long as the call.
    unsafe {
        match annotation {
            Annotation::Title(text) => trackside_exchange_set_title(exchange, of(text), none),
            Annotation::UserId(text) => trackside_exchange_set_user_id(exchange, of(text), none),
            Annotation::Route(text) => trackside_exchange_set_route(exchange, of(text), none),
            Annotation::Property(key, value) => {
                trackside_exchange_add_property(exchange, &property(key, value), none)
            }
            Annotation::Event(event) => {
                let properties: Vec<_> = event.properties.iter().map(|(k, v)| property(k, v)).collect();
                let event = trackside_event {
                    size: size_of::<trackside_event>(),
                    name: of(&event.name),
                    category: of(&event.category),
                    label: of(&event.label),
                    properties: properties.as_ptr(),
                    property_count: properties.len(),
                    value: event.value.unwrap_or(4.0),
                    has_value: event.value.is_some().into(),
                };
                trackside_exchange_add_event(exchange, &event, none)
            }
        }
    }
}

pub(crate) fn property(key: &str, value: &Property) -> trackside_property {
    let mut property = trackside_property::of(key);
    match value {
        Property::Text(text) => property.text = trackside_bytes::of(text),
        Property::Number(number) => {
            (property.r#type, property.number) = (TRACKSIDE_TYPE_NUMBER, *number);
        }
        Property::Truth(truth) => {
            (property.r#type, property.truth) = (TRACKSIDE_TYPE_TRUTH, (*truth).into());
        }
    }
    property
}

fn value_of(value: &Property) -> Value<'_> {
    match value {
        Property::Text(text) => text.as_str().into(),
        Property::Number(number) => (*number).into(),
        Property::Truth(truth) => (*truth).into(),
    }
}

fn event_of(event: &block::Event) -> Event<'_> {
    let mut made = Event::new(&event.name);
    if !event.category.is_empty() {
        made = made.category(&event.category);
    }
    if !event.label.is_empty() {
        made = made.label(&event.label);
    }
    if let Some(value) = event.value {
        made = made.value(value);
    }
    event.properties.iter().fold(made, |made, (key, value)| made.property(key, value_of(value)))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match *bytes {
        [a, b, c, d] => Some([a, b, c, d].into()),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}
