//! What is shown of a receiver's words: all but the secrets of the request, however it spells them.
//!
//! A receiver may say a secret as it is, or percent-encoded, or escaped as a text in JSON or in HTML, or one in the
//! other. So the words are read as they are, and again without each layer of escapes, of one kind after the other in any
//! order; where a secret is found, all that spells it is covered.

use std::{mem, ops::Range};

/// As many layers of escapes are taken off; of words that have more nothing is shown.
const MOST_LAYERS: usize = 5;

const COVER: &str = "***";

/// `text` with `***` in place of each of `secrets`.
pub(super) fn hidden<'a>(text: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut spellings = Vec::new();
    for secret in secrets.filter(|secret| !secret.is_empty()) {
        Layer::of(secret).visit(MOST_LAYERS, &mut |layer| spellings.push(layer.bytes.clone()));
    }
    let mut found = Vec::new();
    if !Layer::of(text).visit(MOST_LAYERS, &mut |layer| found.extend(layer.places_of(&spellings))) {
        return COVER.to_owned();
    }
    found.sort_unstable_by_key(|place| (place.start, place.end));
    covered(text, found)
}

/// A kind of escapes: what one says with which a text begins, and how long it is; none if it begins with none.
type Escape = fn(&[u8]) -> Option<(Vec<u8>, usize)>;

const KINDS: [Escape; 3] = [of_url, of_text, of_page];

/// Text of which some layers of escapes are taken off.
struct Layer {
    /// With a blank for each `+`, which is one in a form.
    bytes: Vec<u8>,
    /// Where in the text as it came that stands which spells each byte.
    places: Vec<Range<usize>>,
}

fn unspaced(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

impl Layer {
    fn of(text: &str) -> Self {
        let places = (0..text.len()).map(|at| at..at + 1).collect();
        Self { bytes: text.bytes().map(unspaced).collect(), places }
    }

    /// Shows `see` this text, and what is left of it without up to `most` more layers; and answers whether those are all.
    fn visit(&self, most: usize, see: &mut impl FnMut(&Self)) -> bool {
        see(self);
        let mut inner = KINDS.into_iter().filter_map(|kind| self.without(kind));
        inner.all(|layer| most > 0 && layer.visit(most - 1, see))
    }

    /// Without one layer of this kind; none if there is none.
    fn without(&self, kind: Escape) -> Option<Self> {
        let mut layer = Self { bytes: Vec::new(), places: Vec::new() };
        let mut at = 0;
        while let Some(rest @ [first, ..]) = self.bytes.get(at..) {
            let (bytes, length) = kind(rest).unwrap_or_else(|| (vec![*first], 1));
            // OK because no escape is longer than what it stands in, and none is empty.
            let place = self.places[at].start..self.places[at + length - 1].end;
            layer.places.extend(bytes.iter().map(|_| place.clone()));
            layer.bytes.extend(bytes.into_iter().map(unspaced));
            at += length;
        }
        (layer.bytes.len() < self.bytes.len()).then_some(layer)
    }

    /// Where in the text as it came any of `spellings` stand.
    fn places_of<'a>(&'a self, spellings: &'a [Vec<u8>]) -> impl Iterator<Item = Range<usize>> + 'a {
        spellings.iter().flat_map(|spelling| {
            let starts = memchr::memmem::find_iter(&self.bytes, spelling);
            starts.map(|at| self.places[at].start..self.places[at + spelling.len() - 1].end)
        })
    }
}

/// `%22`; and `%u0022`, as scripts once did.
fn of_url(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text {
        [b'%', b'u', ..] => utf16(text),
        [b'%', digits @ ..] => Some((vec![u8::try_from(hex(digits.get(..2)?)?).ok()?], 3)),
        _ => None,
    }
}

/// `\"`, `\u0022`, `\x22`.
fn of_text(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text {
        [b'\\', b'u', ..] => utf16(text),
        [b'\\', b'x', digits @ ..] => Some((vec![u8::try_from(hex(digits.get(..2)?)?).ok()?], 4)),
        [b'\\', b'n', ..] => Some((vec![b'\n'], 2)),
        [b'\\', b'r', ..] => Some((vec![b'\r'], 2)),
        [b'\\', b't', ..] => Some((vec![b'\t'], 2)),
        [b'\\', mark, ..] if mark.is_ascii_punctuation() => Some((vec![*mark], 2)),
        _ => None,
    }
}

/// `\u` and four digits, or a pair of these.
fn utf16(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let unit = |text: &[u8]| match text {
        [b'%' | b'\\', b'u', digits @ ..] => u16::try_from(hex(digits.get(..4)?)?).ok(),
        _ => None,
    };
    let units = [unit(text)?, text.get(6..).and_then(unit).unwrap_or_default()];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((c.to_string().into_bytes(), 6 * c.len_utf16()))
}

/// `&quot;`, `&#34;`, `&#x22;`.
fn of_page(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    if !text.starts_with(b"&") {
        return None;
    }
    const LONGEST: usize = 10;
    let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let c = match text.get(1..end)? {
        b"amp" => '&',
        b"apos" => '\'',
        b"gt" => '>',
        b"lt" => '<',
        b"quot" => '"',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((c.to_string().into_bytes(), end + 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let value =
        |sum: u32, digit: &u8| sum.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?);
    if digits.is_empty() { None } else { digits.iter().try_fold(0, value) }
}

/// `text` without what stands at `places`, which are in order and may overlap.
fn covered(text: &str, places: Vec<Range<usize>>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    let mut places = places.into_iter().peekable();
    while let Some(mut place) = places.next() {
        while let Some(next) = places.next_if(|next| next.start < place.end) {
            place.end = place.end.max(next.end);
        }
        let before = mem::replace(&mut end, place.end);
        // OK because neither secrets nor escapes begin or end inside a character.
        shown.push_str(text.get(before..place.start).unwrap_or_default());
        shown.push_str(COVER);
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod test {
    use super::*;

    const SECRET: &str = "s3/c+r\"é\\%41 😀";

    fn of(text: &str) -> String {
        hidden(text, ["", SECRET, "t0ken"].into_iter())
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_spelt() {
        for spelling in [
            "s3/c+r\"é\\%41 😀",
            // JSON, as PHP, Go and Python write it, and in a text of its own.
            r#"s3\/c+r\"\u00e9\\%41 \ud83d\ude00"#,
            r#"s3/c\u002br\u0022é\\%41 😀"#,
            r#"s3/c+r\"\xc3\xa9\\%41 😀"#,
            r#"s3\\\/c+r\\\"\\u00E9\\\\%41 😀"#,
            // Percent-encoded: all, only what a query must have so, in small letters, a form's, and twice.
            "s3%2Fc%2Br%22%C3%A9%5C%2541%20%F0%9F%98%80",
            "s3/c%2Br%22%C3%A9%5C%2541%20%F0%9F%98%80",
            "s3%2fc%2br%22%c3%a9%5c%2541+%f0%9f%98%80",
            "s3%252Fc%252Br%2522%25C3%25A9%255C%252541%2520%25F0%259F%2598%2580",
            // One in the other.
            r"s3%2Fc%2Br\u0025\u0032\u0032%C3%A9%5C%2541%20%F0%9F%98%80",
            // HTML, and a script's.
            "s3/c+r&quot;&#233;\\%41 &#x1F600;",
            "s3/c+r&#34;é\\%41 😀",
            "s3/c+r%22%u00E9\\%41 %uD83D%uDE00",
            // A receiver that read it as a form.
            "s3/c r\"é\\A 😀",
        ] {
            assert_eq!(of(&format!("é \"{spelling}\" %é")), "é \"***\" %é", "{spelling}");
        }
    }

    #[test]
    fn every_mark_with_an_escape_of_its_own_is_known() {
        for (secret, spelling) in [("a\nb", r"a\nb"), ("a\rb", r"a\rb"), ("a\tb", r"a\tb")] {
            assert_eq!(hidden(spelling, [secret].into_iter()), "***");
        }
        for (secret, spelling) in [
            ("a&b", "a&amp;b"),
            ("a'b", "a&apos;b"),
            ("a>b", "a&gt;b"),
            ("a<b", "a&lt;b"),
            ("a\"b", "a&quot;b"),
        ] {
            assert_eq!(hidden(spelling, [secret].into_iter()), "***");
        }
    }

    #[test]
    fn all_else_stays_as_it_came() {
        for text in [
            "",
            "é%zz\\u12&;&#x;&unknown;100%",
            "a\\/b %41+%20 &amp; \\ud83d",
            "%",
            "\\",
            "\\x4",
            "&#99999999999;",
        ] {
            assert_eq!(of(text), text);
        }
        assert_eq!(of("t0kent0ken, t0\\ken t0%6ben"), "******, t0\\ken ***");
    }

    #[test]
    fn secrets_that_overlap_are_hidden_as_one() {
        assert_eq!(hidden("xabcdefx", ["abcd", "cdef", "d"].into_iter()), "x***x");
    }

    #[test]
    fn nothing_is_shown_of_what_is_escaped_without_end() {
        let nested = |layers: usize| format!("%{}41", "25".repeat(layers - 1));
        assert_eq!(of(&nested(MOST_LAYERS)), nested(MOST_LAYERS));
        assert_eq!(of(&nested(MOST_LAYERS + 1)), "***");
    }
}
