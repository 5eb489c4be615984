//! What one hit is sent as.

use super::{
    super::{
        common,
        form::Form,
        habit,
        text::{Address, Lossy, Number, first_chars},
    },
    Matomo,
};
use crate::{
    Value,
    hit::{Hit, Kind},
};

// In characters.
const MAX_USER: usize = 200;
const MAX_TEXT: usize = 1_024;
const MAX_DIMENSION: usize = 255;
/// Of Matomo's column, which has 24 bits.
const MAX_MILLIS: f64 = 16_777_215.0;
const MAX_SEARCH_CATEGORY: usize = 200;
/// Of Matomo's column.
const MAX_COUNT: f64 = 4_294_967_295.0;
/// Of Matomo's column.
const MAX_ORDER: usize = 100;

impl Matomo {
    /// Writes the hit as a query.
    pub(super) fn write(&self, hit: &Hit, now: u64, form: &mut Form<'_>) {
        form.put_shown("idsite", self.site_id);
        form.put("rec", "1");
        form.put("apiv", "1");
        if let Some(visitor) = self.script_cookie.as_deref().and_then(|name| hit.joined(name)) {
            form.put(self.visitor_as, visitor);
        } else if let Some(visitor) = hit.visitor() {
            form.put_shown(self.visitor_as, format_args!("{:016x}", visitor.as_u128() >> 64));
        }
        form.put("uid", user(hit));
        let is_action = !matches!(hit.kind(), Kind::Event | Kind::NotFound);
        if !hit.site().is_empty() && !hit.path().is_empty() || is_action {
            put_url(hit, "url", form);
        }
        if hit.kind() == Kind::Page {
            self.write_page(hit, form);
        }
        if !matches!(hit.kind(), Kind::Event | Kind::Search) {
            form.put_shown("urlref", Address { pieces: [hit.referrer()], max: MAX_TEXT });
        }
        form.put_shown("ua", Lossy(hit.agent()));
        form.put("lang", hit.language());
        form.put_shown("cdt", hit.micros().min(now) / 1_000_000);
        if self.token.is_some() {
            write_place(hit, form);
        }
        match hit.kind() {
            Kind::Download => put_url(hit, "download", form),
            Kind::NotFound => {
                write_event(hit.kind().as_str(), hit.kind().as_str(), form);
                form.put_shown("e_n", Address { pieces: [hit.path()], max: MAX_TEXT });
                form.put("ca", "1");
            }
            Kind::Event if self.has_orders && write_order(hit, form) => {}
            Kind::Event if is_search(hit) => write_search(hit, form),
            Kind::Event => {
                write_event(hit.category(), hit.name(), form);
                form.put("e_n", hit.label());
                if let Some(value) = hit.value() {
                    form.put_shown("e_v", Number(value));
                }
                form.put("ca", "1");
            }
            Kind::Search => form.put("search", hit.label()),
            Kind::Page => {}
        }
        self.write_dimensions(hit, form);
        if self.takes_bots {
            form.put("bots", "1");
        }
    }

    fn write_page(&self, hit: &Hit, form: &mut Form<'_>) {
        form.put("action_name", first_chars(hit.title(), MAX_TEXT));
        if self.begins_visits && common::begins_session(hit) {
            form.put("new_visit", "1");
        }
        if !self.server_time.is_empty()
            && let Some(Value::Number(millis)) = common::last_property(hit, &self.server_time)
            && (0.0..=MAX_MILLIS).contains(&millis)
        {
            form.put_shown("pf_srv", millis.round());
        }
    }

    /// Of two properties of one name the last stands.
    fn write_dimensions(&self, hit: &Hit, form: &mut Form<'_>) {
        for (name, key) in &self.dimensions {
            common::put_named(form, key, hit, name, |text| first_chars(text, MAX_DIMENSION));
        }
    }
}

fn put_url(hit: &Hit, key: &str, form: &mut Form<'_>) {
    form.put_shown(key, Address { pieces: common::page(hit), max: MAX_TEXT });
}

/// A part of a longer id could be somebody else's.
fn user(hit: &Hit) -> &str {
    let id = common::user(hit, usize::MAX);
    if first_chars(id, MAX_USER).len() == id.len() { id } else { "" }
}

/// The address, or what a proxy told in its place: Matomo would look it up.
fn write_place(hit: &Hit, form: &mut Form<'_>) {
    match hit.ip() {
        Some(ip) => form.put_shown("cip", ip),
        None => {
            form.put_bytes("country", hit.country().bytes().map(|byte| byte.to_ascii_lowercase()));
            form.put("region", hit.region());
            form.put("city", hit.city());
        }
    }
}

/// Both are asked for, and neither may be blank.
fn write_event(category: &str, name: &str, form: &mut Form<'_>) {
    form.put("e_c", if category.trim().is_empty() { "event" } else { category });
    form.put("e_a", name);
}

/// Whether an event says what was searched for, as a search that trackside tells apart does.
fn is_search(hit: &Hit) -> bool {
    hit.name() == Kind::Search.as_str() && !hit.label().is_empty()
}

fn write_search(hit: &Hit, form: &mut Form<'_>) {
    form.put("search", hit.label());
    form.put("search_cat", first_chars(hit.category(), MAX_SEARCH_CATEGORY));
    if let Some(count) = hit.value().filter(|count| (0.0..=MAX_COUNT).contains(count)) {
        form.put_shown("search_count", count.round());
    }
}

/// Writes a sale, and answers whether the event is one. Matomo records no event beside an order, and of two of one id the
/// first.
fn write_order(hit: &Hit, form: &mut Form<'_>) -> bool {
    let Some((_, amount)) = habit::revenue(hit).filter(|(_, amount)| *amount >= 0.0) else {
        return false;
    };
    form.put("idgoal", "0");
    match common::last_property(hit, "transaction_id") {
        Some(Value::Number(id)) if id != 0.0 => form.put_shown("ec_id", Number(id)),
        // A part of a longer one could be another order's; and `0` is none to Matomo.
        Some(Value::Text(id)) if !matches!(&*id, "" | "0") && first_chars(&id, MAX_ORDER) == id => {
            form.put("ec_id", id.as_bytes());
        }
        _ => form.put_shown("ec_id", hit.id().hyphenated()),
    }
    form.put_shown("revenue", Number(amount));
    true
}
