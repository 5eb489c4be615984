//! The request as the host has it.

use std::net::IpAddr;

use http::HeaderName;
use trackside_core::{Headers, REQUEST_HEADERS, Request};

use crate::{
    boundary::{Call, answer},
    error::Failure,
    headers::{Fields, Walked},
    peer::Peer,
    picks::{AUTHORITY, METHOD, Picks, TARGET},
    text::{trackside_bytes, trackside_header},
    tracker::trackside_tracker,
    truth::trackside_truth,
    view::{self, HeaderArray},
};

/// A request whose head has come. It is read during the call alone. What the client has sent may be any
/// bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_request {
    /// The size of the caller's struct; see TRACKSIDE_REQUEST_INIT.
    pub size: usize,
    /// The method, as in the request line.
    pub method: trackside_bytes,
    /// The target as in the request line, with its query: the path as the client asked for it, before any
    /// mounting or rewriting.
    pub target: trackside_bytes,
    /// The host (and port) where it does not stand in the Host header, as HTTP/2's :authority; empty: none. It has
    /// the last say: what a trusted proxy tells of the host does not count beside it.
    pub authority: trackside_bytes,
    /// The address at the other end of the connection as text, such as 203.0.113.9 or 2001:db8::1, without
    /// port or brackets; a zone behind % is passed over. Empty: none, as with a unix socket. It is to be what the
    /// socket says: which client stands behind a proxy is found out by `[proxy]` of the configuration.
    pub peer: trackside_bytes,
    /// The headers, in the order received.
    pub headers: *const trackside_header,
    /// How many headers there are.
    pub header_count: usize,
    /// Whether the host knows that the client came by https.
    pub secure: trackside_truth,
    /// Whether the host has found out itself which client stands behind its proxies, so that peer, scheme and
    /// host are the client's: then `[proxy]` of the configuration is not asked again.
    pub resolved: trackside_truth,
}

view::growing!(trackside_request, last: resolved);

/// The name, in lower case, of the request header at `index` of those that are read, whatever the configuration;
/// { NULL, 0 } past the end. A host that keeps its headers by name can give these alone, with those that
/// trackside_tracker_header adds.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for: every number is legal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_request_header(index: usize) -> trackside_bytes {
    REQUEST_HEADERS.get(index).map_or(trackside_bytes::EMPTY, |name| trackside_bytes::of(name.as_str()))
}

/// As trackside_request_header, of the headers that are read because of the configuration of `tracker`, such as those
/// of proxies that are trusted; { NULL, 0 } past the end, and for NULL and a handle of another type. It lives as
/// long as the tracker.
///
/// Threads: any that may read `tracker`.
///
/// # Safety
///
/// `tracker` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_header(
    tracker: *const trackside_tracker,
    index: usize,
) -> trackside_bytes {
    answer(trackside_bytes::EMPTY, |call| {
        let names = call.shared(tracker, "tracker")?.live().config().more_headers();
        Ok(names.get(index).map_or(trackside_bytes::EMPTY, |name| trackside_bytes::of(name.as_str())))
    })
}

// The flags of a request in one piece.
pub(crate) const SECURE: u8 = 1;
pub(crate) const RESOLVED: u8 = 2;
pub(crate) const LENT: u8 = 4;

const KNOWN: u8 = SECURE | RESOLVED | LENT;

/// Whether there are some that are not known.
#[inline]
pub(crate) fn are_unknown(flags: u8) -> bool {
    flags & !KNOWN != 0
}

/// Whether all of them are known; else what is wrong.
#[inline]
pub(crate) fn check_flags(flags: u8) -> Result<(), String> {
    if are_unknown(flags) { Err(unknown(flags)) } else { Ok(()) }
}

#[cold]
#[inline(never)]
fn unknown(flags: u8) -> String {
    format!("{flags:#x}, of which only {KNOWN:#x} are known")
}

/// A request where it lies: in the caller's arrays, or in its block.
#[derive(Debug)]
pub(crate) struct Parts<'a, 'f, F> {
    /// The line, and of the headers those that are always read.
    pub(crate) picks: &'a Picks<'f>,
    pub(crate) peer: Peer,
    pub(crate) secure: bool,
    pub(crate) resolved: bool,
    /// Whether it stays where it lies until its exchange is freed.
    pub(crate) lent: bool,
    /// All headers.
    pub(crate) headers: Walked<'f, F>,
}

impl<'f, F: Fields<'f>> Parts<'_, 'f, F> {
    #[inline]
    pub(crate) fn as_request(&self) -> Request<'_> {
        let part = |n| self.picks.get(n).unwrap_or_default();
        Request::new(part(METHOD), part(TARGET), self)
            .with_authority(self.picks.get(AUTHORITY))
            .with_peer(self.peer.address())
            .with_secure(self.secure)
            .with_resolved(self.resolved)
    }
}

/// Who walks through all is shown what was picked: nothing else is read so.
impl<'f, F: Fields<'f>> Headers for Parts<'_, 'f, F> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.headers.value(name)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.headers.each(name, visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        if self.picks.are_shown_single() {
            self.picks.shown().for_each(|(name, value)| visit(name, value));
        } else {
            self.headers.all(visit);
        }
    }
}

impl Call {
    /// Shows `look` what the caller's struct says. It is shown where it was made: to move what is fresh, out of
    /// a `Result`, stalls the processor.
    #[inline]
    pub(crate) fn request<T>(
        &self,
        request: *const trackside_request,
        look: impl FnOnce(&Parts<'_, '_, HeaderArray<'_>>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.look(request, "request", |request| {
            let mut picks = Picks::new();
            picks.put_line(
                self.bytes(request.method, "request.method")?,
                self.bytes(request.target, "request.target")?,
                self.bytes(request.authority, "request.authority")?,
            );
            let headers =
                self.picked(request.headers, request.header_count, "request.headers", &mut picks)?;
            picks.settle();
            look(&Parts {
                picks: &picks,
                peer: address(self.bytes(request.peer, "request.peer")?)?,
                secure: request.secure.get(),
                resolved: request.resolved.get(),
                lent: false,
                headers: Walked::of(headers),
            })
        })
    }
}

/// The address in `text`, if there is any text.
fn address(text: &[u8]) -> Result<Peer, Failure> {
    if text.is_empty() {
        return Ok(Peer::default());
    }
    parsed(text).ok_or_else(|| {
        let shown = text.get(..64).unwrap_or(text).escape_ascii();
        let problem = format!("is no address: {shown}; write 203.0.113.9 or 2001:db8::1, or leave it empty");
        Failure::invalid("request.peer", &problem)
    })
}

/// The address that `text` is, but for a zone behind it.
pub(crate) fn parsed(text: &[u8]) -> Option<Peer> {
    let parse = |text| Some(Peer::from(str::from_utf8(text).ok()?.parse::<IpAddr>().ok()?));
    v4(text).or_else(|| parse(text.split(|&byte| byte == b'%').next()?))
}

/// An IPv4 address, which is what most hosts give, in about half the time that it takes to parse any.
fn v4(text: &[u8]) -> Option<Peer> {
    let mut octets = [0; 4];
    let mut parts = text.split(|&byte| byte == b'.');
    for octet in &mut octets {
        *octet = match parts.next()? {
            [c] => digit(*c)?,
            [b @ b'1'..=b'9', c] => digit(*b)? * 10 + digit(*c)?,
            [a @ b'1'..=b'2', b, c] => (digit(*a)? * 100).checked_add(digit(*b)? * 10 + digit(*c)?)?,
            _ => return None,
        };
    }
    if parts.next().is_none() { Some(Peer::of(&octets)) } else { None }
}

fn digit(byte: u8) -> Option<u8> {
    if byte.is_ascii_digit() { Some(byte - b'0') } else { None }
}
