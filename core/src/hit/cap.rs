pub(crate) const SITE: usize = 255;
pub(crate) const URL: usize = 2_048;
pub(crate) const AGENT: usize = 1_024;
pub(crate) const LANGUAGE: usize = 35;
pub(crate) const METHOD: usize = 32;
pub(crate) const CITY: usize = 128;
pub(crate) const TITLE: usize = 1_500;
pub(crate) const USER_ID: usize = 256;
pub(crate) const EVENT: usize = 500;
pub(crate) const KEY: usize = 128;
pub(crate) const VALUE: usize = 1_024;
pub(crate) const PROPERTIES: usize = 64;
pub(crate) const EVENTS: usize = 64;

/// The longest beginning of `text` of at most `max` bytes that ends neither inside a UTF-8 character nor
/// inside a percent escape.
#[inline]
pub(crate) fn cut(text: &[u8], max: usize) -> &[u8] {
    match text.get(max) {
        None => text,
        Some(&next) => cut_before(text, max, next),
    }
}

#[cold]
fn cut_before(text: &[u8], max: usize, next: u8) -> &[u8] {
    let mut end = max;
    if next & 0xc0 == 0x80 {
        // Inside a character: at most three of its bytes can stand before the cut.
        let start = text[..max].iter().rev().take(3).position(|b| b & 0xc0 != 0x80);
        if let Some(start) = start.filter(|&n| text[max - 1 - n] >= 0xc0) {
            end = max - 1 - start;
        }
    }
    let tail = &text[end.saturating_sub(2)..end];
    if let Some(back) = tail.iter().rev().position(|&b| b == b'%') {
        end -= back + 1;
    }
    &text[..end]
}

/// The longest beginning of `text` of at most `max` bytes that ends between two characters.
#[inline]
pub(crate) fn cut_str(text: &str, max: usize) -> &str {
    if text.len() <= max { text } else { cut_long(text, max) }
}

#[cold]
fn cut_long(text: &str, max: usize) -> &str {
    let end = (0..=max).rev().find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod test {
    use super::{cut, cut_str};

    #[test]
    fn ends_between_characters() {
        assert_eq!(cut("a€b".as_bytes(), 5), "a€b".as_bytes());
        assert_eq!(cut("a€b".as_bytes(), 4), "a€".as_bytes());
        assert_eq!(cut("a€b".as_bytes(), 3), b"a");
        assert_eq!(cut("a€b".as_bytes(), 2), b"a");
        assert_eq!(cut("a€b".as_bytes(), 1), b"a");
        assert_eq!(cut_str("a€b", 3), "a");
    }

    #[test]
    fn ends_between_escapes() {
        assert_eq!(cut(b"ab%20c", 5), b"ab%20");
        assert_eq!(cut(b"ab%20c", 4), b"ab");
        assert_eq!(cut(b"ab%20c", 3), b"ab");
        assert_eq!(cut(b"ab%20c", 2), b"ab");
    }

    #[test]
    fn stray_continuation_bytes_are_cut_anywhere() {
        assert_eq!(cut(&[0x80; 9], 5), &[0x80; 5]);
    }
}
