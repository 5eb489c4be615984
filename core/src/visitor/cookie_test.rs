use super::{Cookies, Known, eight_digits, ten_digits, time};
use crate::{
    Config,
    visitor::consent::{Choice, Consent},
};

const ID: &str = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";

fn parse(value: &str) -> Option<(u64, u64, u64, bool)> {
    let known = Known::parse(value.as_bytes(), 1_000)?;
    assert_eq!(known.id.to_string(), ID);
    Some((known.first_visit, known.session_start, known.last_seen, known.is_bare))
}

/// What cookies say, value by value.
fn said(toml: &str, values: &[&str]) -> Cookies {
    let config = Config::builder().toml(toml).build().unwrap();
    let mut cookies = Cookies::default();
    values.iter().for_each(|value| cookies.read(&config, value.as_bytes(), 1_000));
    cookies
}

#[test]
fn the_answer_stands_among_the_cookies() {
    let consent = |values: &[&str]| said("consent.policy = 'opt-in'", values).consent;
    let granted = Consent::new(Choice::Granted, Choice::Unknown);
    let denied = Consent::new(Choice::Denied, Choice::Denied);
    assert_eq!(consent(&["a=1; trackside_consent=granted"]), granted);
    assert_eq!(consent(&["a=1", "trackside_consent=denied;b=2"]), denied);
    for value in
        ["trackside_consent", "trackside_consents=granted", "xtrackside_consent=granted", "_consent=granted"]
    {
        assert_eq!(consent(&[value]), Consent::default(), "{value}");
    }
    // What says nothing is passed over; a no stands wherever it is; else the first.
    assert_eq!(consent(&["trackside_consent=x; trackside_consent=granted"]), granted);
    assert_eq!(consent(&["trackside_consent=granted", "trackside_consent=granted.ads"]), granted);
    assert_eq!(consent(&["trackside_consent=granted; trackside_consent=denied"]), denied);
    assert_eq!(consent(&["trackside_consent=denied; trackside_consent=granted.ads"]), denied);
    for value in ["DENIED", "\"denied\"", "\"Denied\""] {
        assert_eq!(consent(&[&format!("trackside_consent={value}")]), denied, "{value}");
    }
    for value in ["\"denied", "denied\"", "\"", "\"\"denied\"\"", "GRANTED", "\"granted\""] {
        assert_eq!(consent(&[&format!("trackside_consent={value}")]), Consent::default(), "{value}");
    }
}

#[test]
fn a_refusal_is_heard_behind_a_comma_and_nothing_else_is() {
    let consent = |value: &str| said("consent.policy = 'opt-in'", &[value]).consent.analytics;
    assert_eq!(consent("a=1,trackside_consent=denied; b=2"), Choice::Denied);
    assert_eq!(consent("a=1,trackside_consent=denied,"), Choice::Denied);
    assert_eq!(consent("trackside_consent=granted; a=1, trackside_consent=\"Denied\""), Choice::Denied);
    for value in [
        "a=1,trackside_consent=granted",
        "a=1,2; trackside_consents=denied",
        "a=1,xtrackside_consent=denied",
        "a=1,b=2=trackside_consent=denied",
    ] {
        assert_eq!(consent(value), Choice::Unknown, "{value}");
    }
    // Whoever can put a text into some cookie of the site's is not to choose who somebody is.
    let planted = said("consent.policy = 'opt-in'", &[&format!("search=shoes,trackside={ID}")]);
    assert_eq!(planted.known, None);
}

#[test]
fn the_visitor_stands_before_or_behind_the_answer() {
    for value in [
        format!("trackside_consent=granted; trackside={ID}"),
        format!("trackside={ID};trackside_consent=granted"),
    ] {
        let cookies = said("consent.policy = 'opt-in'", &[&value]);
        assert_eq!(
            (cookies.known.unwrap().id.to_string(), cookies.consent.analytics),
            (ID.to_owned(), Choice::Granted)
        );
        // The answer is heard without a visitor cookie, too.
        let cookies = said("visitor.identity = 'cookieless'", &[&value]);
        assert_eq!((cookies.known, cookies.consent.analytics), (None, Choice::Granted));
    }
}

#[test]
fn a_whole_value() {
    assert_eq!(parse(&format!("{ID}.100.200.300")), Some((100, 200, 300, false)));
    assert_eq!(parse(&format!("{}.100.200.300", ID.to_uppercase())), Some((100, 200, 300, false)));
}

#[test]
fn a_bare_id_comes_for_the_first_time() {
    assert_eq!(parse(ID), Some((1_000, 1_000, 1_000, true)));
}

#[test]
fn times_are_put_in_order() {
    assert_eq!(parse(&format!("{ID}.100.200.9999")), Some((100, 200, 1_000, false)));
    assert_eq!(parse(&format!("{ID}.999999999999.5.300")), Some((5, 5, 300, false)));
}

#[test]
fn everything_else_is_no_visitor() {
    let compact = ID.replace('-', "");
    for value in [
        "",
        "None",
        "x",
        &ID[1..],
        &compact,
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        &format!("{ID}."),
        &format!("{ID}.1.2"),
        &format!("{ID}.1.2.3.4"),
        &format!("{ID}.1.2."),
        &format!("{ID}.1.2.-3"),
        &format!("{ID}.1.2.+3"),
        &format!("{ID}.1.2.3 "),
        &format!("\"{ID}\""),
        &format!("{ID}.1.2.1234567890123"),
        &format!("{ID}x1.2.3"),
        &format!("{{{compact}}}    "),
    ] {
        assert_eq!(Known::parse(value.as_bytes(), 1_000), None, "{value:?}");
    }
}

#[test]
fn a_time_has_up_to_twelve_digits() {
    let digits = "123456789012".repeat(3);
    for length in 0..digits.len() {
        let expected = digits[..length].parse().ok().filter(|_| length <= 12);
        for behind in ["", ".7", "x"] {
            let text = format!(".{}{behind}", &digits[..length]);
            let read = time(text.as_bytes());
            assert_eq!(read, expected.map(|seconds| (seconds, behind.as_bytes())), "{text}");
        }
    }
}

#[test]
fn a_time_ends_at_what_is_no_digit() {
    for at in 1..12 {
        for byte in [0, b'/', b':', b'.', 0xff] {
            let mut text = *b".12345678901";
            text[at] = byte;
            let seconds = String::from_utf8_lossy(&text[1..at]).parse().ok();
            assert_eq!(time(&text), seconds.map(|seconds| (seconds, &text[at..])), "{text:?}");
        }
    }
}

#[test]
fn ten_digits_are_read_at_once_and_nothing_else() {
    for number in ["0000000000", "1784714400", "9999999999", "0000000090", "0000000009"] {
        assert_eq!(ten_digits(number.as_bytes().try_into().unwrap()), number.parse().ok());
    }
    for at in 0..10 {
        for byte in 0..=u8::MAX {
            let mut digits = *b"1234567890";
            digits[at] = byte;
            assert_eq!(ten_digits(&digits).is_some(), byte.is_ascii_digit(), "{byte} at {at}");
        }
    }
}

#[test]
fn eight_digits_are_read_at_once_and_nothing_else() {
    for number in ["00000000", "12345678", "87654321", "99999999", "90909090", "00000001"] {
        assert_eq!(eight_digits(number.as_bytes().try_into().unwrap()), number.parse().ok());
    }
    for at in 0..8 {
        for byte in 0..=u8::MAX {
            let mut digits = *b"12345678";
            digits[at] = byte;
            assert_eq!(eight_digits(&digits).is_some(), byte.is_ascii_digit(), "{byte} at {at}");
        }
    }
}
