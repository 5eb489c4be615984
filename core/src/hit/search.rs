//! Searches on the site itself: `track.search`.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::{
    path::HIDDEN,
    shape::{Shape, shape},
};
use crate::request::split;

/// What was searched for: the value of the first pair whose name is among `keys`, decoded as forms encode it
/// (WHATWG URL §5.1), without blanks around it. None if there is no such pair, or nothing in it. A term that
/// looks like an e-mail address or a token is hidden; bytes outside UTF-8 become U+FFFD.
pub(crate) fn term(query: &[u8], keys: &[String]) -> Option<String> {
    let (_, value) = split(query, b'&')
        .map(|pair| pair.split_at(memchr::memchr(b'=', pair).unwrap_or(pair.len())))
        .find(|(name, _)| {
            let name = decoded(name);
            keys.iter().any(|key| name == key.as_bytes())
        })?;
    let raw = value.strip_prefix(b"=")?;
    let value = decoded(raw);
    let text = String::from_utf8_lossy(&value);
    let text = text.trim();
    // Some do not encode the plus sign of an address.
    match shape(text.as_bytes()).max(shape(raw)) {
        _ if text.is_empty() => None,
        Some(Shape::Email | Shape::Token) => Some(String::from_utf8_lossy(HIDDEN).into_owned()),
        _ => Some(text.to_owned()),
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let blanks = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte });
    Cow::from(percent_decode(&blanks.collect::<Vec<_>>())).into_owned()
}

#[cfg(test)]
mod test {
    use super::term;

    fn found(query: &str) -> Option<String> {
        term(query.as_bytes(), &["q".to_owned(), "such wort".to_owned()])
    }

    #[test]
    fn the_first_pair_of_the_name_counts() {
        assert_eq!(found("a=1&q=red+shoes%21&such+wort=x").unwrap(), "red shoes!");
        assert_eq!(found("such%20wort=%20x+y+&q=z").unwrap(), "x y");
        assert_eq!(found("%71=1%2B1").unwrap(), "1+1");
        assert_eq!(found("q=%FF").unwrap(), "\u{fffd}");
        assert_eq!(found("q=a=b").unwrap(), "a=b");
    }

    #[test]
    fn nothing_is_no_search() {
        for query in ["", "q", "q=", "q=+%20", "q=&q=x", "Q=x", "qq=x", "page=q"] {
            assert_eq!(found(query), None, "{query}");
        }
    }

    #[test]
    fn secrets_are_not_told() {
        assert_eq!(found("q=me%40example.com").unwrap(), "***");
        assert_eq!(found("q=me+@example.com").unwrap(), "***");
        assert_eq!(found("q=0123456789abcdef0123456789abcdef").unwrap(), "***");
    }
}
