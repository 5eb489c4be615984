//! What the host says of a request in its extensions.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, Uri, uri::Scheme};

use super::framework;
use crate::{Peer, Request, Resolved, Secure};

/// Shows `look` the request as it is, with all of its headers.
pub(super) fn with_request<B, T>(request: &http::Request<B>, look: impl FnOnce(&Request<'_>) -> T) -> T {
    let extensions = request.extensions();
    let uri = framework::original_uri(extensions).unwrap_or(request.uri());
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    look(
        &Request::new(request.method().as_str(), target, request.headers())
            .with_authority(uri.authority().map(|authority| authority.as_str().as_bytes()))
            .with_peer(peer(extensions))
            .with_secure(is_secure(extensions, uri))
            .with_resolved(extensions.get().is_some_and(|Resolved(is_resolved)| *is_resolved)),
    )
}

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
