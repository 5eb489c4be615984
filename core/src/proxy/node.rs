//! One entry of a chain: an address, perhaps in brackets, with a port or with a zone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longer than any address with brackets, zone and port.
const LONGEST: usize = 96;

/// The address of an entry (a node of RFC 7239 §6, in either header): an IPv6 address may stand without brackets
/// if no port follows, and what it says of a zone is passed over, as the zone is one of somebody else's machine. One
/// that stands for an IPv4 address is taken as that.
pub(super) fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = entry.trim_ascii();
    if entry.len() > LONGEST {
        return None;
    }
    let entry = str::from_utf8(entry).ok()?;
    let address = match entry.strip_prefix('[') {
        Some(rest) => {
            let (inside, port) = rest.split_once(']')?;
            let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            v6(inside).filter(|_| is_port)?
        }
        None => match entry.split_once(':') {
            None => IpAddr::V4(entry.parse().ok()?),
            Some((v4, port)) if !port.contains(':') => {
                IpAddr::V4(v4.parse::<Ipv4Addr>().ok().filter(|_| is_port(port))?)
            }
            Some(_) => v6(entry)?,
        },
    };
    Some(address.to_canonical())
}

fn v6(text: &str) -> Option<IpAddr> {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    let is_zone = !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-~".contains(&b));
    address.parse::<Ipv6Addr>().ok().filter(|_| is_zone).map(IpAddr::V6)
}

/// A port, or a name that stands for one (RFC 7239 §6.3).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod test {
    use super::address;

    #[test]
    fn an_address_in_every_dress() {
        for (entry, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            (" 203.0.113.9\t", "203.0.113.9"),
            ("203.0.113.9:51234", "203.0.113.9"),
            ("203.0.113.9:_gazonk", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]:_p", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25]:80", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
            ("::", "::"),
        ] {
            assert_eq!(address(entry.as_bytes()), Some(expected.parse().unwrap()), "{entry}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "localhost",
            "203.0.113",
            "203.0.113.256",
            "203.0.113.09",
            "0xcb007109",
            "203.0.113.9:",
            "203.0.113.9:123456",
            "203.0.113.9:8o",
            "203.0.113.9:_",
            "203.0.113.9 203.0.113.8",
            "203.0.113.9%eth0",
            "[203.0.113.9]",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]x",
            "[2001:db8::1]:",
            "[]",
            "[::1]]:80",
            "fe80::1%",
            "fe80::1%a b",
            "2001:db8::1::2",
            "-1",
            "\"203.0.113.9\"",
            "203.0.113.9;",
        ] {
            assert_eq!(address(entry.as_bytes()), None, "{entry}");
        }
        assert_eq!(address(b"203.0.113.9\xff"), None);
        assert_eq!(address(format!("fe80::1%{}", "a".repeat(96)).as_bytes()), None);
    }
}
