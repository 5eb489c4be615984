//! A snapshot of a visitor, for events outside an exchange.

use std::ffi::c_char;

use trackside_core::visitor::Visitor;
use uuid::Uuid;

use crate::{
    boundary::{Call, answer, enter},
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    handle::{self, Handle, Tag},
    status::trackside_status,
};

/// A snapshot of an exchange's visitor, for events that are raised when the exchange is over: its id and
/// session, the site, the address as far as the configuration allows it, agent and language. It does not
/// change any more, and does not keep the tracker alive.
///
/// Functions: trackside_exchange_visitor, trackside_visitor_id, _free; trackside_tracker_event, _event_within.
#[derive(Debug)]
pub struct trackside_visitor(pub(crate) Visitor);

impl Handle for trackside_visitor {
    const TAG: Tag = *b"VISI";
    const NAME: &'static str = "trackside_visitor";
}

impl Call {
    /// Writes an id as C has it: 36 characters and a NUL.
    pub(crate) fn put_id(&self, id: Option<Uuid>, place: *mut c_char) -> Result<(), Failure> {
        let place = self.buffer(place.cast::<u8>(), 37, "id")?;
        let id = id.ok_or_else(|| Failure::not_found("the visitor has no id"))?;
        let mut text = [0; 37];
        id.hyphenated().encode_lower(&mut text);
        for (to, from) in place.iter_mut().zip(text) {
            to.write(from);
        }
        Ok(())
    }
}

/// Takes a snapshot of the exchange's visitor, who may have no id. End it with trackside_visitor_free.
///
/// Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_FINISHED (finished or abandoned already).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `visitor` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_visitor(
    exchange: *const trackside_exchange,
    visitor: *mut *mut trackside_visitor,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.shared(exchange, "exchange")?;
        let out = call.output(visitor, "visitor")?;
        exchange.check_open()?;
        let visitor = exchange.exchange.visitor(&exchange.kept.read().as_request());
        let visitor = visitor.ok_or_else(|| Failure::not_found("the exchange has no visitor any more"))?;
        out.set(handle::give(trackside_visitor(visitor)));
        Ok(())
    })
}

/// Writes the visitor's id to `id`: 36 characters and a NUL. That of a new visitor holds only if the
/// exchange's response could carry its cookie.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_NOT_FOUND (the visitor has no id).
///
/// # Safety
///
/// `visitor` is NULL or a live handle; `id` is NULL or has room for 37 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_visitor_id(
    visitor: *const trackside_visitor,
    id: *mut c_char,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let visitor = call.shared(visitor, "visitor")?;
        call.put_id(visitor.0.id(), id)
    })
}

/// Ends a snapshot. NULL is allowed; do not call it twice for the same value.
///
/// Threads: needs `visitor` for itself.
///
/// # Safety
///
/// `visitor` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_visitor_free(visitor: *mut trackside_visitor) {
    answer((), |call| call.end(visitor));
}
