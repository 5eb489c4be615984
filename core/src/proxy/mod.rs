//! The client behind proxies: its address, its scheme and the host that it asked for.
//!
//! Anybody can write a forwarding header, so nobody is believed who is not named in `[proxy]`: by network, or
//! by the number of the operator's own proxies. The configured header, and no other, is then walked from the
//! right, where the nearest proxy writes, and as long as those who wrote are trusted.
//!
//! | what stands there | the client's address is |
//! | --- | --- |
//! | an address that is no trusted proxy's | this one |
//! | only trusted proxies, to the end | the one furthest to the left |
//! | something that is no address, as `unknown`, a name with `_` or a forgery | the one to the right of it, the last that a trusted proxy has vouched for; if there is none, the peer's |
//! | nothing | the peer's |
//!
//! Scheme and host are believed by the same rule: with `Forwarded` they stand in the element that has the
//! client's address, else in `X-Forwarded-Proto` and `X-Forwarded-Host`, at the client's place counted from
//! the right, or furthest to the left if these are fewer.
//!
//! Where the client is (`[geo]`) is believed of the peer alone, as a header of one address is: it has no list that
//! would say who wrote it.

mod element;
mod forwarded;
mod hops;
mod list;
mod networks;
mod node;
mod overlooked;
mod place;

use std::{net::IpAddr, sync::Arc};

use http::HeaderName;

pub use self::{hops::Hop, overlooked::overlooked_proxy};
pub(crate) use self::{hops::hops, networks::Networks, place::PlaceHeaders};
use crate::{
    Request,
    config::ProxyHeader,
    decide::valid_host,
    hit::{Joined, Place},
};

static FORWARDED: HeaderName = HeaderName::from_static("forwarded");
static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The proxies that are trusted, and what they write.
#[derive(Clone, Debug)]
pub(crate) struct Proxies {
    trust: Trust,
    header: ProxyHeader,
    name: HeaderName,
    place: Option<PlaceHeaders>,
}

/// Who is a proxy of the operator's.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// The nearest of this number, the peer included.
    Hops(usize),
    /// Those in these networks.
    Networks(Networks),
}

impl Trust {
    /// Whether the one at `address`, so many entries from the right, is; the peer is at 0.
    fn reaches(&self, depth: usize, address: Option<IpAddr>) -> bool {
        match self {
            Self::Hops(hops) => depth < *hops,
            Self::Networks(networks) => networks.contain(address),
        }
    }
}

/// A request as the outermost trusted proxy received it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Arrival<'a> {
    pub(crate) address: Option<IpAddr>,
    pub(crate) secure: bool,
    /// A valid host without its port, if the proxies tell of one.
    pub(crate) host: Option<&'a [u8]>,
}

/// An [`Arrival`] for when the request's headers are gone, and what else few requests have in them.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    address: Option<IpAddr>,
    secure: bool,
    host: Option<Box<[u8]>>,
    place: Option<Place>,
    joined: Joined,
}

impl Arrival<'_> {
    /// Keeps it, and what the proxies tell of the client's place.
    #[cold] // Most are asked for nothing.
    #[inline(never)]
    pub(crate) fn remember(self, proxies: Option<&Proxies>, request: &Request<'_>) -> Arc<Remembered> {
        let headers = proxies.and_then(|proxies| proxies.place.as_ref());
        Arc::new(Remembered {
            address: self.address,
            secure: self.secure,
            host: self.host.map(Box::from),
            place: headers.and_then(|headers| headers.read(request.headers)),
            joined: Joined::default(),
        })
    }
}

impl Remembered {
    pub(crate) fn lend(&self) -> Arrival<'_> {
        Arrival { address: self.address, secure: self.secure, host: self.host.as_deref() }
    }

    /// Where the client is.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What scripts in the browser call the visitor.
    pub(crate) fn joined(&self) -> &Joined {
        &self.joined
    }

    /// With what scripts in the browser call the visitor.
    pub(crate) fn with_joined(self: Arc<Self>, joined: Joined) -> Arc<Self> {
        Arc::new(Self { joined, ..Arc::unwrap_or_clone(self) })
    }

    /// Whether there is more to a hit than what its draft has.
    pub(crate) fn completes_hits(&self) -> bool {
        self.place.is_some() || !self.joined.is_empty()
    }
}

/// What a header tells, as far as it is trusted.
#[derive(Clone, Copy, Debug, Default)]
struct Told<'a> {
    address: Option<IpAddr>,
    /// At which entry from the right it stands; 0 if there is none.
    depth: usize,
    proto: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
}

impl Proxies {
    pub(crate) fn new(trust: Trust, header: ProxyHeader) -> Self {
        Self { trust, header, name: HeaderName::from_static(header.name()), place: None }
    }

    /// They tell of the client's place, too.
    pub(crate) fn with_place(self, place: Option<PlaceHeaders>) -> Self {
        Self { place, ..self }
    }

    /// Whether the peer at this address is one of them.
    pub(crate) fn trust_peer(&self, peer: Option<IpAddr>) -> bool {
        self.trust.reaches(0, peer)
    }

    /// The names of the headers that are read.
    pub(crate) fn headers(&self) -> Vec<HeaderName> {
        let mut names = match self.header {
            ProxyHeader::Forwarded => vec![FORWARDED.clone()],
            _ => vec![self.name.clone(), PROTO.clone(), HOST.clone()],
        };
        names.extend(self.place.iter().flat_map(PlaceHeaders::names).cloned());
        names
    }

    /// What the proxies tell of a request. None if they are not to be believed, or tell nothing that the host does
    /// not know and are not asked for the place.
    pub(crate) fn arrival<'a>(&self, request: &Request<'a>) -> Option<Arrival<'a>> {
        let told = self.told(request)?;
        let arrival = Arrival {
            address: told.address.or(request.peer),
            secure: told.proto.and_then(scheme_is_secure).unwrap_or(request.secure),
            host: host(request, told),
        };
        let known = Arrival { address: request.peer, secure: request.secure, host: None };
        (arrival != known || self.place.is_some()).then_some(arrival)
    }

    /// What the proxies tell of a request, if they are to be believed.
    fn told<'a>(&self, request: &Request<'a>) -> Option<Told<'a>> {
        if request.is_resolved || !self.trust_peer(request.peer) {
            return None;
        }
        Some(match self.header {
            ProxyHeader::Forwarded => forwarded::walk(request.headers, &FORWARDED, &self.trust),
            ProxyHeader::XForwardedFor => {
                self.with_others(request, list::walk(request.headers, &self.name, &self.trust))
            }
            _ => self.with_others(request, list::only(request.headers, &self.name)),
        })
    }

    /// Scheme and host from the headers beside that of the address.
    fn with_others<'a>(&self, request: &Request<'a>, told: Told<'a>) -> Told<'a> {
        let at = |name| list::from_right(request.headers, name, told.depth.max(1));
        Told { proto: at(&PROTO), host: at(&HOST), ..told }
    }
}

/// The host that is told, unless the server's own word has the last say.
fn host<'a>(request: &Request<'a>, told: Told<'a>) -> Option<&'a [u8]> {
    told.host.filter(|_| request.authority.is_none()).and_then(valid_host)
}

/// What a proxy calls the scheme by which a request came to it. None if it is none of HTTP's.
fn scheme_is_secure(scheme: &[u8]) -> Option<bool> {
    let is = |known: &[u8]| scheme.eq_ignore_ascii_case(known);
    match () {
        () if is(b"https") || is(b"wss") => Some(true),
        () if is(b"http") || is(b"ws") => Some(false),
        () => None,
    }
}

#[cfg(test)]
#[path = "test.rs"]
mod test;
