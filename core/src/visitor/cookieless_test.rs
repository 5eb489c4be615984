use std::net::{Ipv4Addr, Ipv6Addr};

use uuid::uuid;

use super::*;

const AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const SITE: &[u8] = b"www.example.com";
const V4: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

fn key() -> DailyKey {
    DailyKey(std::array::from_fn(|n| n as u8))
}

/// Computed by the second implementation, tests/vectors/cookieless.py.
#[test]
fn it_is_the_keyed_hash_of_site_address_and_agent() {
    let id = |address, agent: &[u8]| key().id(SITE, address, agent);
    assert_eq!(id(V4.into(), AGENT), uuid!("04a9cf6d-a9f9-805e-9bd3-0060692f2cce"));
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
    assert_eq!(id(v6.into(), AGENT), uuid!("d0d723a9-1c17-8174-aaa6-d28c98350157"));
    assert_eq!(id(V4.into(), b""), uuid!("43aca225-9a1f-8ee1-b616-5dae29db8eec"));
    // What the record cuts is cut here, too.
    for length in [1_024, 1_025, 100_000] {
        let agent = vec![b'x'; length];
        assert_eq!(id(V4.into(), &agent), uuid!("8b3af556-2c43-8b90-a045-22dac6a9b295"), "{length}");
    }
}

#[test]
fn one_visitor_has_one_id() {
    let id = key().id(SITE, V4.into(), AGENT);
    assert_eq!(key().id(b"WWW.Example.com", V4.into(), AGENT), id);
    assert_eq!(key().id(SITE, V4.to_ipv6_mapped().into(), AGENT), id);
    assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
}

#[test]
fn everything_in_it_matters() {
    let id = key().id(SITE, V4.into(), AGENT);
    let other = |site: &[u8], address: [u8; 4], agent: &[u8]| key().id(site, address.into(), agent);
    let v4 = V4.octets();
    assert_ne!(other(b"example.com", v4, AGENT), id);
    // The address that would be masked differs in the last byte alone.
    assert_ne!(other(SITE, [203, 0, 113, 10], AGENT), id);
    assert_ne!(other(SITE, v4, b"curl/8"), id);
    // Where one part ends matters, too.
    assert_ne!(other(b"a", v4, b"b"), other(b"", v4, b"ab"));
    for n in 0..32 {
        let mut key = key();
        key.0[n] ^= 1;
        assert_ne!(key.id(SITE, V4.into(), AGENT), id, "byte {n} of the key");
    }
}
