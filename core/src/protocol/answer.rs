//! The meaning of an HTTP answer, as far as receivers agree on it.

use std::{str, time::Duration};

use http::header::{DATE, RETRY_AFTER};

use super::Outcome;
use crate::{Headers, ledger::Reason, request::first_value};

/// The longest wait that an answer can ask for, in seconds: no hit in memory lives longer.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// What becomes of the hits of a request that was answered with `status`, as far as receivers agree on it: where one says
/// more in its answer, its own [`classify`](super::Protocol::classify) reads that as well. 2xx is delivered, 413 split, 408,
/// 425, 429 and 503 are sent again, after the wait of `Retry-After`, other 1xx to 4xx refused(`rejected`), and of all else
/// nobody knows.
///
/// 408, 425, 429 and 503 say that nothing was processed (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4, RFC 9110
/// §15.6.4); a proxy gives the first on a connection that has been idle, just as a request is on its way. Any other 5xx leaves open
/// what was, and so does a number that is no status: a client takes it for a 5xx (RFC 9110 §15).
pub fn classify(status: u16, headers: &dyn Headers) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        413 => Outcome::Split,
        408 | 425 | 429 | 503 => Outcome::Retry(retry_after(headers)),
        100..=499 => Outcome::Refused(Reason::Rejected),
        _ => Outcome::Unknown,
    }
}

/// The same of a receiver that never answers with a page: a 2xx that is one comes from whatever else is at that address, such as
/// a proxy's login, and the hits are thrown away.
pub(super) fn classify_unless_page(status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
    match classify(status, headers) {
        Outcome::Delivered if is_page(body) => Outcome::Refused(Reason::Rejected),
        outcome => outcome,
    }
}

/// Whether it is a page, of whatever else is at that address. A comment alone is none: Yandex answers with one.
pub(super) fn is_page(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.starts_with(b"<") && !body.starts_with(b"<!--")
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. The answer's own `Date` tells how far off that
/// is; without one a date says nothing, so that [`Dated`](super::Dated) puts in the machine's.
fn retry_after(headers: &dyn Headers) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().ok()?)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let now = httpdate::parse_http_date(text(headers, &DATE)?).ok()?;
        until.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(Duration::from_secs(LONGEST_WAIT)))
}

pub(super) fn text<'a>(headers: &'a dyn Headers, name: &http::HeaderName) -> Option<&'a str> {
    str::from_utf8(first_value(headers, name)?).ok()
}

#[cfg(test)]
mod test {
    use super::*;

    const NONE: [(&str, &str); 0] = [];

    #[test]
    fn each_status_has_its_outcome() {
        for (status, outcome) in [
            (200, Outcome::Delivered),
            (204, Outcome::Delivered),
            (299, Outcome::Delivered),
            (100, Outcome::Refused(Reason::Rejected)),
            (199, Outcome::Refused(Reason::Rejected)),
            (300, Outcome::Refused(Reason::Rejected)),
            (302, Outcome::Refused(Reason::Rejected)),
            (400, Outcome::Refused(Reason::Rejected)),
            (404, Outcome::Refused(Reason::Rejected)),
            (408, Outcome::Retry(None)),
            (413, Outcome::Split),
            (425, Outcome::Retry(None)),
            (429, Outcome::Retry(None)),
            (499, Outcome::Refused(Reason::Rejected)),
            (500, Outcome::Unknown),
            (502, Outcome::Unknown),
            (503, Outcome::Retry(None)),
            (504, Outcome::Unknown),
            (0, Outcome::Unknown),
            (99, Outcome::Unknown),
            (600, Outcome::Unknown),
            (999, Outcome::Unknown),
        ] {
            assert_eq!(classify(status, &NONE), outcome, "{status}");
        }
    }

    #[test]
    fn the_wait_is_read_as_seconds_or_as_a_date() {
        let date = ("Date", "Wed, 22 Jul 2026 10:00:00 GMT");
        let wait = |headers: &[(&str, &str)]| match classify(503, &headers.to_vec()) {
            Outcome::Retry(wait) => wait.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(&[("retry-after", "120")]), Some(120));
        assert_eq!(wait(&[("Retry-After", " 0 ")]), Some(0));
        assert_eq!(wait(&[("retry-after", "Wed, 22 Jul 2026 10:01:30 GMT"), date]), Some(90));
        assert_eq!(wait(&[("retry-after", "Wednesday, 22-Jul-26 10:01:30 GMT"), date]), Some(90));
        assert_eq!(wait(&[("retry-after", "Wed, 22 Jul 2026 09:00:00 GMT"), date]), Some(0));
        assert_eq!(wait(&[("retry-after", "Wed, 22 Jul 2026 10:01:30 GMT")]), None);
        assert_eq!(wait(&[("retry-after", "Wed, 22 Jul 2026 10:01:30 GMT"), ("date", "today")]), None);
    }

    #[test]
    fn a_wait_without_end_is_a_day() {
        let wait = |value: &str| classify(429, &[("retry-after", value)]);
        assert_eq!(wait("86401"), Outcome::Retry(Some(Duration::from_secs(86_400))));
        assert_eq!(wait("18446744073709551615"), Outcome::Retry(Some(Duration::from_secs(86_400))));
    }

    #[test]
    fn nonsense_asks_for_no_wait() {
        for value in [&b"-1"[..], b"", b"soon", b"1.5", b"+3", b"18446744073709551616", b"\xff", b"1\n2"] {
            assert_eq!(classify(429, &[("retry-after", value)]), Outcome::Retry(None), "{value:?}");
        }
    }

    #[test]
    fn a_page_is_nobodys_yes() {
        let rejected = Outcome::Refused(Reason::Rejected);
        for page in ["<html>", "\r\n <!DOCTYPE html>", "\u{feff}<!doctype html>", "<?xml version='1.0'?>"] {
            assert_eq!(classify_unless_page(200, &NONE, page.as_bytes()), rejected, "{page}");
            assert_eq!(classify_unless_page(503, &NONE, page.as_bytes()), Outcome::Retry(None), "{page}");
        }
        for own in ["", "ok", "{\"status\":\"ok\"}", "<!-- OK -->"] {
            assert_eq!(classify_unless_page(202, &NONE, own.as_bytes()), Outcome::Delivered, "{own}");
        }
    }
}
