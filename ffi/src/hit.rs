//! One hit, to be read field by field.

use std::{borrow::Cow, sync::OnceLock};

use trackside_core::{Hit, Value, enrich::Found, protocol::Enriched};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    handle::{self, Handle, Tag},
    property::{TRACKSIDE_TYPE_NUMBER, TRACKSIDE_TYPE_TRUTH, trackside_property},
    status::trackside_status,
    text::trackside_bytes,
    tracker::trackside_tracker,
};

/// One page view or event: what was recorded of it. It does not change.
///
/// Functions: trackside_tracker_recorded, trackside_tracker_look, trackside_batch_hit, trackside_hit_text, _number, _property, _json,
/// _free.
#[derive(Debug)]
pub struct trackside_hit {
    hit: Hit,
    found: Option<Found>,
    written: OnceLock<Written>,
    json: OnceLock<String>,
}

/// What the record does not hold as a text.
#[derive(Debug)]
struct Written {
    id: String,
    ip: String,
    visitor: String,
}

impl Handle for trackside_hit {
    const TAG: Tag = *b"HIT ";
    const NAME: &'static str = "trackside_hit";
}

impl trackside_hit {
    /// A hit at which nobody has looked.
    pub(crate) fn new(hit: Hit) -> Self {
        Self { hit, found: None, written: OnceLock::new(), json: OnceLock::new() }
    }

    /// A hit as a worker has it.
    pub(crate) fn of(enriched: &Enriched<'_>) -> Self {
        Self { found: enriched.found.cloned(), ..Self::new(enriched.hit.clone()) }
    }

    /// The hit, with what was found out about it.
    pub(crate) fn enriched(&self) -> Enriched<'_> {
        match &self.found {
            Some(found) => Enriched::with(&self.hit, found),
            None => Enriched::new(&self.hit),
        }
    }

    pub(crate) fn hit(&self) -> &Hit {
        &self.hit
    }

    fn written(&self) -> &Written {
        let hit = &self.hit;
        self.written.get_or_init(|| Written {
            id: hit.id().to_string(),
            ip: hit.ip().map(|ip| ip.to_string()).unwrap_or_default(),
            visitor: hit.visitor().map(|visitor| visitor.to_string()).unwrap_or_default(),
        })
    }

    fn text(&self, field: trackside_field) -> Option<&[u8]> {
        let hit = &self.hit;
        Some(match field {
            TRACKSIDE_FIELD_ID => self.written().id.as_bytes(),
            TRACKSIDE_FIELD_KIND => hit.kind().as_str().as_bytes(),
            TRACKSIDE_FIELD_SITE => hit.site().as_bytes(),
            TRACKSIDE_FIELD_METHOD => hit.method(),
            TRACKSIDE_FIELD_PATH => hit.path(),
            TRACKSIDE_FIELD_QUERY => hit.query(),
            TRACKSIDE_FIELD_REFERRER => hit.referrer(),
            TRACKSIDE_FIELD_AGENT => hit.agent(),
            TRACKSIDE_FIELD_LANGUAGE => hit.language().as_bytes(),
            TRACKSIDE_FIELD_IP => self.written().ip.as_bytes(),
            TRACKSIDE_FIELD_VISITOR => self.written().visitor.as_bytes(),
            TRACKSIDE_FIELD_TITLE => hit.title().as_bytes(),
            TRACKSIDE_FIELD_USER_ID => hit.user_id().as_bytes(),
            TRACKSIDE_FIELD_ROUTE => hit.route().as_bytes(),
            TRACKSIDE_FIELD_NAME => hit.name().as_bytes(),
            TRACKSIDE_FIELD_CATEGORY => hit.category().as_bytes(),
            TRACKSIDE_FIELD_LABEL => hit.label().as_bytes(),
            TRACKSIDE_FIELD_COUNTRY => self.enriched().country().as_bytes(),
            TRACKSIDE_FIELD_REGION => self.enriched().region().as_bytes(),
            TRACKSIDE_FIELD_CITY => self.enriched().city().as_bytes(),
            _ => return None,
        })
    }

    /// None for what is no number of a hit; none within for what this hit has not.
    fn number(&self, number: trackside_number) -> Option<Option<f64>> {
        let hit = &self.hit;
        // OK because no time and no status comes near 2^53.
        let whole = |n: u64| n as f64;
        Some(match number {
            TRACKSIDE_NUMBER_AT => Some(whole(hit.micros())),
            TRACKSIDE_NUMBER_FIRST_VISIT => hit.first_visit().map(whole),
            TRACKSIDE_NUMBER_SESSION => hit.session().map(whole),
            TRACKSIDE_NUMBER_STATUS => Some(hit.status()).filter(|&status| status != 0).map(f64::from),
            TRACKSIDE_NUMBER_VALUE => hit.value(),
            TRACKSIDE_NUMBER_SECURE => Some(f64::from(u8::from(hit.is_secure()))),
            TRACKSIDE_NUMBER_NEW => hit.first_visit().map(|_| f64::from(u8::from(hit.is_new()))),
            TRACKSIDE_NUMBER_COOKIELESS => hit.visitor().map(|_| f64::from(u8::from(hit.is_cookieless()))),
            TRACKSIDE_NUMBER_CONFINED => Some(f64::from(u8::from(hit.is_confined()))),
            TRACKSIDE_NUMBER_ADS => Some(f64::from(u8::from(hit.grants_ads()))),
            _ => return None,
        })
    }

    fn json(&self) -> Result<&str, Failure> {
        if let Some(json) = self.json.get() {
            return Ok(json);
        }
        // A hit has nothing that JSON cannot hold.
        let json = serde_json::to_string(&self.enriched())
            .map_err(|error| Failure::invalid("hit", &format!("cannot be written: {error}")))?;
        Ok(self.json.get_or_init(|| json))
    }
}

/// A text of a hit.
pub type trackside_field = i32;

/// Its own id, a hyphenated UUID: the same at every destination and in every attempt.
pub const TRACKSIDE_FIELD_ID: trackside_field = 0;
/// "page", "event", or "download", "not-found" or "search", which trackside tells apart by itself.
pub const TRACKSIDE_FIELD_KIND: trackside_field = 1;
/// The site: a host name in lower case, without a port.
pub const TRACKSIDE_FIELD_SITE: trackside_field = 2;
/// The request's method: bytes from the client.
pub const TRACKSIDE_FIELD_METHOD: trackside_field = 3;
/// The path as the client asked for it, percent-encoded: bytes from the client.
pub const TRACKSIDE_FIELD_PATH: trackside_field = 4;
/// What `privacy.query` keeps of the query, without the question mark: bytes from the client.
pub const TRACKSIDE_FIELD_QUERY: trackside_field = 5;
/// The page that led here: bytes from the client.
pub const TRACKSIDE_FIELD_REFERRER: trackside_field = 6;
/// The client's program: bytes from the client.
pub const TRACKSIDE_FIELD_AGENT: trackside_field = 7;
/// The client's first language, such as "en-GB".
pub const TRACKSIDE_FIELD_LANGUAGE: trackside_field = 8;
/// The client's address, as far as the destination's `ip` allows it.
pub const TRACKSIDE_FIELD_IP: trackside_field = 9;
/// The visitor's id, a hyphenated UUID.
pub const TRACKSIDE_FIELD_VISITOR: trackside_field = 10;
/// The page's title.
pub const TRACKSIDE_FIELD_TITLE: trackside_field = 11;
/// The user's id.
pub const TRACKSIDE_FIELD_USER_ID: trackside_field = 12;
/// The route, such as "/user/{id}".
pub const TRACKSIDE_FIELD_ROUTE: trackside_field = 13;
/// The event's name.
pub const TRACKSIDE_FIELD_NAME: trackside_field = 14;
/// The event's category.
pub const TRACKSIDE_FIELD_CATEGORY: trackside_field = 15;
/// The event's label.
pub const TRACKSIDE_FIELD_LABEL: trackside_field = 16;

/// The country where the visitor is, an ISO 3166-1 code of two letters: as a trusted proxy told it, and for a hit of
/// a batch or of trackside_tracker_look also as `geo.file` does.
pub const TRACKSIDE_FIELD_COUNTRY: trackside_field = 17;
/// The part of the country, an ISO 3166-2 code without the country's.
pub const TRACKSIDE_FIELD_REGION: trackside_field = 18;
/// The city.
pub const TRACKSIDE_FIELD_CITY: trackside_field = 19;

/// A number of a hit. All but TRACKSIDE_NUMBER_VALUE are whole.
pub type trackside_number = i32;

/// When it was, in microseconds since the Unix epoch.
pub const TRACKSIDE_NUMBER_AT: trackside_number = 0;
/// The visitor's first visit, in seconds since the Unix epoch.
pub const TRACKSIDE_NUMBER_FIRST_VISIT: trackside_number = 1;
/// The session, named by the second it began, since the Unix epoch.
pub const TRACKSIDE_NUMBER_SESSION: trackside_number = 2;
/// The response's status; absent for an event outside an exchange.
pub const TRACKSIDE_NUMBER_STATUS: trackside_number = 3;
/// The event's value.
pub const TRACKSIDE_NUMBER_VALUE: trackside_number = 4;
/// 1 if the page was asked for by https, else 0.
pub const TRACKSIDE_NUMBER_SECURE: trackside_number = 5;
/// 1 if this exchange gave the visitor its id, else 0; absent without a visitor, and for one without a cookie.
pub const TRACKSIDE_NUMBER_NEW: trackside_number = 6;
/// 1 if the visitor's id is a cookieless one, which is another one the next day, else 0; absent without a visitor.
pub const TRACKSIDE_NUMBER_COOKIELESS: trackside_number = 7;
/// 1 if no third party may have the hit, for the visitor refused or has not agreed, else 0.
pub const TRACKSIDE_NUMBER_CONFINED: trackside_number = 8;
/// 1 if the visitor allowed that it serves ads, else 0.
pub const TRACKSIDE_NUMBER_ADS: trackside_number = 9;

/// Reads a text: empty where the hit has none; valid as long as the hit.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`field` is none).
///
/// # Safety
///
/// `hit` is NULL or a live handle; `text` is NULL or points at a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_hit_text(
    hit: *const trackside_hit,
    field: trackside_field,
    text: *mut trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let hit = call.shared(hit, "hit")?;
        let place = call.output(text, "text")?;
        let text = hit.text(field).ok_or_else(|| {
            Failure::invalid("field", &format!("is {field}, and no TRACKSIDE_FIELD_ has this number"))
        })?;
        place.set(trackside_bytes::of(text));
        Ok(())
    })
}

/// Reads a number.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`number` is none), TRACKSIDE_NOT_FOUND (the hit has it not).
///
/// # Safety
///
/// `hit` is NULL or a live handle; `value` is NULL or points at a place for a double.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_hit_number(
    hit: *const trackside_hit,
    number: trackside_number,
    value: *mut f64,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let hit = call.shared(hit, "hit")?;
        let place = call.output(value, "value")?;
        let value = hit.number(number).ok_or_else(|| {
            Failure::invalid("number", &format!("is {number}, and no TRACKSIDE_NUMBER_ has this number"))
        })?;
        place.set(value.ok_or_else(|| Failure::not_found("the hit has no such number"))?);
        Ok(())
    })
}

/// Reads the property at `index`, in the order in which the host gave them. Its texts are valid as long as the
/// hit.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`property`), TRACKSIDE_NOT_FOUND (past the end).
///
/// # Safety
///
/// `hit` is NULL or a live handle; `property` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_hit_property(
    hit: *const trackside_hit,
    index: usize,
    property: *mut trackside_property,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let hit = call.shared(hit, "hit")?;
        let place = call.struct_output(property, "property")?;
        let (key, value) = hit.hit.properties().nth(index).ok_or_else(|| {
            let count = hit.hit.properties().count();
            Failure::not_found(format!("`index` is {index}, but there are {count} properties"))
        })?;
        place.set(&shown(key, &value));
        Ok(())
    })
}

/// A view of a property, which lies in the record.
fn shown(key: &str, value: &Value<'_>) -> trackside_property {
    let mut shown = trackside_property::of(key);
    match value {
        Value::Number(number) => (shown.r#type, shown.number) = (TRACKSIDE_TYPE_NUMBER, *number),
        Value::Truth(truth) => (shown.r#type, shown.truth) = (TRACKSIDE_TYPE_TRUTH, (*truth).into()),
        Value::Text(Cow::Borrowed(text)) => shown.text = trackside_bytes::of(text),
        // No text of a record is a copy, which would be gone before anybody looked.
        _ => {}
    }
    shown
}

/// Writes the hit as the sink of type "file" does, as an object of JSON without a newline; valid as long as the
/// hit. A hit of a batch, and one of trackside_tracker_look, has `bot`, `channel`, `source`, `campaign` and `place` beside
/// what was recorded, where there is anything to say.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `hit` is NULL or a live handle; `json` is NULL or points at a place for a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_hit_json(
    hit: *const trackside_hit,
    json: *mut trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let hit = call.shared(hit, "hit")?;
        let place = call.output(json, "json")?;
        place.set(trackside_bytes::of(hit.json()?));
        Ok(())
    })
}

/// Looks at a hit as a worker does, and gives a copy of it whose JSON has what was found out. Filters and editors
/// are not asked. End it with trackside_hit_free.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `tracker` and `hit` are NULL or live handles; `looked` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_look(
    tracker: *const trackside_tracker,
    hit: *const trackside_hit,
    looked: *mut *mut trackside_hit,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?.live();
        let hit = call.shared(hit, "hit")?.hit();
        let place = call.output(looked, "looked")?;
        let found = tracker.look(hit);
        place.set(handle::give(trackside_hit::of(&Enriched::with(hit, &found))));
        Ok(())
    })
}

/// Ends a hit that trackside_tracker_recorded or trackside_tracker_look gave. NULL is allowed; do not call it twice for the same value.
/// Nothing happens with a hit of a batch, which is the library's.
///
/// Threads: needs `hit` for itself.
///
/// # Safety
///
/// `hit` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_hit_free(hit: *mut trackside_hit) {
    answer((), |call| call.end(hit));
}

#[cfg(test)]
#[path = "hit_test.rs"]
mod test;
