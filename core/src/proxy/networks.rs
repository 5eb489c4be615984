//! The networks whose members are trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// Networks, private addresses and unix sockets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks {
    nets: Vec<IpNet>,
    private: bool,
    unix: bool,
}

impl Networks {
    /// Adds what a word or an address stands for.
    ///
    /// # Errors
    ///
    /// What is wrong with it, if it is nothing of the kind.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        match text {
            "private" => self.private = true,
            "unix" => self.unix = true,
            _ => self.nets.push(network(text)?),
        }
        Ok(())
    }

    /// Whether one of them has everybody.
    pub(crate) fn are_everybody(&self) -> bool {
        self.nets.iter().any(|net| net.prefix_len() == 0)
    }

    /// The word or the network by which `address` is trusted.
    pub(crate) fn naming(&self, address: Option<IpAddr>) -> Option<String> {
        match address.map(|address| address.to_canonical()) {
            None => self.unix.then(|| "`unix`".to_owned()),
            Some(address) if self.private && is_private(address) => Some("`private`".to_owned()),
            Some(address) => Some(self.nets.iter().find(|net| net.contains(&address))?.to_string()),
        }
    }

    /// Whether `address` is trusted; none is that of a unix socket.
    pub(crate) fn contain(&self, address: Option<IpAddr>) -> bool {
        let Some(address) = address.map(|address| address.to_canonical()) else {
            return self.unix;
        };
        (self.private && is_private(address)) || self.nets.iter().any(|net| net.contains(&address))
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| String::new())?,
    };
    if net.trunc() != net {
        return Err(format!("has bits behind its first {}; write \"{}\"", net.prefix_len(), net.trunc()));
    }
    Ok(canonical(net))
}

/// A network of IPv6 addresses that stand for IPv4 ones, as that of these.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    v4.and_then(|(address, length)| Ipv4Net::new(address, length).ok()).map_or(net, IpNet::V4)
}

/// Whether an address is that of the machine itself or of a network that is reached from itself alone: loopback,
/// RFC 1918, link-local and IPv6 unique local.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    v4.is_private() || v4.is_loopback() || v4.is_link_local()
}

fn is_private_v6(v6: Ipv6Addr) -> bool {
    v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
}

#[cfg(test)]
mod test {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        let mut networks = Networks::default();
        texts.iter().for_each(|text| networks.add(text).unwrap());
        networks
    }

    fn contain(networks: &Networks, address: &str) -> bool {
        networks.contain(Some(address.parse().unwrap()))
    }

    #[test]
    fn nobody_is_trusted_until_named() {
        let none = networks(&[]);
        assert!(!contain(&none, "127.0.0.1") && !none.contain(None));
    }

    #[test]
    fn a_network_has_its_members() {
        let some = networks(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "2001:db9::1"]);
        for member in ["10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8:ffff::", "2001:db9::1"] {
            assert!(contain(&some, member), "{member}");
        }
        for other in ["9.255.255.255", "11.0.0.0", "192.0.2.8", "2001:db7::", "2001:db9::2", "::a00:1"] {
            assert!(!contain(&some, other), "{other}");
        }
        assert!(!some.contain(None));
    }

    #[test]
    fn an_ipv4_address_is_the_same_in_ipv6() {
        let some = networks(&["10.0.0.0/8", "::ffff:192.0.2.0/120"]);
        assert!(contain(&some, "::ffff:10.1.2.3"));
        assert!(contain(&some, "192.0.2.9"));
        assert!(!contain(&some, "192.0.3.9"));
    }

    #[test]
    fn private_and_unix_are_what_they_say() {
        let some = networks(&["private"]);
        for member in [
            "127.0.0.1",
            "127.255.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.255.1",
            "169.254.1.1",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(contain(&some, member), "{member}");
        }
        for other in ["172.32.0.1", "100.64.0.1", "192.169.0.1", "0.0.0.0", "::", "2001:db8::1", "fec0::1"] {
            assert!(!contain(&some, other), "{other}");
        }
        assert!(!some.contain(None));
        let unix = networks(&["unix"]);
        assert!(unix.contain(None) && !contain(&unix, "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_told() {
        for text in
            ["", "10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/", "Private", " 10.0.0.0/8", "::1%1"]
        {
            assert_eq!(Networks::default().add(text), Err(String::new()), "{text}");
        }
        let told = Networks::default().add("10.1.2.3/8");
        assert_eq!(told, Err("has bits behind its first 8; write \"10.0.0.0/8\"".to_owned()));
    }

    #[test]
    fn everybody_is_a_network() {
        assert!(networks(&["0.0.0.0/0"]).are_everybody());
        assert!(networks(&["10.0.0.0/8", "::/0"]).are_everybody());
        assert!(!networks(&["10.0.0.0/8", "private", "unix"]).are_everybody());
    }
}
