//! What actix-web says of a request.

use std::net::IpAddr;

use actix_web::{HttpMessage, dev::ServiceRequest};

use super::headers::Lent;
use crate::{Peer, Request, Resolved, Secure, tower::Kept};

/// Shows `look` the request as it is, with all of its headers.
pub(super) fn with_request<T>(request: &ServiceRequest, look: impl FnOnce(&Request<'_>) -> T) -> T {
    let headers = Lent(request.headers());
    let uri = request.uri();
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let extensions = request.extensions();
    look(
        &Request::new(request.method().as_str(), target, &headers)
            .with_authority(uri.authority().map(|authority| authority.as_str().as_bytes()))
            .with_peer(peer(request))
            .with_secure(is_secure(request))
            .with_resolved(extensions.get().is_some_and(|Resolved(is_resolved)| *is_resolved)),
    )
}

/// What is kept of a request for when the handler has it: actix-web's parts are of an older `http`, and are copied.
pub(super) fn kept(request: &ServiceRequest) -> Option<Kept> {
    let method = http::Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    let uri = request.uri().to_string().parse().ok()?;
    let headers = request.headers();
    let mut copied = http::HeaderMap::new();
    for name in &trackside_core::FINISH_HEADERS {
        for value in headers.get_all(name.as_str()) {
            // What one version of `http` can hold the other can, too.
            if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
                copied.append(name, value);
            }
        }
    }
    Some(Kept::of_parts(method, uri, &copied, peer(request), is_secure(request)))
}

fn peer(request: &ServiceRequest) -> Option<IpAddr> {
    match request.extensions().get() {
        Some(Peer(address)) => Some(*address),
        None => request.peer_addr().map(|address| address.ip()),
    }
}

fn is_secure(request: &ServiceRequest) -> bool {
    match request.extensions().get() {
        Some(Secure(is_secure)) => *is_secure,
        None => request.app_config().secure() || request.uri().scheme_str() == Some("https"),
    }
}
