//! The elements of `Forwarded` (RFC 7239 §4): pairs with `;` between them, with `,` between elements.

/// One element, as far as it matters.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Element<'a> {
    pub(super) client: Option<Value<'a>>,
    pub(super) proto: Option<Value<'a>>,
    pub(super) host: Option<Value<'a>>,
}

/// A value; where it is quoted, what stands between the quotes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Value<'a> {
    text: &'a [u8],
    has_escapes: bool,
}

impl<'a> Value<'a> {
    /// The value as it stands. None if it would have to be put together first, for which nobody has a reason.
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        (!self.has_escapes).then_some(self.text)
    }

    /// Shows `look` the value without its backslashes, as far as `N` bytes reach; none if it is longer.
    pub(super) fn unescaped<const N: usize, T>(self, look: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        if !self.has_escapes {
            return look(self.text);
        }
        let (mut bytes, mut length, mut is_escaped) = ([0; N], 0, false);
        for &byte in self.text {
            is_escaped = byte == b'\\' && !is_escaped;
            if !is_escaped {
                *bytes.get_mut(length)? = byte;
                length += 1;
            }
        }
        look(&bytes[..length])
    }
}

/// What is no element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Broken;

/// The elements of one line, in order. Empty ones do not count. After something that is no element it goes on behind
/// the next comma; if there was a quote before that, nobody knows what the comma belongs to, and the line ends.
pub(super) fn elements(line: &[u8]) -> impl Iterator<Item = Result<Element<'_>, Broken>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_ascii_start();
            let after = rest.strip_prefix(b",");
            rest = match after {
                Some(after) => after,
                None if rest.is_empty() => return None,
                None => break,
            };
        }
        let begin = rest;
        let read = element(&mut rest);
        if read.is_none() {
            let end = begin.iter().position(|&b| b == b',').unwrap_or(begin.len());
            // What was read may have gone past the first comma, but only within quotes.
            let is_certain = !begin[..end].contains(&b'"');
            rest = if is_certain { &begin[end..] } else { &[] };
        }
        Some(read.ok_or(Broken))
    })
}

/// Reads an element, up to its comma. Each parameter may stand in it once (§4).
fn element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let mut element = Element::default();
    loop {
        *rest = rest.trim_ascii_start();
        match rest.first() {
            None | Some(b',') => return Some(element),
            Some(b';') => *rest = &rest[1..],
            Some(_) => {
                let name = take_while(rest, is_token);
                *rest = rest.strip_prefix(b"=").filter(|_| !name.is_empty())?;
                let value = value(rest)?;
                *rest = rest.trim_ascii_start();
                if !matches!(rest.first(), None | Some(b',' | b';')) {
                    return None;
                }
                let place = match () {
                    () if name.eq_ignore_ascii_case(b"for") => &mut element.client,
                    () if name.eq_ignore_ascii_case(b"proto") => &mut element.proto,
                    () if name.eq_ignore_ascii_case(b"host") => &mut element.host,
                    () => continue,
                };
                if place.replace(value).is_some() {
                    return None;
                }
            }
        }
    }
}

/// A token or a quoted string (RFC 9110 §5.6.4).
fn value<'a>(rest: &mut &'a [u8]) -> Option<Value<'a>> {
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        // Colons and brackets ask for quotes, which not everybody gives; nothing else can be meant by them.
        let text = take_while(rest, |b| is_token(b) || b":[]".contains(&b));
        return (!text.is_empty()).then_some(Value { text, has_escapes: false });
    };
    let (mut at, mut has_escapes) = (0, false);
    loop {
        match *quoted.get(at)? {
            b'"' => break,
            b'\\' => {
                has_escapes = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    *rest = &quoted[at + 1..];
    Some(Value { text: &quoted[..at], has_escapes })
}

fn take_while<'a>(rest: &mut &'a [u8], is: impl Fn(u8) -> bool) -> &'a [u8] {
    let end = rest.iter().position(|&b| !is(b)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod test {
    use super::{Broken, Element, Value, elements};

    fn value(text: &str) -> Option<Value<'_>> {
        Some(Value { text: text.as_bytes(), has_escapes: text.contains('\\') })
    }

    fn client(text: &str) -> Result<Element<'_>, Broken> {
        Ok(Element { client: value(text), ..Element::default() })
    }

    fn read(line: &str) -> Vec<Result<Element<'_>, Broken>> {
        elements(line.as_bytes()).collect()
    }

    /// Those of RFC 7239 §4 and §6.
    #[test]
    fn the_standard_s_examples() {
        assert_eq!(read("for=\"_gazonk\""), [client("_gazonk")]);
        assert_eq!(read("For=\"[2001:db8:cafe::17]:4711\""), [client("[2001:db8:cafe::17]:4711")]);
        let all = Element { client: value("192.0.2.60"), proto: value("http"), host: None };
        assert_eq!(read("for=192.0.2.60;proto=http;by=203.0.113.43"), [Ok(all)]);
        assert_eq!(
            read("for=192.0.2.43, for=198.51.100.17"),
            [client("192.0.2.43"), client("198.51.100.17")]
        );
        assert_eq!(read("for=192.0.2.43,for=unknown"), [client("192.0.2.43"), client("unknown")]);
    }

    #[test]
    fn blanks_and_what_is_empty_do_not_matter() {
        assert_eq!(read(""), []);
        assert_eq!(read(" , ,"), []);
        assert_eq!(read(";"), [Ok(Element::default())]);
        assert_eq!(
            read(" for=a ; ;proto=b ,, for=c"),
            [Ok(Element { client: value("a"), proto: value("b"), host: None }), client("c")]
        );
    }

    #[test]
    fn commas_and_semicolons_in_quotes_are_text() {
        let host = Element { client: value("a"), proto: None, host: value("x, for=b; \\\"") };
        assert_eq!(read("for=a;host=\"x, for=b; \\\"\""), [Ok(host)]);
    }

    #[test]
    fn after_what_is_broken_it_goes_on_only_where_that_is_certain() {
        assert_eq!(read("nonsense, for=a"), [Err(Broken), client("a")]);
        assert_eq!(read("for=a b, for=c"), [Err(Broken), client("c")]);
        assert_eq!(read("for, =a, for=, for=c"), [Err(Broken), Err(Broken), Err(Broken), client("c")]);
        assert_eq!(read("for=a;for=b, for=c"), [Err(Broken), client("c")]);
        for open in ["for=\"a, for=b", "for=a;x=\", for=\"[::1]\"", "for=a\", for=b", "for=\"a\\"] {
            assert_eq!(read(open), [Err(Broken)], "{open}");
        }
        assert_eq!(read("for=a, x=\"b\"c, for=d"), [client("a"), Err(Broken)]);
        assert_eq!(read("x=\"a,b\"c, for=d"), [Err(Broken)]);
    }

    #[test]
    fn escapes_are_taken_off_where_they_are_looked_at() {
        let unescaped = |text: &str| value(text).unwrap().unescaped::<4, _>(|text| Some(text.to_owned()));
        assert_eq!(unescaped("long enough"), Some(b"long enough".to_vec()));
        assert_eq!(unescaped("\\a\\\\b\\\""), Some(b"a\\b\"".to_vec()));
        assert_eq!(unescaped("\\abcde"), None);
        assert_eq!(value("a\\b").unwrap().plain(), None);
        assert_eq!(value("ab").unwrap().plain(), Some(&b"ab"[..]));
    }
}
