//! JSON (RFC 8259) straight into a buffer, member by member, so that a member too many can be taken back.

use serde::Serialize;

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

    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends what stands between a text's quotation marks.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
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
    use super::Object;

    #[test]
    fn members_are_escaped_and_separated() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.put_text("a", "\"\\\u{0}\n\u{7f}é");
        object.put_text("b", "");
        let mut inner = Object::open(object.key("c\""));
        inner.put("d", &1);
        inner.put_digits("e", 2);
        inner.put_joined("f", ["g", "\"", "h"]);
        inner.close();
        assert_eq!(object.members(), 2);
        object.close();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\":\"\\\"\\\\\\u0000\\n\u{7f}é\",\"c\\\"\":{\"d\":1,\"e\":\"2\",\"f\":\"g\\\"h\"}}"
        );
    }
}
