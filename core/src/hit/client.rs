use http::header::{ACCEPT_LANGUAGE, REFERER, USER_AGENT};

use super::cap;
use crate::{Headers, request::first_value};

/// What the client says of itself.
pub(crate) struct Client<'a> {
    pub(crate) agent: &'a [u8],
    pub(crate) language: &'a [u8],
    pub(crate) referrer: &'a [u8],
}

impl<'a> Client<'a> {
    pub(crate) fn of(headers: &'a dyn Headers) -> Self {
        Self {
            agent: first_value(headers, &USER_AGENT).unwrap_or_default(),
            language: first_value(headers, &ACCEPT_LANGUAGE).map(first_language).unwrap_or_default(),
            referrer: first_value(headers, &REFERER).unwrap_or_default(),
        }
    }
}

/// The first language tag of `Accept-Language` (RFC 9110 §12.5.4), if it could be one.
fn first_language(value: &[u8]) -> &[u8] {
    let is_inside = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let value = value.trim_ascii_start();
    let end = value.iter().position(|b| !is_inside(b)).unwrap_or(value.len());
    let (tag, rest) = value.split_at(end);
    let ends = matches!(rest.trim_ascii_start(), [] | [b',' | b';', ..]);
    if ends && tag.len() <= cap::LANGUAGE { tag } else { &[] }
}

#[cfg(test)]
mod test {
    use super::first_language;

    #[test]
    fn the_first_language() {
        assert_eq!(first_language(b"en-GB,en;q=0.9"), b"en-GB");
        assert_eq!(first_language(b" de ;q=1"), b"de");
        assert_eq!(first_language(b"*"), b"");
        assert_eq!(first_language(b"<b>"), b"");
        assert_eq!(first_language(&[b'a'; 36]), b"");
    }
}
