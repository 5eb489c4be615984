use percent_encoding::percent_decode;

use crate::request::split;

/// The first value of the parameter `name` in a query, decoded as a form's (WHATWG URL §5.1). An empty one
/// counts as absent.
pub(super) fn parameter(query: &[u8], name: u8) -> Option<Vec<u8>> {
    let mut pairs = split(query, b'&');
    let value = pairs.find_map(|pair| pair.strip_prefix(&[name])?.strip_prefix(b"="))?;
    let plain: Vec<u8> = value.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    let decoded: Vec<u8> = percent_decode(&plain).collect();
    (!decoded.is_empty()).then_some(decoded)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_first_of_a_name_counts() {
        let value =
            |query: &str, name| parameter(query.as_bytes(), name).map(|v| v.escape_ascii().to_string());
        assert_eq!(value("p=/a&p=/b&r=c", b'p').as_deref(), Some("/a"));
        assert_eq!(value("pp=/a&&r=c", b'p'), None);
        assert_eq!(value("r=c&p=", b'p'), None);
        assert_eq!(value("p", b'p'), None);
        assert_eq!(value("p=%2Fa+b%2B%zz%ff", b'p').as_deref(), Some("/a b+%zz\\xff"));
    }
}
