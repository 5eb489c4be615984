//! Why a request would be judged as it would be, for a person to read.

use std::{ffi::c_char, mem::MaybeUninit};

use trackside_core::{Annotations, visitor::consent::Consent};

use crate::{
    boundary::enter,
    consent::{choice, trackside_choice},
    error::{Failure, trackside_error},
    request::trackside_request,
    response::trackside_response,
    status::{TRACKSIDE_BUFFER, trackside_status},
    tracker::trackside_tracker,
};

/// Writes to `buffer` why a request would be judged as it would be, and what would be sent: the verdict, what
/// trackside_tracker_answer would answer, what each rule says, who the client is behind which proxies, the visitor, who
/// says what of its consent, the notice, the headers to append, and each hit with the exact request that
/// every destination would send, with *** for secrets. Give all headers of the request; `analytics` and `ads` are what
/// the host would say by trackside_exchange_set_consent, TRACKSIDE_CHOICE_UNKNOWN for nothing. Nothing is sent or
/// counted, and there are no annotations. The text is UTF-8 in lines, for a person to read, and ends in NUL; a later
/// library may say the same in other words.
///
/// `*needed` is set to the size of the text with its NUL, also if that is more than `capacity`. A buffer of
/// NULL and a capacity of 0 will do to ask for it.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`request.peer` is no address; a choice that there is not; a `size` or a length that cannot
/// be), TRACKSIDE_BUFFER (`capacity` is less than `*needed`, and `buffer` is not written).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `request` and `response` are NULL or point at structs of their
/// `size`, whose pointers are NULL or point at as much as their lengths say; `buffer` is NULL or has room for
/// `capacity` bytes; `needed` is NULL or points at a place for a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_explain(
    tracker: *const trackside_tracker,
    request: *const trackside_request,
    response: *const trackside_response,
    analytics: trackside_choice,
    ads: trackside_choice,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let consent = Consent::new(choice(analytics, "analytics")?, choice(ads, "ads")?);
        let text = call.request(request, |request| {
            call.response(response, |response| {
                let request = request.as_request().with_consent(consent);
                let response = response.as_response();
                let explanation = tracker.live().explain(&request, &response, &Annotations::new());
                Ok(format!("{explanation}\0"))
            })
        })?;
        let buffer = call.buffer(buffer.cast::<u8>(), capacity, "buffer")?;
        let needed = call.output(needed, "needed")?;
        needed.set(text.len());
        write(buffer, text.as_bytes())
    })
}

/// Writes a text to the front of a caller's buffer.
pub(crate) fn write(buffer: &mut [MaybeUninit<u8>], text: &[u8]) -> Result<(), Failure> {
    if buffer.len() < text.len() {
        let problem = format!("`buffer` has {} bytes, and the text {}", buffer.len(), text.len());
        return Err(Failure::new(TRACKSIDE_BUFFER, problem));
    }
    for (to, from) in buffer.iter_mut().zip(text) {
        to.write(*from);
    }
    Ok(())
}

#[cfg(test)]
#[path = "explain_test.rs"]
mod test;
