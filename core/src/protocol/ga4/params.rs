//! The parameters of an event.

use super::{
    super::{
        common,
        habit::{self, Habit},
        json::Object,
        text::{Address, Lower, Shown, first_chars, lower_language},
    },
    name::Name,
};
use crate::{
    Value,
    hit::{Hit, Kind, cap},
};

const MAX_PARAMS: usize = 25;
// In characters.
const MAX_LOCATION: usize = 1_000;
const MAX_REFERRER: usize = 420;
const MAX_TITLE: usize = 300;
const MAX_TEXT: usize = 100;

/// In seconds.
const DAY: u64 = 24 * 60 * 60;

pub(super) fn write(hit: &Hit, session: Option<&str>, of_user: &[String], params: &mut Object<'_>) {
    match session {
        Some(session) => params.put("session_id", session),
        None => {
            let seconds = hit.micros() / 1_000_000;
            params.put_digits("session_id", hit.session().unwrap_or(seconds - seconds % DAY));
        }
    }
    params.put("engagement_time_msec", &1);
    if !hit.site().is_empty() && !hit.path().is_empty() {
        let pieces = common::page(hit);
        if hit.kind() == Kind::Download {
            put_address(params, "link_url", pieces, MAX_TEXT);
        } else {
            put_address(params, "page_location", pieces, MAX_LOCATION);
        }
    }
    write_page(hit, params);
    match hit.kind() {
        Kind::Download => write_download(hit, params),
        Kind::Event => write_event(hit, params),
        Kind::NotFound | Kind::Page => write_referrer(hit, params),
        Kind::Search => params.put_text("search_term", first_chars(hit.label(), MAX_TEXT)),
    }
    write_properties(hit, of_user, params);
}

fn put_address<const N: usize>(params: &mut Object<'_>, key: &str, pieces: [&[u8]; N], max: usize) {
    let address = Address { pieces, max };
    match address.as_texts() {
        Some(texts) => params.put_joined(key, texts),
        None => params.put(key, &Shown(address)),
    }
}

fn write_referrer(hit: &Hit, params: &mut Object<'_>) {
    if !hit.referrer().is_empty() {
        put_address(params, "page_referrer", [hit.referrer()], MAX_REFERRER);
    }
}

fn write_download(hit: &Hit, params: &mut Object<'_>) {
    if !hit.referrer().is_empty() {
        put_address(params, "page_location", [hit.referrer()], MAX_LOCATION);
    }
    put_address(params, "file_name", [hit.path()], MAX_TEXT);
    let name = hit.path().rsplit(|&b| b == b'/').next().unwrap_or_default();
    if let Some(dot) = memchr::memrchr(b'.', name).filter(|&dot| dot > 0 && dot + 1 < name.len()) {
        put_address(params, "file_extension", [&name[dot + 1..]], MAX_TEXT);
    }
}

fn write_page(hit: &Hit, params: &mut Object<'_>) {
    params.put_text("page_title", first_chars(hit.title(), MAX_TITLE));
    match lower_language(hit.language(), &mut [0; cap::LANGUAGE]) {
        Some(language) => params.put_text("page_language", language),
        None => params.put("page_language", &Shown(Lower(hit.language()))),
    }
}

fn write_event(hit: &Hit, params: &mut Object<'_>) {
    let label = first_chars(hit.label(), MAX_TEXT);
    match Habit::of(hit) {
        Some(Habit::Exception { message, fatal }) => {
            params.put_text("description", first_chars(message, MAX_TEXT));
            if let Some(fatal) = fatal {
                params.put("fatal", &fatal);
            }
        }
        Some(Habit::Timing { .. }) => {
            params.put_text("name", first_chars(hit.name(), MAX_TEXT));
            params.put_text("event_category", hit.category());
            params.put_text("event_label", label);
        }
        None => {
            params.put_text("event_category", first_chars(hit.category(), MAX_TEXT));
            params.put_text("event_label", label);
        }
    }
    if let Some(value) = habit::revenue(hit).map(|(_, amount)| amount).or(hit.value()) {
        params.put("value", &Value::Number(value));
    }
}

/// The parameters that a hit of this kind has besides those of every event.
fn own(hit: &Hit) -> &'static [&'static str] {
    match hit.kind() {
        Kind::Download => &["file_extension", "file_name", "link_url"],
        Kind::Search => &["search_term"],
        Kind::Event => match Habit::of(hit) {
            Some(Habit::Exception { .. }) => &["description", "fatal"],
            Some(Habit::Timing { .. }) => &["name"],
            None => &[],
        },
        Kind::NotFound | Kind::Page => &[],
    }
}

fn write_properties(hit: &Hit, of_user: &[String], params: &mut Object<'_>) {
    let own = own(hit);
    let named = || {
        let free = hit.properties().filter(|(key, _)| !of_user.iter().any(|name| name == key));
        free.filter_map(|(key, value)| match value {
            Value::Text(text) if text.is_empty() => None,
            value => Some((Name::of_property(key, own)?, value)),
        })
    };
    for (n, (name, value)) in named().enumerate() {
        if params.members() == MAX_PARAMS {
            break;
        }
        if named().skip(n + 1).any(|(later, _)| later == name) {
            continue;
        }
        match value {
            Value::Text(text) => params.put(name.as_str(), first_chars(&text, MAX_TEXT)),
            value => params.put(name.as_str(), &value),
        }
    }
}
