//! A request as lines of text: what an interpreter makes in one go of headers that it keeps by name.

use http::HeaderName;
use memchr::memchr;

use crate::{
    boundary::{Call, enter},
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    headers::{Fields, Walked},
    names::NAMES,
    picks::{Picks, VALUES},
    request::{self, LENT, Parts, RESOLVED, SECURE},
    status::{TRACKSIDE_BLOB, trackside_status},
    tracker::trackside_tracker,
};

/// What stands before the headers.
const LINE: usize = 4;

/// A header that did not come. No header's value can be this (RFC 9110 §5.5).
const ABSENT: &[u8] = b"\0";

/// trackside_exchange_begin with all of the request in lines, which are read during the call alone unless they are
/// lent. It is for hosts that have the headers by name, as CGI and WSGI do. It allocates as that does.
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
/// `tracker` is NULL or a live handle; `lines` is NULL or points at `length` bytes, which, if they are lent, nobody
/// writes or frees before the exchange is freed; `exchange` is NULL or points at a place for a pointer; `is_new` is
/// NULL or points at a bool.
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
    let more = tracker.config().more_headers();
    let mut picks = Picks::new();
    let (peer, rest) = split(lines, more.len(), &mut picks).ok_or_else(|| miscounted(lines, more.len()))?;
    picks.settle();
    trackside_exchange::begin(
        tracker,
        &Parts {
            picks: &picks,
            peer: request::parsed(peer).unwrap_or_default(),
            secure: flags & SECURE != 0,
            resolved: flags & RESOLVED != 0,
            lent: flags & LENT != 0,
            headers: Walked::of(ByName { picks: &picks, more, rest }),
        },
    )
}

/// The values of headers, in the order of their names, each of which came once or not at all.
#[derive(Debug)]
struct ByName<'a, 'f> {
    /// Those that are always read.
    picks: &'a Picks<'f>,
    /// What the configuration adds, and the lines of that.
    more: &'f [HeaderName],
    rest: Option<&'f [u8]>,
}

impl<'f> Fields<'f> for ByName<'_, 'f> {
    #[inline]
    fn find<T>(&self, mut look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T> {
        let found = self.picks.headers().find_map(|(name, value)| look(name, value));
        if found.is_some() || self.more.is_empty() {
            return found;
        }
        let mut rest = self.rest;
        self.more.iter().find_map(|name| match next(&mut rest)? {
            ABSENT => None,
            value => look(name.as_str().as_bytes(), value),
        })
    }
}

/// Puts the request line, as it were, and the headers into `picks`, and answers with the peer and the lines of the
/// `more` headers; none if there is another number of lines.
#[inline]
fn split<'f>(lines: &'f [u8], more: usize, picks: &mut Picks<'f>) -> Option<(&'f [u8], Option<&'f [u8]>)> {
    let mut rest = Some(lines);
    let mut line = || next(&mut rest);
    picks.put_line(line()?, line()?, line()?);
    let peer = line()?;
    for part in VALUES..VALUES + NAMES.len() {
        let value = line()?;
        if value != ABSENT {
            picks.put(part, value);
        }
    }
    let left = rest.map_or(0, count);
    if left == more { Some((peer, rest)) } else { None }
}

#[cold]
fn miscounted(lines: &[u8], more: usize) -> Failure {
    let (has, wanted) = (count(lines), LINE + NAMES.len() + more);
    Failure::new(TRACKSIDE_BLOB, format!("`lines` has {has} lines, and not {wanted}"))
}

/// How many lines there are.
fn count(lines: &[u8]) -> usize {
    1 + lines.iter().filter(|&&byte| byte == b'\n').count()
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
