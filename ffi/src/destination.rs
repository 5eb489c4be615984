//! A destination as options have it, for a host that has to know before it opens a tracker.

use std::ffi::c_char;

use trackside_core::config::{Destination, Receiver};

use crate::{
    boundary::enter,
    error::{Failure, trackside_error},
    options::trackside_options,
    status::trackside_status,
    view,
};

/// A destination as it is configured: texts that end in NUL. See TRACKSIDE_DESTINATION_INIT.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_destination {
    /// The size of the caller's struct.
    pub size: usize,
    /// Its name, as trackside_options_sink takes it.
    pub name: [c_char; 65],
    /// Its `type`.
    pub kind: [c_char; 16],
    /// The task that a destination of type "celery" hands its hits to; empty for other types.
    pub task: [c_char; 256],
}

view::growing!(trackside_destination, last: task);

impl From<&Destination> for trackside_destination {
    fn from(destination: &Destination) -> Self {
        let task = match &destination.receiver {
            Receiver::Celery { task, .. } => task,
            _ => "",
        };
        Self {
            size: size_of::<Self>(),
            name: text(&destination.name),
            kind: text(destination.receiver.kind()),
            task: text(task),
        }
    }
}

/// The configuration lets no text be longer than its place, and none has a NUL.
fn text<const N: usize>(text: &str) -> [c_char; N] {
    let mut place = [0; N];
    let room = N.saturating_sub(1);
    for (to, from) in place.iter_mut().zip(text.bytes().take(room)) {
        *to = from as c_char;
    }
    place
}

/// Tells of the destination at `index`, from 0, that a tracker which is opened with these options has. So a host
/// that gives sinks (trackside_options_sink) finds out who wants one.
///
/// Each call reads the whole configuration, as trackside_tracker_open does.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`destination`), TRACKSIDE_NOT_FOUND (past the end); TRACKSIDE_CONFIG, TRACKSIDE_IO
/// and TRACKSIDE_INVALID_ARGUMENT as from trackside_tracker_open.
///
/// # Safety
///
/// `options` is NULL or a live handle; `destination` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_destination(
    options: *const trackside_options,
    index: usize,
    destination: *mut trackside_destination,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let options = call.shared(options, "options")?;
        let place = call.struct_output(destination, "destination")?;
        let config = options.config()?;
        let all = config.destinations();
        let found = all.get(index).ok_or_else(|| {
            Failure::not_found(format!("`index` is {index}, but there are {} destinations", all.len()))
        })?;
        place.set(&found.into());
        Ok(())
    })
}

#[cfg(test)]
#[path = "destination_test.rs"]
mod test;
