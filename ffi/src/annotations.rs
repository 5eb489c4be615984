//! What the host adds to an exchange: title, user id, route, properties and events.

use std::borrow::Cow;

use trackside_core::Annotations;

use crate::{
    boundary::{Call, enter},
    error::{Failure, trackside_error},
    event::trackside_event,
    exchange::trackside_exchange,
    property::trackside_property,
    status::trackside_status,
    text::trackside_bytes,
};

/// Adds to an exchange what `add` makes of the caller's arguments: all of it, or nothing when it fails. What comes
/// when the exchange is over is counted as late.
fn annotate(
    exchange: *mut trackside_exchange,
    error: *mut trackside_error,
    add: impl FnOnce(&Call, &mut Annotations<'static>) -> Result<(), Failure>,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        exchange.check_open().inspect_err(|_| exchange.exchange.count_late())?;
        add(call, exchange.annotations.get_or_insert_default())
    })
}

/// Sets the page's title, in UTF-8, in place of what was set before; cut at 1,500 bytes. It is copied.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a length that cannot be), TRACKSIDE_FINISHED (it came
/// too late, and is counted so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `title` points at as many bytes as its length says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_set_title(
    exchange: *mut trackside_exchange,
    title: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    annotate(exchange, error, |call, annotations| {
        annotations.set_title(call.text(title, "title")?.to_owned());
        Ok(())
    })
}

/// Sets the id of the signed-in user, in UTF-8, in place of what was set before; cut at 256 bytes. It is
/// copied.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a length that cannot be), TRACKSIDE_FINISHED (it came
/// too late, and is counted so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `user_id` points at as many bytes as its length says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_set_user_id(
    exchange: *mut trackside_exchange,
    user_id: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    annotate(exchange, error, |call, annotations| {
        annotations.set_user_id(call.text(user_id, "user_id")?.to_owned());
        Ok(())
    })
}

/// Sets the route template that answers, such as /user/{id}, in UTF-8, in place of what was set before; cut
/// at 2,048 bytes. It is copied.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a length that cannot be), TRACKSIDE_FINISHED (it came
/// too late, and is counted so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `route` points at as many bytes as its length says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_set_route(
    exchange: *mut trackside_exchange,
    route: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    annotate(exchange, error, |call, annotations| {
        annotations.set_route(call.text(route, "route")?.to_owned());
        Ok(())
    })
}

/// Adds a property of the page view; 64 are taken. It is copied.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be),
/// TRACKSIDE_FINISHED (it came too late, and is counted so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `property` is NULL or points at a struct of its `size`, whose pointers
/// are NULL or point at as much as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_add_property(
    exchange: *mut trackside_exchange,
    property: *const trackside_property,
    error: *mut trackside_error,
) -> trackside_status {
    annotate(exchange, error, |call, annotations| {
        let property = call.read(property, "property")?;
        let (key, value) = call.property(&property, copy, || "property".to_owned())?;
        annotations.add_property(key, value);
        Ok(())
    })
}

/// Raises an event; 64 are taken. It is copied, and sent when the exchange is finished, whether the page view
/// counts or not, unless the exchange is skipped for the mode, its site or path, or as fetched ahead. For
/// events raised later see trackside_tracker_event.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be),
/// TRACKSIDE_FINISHED (it came too late, and is counted so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `event` is NULL or points at a struct of its `size`, whose pointers
/// are NULL or point at as much as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_add_event(
    exchange: *mut trackside_exchange,
    event: *const trackside_event,
    error: *mut trackside_error,
) -> trackside_status {
    annotate(exchange, error, |call, annotations| {
        annotations.add_event(call.event(event, copy)?);
        Ok(())
    })
}

fn copy(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}
