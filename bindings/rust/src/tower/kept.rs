use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use trackside_core::FINISH_HEADERS;

use super::{framework, framework::Route, host};
use crate::{Annotations, Headers, Request};

/// What the judge needs of a request when the handler has taken it: the request itself is lent to `begin` alone. It
/// is made of counted references and allocates nothing, unless a header that is kept came more than once.
pub(crate) struct Kept {
    method: Method,
    /// As the client asked for it.
    uri: Uri,
    headers: Picked,
    peer: Option<IpAddr>,
    is_secure: bool,
    route: Option<Route>,
}

impl Kept {
    pub(super) fn of<B>(request: &http::Request<B>) -> Self {
        let extensions = request.extensions();
        let uri = framework::original_uri(extensions).unwrap_or(request.uri());
        Self {
            method: request.method().clone(),
            uri: uri.clone(),
            headers: Picked::of(request.headers()),
            peer: host::peer(extensions),
            is_secure: host::is_secure(extensions, uri),
            route: Route::of(extensions),
        }
    }

    /// What is left to keep of a request that is no `http::Request`, whose route is told with the
    /// response.
    #[cfg(feature = "actix")]
    pub(crate) fn of_parts(
        method: Method,
        uri: Uri,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        is_secure: bool,
    ) -> Self {
        Self { method, uri, headers: Picked::of(headers), peer, is_secure, route: None }
    }

    pub(super) fn has_peer(&self) -> bool {
        self.peer.is_some()
    }

    pub(crate) fn as_request(&self) -> Request<'_> {
        let target = self.uri.path_and_query().map_or("", |target| target.as_str());
        Request::new(self.method.as_str(), target, &self.headers)
            .with_authority(self.uri.authority().map(|authority| authority.as_str().as_bytes()))
            .with_peer(self.peer)
            .with_secure(self.is_secure)
    }

    /// What the request alone adds: its route.
    pub(crate) fn annotations(&self) -> Annotations<'_> {
        match &self.route {
            Some(route) => Annotations::new().route(route.as_str()),
            None => Annotations::new(),
        }
    }
}

/// The headers that the judge reads again, out of all.
struct Picked {
    /// The first value of each of [`FINISH_HEADERS`].
    first: [Option<HeaderValue>; FINISH_HEADERS.len()],
    /// The others, as when HTTP/2 gives each cookie a header of its own (RFC 9113 §8.2.3).
    more: Vec<(&'static HeaderName, HeaderValue)>,
}

impl Picked {
    fn of(headers: &HeaderMap) -> Self {
        let mut more = Vec::new();
        let first = FINISH_HEADERS.each_ref().map(|name| {
            let mut values = headers.get_all(name).iter().cloned();
            let first = values.next();
            more.extend(values.map(|value| (name, value)));
            first
        });
        Self { first, more }
    }
}

impl Headers for Picked {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        let at = FINISH_HEADERS.iter().position(|read| read == name)?;
        self.first[at].as_ref().map(HeaderValue::as_bytes)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        let Some(first) = self.value(name) else {
            return;
        };
        visit(first);
        for (_, value) in self.more.iter().filter(|(read, _)| *read == name) {
            visit(value.as_bytes());
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        let first = FINISH_HEADERS.iter().zip(&self.first);
        for (name, value) in first.filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            visit(name.as_str().as_bytes(), value.as_bytes());
        }
        for (name, value) in &self.more {
            visit(name.as_str().as_bytes(), value.as_bytes());
        }
    }
}

#[cfg(test)]
mod test {
    use http::header::{ACCEPT, COOKIE, HOST};

    use super::*;

    #[test]
    fn every_value_that_is_read_again_is_kept_in_order() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [(ACCEPT, "a/1"), (HOST, "www.example.com"), (ACCEPT, "b/2"), (COOKIE, "c=5"), (ACCEPT, "c/3")]
        {
            headers.append(name, HeaderValue::from_static(value));
        }
        let picked = Picked::of(&headers);
        let values = |name: &HeaderName| {
            let mut values = Vec::new();
            picked.each(name, &mut |value| values.push(String::from_utf8_lossy(value)));
            values
        };
        assert_eq!(values(&ACCEPT), ["a/1", "b/2", "c/3"]);
        assert_eq!(values(&HOST), ["www.example.com"]);
        assert!(values(&COOKIE).is_empty(), "the judge reads it at the beginning alone");
    }
}
