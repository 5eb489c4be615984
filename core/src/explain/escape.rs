//! What a client sent, made harmless for a terminal.

use std::fmt::Write;

/// `bytes` as text in one line: what is no UTF-8 as `\xNN`, what could move the cursor, change colours or
/// turn the direction of writing as `\u{…}`.
pub fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_harmful(character) {
                // Writing to a string cannot fail.
                write!(escaped, "{}", character.escape_unicode()).ok();
            } else {
                escaped.push(character);
            }
        }
        for byte in chunk.invalid() {
            write!(escaped, "\\x{byte:02x}").ok();
        }
    }
    escaped
}

/// The same for a JSON document, which stays the same document: only its strings can hold such characters.
pub fn escape_json(document: &str) -> String {
    let mut escaped = String::with_capacity(document.len());
    for character in document.chars() {
        if character != '\n' && is_harmful(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").ok();
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Control characters, line and paragraph separators, and those that change the direction of writing
/// (Unicode TR #9 §2).
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod test {
    use super::{escape, escape_json};

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(escape(b"/\x1b[2J\x07"), r"/\u{1b}[2J\u{7}");
        assert_eq!(escape("\u{9b}31m".as_bytes()), r"\u{9b}31m");
        assert_eq!(escape(b"a\r\nb\tc\0\x7f"), r"a\u{d}\u{a}b\u{9}c\u{0}\u{7f}");
        assert_eq!(escape("/\u{202e}txt.exe".as_bytes()), r"/\u{202e}txt.exe");
    }

    #[test]
    fn text_stays_and_other_bytes_are_shown() {
        assert_eq!(escape("/grüße/日本".as_bytes()), "/grüße/日本");
        assert_eq!(escape(b"/\xff\xc3"), r"/\xff\xc3");
    }

    #[test]
    fn a_json_document_stays_the_same() {
        let document = serde_json::json!({"path": "/\u{9b}\u{202e}ü\u{7f}\n"});
        let escaped = escape_json(&document.to_string());
        assert_eq!(escaped, r#"{"path":"/\u009b\u202eü\u007f\n"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), document);
    }
}
