//! Whether a shared cache may keep a response, and with it hand one visitor's cookie to another
//! (RFC 9111 §3 and §5.2, RFC 9213).

use http::{
    HeaderName,
    header::{CACHE_CONTROL, DATE, EXPIRES},
};

use crate::{
    Headers,
    request::{each_value, first_value},
};

static SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");
static CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// What a response says to shared caches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caching {
    /// Not to keep it.
    Private,
    /// To keep it.
    Shared,
    /// Nothing that would settle it.
    Unsaid,
}

impl Caching {
    /// `now` is in seconds since the Unix epoch.
    pub(crate) fn of(headers: &dyn Headers, now: u64) -> Self {
        let targeted = [&SURROGATE_CONTROL, &CDN_CACHE_CONTROL];
        if targeted.iter().any(|name| Directives::of(headers, name).is_targeted_share()) {
            return Self::Shared;
        }
        let directives = Directives::of(headers, &CACHE_CONTROL);
        if directives.private || directives.no_store {
            Self::Private
        } else if directives.public
            || directives.s_maxage.is_some()
            || directives.max_age.is_some_and(|age| age > 0)
            || expires_later(headers, now)
        {
            Self::Shared
        } else {
            Self::Unsaid
        }
    }
}

/// The directives that matter here. Of several ages the greatest stands.
#[derive(Debug, Default)]
struct Directives {
    public: bool,
    private: bool,
    no_store: bool,
    max_age: Option<u64>,
    s_maxage: Option<u64>,
}

impl Directives {
    fn of(headers: &dyn Headers, name: &HeaderName) -> Self {
        let mut directives = Self::default();
        each_value(headers, name, |value| {
            let (mut is_quoted, mut is_escaped) = (false, false);
            let parts = value.split(|&b| {
                is_quoted ^= b == b'"' && !is_escaped;
                is_escaped = b == b'\\' && is_quoted && !is_escaped;
                b == b',' && !is_quoted
            });
            parts.for_each(|directive| directives.add(directive));
        });
        directives
    }

    fn add(&mut self, directive: &[u8]) {
        let mut parts = directive.splitn(2, |&b| b == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let argument = parts.next().map(<[u8]>::trim_ascii);
        let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
        if is(b"public") {
            self.public = true;
        } else if is(b"private") {
            // With an argument it speaks of the named fields only.
            self.private |= argument.is_none();
        } else if is(b"no-store") {
            self.no_store = true;
        } else if is(b"max-age") {
            self.max_age = self.max_age.max(argument.map(seconds));
        } else if is(b"s-maxage") {
            self.s_maxage = self.s_maxage.max(Some(argument.map_or(0, seconds)));
        }
    }

    fn is_targeted_share(&self) -> bool {
        self.max_age.max(self.s_maxage).is_some_and(|age| age > 0) && !self.private && !self.no_store
    }
}

/// The leading digits, quoted or not; what is no number is no age.
fn seconds(argument: &[u8]) -> u64 {
    let digits = argument.strip_prefix(b"\"").unwrap_or(argument);
    let digits = digits.iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0, |n: u64, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

fn expires_later(headers: &dyn Headers, now: u64) -> bool {
    let time = |name| {
        let value = std::str::from_utf8(first_value(headers, name)?).ok()?;
        let time = httpdate::parse_http_date(value).ok()?;
        Some(time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs())
    };
    time(&EXPIRES).is_some_and(|expires| expires > time(&DATE).unwrap_or(now))
}

#[cfg(test)]
#[path = "caching_test.rs"]
mod test;
