//! The cookies of Google's tag. Their layout is not documented; this is what is observed.
//!
//! | cookie | value | id |
//! | --- | --- | --- |
//! | `_ga` | `GA1.<n>.<random>.<second>`, perhaps with more before the random number | the last two numbers, with a dot between: the client |
//! | `_ga_<stream>` | `GS1.<n>.<session>.<count>.<engaged>.<last>.…` | the session |
//! | the same, since 2025 | `GS2.<n>.` and pieces with `$` between, each a letter and a value, as `s<session>$o<count>$t<last>` | the session |

use super::ScriptCookie;

/// Where the client's id is.
pub(super) const CLIENT: &str = "_ga";

/// The longest number: seconds, and random ones below 2³¹, have ten digits.
const DIGITS: usize = 10;

/// The cookie with the client's id.
pub(super) fn client() -> ScriptCookie {
    ScriptCookie::new(CLIENT, client_of)
}

/// The cookie with the id of the session of a data stream, `G-…`.
pub(super) fn session(measurement_id: &str) -> ScriptCookie {
    ScriptCookie::new(session_name(measurement_id), session_of)
}

pub(super) fn session_name(measurement_id: &str) -> String {
    format!("{CLIENT}_{}", measurement_id.strip_prefix("G-").unwrap_or(measurement_id))
}

fn client_of(value: &str, _: u64) -> Option<String> {
    let (_, rest) = version(value, "GA1.")?;
    let mut parts = rest.rsplit('.');
    let (second, random) = (number(parts.next()?)?, number(parts.next()?)?);
    // What stands before them was seen as one number, or as two with a hyphen between.
    let is_known = parts.all(|part| part.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    is_known.then(|| format!("{random}.{second}"))
}

fn session_of(value: &str, since: u64) -> Option<String> {
    let (session, last) = match version(value, "GS1.") {
        Some((_, rest)) => {
            let mut parts = rest.split('.');
            let session = number(parts.next()?)?;
            (session, number(parts.nth(2)?)?)
        }
        None => {
            let (_, rest) = version(value, "GS2.")?;
            let piece = |letter| rest.split('$').find_map(|piece| piece.strip_prefix(letter));
            (number(piece('s')?)?, number(piece('t')?)?)
        }
    };
    // Google's own sessions end as ours do, when nothing happens for long.
    (last >= since).then(|| session.to_string())
}

/// What stands behind the version and the number that follows it.
fn version<'a>(value: &'a str, version: &str) -> Option<(&'a str, &'a str)> {
    let (depth, rest) = value.strip_prefix(version)?.split_once('.')?;
    (!depth.is_empty() && depth.bytes().all(|b| b.is_ascii_digit() || b == b'-')).then_some((depth, rest))
}

/// A number above zero, written as a script writes it.
fn number(text: &str) -> Option<u64> {
    let is_number = (1..=DIGITS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_client_is_the_last_two_numbers() {
        for (value, id) in [
            ("GA1.1.1529519118.1784714000", Some("1529519118.1784714000")),
            ("GA1.2.1.2", Some("1.2")),
            ("GA1.2-2.1529519118.1784714000", Some("1529519118.1784714000")),
            ("GA1.3.17.1529519118.1784714000", Some("1529519118.1784714000")),
            ("GA1.1.9999999999.9999999999", Some("9999999999.9999999999")),
            // No numbers, and such as no script writes.
            ("GA1.1.1529519118.", None),
            ("GA1.1..1784714000", None),
            ("GA1.1529519118.1784714000", None),
            ("GA1.1.01529519118.1784714000", None),
            ("GA1.1.0.1784714000", None),
            ("GA1.1.11529519118.1784714000", None),
            ("GA1.1.1529519118.-784714000", None),
            ("GA1.1.1529519118.+784714000", None),
            ("GA1.1.1529519118.1784714000 ", None),
            ("GA1.1.amp-iJ9k_0t7HH3gPk.1784714000", None),
            ("GA1.x.1529519118.1784714000", None),
            ("GA1.1.x.1529519118.1784714000", None),
            ("GA2.1.1529519118.1784714000", None),
            ("1529519118.1784714000", None),
            ("GS1.1.1529519118.1784714000", None),
            ("", None),
        ] {
            assert_eq!(client_of(value, 0).as_deref(), id, "{value}");
        }
    }

    #[test]
    fn a_session_is_named_in_either_layout() {
        for (value, id) in [
            ("GS1.1.1784714000.3.1.1784714300.0.0.0", Some("1784714000")),
            ("GS1.1.1784714000.3.1.1784714300", Some("1784714000")),
            ("GS2.1.s1784714000$o3$g1$t1784714300$j60$l0$h0", Some("1784714000")),
            ("GS2.1.t1784714300$h0$s1784714000", Some("1784714000")),
            ("GS1.1.1784714000.3.1", None),
            ("GS1.1.x.3.1.1784714300", None),
            ("GS2.1.s1784714000$o3", None),
            ("GS2.1.o3$t1784714300", None),
            ("GS2.1.s$t1784714300", None),
            ("GS2.1.s1784714000.t1784714300", None),
            ("GS3.1.s1784714000$t1784714300", None),
            ("GA1.1.1529519118.1784714000", None),
        ] {
            assert_eq!(session_of(value, 1_784_714_300).as_deref(), id, "{value}");
            assert_eq!(session_of(value, 1_784_714_301), None, "{value}: over");
        }
    }

    #[test]
    fn a_stream_has_a_cookie_of_its_own() {
        assert_eq!(session("G-ABC123DEF4").name(), "_ga_ABC123DEF4");
    }
}
