//! A request as lines of text: what an interpreter makes in one go of headers that it keeps by name.

use http::HeaderName;
use memchr::memchr;

use crate::{
    boundary::{Call, enter},
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    headers::{Fields, NAMES},
    request::{self, Parts, RESOLVED, SECURE},
    status::{TRACKSIDE_BLOB, trackside_status},
    tracker::trackside_tracker,
};

/// What stands before the headers.
const LINE: usize = 4;

/// A header that did not come. No header's value can be this (RFC 9110 §5.5).
const ABSENT: &[u8] = b"\0";

/// trackside_exchange_begin with all of the request in lines, which are read during the call alone. It is for hosts
/// that have the headers by name, as CGI and WSGI do. It allocates as that does.
///
/// Between two lines there is a line feed, and none behind the last. They are the method, the target, the authority
/// (empty: none), the peer, and then for each header that trackside_request_header tells, and behind them for each
/// that trackside_tracker_header does, in that order, its value, or a single NUL where it did not come. A peer that is
/// no address, such as a unix socket's path, is none. So in Python, with `names` of these headers as WSGI spells them:
///
/// ```text
///   values = map(environ.get, names, ["\0"] * len(names))
///   lines = "\n".join([method, target, "", environ["REMOTE_ADDR"], *values]).encode("latin-1")
/// ```
///
/// `flags` are those of trackside_exchange_begin_blob. `is_new`, which may be NULL, is told what
/// trackside_exchange_is_new would.
///
/// Another number of lines is refused (TRACKSIDE_BLOB), as where a value has a line feed in it: what a client sent
/// cannot, but what a host made up may, and goes by trackside_exchange_begin_blob.
///
/// ```text
///   `lines` has 16 lines, and not 17
/// ```
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold; flags that are not known), TRACKSIDE_BLOB.
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `lines` is NULL or points at `length` bytes; `exchange` is NULL or
/// points at a place for a pointer; `is_new` is NULL or points at a bool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_begin_lines(
    tracker: *const trackside_tracker,
    lines: *const u8,
    length: usize,
    flags: u8,
    exchange: *mut *mut trackside_exchange,
    is_new: *mut bool,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let (out, is_new) = (call.output(exchange, "exchange")?, call.optional_output(is_new, "is_new")?);
        let (begun, came_new) = begin(call, tracker, lines, length, flags)?;
        out.set(begun);
        if let Some(is_new) = is_new {
            is_new.set(came_new);
        }
        Ok(())
    })
}

/// The exchange of the request in the caller's lines, and whether its visitor is new.
pub(crate) fn begin(
    call: &Call,
    tracker: *const trackside_tracker,
    lines: *const u8,
    length: usize,
    flags: u8,
) -> Result<(*mut trackside_exchange, bool), Failure> {
    let tracker = call.shared(tracker, "tracker")?.live();
    let lines = call.array(lines, length, "lines")?;
    request::check_flags(flags).map_err(|is| Failure::invalid("flags", &format!("is {is}")))?;
    let (line, headers) = split(lines, tracker.config().more_headers())?;
    let [method, target, authority, peer] = line;
    trackside_exchange::begin(
        tracker,
        &Parts {
            method,
            target,
            authority: Some(authority).filter(|authority| !authority.is_empty()),
            peer: request::parsed(peer).unwrap_or_default(),
            secure: flags & SECURE != 0,
            resolved: flags & RESOLVED != 0,
            headers,
        },
    )
}

/// The values of headers, in the order of their names, each of which came once or not at all.
#[derive(Debug)]
struct ByName<'f> {
    /// Of [`NAMES`].
    values: [&'f [u8]; NAMES.len()],
    /// What the configuration adds, and the lines of that.
    more: &'f [HeaderName],
    rest: Option<&'f [u8]>,
}

impl<'f> Fields<'f> for ByName<'f> {
    #[inline]
    fn find<T>(&self, mut look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T> {
        let mut look = |name, value| if value == ABSENT { None } else { look(name, value) };
        let found = NAMES.iter().zip(self.values).find_map(|(name, value)| look(name, value));
        if found.is_some() || self.more.is_empty() {
            return found;
        }
        let mut rest = self.rest;
        self.more.iter().find_map(|name| look(name.as_str().as_bytes(), next(&mut rest)?))
    }
}

/// The request line, as it were, and the headers, if the lines are as many as there have to be.
#[inline]
fn split<'f>(lines: &'f [u8], more: &'f [HeaderName]) -> Result<([&'f [u8]; LINE], ByName<'f>), Failure> {
    let (mut line, mut values) = ([&[][..]; LINE], [&[][..]; NAMES.len()]);
    let mut rest = Some(lines);
    let places = line.iter_mut().chain(&mut values);
    let is_short =
        places.map(|place| next(&mut rest).map(|value| *place = value)).any(|taken| taken.is_none());
    let left = rest.map_or(0, |rest| 1 + rest.iter().filter(|&&byte| byte == b'\n').count());
    if !is_short && left == more.len() {
        return Ok((line, ByName { values, more, rest }));
    }
    let has = 1 + lines.iter().filter(|&&byte| byte == b'\n').count();
    let problem = format!("`lines` has {has} lines, and not {}", LINE + NAMES.len() + more.len());
    Err(Failure::new(TRACKSIDE_BLOB, problem))
}

/// Takes the next line.
#[inline]
fn next<'f>(rest: &mut Option<&'f [u8]>) -> Option<&'f [u8]> {
    let lines = (*rest)?;
    let Some(end) = memchr(b'\n', lines) else {
        return rest.take();
    };
    *rest = lines.get(end + 1..);
    lines.get(..end)
}

#[cfg(test)]
#[path = "lines_test.rs"]
mod test;
