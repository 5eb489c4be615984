//! The visitor cookie's value: `<id>.<first visit>.<session's start>.<last seen>`, the id as a hyphenated
//! UUID, the times in seconds since the Unix epoch.
//!
//! A bare UUID, as the cookie of the Django middleware had it from which trackside comes, is accepted and
//! kept. Everything else is no visitor.

use std::time::Duration;

use cookie::{Cookie as SetCookie, SameSite as CookieSameSite};
use memchr::memchr;
use uuid::Uuid;

use super::consent::{self, Choice, Consent};
use crate::{
    config::{Config, Cookie, Identity, SameSite, Secure},
    request::split,
};

/// What the cookies of a request say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cookies {
    /// The visitor of the first valid cookie of the configured name.
    pub(crate) known: Option<Known>,
    /// The answer to the banner.
    pub(crate) consent: Consent,
}

impl Cookies {
    /// Reads one value of `Cookie`.
    pub(crate) fn read(&mut self, config: &Config, value: &[u8], now: u64) {
        let cookie = &config.cookie;
        for pair in split(value, b';') {
            let Some(rest) = pair.trim_ascii().strip_prefix(cookie.name.as_bytes()) else {
                continue;
            };
            if let [b'=', value @ ..] = rest {
                if self.known.is_none() && config.identity == Identity::Cookie {
                    self.known = Known::parse(value, now).filter(|known| !known.is_expired(cookie, now));
                }
            } else if let Some(value) = rest.strip_prefix(consent::SUFFIX.as_bytes())
                && let Some(value) = value.strip_prefix(b"=")
                && let Some(consent) = Consent::of_cookie(value)
                && (self.consent == Consent::default() || consent.analytics == Choice::Denied)
            {
                self.consent = consent;
            }
        }
        if memchr(b',', value).is_some() && denies_behind_comma(&cookie.name, value) {
            self.consent = Consent::denied();
        }
    }
}

/// Whether a header says no that a server has joined to another one by a comma, as those of CGI and WSGI do. What else
/// stands behind a comma is not believed: it may as well be the value of another cookie, in which somebody put it.
#[cold]
fn denies_behind_comma(name: &str, value: &[u8]) -> bool {
    let firsts = split(value, b',').skip(1).filter_map(|header| split(header, b';').next());
    let answers = firsts.filter_map(|pair| {
        pair.trim_ascii()
            .strip_prefix(name.as_bytes())?
            .strip_prefix(consent::SUFFIX.as_bytes())?
            .strip_prefix(b"=")
    });
    answers.filter_map(Consent::of_cookie).any(|consent| consent.analytics == Choice::Denied)
}

/// A visitor as its cookie tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Known {
    pub(crate) id: Uuid,
    pub(crate) first_visit: u64,
    pub(crate) session_start: u64,
    pub(crate) last_seen: u64,
    /// The cookie held the id alone, or the session of a clock that has been set back since.
    pub(crate) is_bare: bool,
}

/// In seconds: so much may the clocks of servers differ that one visitor comes to.
const SKEW: u64 = 60;

impl Known {
    /// A visitor who comes for the first time.
    pub(crate) fn new(id: Uuid, now: u64) -> Self {
        Self { id, first_visit: now, session_start: now, last_seen: now, is_bare: false }
    }

    /// Times in the future, which a clock that was set back leaves behind, are taken as now.
    fn parse(value: &[u8], now: u64) -> Option<Self> {
        let (id, times) = value.split_at_checked(36)?;
        let id = Uuid::try_parse_ascii(id).ok().filter(|id| !id.is_nil() && !id.is_max())?;
        if times.is_empty() {
            return Some(Self { is_bare: true, ..Self::new(id, now) });
        }
        let (first_visit, rest) = time(times)?;
        let (session_start, rest) = time(rest)?;
        let (last_seen, []) = time(rest)? else {
            return None;
        };
        // Otherwise each page view would begin a session of its own, until that time has come again.
        let is_bare = session_start > now.saturating_add(SKEW);
        let last_seen = last_seen.min(now);
        let session_start = session_start.min(last_seen);
        let first_visit = first_visit.min(session_start);
        Some(Self { id, first_visit, session_start, last_seen, is_bare })
    }

    /// Whether the browser should have forgotten it.
    fn is_expired(&self, cookie: &Cookie, now: u64) -> bool {
        // As browsers are told it, in whole seconds.
        !cookie.renew && max_age(cookie, self, now).as_secs() == 0
    }
}

/// A dot and up to twelve digits, and what follows them.
fn time(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.strip_prefix(b".")?;
    // Times have ten until the year 2286.
    if let Some((ten, rest)) = digits.split_first_chunk()
        && let Some(seconds) = ten_digits(ten)
        && !rest.first().is_some_and(u8::is_ascii_digit)
    {
        return Some((seconds, rest));
    }
    of_any_length(digits)
}

#[cold]
#[inline(never)]
fn of_any_length(digits: &[u8]) -> Option<(u64, &[u8])> {
    let count = digits.iter().take(13).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at(count);
    let seconds = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    (1..=12).contains(&count).then_some((seconds, rest))
}

/// The number that ten digits make, if they are digits.
fn ten_digits(digits: &[u8; 10]) -> Option<u64> {
    let (eight, two) = digits.split_first_chunk()?;
    let two = two.iter().try_fold(0, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })?;
    Some(eight_digits(eight)? * 100 + two)
}

/// The number that eight digits make, if they are digits.
fn eight_digits(digits: &[u8; 8]) -> Option<u64> {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    // The first digit is the lowest byte. Each has the high half 0x3, and still has it when six are added.
    let word = u64::from_le_bytes(*digits);
    let halves = (word & (0xf0 * EACH)) | ((word.wrapping_add(6 * EACH) & (0xf0 * EACH)) >> 4);
    if halves != 0x33 * EACH {
        return None;
    }
    let values = word - 0x30 * EACH;
    // Neighbours are joined: to four numbers of two digits, to two of four, to one.
    let twos = (values * 10 + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// How long the cookie has to live: counted from the first visit, unless it is renewed.
fn max_age(cookie: &Cookie, known: &Known, now: u64) -> Duration {
    let age = if cookie.renew { 0 } else { now - known.first_visit.min(now) };
    cookie.max_age.saturating_sub(Duration::from_secs(age))
}

/// The value of the `Set-Cookie` that makes the visitor known.
pub(crate) fn set_cookie(cookie: &Cookie, known: &Known, now: u64, is_secure: bool) -> String {
    let Known { id, first_visit, session_start, last_seen, .. } = known;
    let value = format!("{id}.{first_visit}.{session_start}.{last_seen}");
    let max_age = max_age(cookie, known, now).as_secs();
    dressed(cookie, &cookie.name, &value, max_age, cookie.http_only, is_secure)
}

/// The value of a `Set-Cookie` (RFC 6265 §4.1) with the attributes that are configured.
pub(super) fn dressed(
    cookie: &Cookie,
    name: &str,
    value: &str,
    max_age: u64,
    is_http_only: bool,
    is_secure: bool,
) -> String {
    let mut set_cookie = SetCookie::build((name, value))
        .path(cookie.path.as_str())
        .max_age(cookie::time::Duration::seconds(i64::try_from(max_age).unwrap_or(i64::MAX)))
        .same_site(match cookie.same_site {
            SameSite::Lax => CookieSameSite::Lax,
            SameSite::None => CookieSameSite::None,
            SameSite::Strict => CookieSameSite::Strict,
        })
        .http_only(is_http_only)
        .secure(match cookie.secure {
            Secure::Auto => is_secure,
            Secure::Always => true,
            Secure::Never => false,
        });
    if !cookie.domain.is_empty() {
        set_cookie = set_cookie.domain(cookie.domain.as_str());
    }
    set_cookie.build().to_string()
}

#[cfg(test)]
#[path = "cookie_test.rs"]
mod test;
