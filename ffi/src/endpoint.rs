//! Requests that trackside answers itself, and the markup that makes browsers send them.

use std::borrow::Cow;

use trackside_core::{Reason, endpoint};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    handle::{self, Handle, Tag},
    reason::trackside_reason,
    request::trackside_request,
    status::trackside_status,
    text::{trackside_bytes, trackside_header},
    tracker::trackside_tracker,
    verdict::Appended,
};

/// What trackside answers to a request of its own: to be sent as it is. It does not keep the tracker alive.
///
/// Functions: trackside_tracker_answer, trackside_answer_status, _headers, _body, _reason, _free.
#[derive(Debug)]
pub struct trackside_answer {
    status: u16,
    reason: Option<Reason>,
    headers: Box<Appended>,
    body: Cow<'static, [u8]>,
}

impl Handle for trackside_answer {
    const TAG: Tag = *b"ANSW";
    const NAME: &'static str = "trackside_answer";
}

/// Answers a request, if it is not the host's but trackside's own, as those below `beacon.path` and `consent.path` are;
/// counts it, and submits what it tells of. Ask this first, with all headers of the request: one that is answered is
/// to get the answer as it is, and no trackside_exchange_begin. End the answer with trackside_answer_free.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`request.peer` is no address; a `size` or a length that cannot be),
/// TRACKSIDE_NOT_FOUND (the request is the host's, as every one is without those keys).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `request` is NULL or points at a struct of its `size`, whose pointers
/// are NULL or point at as much as their lengths say; `answer` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_answer(
    tracker: *const trackside_tracker,
    request: *const trackside_request,
    answer: *mut *mut trackside_answer,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        call.request(request, |parts| {
            let out = call.output(answer, "answer")?;
            let answer = tracker.live().answer(&parts.as_request());
            let answer = answer.ok_or_else(|| Failure::not_found("the request is the host's"))?;
            out.set(handle::give(trackside_answer {
                status: answer.status(),
                reason: answer.reason(),
                headers: Appended::of(|| answer.headers()),
                body: answer.into_parts().1,
            }));
            Ok(())
        })
    })
}

/// The beginning, at `index` of those that there are, of the paths that trackside_tracker_answer may answer;
/// { NULL, 0 } past the end, and for NULL or a handle of another type. There are none without those keys. A host that
/// has to copy a request before it can ask need not for one whose path begins with none of them. It is valid until
/// the tracker is freed.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `tracker` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_endpoint(
    tracker: *const trackside_tracker,
    index: usize,
) -> trackside_bytes {
    answer(trackside_bytes::EMPTY, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let prefix = endpoint::prefixes(tracker.live().config()).nth(index);
        Ok(prefix.map_or(trackside_bytes::EMPTY, trackside_bytes::of))
    })
}

/// Lends the markup that loads the beacon, for the page to hold, and notes that it does: then the beacon counts the
/// page, and the exchange is skipped (beacon). A page from a cache of the host's own that holds it is to be noted
/// so, too. `html` may be NULL; it is valid until the tracker is freed.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (`exchange`), TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_NOT_FOUND (there is no beacon, and nothing is noted), TRACKSIDE_FINISHED (it came too late, and is
/// counted so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `html` is NULL or points at a place for a trackside_bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_beacon(
    exchange: *mut trackside_exchange,
    html: *mut trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        let html = call.optional_output(html, "html")?;
        let tag = exchange.exchange.beacon().map(trackside_bytes::of);
        let tag = tag.ok_or_else(|| Failure::not_found("there is no beacon: `beacon.path` is not set"))?;
        exchange.check_open().inspect_err(|_| exchange.exchange.count_late())?;
        exchange.annotations.get_or_insert_default().set_beacon();
        if let Some(html) = html {
            html.set(tag);
        }
        Ok(())
    })
}

/// The status of an answer; 0 for NULL and for a handle of another type.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `answered` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_answer_status(answered: *const trackside_answer) -> u16 {
    answer(0, |call| Ok(call.shared(answered, "answer")?.status))
}

/// Why the request that was answered tells of no page view; 0 if it does, which is tracked. 0 also for NULL and for
/// a handle of another type.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `answered` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_answer_reason(answered: *const trackside_answer) -> trackside_reason {
    answer(0, |call| Ok(call.shared(answered, "answer")?.reason.map_or(0, Reason::number)))
}

/// Lends the headers of an answer, in their order. Names and values end in a NUL, which their lengths do not count.
/// There is no Content-Length among them. They are valid until the answer is freed.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `answer` is NULL or a live handle; `headers` and `count` are NULL or point at a place for a pointer and for a
/// size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_answer_headers(
    answer: *const trackside_answer,
    headers: *mut *const trackside_header,
    count: *mut usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let answer = call.shared(answer, "answer")?;
        let out = (call.output(headers, "headers")?, call.output(count, "count")?);
        let (first, count) = Appended::listed(Some(&answer.headers));
        out.0.set(first);
        out.1.set(count);
        Ok(())
    })
}

/// The body of an answer, any bytes, often none; { NULL, 0 } also for NULL and for a handle of another type. It is
/// valid until the answer is freed.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `answered` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_answer_body(answered: *const trackside_answer) -> trackside_bytes {
    answer(trackside_bytes::EMPTY, |call| Ok(trackside_bytes::of(&call.shared(answered, "answer")?.body)))
}

/// Ends an answer. NULL is allowed; do not call it twice for the same value.
///
/// Threads: needs `answered` for itself.
///
/// # Safety
///
/// `answered` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_answer_free(answered: *mut trackside_answer) {
    answer((), |call| call.end(answered));
}

#[cfg(test)]
#[path = "endpoint_test.rs"]
mod test;
