//! `application/x-www-form-urlencoded` as the URL standard reads it, straight into a buffer.
//!
//! Everything but `A-Z a-z 0-9 - . _ ~` is percent-encoded byte by byte; a space is `%20`.

use std::{
    fmt::{self, Display, Write},
    ops::Range,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::config::Secret;

/// All but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes a form behind what is in the buffer, field by field. A field without a value is left out.
pub(super) struct Form<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Form<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    pub(super) fn put(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.field(name, |out| encode(out, value.as_ref()));
    }

    /// Puts a value that is made byte by byte.
    pub(super) fn put_bytes(&mut self, name: &str, value: impl Iterator<Item = u8>) {
        self.field(name, |out| value.for_each(|byte| encode(out, &[byte])));
    }

    /// Puts a value that stands in pieces.
    pub(super) fn put_pieces<const N: usize>(&mut self, name: &str, pieces: [&[u8]; N]) {
        self.field(name, |out| pieces.iter().for_each(|piece| encode(out, piece)));
    }

    pub(super) fn put_shown(&mut self, name: &str, value: impl Display) {
        self.field(name, |out| {
            // OK because writing to a buffer cannot fail.
            write!(Encoder(out), "{value}").ok();
        });
    }

    /// Puts a secret, and answers where in the buffer it stands.
    pub(super) fn put_secret(&mut self, name: &str, secret: &Secret) -> Range<usize> {
        self.put(name, secret.reveal());
        // OK because a field that was left out, as its value is empty, hides nothing.
        let length = percent_encode(secret.reveal().as_bytes(), RESERVED).map(str::len).sum::<usize>();
        self.out.len().saturating_sub(length)..self.out.len()
    }

    /// How long the form is, in bytes.
    pub(super) fn length(&self) -> usize {
        self.out.len() - self.start
    }

    /// Makes the form as long as it was before something was put.
    pub(super) fn take_back(&mut self, length: usize) {
        self.out.truncate(self.start + length);
    }

    /// Takes from the value of `name`, which is not the first field, what makes the form longer than `max`
    /// bytes: as much as must be, cut between two characters, and the whole field if nothing is left.
    pub(super) fn shorten(&mut self, name: &str, max: usize) {
        let excess = self.length().saturating_sub(max);
        if excess == 0 {
            return;
        }
        // OK because no value holds these two characters unescaped.
        let key = [b"&", name.as_bytes(), b"="].concat();
        let Some(start) = memchr::memmem::find(&self.out[self.start..], &key) else {
            return;
        };
        let start = self.start + start;
        let value = start + key.len();
        let end = memchr::memchr(b'&', &self.out[value..]).map_or(self.out.len(), |length| value + length);
        match boundary(&self.out[value..end], (end - value).saturating_sub(excess)) {
            0 => self.out.drain(start..end),
            keep => self.out.drain(value + keep..end),
        };
    }

    fn field(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.out.len();
        if before > self.start {
            self.out.push(b'&');
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'=');
        let value = self.out.len();
        write(self.out);
        if self.out.len() == value {
            self.out.truncate(before);
        }
    }
}

/// The last place up to `max` at which an encoded text may be cut: neither inside an escape nor inside a
/// UTF-8 character.
fn boundary(encoded: &[u8], max: usize) -> usize {
    let is_boundary = |at: &usize| {
        let (head, tail) = encoded.split_at(*at);
        !head[at.saturating_sub(2)..].contains(&b'%')
            && !matches!(tail, [b'%', b'8' | b'9' | b'A' | b'B', ..])
    };
    (0..=max.min(encoded.len())).rev().find(is_boundary).unwrap_or_default()
}

struct Encoder<'a>(&'a mut Vec<u8>);

impl Write for Encoder<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        encode(self.0, text.as_bytes());
        Ok(())
    }
}

fn encode(out: &mut Vec<u8>, value: &[u8]) {
    for piece in percent_encode(value, RESERVED) {
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn written(write: impl FnOnce(&mut Form<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Form::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_unreserved_characters_stay() {
        let form = written(|form| {
            form.put("a", "AZaz09-._~");
            form.put("b", " +&=%\"*'\0\r\n");
            form.put("c", "é");
            form.put("d", b"\x80\xff");
        });
        assert_eq!(form, "a=AZaz09-._~&b=%20%2B%26%3D%25%22%2A%27%00%0D%0A&c=%C3%A9&d=%80%FF");
    }

    #[test]
    fn a_field_without_a_value_is_left_out() {
        let form = written(|form| {
            form.put("a", "");
            form.put("b", "1");
            form.put("c", "");
            form.put_bytes("d", std::iter::empty());
            form.put_shown("e", "");
            form.put_bytes("f", b"x y".iter().copied());
            form.put_shown("g", format_args!("{}:{}", 1, 2));
            form.put_pieces("h", [&b""[..], b""]);
            form.put_pieces("i", [&b"x"[..], b" y"]);
        });
        assert_eq!(form, "b=1&f=x%20y&g=1%3A2&i=x%20y");
    }

    #[test]
    fn a_form_may_stand_behind_something() {
        let mut out = b"?".to_vec();
        let mut form = Form::new(&mut out);
        form.put("a", "1");
        let place = form.put_secret("b", &Secret::new("x y"));
        assert_eq!(form.put_secret("c", &Secret::new("")), 12..12);
        assert_eq!((&out[..], &out[place]), (&b"?a=1&b=x%20y"[..], &b"x%20y"[..]));
    }

    #[test]
    fn what_was_put_can_be_taken_back() {
        let mut out = b"a=1\n".to_vec();
        let mut form = Form::new(&mut out);
        form.put("b", "2");
        let before = form.length();
        form.put("c", "3");
        form.take_back(before);
        assert_eq!((before, &out[..]), (3, &b"a=1\nb=2"[..]));
    }

    fn shortened(form: &str, name: &str, max: usize) -> String {
        // Behind another, which has the same field.
        let before = format!("{form}\n");
        let mut out = before.clone().into_bytes();
        let mut written = Form::new(&mut out);
        written.out.extend_from_slice(form.as_bytes());
        written.shorten(name, max);
        let out = String::from_utf8(out).unwrap();
        out.strip_prefix(&before).unwrap().to_owned()
    }

    #[test]
    fn a_value_gives_up_no_more_than_it_must() {
        assert_eq!(shortened("v=1&a=12345&b=6", "a", 15), "v=1&a=12345&b=6");
        assert_eq!(shortened("v=1&a=12345&b=6", "a", 14), "v=1&a=1234&b=6");
        assert_eq!(shortened("v=1&a=12345&b=6", "a", 11), "v=1&a=1&b=6");
        assert_eq!(shortened("v=1&a=12345&b=6", "a", 10), "v=1&b=6");
        assert_eq!(shortened("v=1&a=12345&b=6", "a", 0), "v=1&b=6");
        assert_eq!(shortened("v=1&a=12345&b=67", "b", 15), "v=1&a=12345&b=6");
        assert_eq!(shortened("v=1&a=12345", "c", 3), "v=1&a=12345");
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        // x, €, y
        let form = "v=1&a=x%E2%82%ACy";
        assert_eq!(shortened(form, "a", 16), "v=1&a=x%E2%82%AC");
        for max in 7..16 {
            assert_eq!(shortened(form, "a", max), "v=1&a=x", "{max}");
        }
        assert_eq!(shortened("v=1&a=%20%20", "a", 11), "v=1&a=%20");
        // À, Ð, à, ð
        for character in ["%C3%80", "%C3%90", "%C3%A0", "%C3%B0"] {
            assert_eq!(shortened(&format!("v=1&a=x{character}"), "a", 10), "v=1&a=x");
        }
    }
}
