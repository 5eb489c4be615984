//! The exact request that a destination would send.

use trackside_core::{explain::Sending, protocol::Outgoing};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    handle::{self, Handle, Tag},
    hit::trackside_hit,
    reason::trackside_reason,
    status::{TRACKSIDE_REFUSED, TRACKSIDE_UNSUPPORTED, trackside_status},
    text::{trackside_bytes, trackside_header},
    tracker::trackside_tracker,
    view,
};

/// An HTTP request that a destination would send. Nothing is sent of it.
///
/// Functions: trackside_tracker_encode, trackside_outgoing_request, _free.
#[derive(Debug)]
pub struct trackside_outgoing {
    out: Outgoing,
    shown_url: String,
    /// They show texts of `out`, which stay where they are when it is moved.
    headers: Vec<trackside_header>,
}

impl Handle for trackside_outgoing {
    const TAG: Tag = *b"OUTG";
    const NAME: &'static str = "trackside_outgoing";
}

impl trackside_outgoing {
    pub(crate) fn new(out: Outgoing) -> Self {
        let header = |(name, value)| trackside_header {
            name: trackside_bytes::of(name),
            value: trackside_bytes::of(value),
        };
        let headers = out.headers().map(header).collect();
        Self { shown_url: out.shown_url(), headers, out }
    }

    /// What C sees of it, as long as it lives; it may be moved.
    pub(crate) fn view(&self) -> trackside_outgoing_view {
        trackside_outgoing_view {
            size: size_of::<trackside_outgoing_view>(),
            method: trackside_bytes::of(self.out.method()),
            url: trackside_bytes::of(self.out.url()),
            shown_url: trackside_bytes::of(&self.shown_url),
            headers: self.headers.as_ptr(),
            header_count: self.headers.len(),
            body: trackside_bytes::of(self.out.payload()),
        }
    }
}

/// A view of a request. Host and Content-Length are left to whoever sends it; see TRACKSIDE_OUTGOING_VIEW_INIT.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_outgoing_view {
    /// The size of the caller's struct.
    pub size: usize,
    /// Its method.
    pub method: trackside_bytes,
    /// Where it goes, with secrets: to be sent, never to be shown.
    pub url: trackside_bytes,
    /// Where it goes, with `***` in place of each secret.
    pub shown_url: trackside_bytes,
    /// Its headers, with secrets: to be sent, never to be shown.
    pub headers: *const trackside_header,
    /// How many there are.
    pub header_count: usize,
    /// Its body, with secrets: to be sent, never to be shown.
    pub body: trackside_bytes,
}

view::growing!(trackside_outgoing_view, last: body);

/// Makes the request that the destination of that name would send for `hit` alone, if it were sent now by the
/// tracker's clock. Nothing is sent or counted. End it with trackside_outgoing_free.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8; TRACKSIDE_NOT_FOUND (no destination has this name, or it is not offered this hit,
/// which was recorded under another `ip` policy); TRACKSIDE_UNSUPPORTED (it has no wire format, but takes
/// hits as they are); TRACKSIDE_REFUSED (it would refuse the hit). With that status alone the reason is
/// written to `refused`, which may be NULL.
///
/// # Safety
///
/// `tracker` and `hit` are NULL or live handles; `destination` can be read; `outgoing` is NULL or points at a
/// place for a pointer; `refused` is NULL or points at a place for a reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_encode(
    tracker: *const trackside_tracker,
    destination: trackside_bytes,
    hit: *const trackside_hit,
    outgoing: *mut *mut trackside_outgoing,
    refused: *mut trackside_reason,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?.live();
        let name = call.text(destination, "destination")?;
        let hit = call.shared(hit, "hit")?.hit();
        let place = call.output(outgoing, "outgoing")?;
        let refused = call.optional_output(refused, "refused")?;
        match tracker.sending(name, hit) {
            Some(Sending::Request(out)) => {
                place.set(handle::give(trackside_outgoing::new(*out)));
                Ok(())
            }
            Some(Sending::Refused(reason)) => {
                if let Some(refused) = refused {
                    refused.set(reason.number());
                }
                let text = format!("destination `{name}` would refuse the hit ({reason})");
                Err(Failure::new(TRACKSIDE_REFUSED, text))
            }
            Some(_) => {
                let text = format!("destination `{name}` has no wire format; it takes hits as they are");
                Err(Failure::new(TRACKSIDE_UNSUPPORTED, text))
            }
            None => Err(Failure::not_found(format!(
                "no destination is called `{name}`, or it is not offered this hit, which was recorded under \
                 another `ip` policy"
            ))),
        }
    })
}

/// Shows the request. What the view shows is valid until `outgoing` is freed.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`view`).
///
/// # Safety
///
/// `outgoing` is NULL or a live handle; `view` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_outgoing_request(
    outgoing: *const trackside_outgoing,
    view: *mut trackside_outgoing_view,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let outgoing = call.shared(outgoing, "outgoing")?;
        call.struct_output(view, "view")?.set(&outgoing.view());
        Ok(())
    })
}

/// Ends a request. NULL is allowed; do not call it twice for the same value.
///
/// Threads: needs `outgoing` for itself.
///
/// # Safety
///
/// `outgoing` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_outgoing_free(outgoing: *mut trackside_outgoing) {
    answer((), |call| call.end(outgoing));
}

#[cfg(test)]
#[path = "outgoing_test.rs"]
mod test;
