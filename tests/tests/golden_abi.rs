//! The golden vectors through the C ABI, as a program in C would run them: its clock and entropy swapped, its
//! hits recorded; once in arrays, and once in blocks. What comes out has to be what the vectors expect, and each hit
//! and each request byte for byte what core makes of it.

#![allow(unsafe_code, reason = "the C ABI is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "golden/blocks.rs"]
mod blocks;
#[path = "golden/core.rs"]
mod core;
#[path = "golden/vector.rs"]
mod vector;

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_uchar, c_void},
    mem::{self, size_of},
    ptr,
};

use serde_json::{Value as Json, json};
use trackside_core::{Config, visitor::consent::Choice};
use trackside_ffi::*;
use trackside_tests::block;

use self::vector::{
    Added, Asked, Call, DELAY, Raised, Text, Vector, answered, bytes, compare, posted, shown,
};

/// How requests and responses are passed.
#[derive(Clone, Copy)]
enum Way {
    Arrays,
    Blocks,
    /// Blocks, of which that of the request is lent.
    LentBlock,
    /// Blocks, of which one call ends the exchange.
    OneBlock,
}

/// What the tracker's clock and entropy answer.
struct Now {
    micros: Cell<u64>,
    entropy: Cell<[u8; 64]>,
    key: Cell<Option<[u8; 32]>>,
}

unsafe extern "C" fn clock(now: *mut c_void) -> u64 {
    // SAFETY: it is the `Now` of the vector, which outlives its tracker.
    unsafe { &*now.cast::<Now>() }.micros.get()
}

unsafe extern "C" fn keys(now: *mut c_void, _: u64, to: *mut c_uchar) -> trackside_truth {
    // SAFETY: the test gave it a pointer to this, and there are 32 bytes.
    unsafe {
        let key = (*now.cast::<Now>()).key.get();
        if let Some(key) = key {
            to.copy_from_nonoverlapping(key.as_ptr(), 32);
        }
        key.is_some().into()
    }
}

unsafe extern "C" fn entropy(now: *mut c_void, to: *mut c_uchar) {
    // SAFETY: as above; `to` has room for 64 bytes.
    unsafe { to.copy_from_nonoverlapping((*now.cast::<Now>()).entropy.get().as_ptr(), 64) }
}

fn no_error() -> trackside_error {
    trackside_error { size: size_of::<trackside_error>(), status: TRACKSIDE_OK, text: [0; 256] }
}

/// Runs a function that has to succeed.
#[track_caller]
fn ok(call: impl FnOnce(*mut trackside_error) -> trackside_status) {
    let mut error = no_error();
    let status = call(&mut error);
    assert_eq!(status, TRACKSIDE_OK, "{}", said(&error));
}

fn said(error: &trackside_error) -> String {
    // SAFETY: it ends in NUL.
    unsafe { CStr::from_ptr(error.text.as_ptr()) }.to_string_lossy().into_owned()
}

fn views(headers: &[(Text, Text)]) -> Vec<trackside_header> {
    headers
        .iter()
        .map(|(name, value)| trackside_header {
            name: trackside_bytes::of(name),
            value: trackside_bytes::of(value),
        })
        .collect()
}

/// The bytes that a view borrows.
unsafe fn seen<'a>(view: trackside_bytes) -> &'a [u8] {
    // SAFETY: the caller uses them no longer than they are valid.
    if view.length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(view.data.cast(), view.length) } }
}

unsafe fn text<'a>(view: trackside_bytes) -> &'a str {
    // SAFETY: as above.
    std::str::from_utf8(unsafe { seen(view) }).expect("UTF-8")
}

unsafe fn pairs<'a>(headers: *const trackside_header, count: usize) -> Vec<(&'a str, &'a str)> {
    // SAFETY: as above.
    (0..count).map(|n| unsafe { (text((*headers.add(n)).name), text((*headers.add(n)).value)) }).collect()
}

fn property(key: &str, value: &Json) -> trackside_property {
    let none = trackside_property::of(key);
    match value {
        Json::Bool(truth) => {
            trackside_property { r#type: TRACKSIDE_TYPE_TRUTH, truth: (*truth).into(), ..none }
        }
        Json::Number(number) => {
            trackside_property { r#type: TRACKSIDE_TYPE_NUMBER, number: number.as_f64().unwrap(), ..none }
        }
        Json::String(text) => trackside_property { text: trackside_bytes::of(text), ..none },
        other => panic!("no property can be {other}"),
    }
}

fn annotate(exchange: *mut trackside_exchange, added: &Added) {
    // SAFETY: the exchange is live, and what is passed outlives the calls.
    unsafe {
        if let Some(title) = &added.title {
            ok(|error| trackside_exchange_set_title(exchange, trackside_bytes::of(title), error));
        }
        if let Some(user_id) = &added.user_id {
            ok(|error| trackside_exchange_set_user_id(exchange, trackside_bytes::of(user_id), error));
        }
        if let Some(route) = &added.route {
            ok(|error| trackside_exchange_set_route(exchange, trackside_bytes::of(route), error));
        }
        for (key, value) in &added.properties {
            ok(|error| trackside_exchange_add_property(exchange, &property(key, value), error));
        }
        for raised in &added.events {
            let Raised { name, category, label, value, properties } = raised;
            let properties: Vec<_> = properties.iter().map(|(key, value)| property(key, value)).collect();
            let event = trackside_event {
                size: size_of::<trackside_event>(),
                name: trackside_bytes::of(name),
                category: category.as_ref().map_or(trackside_bytes::EMPTY, trackside_bytes::of),
                label: label.as_ref().map_or(trackside_bytes::EMPTY, trackside_bytes::of),
                properties: properties.as_ptr(),
                property_count: properties.len(),
                value: value.unwrap_or_default(),
                has_value: value.is_some().into(),
            };
            ok(|error| trackside_exchange_add_event(exchange, &event, error));
        }
    }
}

/// What the library makes of a vector's calls, in the vectors' words.
fn outcomes(way: Way, vector: &Vector) -> Result<Vec<Json>, String> {
    let now = Now { micros: Cell::new(0), entropy: Cell::new([0; 64]), key: Cell::new(None) };
    let userdata = ptr::from_ref(&now).cast_mut().cast();
    let config = vector.configuration();
    let mut options = ptr::null_mut();
    let mut tracker = ptr::null_mut();
    // SAFETY: `now` outlives the tracker, which nobody but this thread uses.
    unsafe {
        ok(|error| trackside_options_new(&mut options, error));
        ok(|error| trackside_options_json(options, trackside_bytes::of(&config), error));
        ok(|error| trackside_options_clock(options, Some(clock), userdata, error));
        ok(|error| trackside_options_entropy(options, Some(entropy), userdata, error));
        ok(|error| trackside_options_keys(options, Some(keys), userdata, error));
        ok(|error| trackside_options_recording(options, error));
        let mut error = no_error();
        let status = trackside_tracker_open(options, &mut tracker, &mut error);
        trackside_options_free(options);
        if status != TRACKSIDE_OK {
            return Err(said(&error));
        }
    }
    let config = Config::builder().json(&config).build().map_err(|error| error.to_string())?;
    let names: Vec<_> = config.destinations().iter().map(|destination| destination.name.as_str()).collect();
    let (mut recorded, mut raw, mut raw_of_core) = (0, Vec::new(), Vec::new());
    let mut outcomes = Vec::new();
    for call in &vector.calls {
        outcomes.push(outcome(way, tracker, &now, call, &names, &mut recorded, &mut raw));
        core::outcome(&config, call, &mut raw_of_core);
    }
    assert_eq!(raw, raw_of_core, "{}", vector.name);
    // SAFETY: it is not used any more.
    unsafe { trackside_tracker_free(tracker) };
    Ok(outcomes)
}

fn outcome(
    way: Way,
    tracker: *mut trackside_tracker,
    now: &Now,
    call: &Call,
    destinations: &[&str],
    recorded: &mut usize,
    raw: &mut Vec<Vec<u8>>,
) -> Json {
    now.micros.set(call.now);
    now.key.set(call.daily_key().map(|key| key.0));
    now.entropy.set(bytes(&call.entropy).try_into().expect("64 bytes of entropy"));
    // SAFETY: the handles are live, and what they are given outlives the calls.
    unsafe {
        if let Some(answered) = answer(tracker, &call.request) {
            now.micros.set(call.now + DELAY);
            let hits = hits(tracker, destinations, recorded, raw);
            return answered(hits);
        }
        let (exchange, _lent) = begin(way, tracker, &call.request);
        let choice = |choice| match choice {
            Choice::Denied => TRACKSIDE_CHOICE_DENIED,
            Choice::Granted => TRACKSIDE_CHOICE_GRANTED,
            Choice::Unknown => TRACKSIDE_CHOICE_UNKNOWN,
        };
        let said = call.consent.consent();
        ok(|error| trackside_exchange_set_consent(exchange, choice(said.analytics), choice(said.ads), error));
        let visitor = json!({
            "id": visitor_id(exchange),
            "new": trackside_exchange_is_new(exchange),
        });
        let notice = notice(exchange);
        if call.annotations.beacon {
            ok(|error| trackside_exchange_beacon(exchange, ptr::null_mut(), error));
        }
        let (verdict, headers) = end(way, exchange, call);
        let verdict = match verdict {
            0 => "tracked",
            reason => CStr::from_ptr(trackside_reason_code(reason)).to_str().unwrap(),
        };
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| json!([name.to_lowercase(), value])).collect();

        now.micros.set(call.now + DELAY);
        let hits = hits(tracker, destinations, recorded, raw);
        json!({
            "verdict": verdict,
            "headers": headers,
            "notice": notice,
            "visitor": visitor,
            "hits": hits,
        })
    }
}

/// What was recorded since.
unsafe fn hits(
    tracker: *mut trackside_tracker,
    destinations: &[&str],
    recorded: &mut usize,
    raw: &mut Vec<Vec<u8>>,
) -> Vec<Json> {
    let mut total = 0;
    // SAFETY: the tracker is live.
    unsafe {
        ok(|error| trackside_tracker_recorded_count(tracker, &mut total, error));
        (mem::replace(recorded, total)..total).map(|n| hit(tracker, n, destinations, raw)).collect()
    }
}

/// What the library answers itself, once the hits are known; none if it is the host's to answer.
unsafe fn answer(tracker: *const trackside_tracker, asked: &Asked) -> Option<impl FnOnce(Vec<Json>) -> Json> {
    let mut answer = ptr::null_mut();
    let mut error = no_error();
    let status = request_of(asked, |request| {
        // SAFETY: the tracker is live, and what it is given outlives the call.
        unsafe { trackside_tracker_answer(tracker, request, &mut answer, &mut error) }
    });
    if status == TRACKSIDE_NOT_FOUND {
        return None;
    }
    assert_eq!(status, TRACKSIDE_OK, "{}", said(&error));
    Some(move |hits| {
        let (mut first, mut count) = (ptr::null(), 0);
        // SAFETY: the answer is live until it is freed, and what it lends is copied before.
        unsafe {
            ok(|error| trackside_answer_headers(answer, &mut first, &mut count, error));
            let reason = match trackside_answer_reason(answer) {
                0 => "tracked",
                reason => CStr::from_ptr(trackside_reason_code(reason)).to_str().unwrap(),
            };
            let (headers, body) = (pairs(first, count), seen(trackside_answer_body(answer)));
            let made = answered(reason, trackside_answer_status(answer), &headers, body, hits);
            trackside_answer_free(answer);
            made
        }
    })
}

/// Shows `look` a request in arrays.
fn request_of<T>(asked: &Asked, look: impl FnOnce(&trackside_request) -> T) -> T {
    let headers = views(&asked.headers);
    let peer = asked.peer.map(|peer| peer.to_string());
    look(&trackside_request {
        size: size_of::<trackside_request>(),
        method: trackside_bytes::of(&asked.method),
        target: trackside_bytes::of(&asked.target),
        authority: asked.authority.as_ref().map_or(trackside_bytes::EMPTY, trackside_bytes::of),
        peer: peer.as_ref().map_or(trackside_bytes::EMPTY, trackside_bytes::of),
        headers: headers.as_ptr(),
        header_count: headers.len(),
        secure: asked.secure.into(),
        resolved: asked.resolved.into(),
    })
}

/// Begins an exchange with this request.
fn begin(way: Way, tracker: *const trackside_tracker, asked: &Asked) -> (*mut trackside_exchange, Lent) {
    let (mut exchange, mut lent) = (ptr::null_mut(), None);
    match way {
        Way::Arrays => request_of(asked, |request| {
            // SAFETY: the tracker is live, and what it is given outlives the call.
            ok(|error| unsafe { trackside_exchange_begin(tracker, request, &mut exchange, error) });
        }),
        Way::Blocks | Way::LentBlock | Way::OneBlock => {
            let is_lent = matches!(way, Way::LentBlock);
            let block = block::RequestBlock { lent: is_lent, ..blocks::request(asked) }.bytes();
            let (data, length) = (block.as_ptr(), block.len());
            // SAFETY: as above, and as long as the exchange if it is lent.
            ok(|error| unsafe { trackside_exchange_begin_blob(tracker, data, length, &mut exchange, error) });
            lent = is_lent.then_some(block);
        }
    }
    (exchange, lent)
}

/// What has to live until the exchange is freed.
type Lent = Option<Vec<u8>>;

/// Ends an exchange as the call says, with its annotations, and reads the verdict.
fn end(way: Way, exchange: *mut trackside_exchange, call: &Call) -> (u16, Vec<(String, String)>) {
    match (&call.response, way) {
        (None, _) => {
            // There is no block for it.
            annotate(exchange, &call.annotations);
            // SAFETY: the exchange is live.
            ok(|error| unsafe { trackside_exchange_abandon(exchange, error) });
        }
        (Some(answered), Way::Arrays) => {
            annotate(exchange, &call.annotations);
            let headers = views(&answered.headers);
            let response = trackside_response {
                size: size_of::<trackside_response>(),
                status: answered.status,
                headers: headers.as_ptr(),
                header_count: headers.len(),
            };
            // SAFETY: the exchange is live, and what it is given outlives the call.
            ok(|error| unsafe { trackside_exchange_finish(exchange, &response, error) });
        }
        (Some(answered), Way::Blocks | Way::LentBlock) => {
            let block = blocks::response(answered, &call.annotations).bytes();
            let (data, length) = (block.as_ptr(), block.len());
            // SAFETY: as above.
            ok(|error| unsafe { trackside_exchange_finish_blob(exchange, data, length, error) });
        }
        (Some(answered), Way::OneBlock) => {
            let block = blocks::response(answered, &call.annotations).bytes();
            let mut buffer = [0; 512];
            let mut needed = 0;
            let (data, length, place) = (block.as_ptr(), block.len(), buffer.as_mut_ptr());
            // SAFETY: as above; the exchange is not used any more.
            ok(|error| unsafe {
                trackside_exchange_end_blob(exchange, data, length, place, buffer.len(), &mut needed, error)
            });
            return block::verdict(&buffer[..needed]);
        }
    }
    let (mut reason, mut appended, mut count) = (0, ptr::null(), 0);
    // SAFETY: the exchange is live, and not used any more when it is freed.
    unsafe {
        ok(|error| trackside_exchange_reason(exchange, &mut reason, error));
        ok(|error| trackside_exchange_headers(exchange, &mut appended, &mut count, error));
        let headers = pairs(appended, count);
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        trackside_exchange_free(exchange);
        (reason, headers)
    }
}

unsafe fn visitor_id(exchange: *const trackside_exchange) -> Option<String> {
    let mut id: [c_char; 37] = [0; 37];
    let mut error = no_error();
    // SAFETY: the exchange is live, and there is room for an id and its NUL.
    match unsafe { trackside_exchange_visitor_id(exchange, id.as_mut_ptr(), &mut error) } {
        // SAFETY: it ends in NUL.
        TRACKSIDE_OK => Some(unsafe { CStr::from_ptr(id.as_ptr()) }.to_str().unwrap().to_owned()),
        status => {
            assert_eq!(status, TRACKSIDE_NOT_FOUND, "{}", said(&error));
            None
        }
    }
}

unsafe fn notice(exchange: *mut trackside_exchange) -> Option<Json> {
    let (mut plain, mut html) = (trackside_bytes::EMPTY, trackside_bytes::EMPTY);
    let mut error = no_error();
    // SAFETY: the exchange is live and stays so while its texts are read.
    unsafe {
        match trackside_exchange_notice(exchange, &mut plain, &mut html, &mut error) {
            TRACKSIDE_OK => {
                let mut banner = trackside_bytes::EMPTY;
                let status = trackside_exchange_banner(exchange, &mut banner, &mut error);
                assert!(status == TRACKSIDE_OK || status == TRACKSIDE_NOT_FOUND, "{}", said(&error));
                let banner = (status == TRACKSIDE_OK).then(|| text(banner));
                Some(shown(text(plain), text(html), banner))
            }
            status => {
                assert_eq!(status, TRACKSIDE_NOT_FOUND, "{}", said(&error));
                None
            }
        }
    }
}

/// The recorded hit, and what each destination that is offered it makes of it.
unsafe fn hit(
    tracker: *mut trackside_tracker,
    index: usize,
    destinations: &[&str],
    raw: &mut Vec<Vec<u8>>,
) -> Json {
    let mut hit = ptr::null_mut();
    // SAFETY: the tracker is live, and the hit until it is freed below.
    unsafe {
        ok(|error| trackside_tracker_recorded(tracker, index, &mut hit, error));
        let mut json = trackside_bytes::EMPTY;
        ok(|error| trackside_hit_json(hit, &mut json, error));
        raw.push(seen(json).to_owned());
        let mut sent = serde_json::Map::new();
        for name in destinations {
            let mut outgoing = ptr::null_mut();
            let mut reason = 0;
            let mut error = no_error();
            let status = trackside_tracker_encode(
                tracker,
                trackside_bytes::of(name),
                hit,
                &mut outgoing,
                &mut reason,
                &mut error,
            );
            let made = match status {
                TRACKSIDE_OK => {
                    let request = request(outgoing, raw);
                    trackside_outgoing_free(outgoing);
                    json!({ "outcome": "admitted", "request": request })
                }
                TRACKSIDE_UNSUPPORTED => json!({ "outcome": "admitted" }),
                TRACKSIDE_REFUSED => {
                    json!({ "outcome": CStr::from_ptr(trackside_reason_code(reason)).to_str().unwrap() })
                }
                // It is offered another record, with another address.
                TRACKSIDE_NOT_FOUND => continue,
                status => panic!("status {status}: {}", said(&error)),
            };
            sent.insert((*name).to_owned(), made);
        }
        let json = serde_json::from_str::<Json>(text(json)).expect("a hit in JSON");
        let mut looked = ptr::null_mut();
        ok(|error| trackside_tracker_look(tracker, hit, &mut looked, error));
        let mut all = trackside_bytes::EMPTY;
        ok(|error| trackside_hit_json(looked, &mut all, error));
        let all = serde_json::from_str::<Json>(text(all)).expect("a hit in JSON");
        let found: serde_json::Map<_, _> =
            all.as_object().unwrap().clone().into_iter().filter(|(key, _)| json.get(key).is_none()).collect();
        trackside_hit_free(looked);
        trackside_hit_free(hit);
        json!({ "hit": json, "found": found, "destinations": sent })
    }
}

unsafe fn request(outgoing: *const trackside_outgoing, raw: &mut Vec<Vec<u8>>) -> Json {
    // SAFETY: an all-zero view is an empty one.
    let mut view: trackside_outgoing_view = unsafe { std::mem::zeroed() };
    view.size = size_of::<trackside_outgoing_view>();
    // SAFETY: the request is live, and what the view borrows is valid until it is freed.
    unsafe {
        ok(|error| trackside_outgoing_request(outgoing, &mut view, error));
        let headers = pairs(view.headers, view.header_count);
        raw.push(seen(view.body).to_owned());
        posted(text(view.method), text(view.url), &headers, seen(view.body))
    }
}

#[test]
fn arrays_give_what_the_vectors_expect() {
    compare(|vector| outcomes(Way::Arrays, vector));
}

#[test]
fn blocks_give_what_the_vectors_expect() {
    compare(|vector| outcomes(Way::Blocks, vector));
}

#[test]
fn blocks_that_are_lent_give_what_the_vectors_expect() {
    compare(|vector| outcomes(Way::LentBlock, vector));
}

#[test]
fn exchanges_that_one_call_ends_give_what_the_vectors_expect() {
    compare(|vector| outcomes(Way::OneBlock, vector));
}
