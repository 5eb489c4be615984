//! What one hit is sent as.

use std::ops::Range;

use percent_encoding::percent_decode;

use super::{
    super::{
        Enriched, common,
        form::Form,
        habit::{self, Habit},
        text::{Number, lower_language},
    },
    GaV1, Time,
};
use crate::{
    Value,
    enrich::Click,
    hit::{
        Hit, Kind,
        cap::{self, cut, cut_str},
    },
};

// In bytes.
const MAX_PAYLOAD: usize = 8_192;
const MAX_SITE: usize = 100;
const MAX_ADDRESS: usize = 2_048;
const MAX_LANGUAGE: usize = 20;
const MAX_CAMPAIGN: usize = 100;
const MAX_MEDIUM: usize = 50;
const MAX_WORDS: usize = 500;
const MAX_CLICK: usize = 500;
const MAX_CATEGORY: usize = 150;
const MAX_ACTION: usize = 500;
const MAX_MESSAGE: usize = 150;
const MAX_DIMENSION: usize = 150;
/// From here on a double no longer tells one integer from the next.
const MAX_VALUE: f64 = 9_007_199_254_740_992.0;
/// Of what a form too long gives up.
const GIVES: [&str; 8] = ["dr", "dt", "cc", "ck", "el", "ua", "dl", "dp"];
/// In microseconds: the age from which on a hit is late.
const LATE: u64 = 1_000_000;

// The parameters' other limits hold because a record holds no more.
const _: () = assert!(cap::TITLE <= 1_500 && cap::URL <= 2_048 && cap::EVENT <= 500);

impl GaV1 {
    /// Writes the hit behind what is in `body`, and answers where there the token stands.
    pub(super) fn write(
        &self,
        enriched: &Enriched<'_>,
        now: u64,
        body: &mut Vec<u8>,
    ) -> Option<Range<usize>> {
        let mut form = Form::new(body);
        self.write_hit(enriched, now, &mut form);
        let token = self.token.as_ref();
        let reserved = token.map_or(0, |token| "&=".len() + self.token_as.len() + 3 * token.reveal().len());
        let room = MAX_PAYLOAD.saturating_sub(reserved);
        for name in GIVES {
            form.shorten(name, room);
        }
        self.write_indexed(enriched.hit, room, &mut form);
        token.map(|token| form.put_secret(&self.token_as, token))
    }

    fn write_hit(&self, enriched: &Enriched<'_>, now: u64, form: &mut Form<'_>) {
        let hit = enriched.hit;
        let what = if self.dialect.has_habits() { What::of(hit) } else { What::plain(hit) };
        form.put("v", &self.version);
        form.put_shown("z", cache_buster(hit));
        form.put("t", what.code());
        form.put("dt", hit.title());
        if !self.is_whole {
            form.put("dh", cut(hit.site().as_bytes(), MAX_SITE));
        }
        form.put("dr", hit.referrer());
        if self.is_whole {
            put_address(hit, form)
        } else {
            put_path(hit, form)
        }
        form.put("tid", &self.tracking_id);
        form.put("ds", &self.data_source);
        if let Some(client) = self.joined(hit) {
            form.put("cid", client);
        } else if let Some(visitor) = hit.visitor() {
            self.dialect.write_client(visitor, form);
        }
        form.put("uid", common::user(hit, usize::MAX));
        if let Some(ip) = hit.ip() {
            form.put_shown("uip", ip);
        } else {
            // It beats the address, which tells more.
            form.put("geoid", hit.country());
        }
        form.put("ua", hit.agent());
        if let Some(language) = lower_language(hit.language(), &mut [0; cap::LANGUAGE]) {
            form.put("ul", cut_str(language, MAX_LANGUAGE));
        }
        if !self.is_whole || !is_told_by_address(hit) {
            write_campaign(enriched, form);
        }
        if self.begins_sessions && common::begins_session(hit) {
            form.put("sc", "start");
        }
        match self.time {
            Time::Age if now.saturating_sub(hit.micros()) >= LATE => {
                form.put_shown("qt", (now - hit.micros()) / 1_000);
            }
            Time::Second => form.put_shown("et", hit.micros().min(now) / 1_000_000),
            Time::Age | Time::Arrival => {}
        }
        what.write(hit, form);
        if self.dialect.has_habits() && habit::is_background(hit) {
            form.put("ni", "1");
        }
    }

    /// Writes the properties that have a number there, as far as there is room.
    fn write_indexed(&self, hit: &Hit, room: usize, form: &mut Form<'_>) {
        for (name, key) in &self.dimensions {
            let before = form.length();
            common::put_named(form, key, hit, name, |text| cut_str(text, MAX_DIMENSION));
            if form.length() > room {
                form.take_back(before);
            }
        }
        for (name, key) in &self.metrics {
            let before = form.length();
            if let Some(Value::Number(number)) = common::last_property(hit, name)
                && number.abs() <= MAX_VALUE
            {
                form.put_shown(key, number.round() as i64);
            }
            if form.length() > room {
                form.take_back(before);
            }
        }
    }
}

fn cache_buster(hit: &Hit) -> u32 {
    let [.., a, b, c, d] = hit.id().into_bytes();
    u32::from_be_bytes([a & 0x7f, b, c, d])
}

fn put_path(hit: &Hit, form: &mut Form<'_>) {
    match hit.kind() {
        // The same by RFC 9110 §4.2.3, and the protocol demands one.
        Kind::Page if hit.path().is_empty() => form.put("dp", "/"),
        _ => form.put_bytes("dp", percent_decode(hit.path())),
    }
}

fn put_address(hit: &Hit, form: &mut Form<'_>) {
    // A page without a path is the site's own; an event without one is of no page.
    if !hit.site().is_empty() && (!hit.path().is_empty() || hit.kind() == Kind::Page) {
        put_cut_address(hit, "dl", MAX_ADDRESS, form);
    }
}

fn put_cut_address(hit: &Hit, name: &str, max: usize, form: &mut Form<'_>) {
    let pieces = common::page(hit);
    if pieces.iter().map(|piece| piece.len()).sum::<usize>() <= max {
        form.put_pieces(name, pieces);
    } else {
        form.put(name, cut(&hit.url(), max));
    }
}

fn write_campaign(enriched: &Enriched<'_>, form: &mut Form<'_>) {
    let Some(campaign) = enriched.found.map(|found| found.campaign()) else {
        return;
    };
    form.put("cn", cut_str(campaign.name(), MAX_CAMPAIGN));
    form.put("cs", cut_str(campaign.source(), MAX_CAMPAIGN));
    form.put("cm", cut_str(campaign.medium(), MAX_MEDIUM));
    form.put("ck", cut_str(campaign.term(), MAX_WORDS));
    form.put("cc", cut_str(campaign.content(), MAX_WORDS));
    form.put("ci", cut_str(campaign.id(), MAX_CAMPAIGN));
    // A part of an id is none.
    if let Some((click @ (Click::Dclid | Click::Gclid), id)) = campaign.click()
        && id.len() <= MAX_CLICK
    {
        form.put(click.code(), id);
    }
}

/// Whether whoever reads the whole address finds the campaign in it: unless it is by Matomo's names, or cut off.
fn is_told_by_address(hit: &Hit) -> bool {
    let length: usize = common::page(hit).iter().map(|piece| piece.len()).sum();
    let is_matomos = |pair: &[u8]| [&b"mtm_"[..], b"pk_"].iter().any(|name| pair.starts_with(name));
    length <= MAX_ADDRESS && !hit.query().split(|byte| *byte == b'&').any(is_matomos)
}

/// As what a hit is sent.
enum What<'a> {
    Event,
    Exception { message: &'a str, fatal: bool },
    Page,
    Timing { millis: u64 },
}

impl<'a> What<'a> {
    /// Where there are page views and events alone.
    fn plain(hit: &Hit) -> Self {
        if hit.kind() == Kind::Page { Self::Page } else { Self::Event }
    }

    fn of(hit: &'a Hit) -> Self {
        match Habit::of(hit) {
            _ if hit.kind() == Kind::Page => Self::Page,
            Some(Habit::Exception { message, fatal }) => {
                // Left out it would be fatal.
                Self::Exception { message, fatal: fatal == Some(true) }
            }
            Some(Habit::Timing { millis }) => {
                whole(millis).map_or(Self::Event, |millis| Self::Timing { millis })
            }
            None => Self::Event,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Exception { .. } => "exception",
            Self::Page => "pageview",
            Self::Timing { .. } => "timing",
        }
    }

    fn write(&self, hit: &Hit, form: &mut Form<'_>) {
        match *self {
            Self::Event => write_event(hit, form),
            Self::Exception { message, fatal } => {
                form.put("exd", cut_str(message, MAX_MESSAGE));
                form.put("exf", if fatal { "1" } else { "0" });
            }
            Self::Page => {}
            Self::Timing { millis } => {
                form.put("utc", hit.category());
                form.put("utv", hit.name());
                form.put_shown("utt", millis);
                form.put("utl", hit.label());
            }
        }
    }
}

/// The whole number that a value may be.
fn whole(value: f64) -> Option<u64> {
    (0.0..=MAX_VALUE).contains(&value).then_some(value.round() as u64)
}

fn write_event(hit: &Hit, form: &mut Form<'_>) {
    let category = if hit.category().is_empty() { "event" } else { hit.category() };
    match hit.kind() {
        Kind::Event | Kind::Page => form.put("ec", cut_str(category, MAX_CATEGORY)),
        kind => form.put("ec", kind.as_str()),
    }
    match hit.kind() {
        Kind::Download if !hit.site().is_empty() => put_cut_address(hit, "ea", MAX_ACTION, form),
        Kind::Search if !hit.label().is_empty() => form.put("ea", cut_str(hit.label(), MAX_ACTION)),
        Kind::Event | Kind::Page => {
            form.put("ea", hit.name());
            form.put("el", hit.label());
        }
        kind => form.put("ea", kind.as_str()),
    }
    if let Some(value) = hit.value().and_then(whole) {
        form.put_shown("ev", value);
    }
    write_sale(hit, form);
}

fn write_sale(hit: &Hit, form: &mut Form<'_>) {
    let is_amount = |amount: f64| (0.0..=MAX_VALUE).contains(&amount);
    let Some((currency, amount)) = habit::revenue(hit).filter(|(_, amount)| is_amount(*amount)) else {
        return;
    };
    form.put("pa", "purchase");
    match common::last_property(hit, "transaction_id") {
        Some(Value::Text(id)) if !id.is_empty() => form.put("ti", cut_str(&id, MAX_ACTION)),
        Some(Value::Number(id)) => form.put_shown("ti", Number(id)),
        _ => form.put_shown("ti", hit.id().hyphenated()),
    }
    form.put_shown("tr", Number(amount));
    form.put("cu", currency.as_bytes());
}
