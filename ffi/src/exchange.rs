//! One request and its response: begun, finished or abandoned, freed.

use std::{
    ffi::c_char,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use trackside_core::{Annotations, Reason, judge::Verdict};
use trackside_transports::{Exchange, Tracker};

#[cfg(any(test, feature = "_inject-panic"))]
use crate::boundary::inject;
use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    handle::{Handle, Tag},
    headers::Fields,
    kept::Kept,
    notice::Shown,
    request::{Parts, trackside_request},
    response::{Head, trackside_response},
    status::{TRACKSIDE_FINISHED, trackside_status},
    tracker::trackside_tracker,
    verdict::Appended,
};

/// One request and its response: begun when the request's head has come, finished when the response's head
/// is known, never at the end of the body. Then it holds the verdict. It keeps its tracker alive.
///
/// Functions: trackside_exchange_begin, _begin_blob, _begin_lines, _visitor_id, _is_new, _consent, _notice, _banner,
/// _beacon, _visitor, _set_consent, _set_title, _set_user_id, _set_route, _add_property, _add_event, _finish,
/// _finish_blob, _end_blob, _abandon, _reason, _headers, _free; trackside_scratch_begin, _end.
pub struct trackside_exchange {
    pub(crate) exchange: Exchange,
    pub(crate) kept: Kept,
    pub(crate) annotations: Option<Annotations<'static>>,
    pub(crate) notice: Option<Box<Shown>>,
    pub(crate) reason: Option<Reason>,
    pub(crate) appended: Option<Box<Appended>>,
}

impl Handle for trackside_exchange {
    const TAG: Tag = *b"EXCH";
    const NAME: &'static str = "trackside_exchange";
    /// What is copied of the request.
    const HAS_TAIL: bool = true;
}

impl trackside_exchange {
    /// Begins the exchange and gives it to C; and whether its visitor is new.
    pub(crate) fn begin<'f, F: Fields<'f>>(
        tracker: &Tracker,
        parts: &Parts<'_, 'f, F>,
    ) -> Result<(*mut Self, bool), Failure> {
        #[cfg(feature = "_planted-race")]
        crate::test_race::bump();
        let (place, kept) = Kept::of(parts).ok_or_else(too_large)?;
        let write = |at: *mut Self| {
            // Each where it will be: it is large, and to move what is fresh stalls the processor.
            // SAFETY: there is room for it, and nobody else knows of it yet.
            unsafe {
                (&raw mut (*at).exchange).write(tracker.begin(&parts.as_request()));
                (&raw mut (*at).kept).write(kept);
                (&raw mut (*at).annotations).write(None);
                (&raw mut (*at).notice).write(None);
                (&raw mut (*at).reason).write(None);
                (&raw mut (*at).appended).write(None);
                let Self { exchange, kept: _, annotations: _, notice: _, reason: _, appended: _ } = &*at;
                exchange.is_new()
            }
        };
        // SAFETY: every field is written.
        Ok(unsafe { place.give(write) })
    }

    /// Fails if it is finished or abandoned.
    pub(crate) fn check_open(&self) -> Result<(), Failure> {
        if !self.exchange.is_over() {
            return Ok(());
        }
        Err(Failure::new(TRACKSIDE_FINISHED, "the exchange is finished or abandoned already"))
    }

    /// Finishes the exchange. Whoever asks for the verdict later needs [`keep`](Self::keep).
    #[inline]
    pub(crate) fn finish<'f, F: Fields<'f>>(
        &mut self,
        head: &Head<'f, F>,
        annotations: &Annotations<'_>,
    ) -> Verdict {
        end(&mut self.exchange, &self.kept, head, annotations)
    }

    /// [`finish`](Self::finish) with what it was annotated with before, which is read where it is.
    fn finish_as_annotated<'f, F: Fields<'f>>(&mut self, head: &Head<'f, F>) -> Verdict {
        let none = Annotations::new();
        let annotations = self.annotations.as_ref().unwrap_or(&none);
        let verdict = end(&mut self.exchange, &self.kept, head, annotations);
        self.annotations = None;
        verdict
    }

    /// Keeps the verdict for who asks for it.
    pub(crate) fn keep(&mut self, verdict: &Verdict) {
        self.reason = verdict.reason();
        #[cfg(any(test, feature = "_inject-panic"))]
        inject::panic_if_asked_at(inject::LATE);
        if verdict.has_headers() {
            self.appended = Some(Appended::of(|| verdict.headers()));
        }
    }

    fn abandon(&mut self) {
        self.exchange.abandon();
        self.reason = Some(Reason::Abandoned);
    }
}

#[cold]
fn too_large() -> Failure {
    Failure::invalid("request", "is larger than memory can hold")
}

/// Ends the exchange whose request is kept so.
fn end<'f, F: Fields<'f>>(
    exchange: &mut Exchange,
    kept: &Kept,
    head: &Head<'f, F>,
    annotations: &Annotations<'_>,
) -> Verdict {
    exchange.end(&kept.read().as_request(), &head.as_response(), annotations)
}

impl fmt::Debug for trackside_exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("trackside_exchange").field(&self.exchange).finish()
    }
}

/// Looks at a request that has come. End the exchange with trackside_exchange_free. On failure nothing is
/// counted, in no book either; the log is told of the first request in the process that cannot be one.
///
/// This allocates once: the handle, with a copy of what trackside_exchange_finish will read, which is the
/// method, the target, the authority, and the values of Host, User-Agent, Referer, Accept, Accept-Language
/// and Sec-Fetch-Dest. Only if one of these headers came twice, or has bytes that a header cannot have, it
/// allocates a few times more.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`request.peer` is no address; a `size` or a length that cannot be, or more
/// than there is memory for).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `request` is NULL or points at a struct of its `size`, whose pointers
/// are NULL or point at as much as their lengths say; `exchange` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_begin(
    tracker: *const trackside_tracker,
    request: *const trackside_request,
    exchange: *mut *mut trackside_exchange,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let begun = call.request(request, |parts| {
            let out = call.output(exchange, "exchange")?;
            out.set(trackside_exchange::begin(tracker.live(), parts)?.0);
            Ok(())
        });
        begun.inspect_err(uncounted)
    })
}

/// A host that ignores statuses while it serves would never know that its requests are in no book.
#[cold]
#[inline(never)]
fn uncounted(failure: &Failure) {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    if !IS_TOLD.swap(true, Ordering::Relaxed) {
        let text = failure.text();
        tracing::error!(target: "trackside", "a request is not counted: {text} (told once)");
    }
}

/// Judges the exchange, now that the response's head is known, and submits its hits. What became of it say
/// trackside_exchange_reason and trackside_exchange_headers. On failure it is not finished, and may be
/// finished yet.
///
/// This allocates the hits, one for the page view and one for each event, times the number of different `ip`
/// settings; and what the verdict's headers need, if there are any. It waits for nobody.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (a `size` or a length that cannot be), TRACKSIDE_FINISHED (finished or
/// abandoned already).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `response` is NULL or points at a struct of its `size`, whose
/// pointers are NULL or point at as much as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_finish(
    exchange: *mut trackside_exchange,
    response: *const trackside_response,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        exchange.check_open()?;
        call.response(response, |head| {
            let verdict = exchange.finish_as_annotated(head);
            exchange.keep(&verdict);
            Ok(())
        })
    })
}

/// Ends the exchange as skipped (abandoned): nothing is sent, not even its events. So does
/// trackside_exchange_free with one that is not finished.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_FINISHED (finished or abandoned already).
///
/// # Safety
///
/// `exchange` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_abandon(
    exchange: *mut trackside_exchange,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        exchange.check_open()?;
        exchange.abandon();
        Ok(())
    })
}

/// Writes the visitor's id to `id`: 36 characters and a NUL. That of a new visitor is recorded only if the
/// response can carry its cookie.
///
/// Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_NOT_FOUND (the visitor has no id, or one of the day, which is not made before it is needed).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `id` is NULL or has room for 37 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_visitor_id(
    exchange: *const trackside_exchange,
    id: *mut c_char,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.shared(exchange, "exchange")?;
        call.put_id(exchange.exchange.visitor_id(), id)
    })
}

/// Whether the visitor came without a valid cookie and would be given one. False also for NULL and for a
/// handle of another type.
///
/// Threads: any that may read `exchange`.
///
/// # Safety
///
/// `exchange` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_is_new(exchange: *const trackside_exchange) -> bool {
    answer(false, |call| Ok(call.shared(exchange, "exchange")?.exchange.is_new()))
}

/// Ends an exchange. NULL is allowed; do not call it twice for the same value. One that is not finished is
/// skipped (abandoned). Where its tracker was freed before, the last one to end closes it; see
/// trackside_tracker_free.
///
/// Threads: needs `exchange` for itself.
///
/// # Safety
///
/// `exchange` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_free(exchange: *mut trackside_exchange) {
    answer((), |call| call.end(exchange));
}

#[cfg(test)]
#[path = "exchange_test.rs"]
mod test;
