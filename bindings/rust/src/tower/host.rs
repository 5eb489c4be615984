//! What the host says of a request in its extensions.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, Uri, uri::Scheme};

use super::framework;
use crate::{Peer, Secure};

pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    if let Some(Peer(address)) = extensions.get() {
        return Some(*address);
    }
    let socket = extensions.get::<SocketAddr>().or_else(|| framework::connect_info(extensions));
    socket.map(SocketAddr::ip)
}

pub(super) fn is_secure(extensions: &Extensions, uri: &Uri) -> bool {
    match extensions.get() {
        Some(Secure(is_secure)) => *is_secure,
        None => uri.scheme() == Some(&Scheme::HTTPS),
    }
}
