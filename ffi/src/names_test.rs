use trackside_core::REQUEST_HEADERS;

use super::{NAMES, place};

#[test]
fn every_name_that_is_read_has_its_place_in_any_case() {
    for (n, name) in REQUEST_HEADERS.iter().enumerate() {
        let name = name.as_str();
        assert_eq!(name.as_bytes(), NAMES[n]);
        assert_eq!(place(name.as_bytes()), Some(n), "{name}");
        assert_eq!(place(name.to_ascii_uppercase().as_bytes()), Some(n), "{name}");
    }
}

/// Each byte of each name, changed to every other.
#[test]
fn no_other_name_has_a_place() {
    for name in &REQUEST_HEADERS {
        let name = name.as_str().as_bytes();
        for (at, byte) in (0..name.len()).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut other = name.to_vec();
            other[at] = byte;
            assert_eq!(place(&other).is_some(), other.eq_ignore_ascii_case(name), "{}", other.escape_ascii());
        }
        assert_eq!(place(&name[1..]), None);
    }
    for name in ["", "t", "sec-ch-ua", "sec-fetch-site", "accept-encoding", "content-type", "x-forwarded-for"]
    {
        assert_eq!(place(name.as_bytes()), None, "{name}");
    }
}
