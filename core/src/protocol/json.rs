//! JSON (RFC 8259) straight into a buffer, member by member, so that a member too many can be taken back.

use serde::Serialize;
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    text::{Clean, Shown, first_units},
    uri::Uri,
};

/// Writes an object into the buffer, member by member.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    members: usize,
}

impl<'a> Object<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, members: 0 }
    }

    pub(super) fn put(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        put(self.key(key), value);
    }

    /// Puts a text unless it is empty.
    pub(super) fn put_text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.put_joined(key, [text]);
        }
    }

    /// Puts a text without control characters, up to `max` UTF-16 units of it, unless it is empty.
    pub(super) fn put_clean(&mut self, key: &str, text: &[u8], max: usize) {
        if !text.is_empty() {
            push_clean(self.key(key), text, max);
        }
    }

    /// Puts texts as one, as [`put_clean`](Self::put_clean) does.
    pub(super) fn put_clean_joined<const N: usize>(&mut self, key: &str, texts: [&str; N], max: usize) {
        let is_plain = |text: &&str| !text.bytes().any(|byte| byte.is_ascii_control());
        if texts.iter().map(|text| text.len()).sum::<usize>() <= max && texts.iter().all(is_plain) {
            self.put_joined(key, texts);
        } else {
            self.put_clean(key, texts.concat().as_bytes(), max);
        }
    }

    /// Puts an address.
    pub(super) fn put_uri<const N: usize>(&mut self, key: &str, uri: &Uri<'_, N>) {
        let out = self.key(key);
        out.push(b'"');
        uri.push_to(out);
        out.push(b'"');
    }

    /// Puts an id, in lower case and with hyphens.
    pub(super) fn put_uuid(&mut self, key: &str, id: Uuid) {
        let mut buffer = [0; Hyphenated::LENGTH];
        let text = id.hyphenated().encode_lower(&mut buffer);
        let out = self.key(key);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }

    /// Puts texts as one.
    pub(super) fn put_joined<const N: usize>(&mut self, key: &str, texts: [&str; N]) {
        let out = self.key(key);
        out.push(b'"');
        texts.iter().for_each(|text| push_escaped(out, text));
        out.push(b'"');
    }

    /// Puts a number as a text.
    pub(super) fn put_digits(&mut self, key: &str, number: u64) {
        let out = self.key(key);
        out.push(b'"');
        put(out, &number);
        out.push(b'"');
    }

    /// Begins a member whose value the caller writes.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if self.members > 0 {
            self.out.push(b',');
        }
        self.members += 1;
        self.out.push(b'"');
        push_escaped(self.out, key);
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// How many members there are so far.
    pub(super) fn members(&self) -> usize {
        self.members
    }

    /// How much of the buffer is full.
    pub(super) fn length(&self) -> usize {
        self.out.len()
    }

    /// Goes back to where there were so many members and so many bytes.
    pub(super) fn take_back(&mut self, members: usize, length: usize) {
        self.out.truncate(length);
        self.members = members;
    }

    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends a text without control characters, up to `max` UTF-16 units of it.
pub(super) fn push_clean(out: &mut Vec<u8>, text: &[u8], max: usize) {
    match std::str::from_utf8(text) {
        Ok(text) if !text.bytes().any(|byte| byte.is_ascii_control()) => {
            out.push(b'"');
            push_escaped(out, first_units(text, max));
            out.push(b'"');
        }
        _ => put(out, &Shown(Clean { text, max })),
    }
}

/// Appends the JSON that `write` appends, as a text; where it stands, without a second buffer.
pub(super) fn push_nested(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    // In JSON nothing else of what a text escapes is left.
    let is_escaped = |byte: u8| matches!(byte, b'"' | b'\\');
    let start = out.len();
    write(out);
    let mut from = out.len();
    let escapes = out[start..].iter().filter(|byte| is_escaped(**byte)).count();
    // The last of these closes the text.
    out.resize(from + escapes + 2, b'"');
    let mut to = out.len() - 1;
    // OK because what is written lies behind all that is still to be read.
    while from > start {
        (from, to) = (from - 1, to - 1);
        out[to] = out[from];
        if is_escaped(out[from]) {
            to -= 1;
            out[to] = b'\\';
        }
    }
    out[start] = b'"';
}

/// Appends what stands between a text's quotation marks.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    // Without a way out of the loop, which looks at many bytes at once.
    let is_plain = text.bytes().fold(true, |plain, b| plain & (b >= b' ') & (b != b'"') & (b != b'\\'));
    if is_plain {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let before = out.len();
    put(out, text);
    // Both marks.
    out.pop();
    out.remove(before);
}

fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // OK because writing to a buffer cannot fail, and none of our values refuses to be written.
    serde_json::to_writer(out, value).ok();
}

#[cfg(test)]
mod test {
    use super::{super::uri::Uri, Object, push_nested};

    #[test]
    fn members_are_escaped_and_separated() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.put_text("a", "\"\\\u{0}\n\u{7f}é");
        object.put_text("a1", "\\\\");
        object.put_text("b", "");
        object.put_clean("b", b"", 9);
        let mut inner = Object::open(object.key("c\""));
        inner.put("d", &1);
        inner.put_digits("e", 2);
        inner.put_joined("f", ["g", "\"", "h"]);
        inner.close();
        assert_eq!(object.members(), 3);
        object.close();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":\"\\\"\\\\\\u0000\\n\u{7f}é\",\"a1\":\"\\\\\\\\\",\"c\\\"\":{\"d\":1,\"e\":\"2\",\"f\":\"g\\\"h\"}}"
        );
    }

    #[test]
    fn json_in_json_is_a_text() {
        for (json, text) in [
            ("", r#""""#),
            ("1", r#""1""#),
            (r#"""#, r#""\"""#),
            (r#"{"a":"\"\\ \n\u0000é"}"#, r#""{\"a\":\"\\\"\\\\ \\n\\u0000é\"}""#),
        ] {
            // What stands before it stays as it is, even what would be escaped.
            for before in ["", "x", "\""] {
                let mut out = before.as_bytes().to_vec();
                push_nested(&mut out, |out| out.extend_from_slice(json.as_bytes()));
                assert_eq!(String::from_utf8(out).unwrap(), format!("{before}{text}"));
            }
            assert_eq!(serde_json::from_str::<String>(text).unwrap(), json);
        }
    }

    #[test]
    fn texts_addresses_and_ids() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.put_clean("a", b"\"\0\xff\t", 9);
        object.put_clean("b", "é\\\u{1f600}x".as_bytes(), 4);
        object.put_clean_joined("b1", ["x", "\"", "é"], 9);
        object.put_clean_joined("b2", ["x", "\0", "é"], 9);
        object.put_clean_joined("b3", ["x", "é", "y"], 2);
        object.put_clean_joined("b4", ["\0", "\t"], 9);
        object.put_uri("c", &Uri { pieces: [&b"/\""[..], b"b"], max: 9 });
        object.put_uuid("d", uuid::uuid!("5B2A9C0E-54a0-4a36-9f0e-3a2a7a1b9d11"));
        let (members, length) = (object.members(), object.length());
        object.put("e", &1);
        object.take_back(members, length);
        object.put("f", &2);
        object.close();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":\"\\\"\u{fffd}\u{fffd}\\t\",\"b\":\"é\\\\\u{1f600}\",\
             \"b1\":\"x\\\"é\",\"b2\":\"x\u{fffd}é\",\"b3\":\"xé\",\"b4\":\"\u{fffd}\\t\",\"c\":\"/%22b\",\
             \"d\":\"5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11\",\"f\":2}"
        );
    }
}
