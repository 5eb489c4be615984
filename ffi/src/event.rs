//! An event and its properties.

use trackside_core::{Event, transport::Submitted, visitor::Visitor};
use trackside_transports::Tracker;

use crate::{
    boundary::{Call, enter},
    error::{Failure, trackside_error},
    property::{Take, trackside_property},
    reason::{TRACKSIDE_REASON_NONE, trackside_reason},
    status::{TRACKSIDE_REENTRANT, trackside_status},
    text::trackside_bytes,
    tracker::{duration, trackside_tracker},
    truth::trackside_truth,
    view,
    visitor::trackside_visitor,
};

/// Something that happened, to be reported by name. It is read during the call alone. All texts are UTF-8;
/// name, category and label are cut at 500 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_event {
    /// The size of the caller's struct; see TRACKSIDE_EVENT_INIT.
    pub size: usize,
    /// What happened. Any text is taken; a receiver that has rules for names is given what they allow (GA4: letters,
    /// digits and `_`) and refuses one of which nothing is left (bad-name in the books).
    pub name: trackside_bytes,
    /// The group of events it belongs to; empty: none. GA4 has none and is given `category_name`, so leave it
    /// empty for the events that GA4 itself defines.
    pub category: trackside_bytes,
    /// What it happened to; empty: none.
    pub label: trackside_bytes,
    /// Its properties, of which 64 are taken. Each has its own `size` set, all the same.
    pub properties: *const trackside_property,
    /// How many properties there are.
    pub property_count: usize,
    /// How much; one that is not finite is left out.
    pub value: f64,
    /// Whether there is a value.
    pub has_value: trackside_truth,
}

view::growing!(trackside_event, last: has_value);

impl Call {
    /// What the caller's struct says.
    pub(crate) fn event<'f, 't>(
        &'f self,
        event: *const trackside_event,
        take: Take<'f, 't>,
    ) -> Result<Event<'t>, Failure> {
        let given = self.read(event, "event")?;
        let mut event = Event::new(take(self.text(given.name, "event.name")?));
        let category = self.text(given.category, "event.category")?;
        if !category.is_empty() {
            event = event.category(take(category));
        }
        let label = self.text(given.label, "event.label")?;
        if !label.is_empty() {
            event = event.label(take(label));
        }
        if given.has_value.get() {
            event = event.value(given.value);
        }
        let properties = self.read_array(given.properties, given.property_count, "event.properties")?;
        for (n, property) in properties.enumerate() {
            let (key, value) = self.property(&property, take, || format!("event.properties[{n}]"))?;
            event = event.property(key, value);
        }
        Ok(event)
    }

    /// An event outside an exchange: for whom it is raised, and what.
    fn outside(
        &self,
        tracker: *const trackside_tracker,
        visitor: *const trackside_visitor,
        event: *const trackside_event,
    ) -> Result<(&Tracker, &Visitor, Event<'_>), Failure> {
        let tracker = self.shared(tracker, "tracker")?;
        let visitor = self.shared(visitor, "visitor")?;
        Ok((tracker.live(), &visitor.0, self.event(event, Into::into)?))
    }
}

/// Takes up an event raised outside an exchange, for a visitor that an exchange gave out. What becomes of
/// its hit say trackside_tracker_stats.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_UTF8, TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be).
///
/// # Safety
///
/// `tracker` and `visitor` are NULL or live handles; `event` is NULL or points at a struct of its `size`,
/// whose pointers are NULL or point at as much as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_event(
    tracker: *const trackside_tracker,
    visitor: *const trackside_visitor,
    event: *const trackside_event,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let (live, visitor, event) = call.outside(tracker, visitor, event)?;
        // The destinations' books say what became of it.
        let (Submitted::Queued | Submitted::Dropped(_)) = live.event(visitor, &event);
        Ok(())
    })
}

/// trackside_tracker_event for importers, who rather wait than lose an event: where a destination's queue is full, waits
/// for room for at most `milliseconds` (UINT64_MAX: the configuration's `shutdown`). With several destinations it waits for
/// each in turn, for at most that in all. Never for the thread of a request.
///
/// `reason`, which may be NULL, says why no destination took the event: TRACKSIDE_REASON_QUEUE_FULL or _QUEUE_BYTES if
/// there was no room in time, another if it was not waited for; TRACKSIDE_REASON_NONE if one took it.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_UTF8,
/// TRACKSIDE_INVALID_ARGUMENT (a `size`, a length or a type that cannot be), TRACKSIDE_REENTRANT (called from a sink; the
/// event was not taken).
///
/// # Safety
///
/// `tracker` and `visitor` are NULL or live handles; `event` is NULL or points at a struct of its `size`, whose pointers
/// are NULL or point at as much as their lengths say; `reason` is NULL or points at a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_event_within(
    tracker: *const trackside_tracker,
    visitor: *const trackside_visitor,
    event: *const trackside_event,
    milliseconds: u64,
    reason: *mut trackside_reason,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let (live, visitor, event) = call.outside(tracker, visitor, event)?;
        let place = call.optional_output(reason, "reason")?;
        let submitted = live
            .event_within(visitor, &event, duration(live, milliseconds))
            .map_err(|error| Failure::new(TRACKSIDE_REENTRANT, error.to_string()))?;
        if let Some(place) = place {
            place.set(match submitted {
                Submitted::Queued => TRACKSIDE_REASON_NONE,
                Submitted::Dropped(reason) => reason.number(),
            });
        }
        Ok(())
    })
}
