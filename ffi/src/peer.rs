//! The address at the other end of a connection.

use std::net::IpAddr;

/// An address as plain numbers. An `IpAddr` is a tag before bytes: to copy a fresh one stalls the processor.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peer {
    octets: [u64; 2],
    /// Of the octets, 0 for no address.
    length: usize,
}

impl Peer {
    /// The address whose octets, 4 or 16, these are; none for any other number.
    #[inline]
    pub(crate) fn of(octets: &[u8]) -> Self {
        match (octets.first_chunk(), octets.as_chunks().0, octets.len()) {
            (Some(v4), _, length @ 4) => Self { octets: [u32::from_ne_bytes(*v4).into(), 0], length },
            (_, &[first, last], length @ 16) => {
                Self { octets: [first, last].map(u64::from_ne_bytes), length }
            }
            _ => Self::default(),
        }
    }

    #[inline]
    pub(crate) fn address(self) -> Option<IpAddr> {
        let [first, last] = self.octets;
        match self.length {
            0 => None,
            4 => Some(IpAddr::from((first as u32).to_ne_bytes())),
            _ => {
                let mut octets = [0; 16];
                octets[..8].copy_from_slice(&first.to_ne_bytes());
                octets[8..].copy_from_slice(&last.to_ne_bytes());
                Some(IpAddr::from(octets))
            }
        }
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::of(&v4.octets()),
            IpAddr::V6(v6) => Self::of(&v6.octets()),
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_address_comes_back() {
        for text in ["203.0.113.9", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(Peer::from(address).address(), Some(address));
        }
    }

    #[test]
    fn what_has_another_length_is_none() {
        for length in (0..20).filter(|length| ![4, 16].contains(length)) {
            assert_eq!(Peer::of(&vec![1; length]).address(), None, "{length}");
        }
    }
}
