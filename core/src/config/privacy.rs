use std::net::IpAddr;

/// What is recorded of the client's address: `privacy.ip` and a destination's `ip`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "the record's layout has room for these alone")]
pub enum IpPolicy {
    /// `masked`: the network, an IPv4 /24 or an IPv6 /48, of 6to4 the /24 in it.
    Masked = 0,
    /// `full`: the address.
    Full = 1,
    /// `none`: nothing.
    None = 2,
}

impl IpPolicy {
    /// What may be recorded of `address`. An IPv6 address that stands for an IPv4 one is taken as that.
    pub fn apply(self, address: Option<IpAddr>) -> Option<IpAddr> {
        match (self, address?.to_canonical()) {
            (Self::None, _) => None,
            (Self::Full, address) => Some(address),
            (Self::Masked, IpAddr::V4(v4)) => {
                let [a, b, c, _] = v4.octets();
                Some(IpAddr::from([a, b, c, 0]))
            }
            (Self::Masked, IpAddr::V6(v6)) => {
                let [a, b, mut c, ..] = v6.segments();
                if a == 0x2002 {
                    // 6to4 (RFC 3056): an IPv4 address follows, of which this is the last part.
                    c &= 0xff00;
                }
                Some(IpAddr::from([a, b, c, 0, 0, 0, 0, 0]))
            }
        }
    }
}

/// What is recorded of where the visitor is: `privacy.geo`, from the coarsest to the finest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum GeoPolicy {
    /// `none`: nothing.
    None,
    /// `country`: the country.
    Country,
    /// `region`: the country and the part of it.
    Region,
    /// `city`: the city, too.
    City,
}

/// What is recorded of the query: `privacy.query`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum QueryPolicy {
    /// `campaign`: what names a campaign.
    Campaign,
    /// `drop`: nothing.
    Drop,
    /// `keep`: all of it, but for what is secret.
    Keep,
    /// `raw`: all of it.
    Raw,
}

/// What is recorded of the path: `privacy.path`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PathPolicy {
    /// `anonymous`: no segment that looks like an e-mail address, a token or an id.
    Anonymous,
    /// `full`: all of it.
    Full,
    /// `redacted`: no segment that looks like an e-mail address or a token.
    Redacted,
    /// `route`: the template of the route that answered; where none is known, as [`Anonymous`](Self::Anonymous).
    Route,
}

/// What is recorded of addresses: `privacy.query`, `privacy.path` and `track.canonical`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Urls {
    pub(crate) query: QueryPolicy,
    pub(crate) path: PathPolicy,
    pub(crate) canonical: bool,
}
