//! The cookieless id: a keyed hash of site, address and agent, which is another one every day.
//!
//! It is SipHash-2-4 with 128 bits of output, keyed with the first half of the day's key, over the second half
//! and then site, address and agent, each behind its length (eight bytes, little-endian), so that no two
//! triples make the same text. The site is in lower case, the address has four or sixteen bytes (an IPv4 address
//! inside IPv6 is taken as that), and the agent is what a record may hold of it. The outcome, with the version
//! and the variant of a UUID v8 (RFC 9562 §5.8) written over six of its bits, is the id.
//!
//! Without the key nobody can try addresses until one fits, and when the key is destroyed nobody can any more.
//! While it lives the id is personal data: whoever has the key can find out whose it is. There is no id without an
//! address, as all visitors with one agent would share it.

use std::{hash::Hasher, net::IpAddr};

use http::header::USER_AGENT;
use siphasher::sip128::{Hasher128, SipHasher24};
use uuid::{Builder, Uuid};

use super::DailyKey;
use crate::{
    decide::Facts,
    hit::cap::{self, cut},
    request::first_value,
};

impl DailyKey {
    /// The id of whoever asked from `address` with `agent`, on `site`.
    pub(crate) fn id(&self, site: &[u8], address: IpAddr, agent: &[u8]) -> Uuid {
        let (mut key, mut prefix) = ([0; 16], [0; 16]);
        key.copy_from_slice(&self.0[..16]);
        prefix.copy_from_slice(&self.0[16..]);
        let mut hasher = SipHasher24::new_with_key(&key);
        hasher.write(&prefix);
        let mut put = |bytes: &[u8]| {
            // Not `write_u64`, whose bytes are those of the machine.
            hasher.write(&(bytes.len() as u64).to_le_bytes());
            hasher.write(bytes);
        };
        let mut lower = [0; cap::SITE];
        let site = &site[..site.len().min(lower.len())];
        let lower = &mut lower[..site.len()];
        lower.copy_from_slice(site);
        lower.make_ascii_lowercase();
        put(lower);
        match address.to_canonical() {
            IpAddr::V4(v4) => put(&v4.octets()),
            IpAddr::V6(v6) => put(&v6.octets()),
        }
        put(cut(agent, cap::AGENT));
        Builder::from_custom_bytes(hasher.finish128().as_bytes()).into_uuid()
    }
}

/// The cookieless id of an exchange, or what it takes to find it out: most visitors with a cookie need none.
#[derive(Clone, Debug, Default)]
pub(crate) enum Cookieless {
    /// There is none, whatever may come.
    #[default]
    None,
    /// It is to be made when it is needed.
    Of(DailyKey),
    /// This is it.
    Is(Uuid),
}

impl Cookieless {
    /// Makes the id now.
    pub(crate) fn now(key: &DailyKey, facts: &Facts<'_>) -> Self {
        id(key, facts).map_or(Self::None, Self::Is)
    }

    /// The id, if it has been made.
    pub(crate) fn known(&self) -> Option<Uuid> {
        match self {
            Self::Is(id) => Some(*id),
            Self::None | Self::Of(_) => None,
        }
    }

    /// The id, made if it has not been.
    pub(crate) fn id(&self, facts: &Facts<'_>) -> Option<Uuid> {
        match self {
            Self::None => None,
            Self::Of(key) => id(key, facts),
            Self::Is(id) => Some(*id),
        }
    }
}

#[inline(never)] // A returning visitor with a cookie has no need of it.
fn id(key: &DailyKey, facts: &Facts<'_>) -> Option<Uuid> {
    let address = facts.address?;
    let agent = first_value(facts.request.headers, &USER_AGENT).unwrap_or_default();
    Some(key.id(facts.site(), address, agent))
}

#[cfg(test)]
#[path = "cookieless_test.rs"]
mod test;
