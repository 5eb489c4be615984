use std::net::{IpAddr, SocketAddr};

/// The address at the other end of the connection, as a request extension that the host inserts. It is to be what the
/// socket says: which client stands behind a proxy is found out by `[proxy]`, unless [`Resolved`] says that it is this
/// one.
///
/// Where it is missing, hits have no address. The feature `axum` finds it by itself.
///
/// ```
/// use std::net::SocketAddr;
/// use trackside::Peer;
///
/// let address: SocketAddr = "203.0.113.9:51234".parse()?;
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Peer::from(address));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "an address is all there is to it")]
pub struct Peer(pub IpAddr);

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self(address.ip())
    }
}

/// Whether the client came by https, as a request extension that the host inserts.
///
/// Without it, the scheme of the request's URI tells: HTTP/2 has one, HTTP/1 seldom. A server that ends TLS
/// itself inserts `Secure(true)`, so that the cookie is marked `Secure` and the page's address is `https:`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "it is so or it is not")]
pub struct Secure(pub bool);

/// Whether the host has found out itself which client stands behind its proxies, as a request extension that it
/// inserts.
///
/// Then [`Peer`] and [`Secure`] are the client's, and `[proxy]` is not asked again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "it is so or it is not")]
pub struct Resolved(pub bool);
