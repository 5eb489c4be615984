//! Bytes that a client sent, as the text that a receiver reads, without a copy in between.

use std::fmt::{self, Display, Formatter, Write};

use percent_encoding::percent_encode_byte;
use serde::{Serialize, Serializer};

use crate::hit::cap::{LANGUAGE, cut};

/// The first `max` characters (Unicode scalar values) of `text`.
pub(super) fn first_chars(text: &str, max: usize) -> &str {
    &text[..chars_end(text, max)]
}

fn chars_end(text: &str, max: usize) -> usize {
    if text.len() <= max {
        return text.len();
    }
    text.char_indices().nth(max).map_or(text.len(), |(end, _)| end)
}

/// Text with U+FFFD in place of what is not UTF-8.
pub(super) struct Lossy<'a>(pub(super) &'a [u8]);

impl Display for Lossy<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// The longest beginning of `text` that has at most `max` UTF-16 units, by which JavaScript and Java count.
pub(super) fn first_units(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > max
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// Whether anything of `text` shows, by which RudderStack tells an id from none: a letter, a digit or a sign. Of other
/// characters than ASCII these are the signs of blocks that have nothing else and no gaps, so that no server's older Unicode
/// knows less.
#[cold]
#[inline(never)]
pub(super) fn can_be_seen(text: &str) -> bool {
    text.chars().any(|c| match c {
        // Fillers, which are letters that show nothing, and marks of Khmer.
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}' => false,
        '\u{ad}' => false,
        '!'..='~' | '\u{a1}'..='\u{ff}' | '\u{2010}'..='\u{2027}' => true,
        '\u{2190}'..='\u{23ff}' | '\u{2500}'..='\u{27ff}' | '\u{1f300}'..='\u{1f64f}' => true,
        _ => c.is_alphanumeric(),
    })
}

/// Up to `max` UTF-16 units of a text, with U+FFFD in place of what is not UTF-8 and of control characters, which
/// databases refuse; tabs and the ends of lines stay.
pub(super) struct Clean<'a> {
    pub(super) text: &'a [u8],
    pub(super) max: usize,
}

impl Display for Clean<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut left = self.max;
        for chunk in self.text.utf8_chunks() {
            let broken = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            for c in chunk.valid().chars().chain(broken) {
                let is_refused = c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r');
                let Some(rest) = left.checked_sub(c.len_utf16()) else {
                    return Ok(());
                };
                f.write_char(if is_refused { char::REPLACEMENT_CHARACTER } else { c })?;
                left = rest;
            }
        }
        Ok(())
    }
}

/// A language in lower case, written into `place`; none of one that is not ASCII, or is longer.
pub(super) fn lower_language<'a>(language: &str, place: &'a mut [u8; LANGUAGE]) -> Option<&'a str> {
    let lower = place.get_mut(..language.len()).filter(|_| language.is_ascii())?;
    lower.copy_from_slice(language.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).ok()
}

/// A number in at most 24 characters: one with many zeros has an exponent, as in JSON.
pub(super) struct Number(pub(super) f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Zero has no sign.
        let number = self.0 + 0.0;
        if number == 0.0 || (1e-4..1e16).contains(&number.abs()) {
            write!(f, "{number}")
        } else {
            write!(f, "{number:e}")
        }
    }
}

/// Text in lower case.
pub(super) struct Lower<'a>(pub(super) &'a str);

impl Display for Lower<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().flat_map(char::to_lowercase).try_for_each(|c| f.write_char(c))
    }
}

/// An address in pieces, none of which ends inside an escape: at most `max` characters of it, cut between
/// two escapes. What is not UTF-8 is percent-encoded.
pub(super) struct Address<'a, const N: usize> {
    pub(super) pieces: [&'a [u8]; N],
    pub(super) max: usize,
}

impl<'a, const N: usize> Address<'a, N> {
    /// The pieces as they are, if nothing is to be cut and nothing encoded.
    pub(super) fn as_texts(&self) -> Option<[&'a str; N]> {
        let length: usize = self.pieces.iter().map(|piece| piece.len()).sum();
        if length > self.max {
            return None;
        }
        let mut texts = [""; N];
        for (text, piece) in texts.iter_mut().zip(self.pieces) {
            *text = std::str::from_utf8(piece).ok()?;
        }
        Some(texts)
    }
}

impl<const N: usize> Display for Address<'_, N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut left = self.max;
        for chunk in self.pieces.iter().flat_map(|piece| piece.utf8_chunks()) {
            let valid = chunk.valid();
            let end = chars_end(valid, left);
            if end < valid.len() {
                // OK because neither cut falls inside a character.
                let whole = cut(valid.as_bytes(), end).len();
                return f.write_str(valid.get(..whole).unwrap_or_default());
            }
            f.write_str(valid)?;
            left -= valid.chars().count();
            for &byte in chunk.invalid() {
                let escape = percent_encode_byte(byte);
                let Some(rest) = left.checked_sub(escape.len()) else {
                    return Ok(());
                };
                f.write_str(escape)?;
                left = rest;
            }
        }
        Ok(())
    }
}

/// A value that is serialised as it is shown.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn address(pieces: [&[u8]; 2], max: usize) -> String {
        Address { pieces, max }.to_string()
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(first_chars("aé€😀b", 4), "aé€😀");
        assert_eq!(first_chars("aé€😀b", 5), "aé€😀b");
        assert_eq!(first_chars("aé€😀b", 6), "aé€😀b");
        assert_eq!(first_chars("aé", 0), "");
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(Lossy(b"a\xffb\xe2\x82c\0").to_string(), "a\u{fffd}b\u{fffd}c\0");
        assert_eq!(Lossy(b"").to_string(), "");
    }

    #[test]
    fn units_of_utf_16_are_counted() {
        assert_eq!(first_units("aé€😀b", 5), "aé€😀");
        assert_eq!(first_units("aé€😀b", 4), "aé€");
        assert_eq!(first_units("aé€😀b", 6), "aé€😀b");
        assert_eq!(first_units("é", 1), "é");
        assert_eq!(first_units("aé", 0), "");
    }

    #[test]
    fn control_characters_are_replaced() {
        let clean = |text: &'static [u8], max| Clean { text, max }.to_string();
        assert_eq!(clean(b"a\0\x1f\x7f\t\r\n\xffb", 99), "a\u{fffd}\u{fffd}\u{fffd}\t\r\n\u{fffd}b");
        assert_eq!(clean("\0😀b".as_bytes(), 3), "\u{fffd}😀");
        assert_eq!(clean("\0😀b".as_bytes(), 2), "\u{fffd}");
    }

    #[test]
    fn lower_case() {
        assert_eq!(Lower("en-GB").to_string(), "en-gb");
        let long = "A".repeat(36);
        let lower = |text: &str| lower_language(text, &mut [0; 35]).map(str::to_owned);
        assert_eq!(lower("zh-Hant-TW").as_deref(), Some("zh-hant-tw"));
        assert_eq!(lower(&long[1..]), Some("a".repeat(35)));
        assert_eq!([lower(&long), lower("É")], [None, None]);
    }

    #[test]
    fn a_letter_a_digit_or_a_sign_can_be_seen() {
        // The first and the last of each block of signs.
        for seen in ['!', '~', '\u{a1}', '\u{ac}', '\u{ae}', '\u{ff}', '\u{2010}', '\u{2027}', '\u{2190}'] {
            assert!(can_be_seen(&format!(" {seen}")), "{seen:?}");
        }
        // Behind the next ones an Arabic digit and a letter.
        for seen in ['\u{23ff}', '\u{2500}', '\u{27ff}', '\u{1f300}', '\u{1f64f}', '\u{663}', 'Ж'] {
            assert!(can_be_seen(&format!("{seen}\u{ad}")), "{seen:?}");
        }
        // A soft hyphen, spaces, directions, variations and fillers.
        for unseen in ['\u{ad}', ' ', '\u{7f}', '\u{a0}', '\u{200f}', '\u{2028}', '\u{fe0f}', '\u{ffa0}'] {
            assert!(!can_be_seen(&format!("{unseen} {unseen}")), "{unseen:?}");
        }
        assert!(!can_be_seen(""));
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (-0.0, "0"),
            (137.5, "137.5"),
            (1e-4, "0.0001"),
            (-9.9e-5, "-9.9e-5"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (1e16, "1e16"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        ] {
            assert_eq!(Number(number).to_string(), text);
            assert_eq!(text.parse(), Ok(number));
        }
    }

    #[test]
    fn an_address_keeps_its_bytes_as_escapes() {
        assert_eq!(address([b"/\xff\xe2\x82", "/é%41%zz".as_bytes()], 99), "/%FF%E2%82/é%41%zz");
    }

    #[test]
    fn an_address_is_cut_between_characters_and_escapes() {
        for (max, whole) in [
            (17, "/é%41%FF/€%E2%82%"),
            (16, "/é%41%FF/€%E2%82"),
            (15, "/é%41%FF/€%E2"),
            (14, "/é%41%FF/€%E2"),
            (13, "/é%41%FF/€%E2"),
            (12, "/é%41%FF/€"),
            (10, "/é%41%FF/€"),
            (9, "/é%41%FF/"),
            (8, "/é%41%FF"),
            (7, "/é%41"),
            (5, "/é%41"),
            (4, "/é"),
            (1, "/"),
            (0, ""),
        ] {
            let pieces: [&[u8]; 3] = ["/é%41".as_bytes(), b"\xff", "/€%E2%82%".as_bytes()];
            assert_eq!(Address { pieces, max }.to_string(), whole, "{max}");
        }
    }

    #[test]
    fn what_is_text_and_short_enough_stays_as_it_is() {
        let as_texts = |pieces: [&'static [u8]; 2], max| Address { pieces, max }.as_texts();
        assert_eq!(as_texts(["/é".as_bytes(), b"%41"], 6), Some(["/é", "%41"]));
        assert_eq!(as_texts(["/é".as_bytes(), b"%41"], 5), None, "counted in bytes, there might be too much");
        assert_eq!(as_texts([b"/", b"\xff"], 6), None);
    }

    #[test]
    fn nothing_follows_the_cut() {
        assert_eq!(address([b"/%41", b"b"], 3), "/");
        assert_eq!(address([b"/\xff", b"b"], 3), "/");
    }
}
