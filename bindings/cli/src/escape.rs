//! What a client sent, made harmless for a terminal.

pub(crate) use trackside::explain::{escape, escape_json};

/// At most `limit` characters of `text`.
pub(crate) fn shorten(mut text: String, limit: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod test {
    use super::shorten;

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(shorten("äöü".to_owned(), 3), "äöü");
        assert_eq!(shorten("äöüß".to_owned(), 3), "äöü…");
    }
}
