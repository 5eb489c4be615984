use std::net::IpAddr;

use http::header::{DNT, HOST};
use memchr::{memchr, memchr2, memchr3};

use super::{Asked, fragment::Marks, prefetch, site};
use crate::{
    Request, Response,
    config::{Config, Signal},
    proxy::Arrival,
    request::{each_value, first_value, is_word},
    visitor::consent::{Footing, Refusal},
};

/// What the rules look at: the configuration, the request in its parts and, once it is known, the
/// response.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) request: &'a Request<'a>,
    pub(crate) response: Option<&'a Response<'a>>,
    /// What trusted proxies tell of the request, if it is more than the host knows.
    pub(crate) arrival: Option<Arrival<'a>>,
    /// The request's host, if it names a valid one.
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) path: &'a [u8],
    pub(crate) query: &'a [u8],
    /// The header that announces a speculative load, and its value.
    pub(crate) prefetch: Option<(&'static str, &'a [u8])>,
    /// Whether the page was given the beacon.
    pub(crate) has_beacon: bool,
    /// When the exchange began, in seconds since the Unix epoch; known with the response.
    pub(crate) now: u64,
    /// What the browser's signals refuse.
    pub(crate) refusal: Refusal,
    /// What may be known of the visitor.
    pub(crate) footing: Footing,
    /// What the request asks for.
    pub(crate) asked: Asked,
}

impl<'a> Facts<'a> {
    /// What a request tells.
    pub(crate) fn new(config: &'a Config, request: &'a Request<'a>) -> Self {
        Self::with_cookies(config, request, |_| {})
    }

    /// What a request tells, and to `cookie` each value of its `Cookie`, in one pass over the headers.
    pub(crate) fn with_cookies(
        config: &'a Config,
        request: &'a Request<'a>,
        mut cookie: impl FnMut(&'a [u8]),
    ) -> Self {
        let (mut host, mut prefetch, mut refusal, mut marks) =
            (None, None, Refusal::default(), Marks::default());
        request.headers.all(&mut |name, value| match name.len() {
            4 if host.is_none() && is_word(name, "host") => host = Some(value.trim_ascii()),
            6 if is_word(name, "cookie") => cookie(value),
            7 if is_word(name, "sec-gpc") => refusal = refusal.max(refused(config.gpc, value.trim_ascii())),
            5 | 7 | 12 | 13 => prefetch = prefetch.or_else(|| prefetch::announced(name, value)),
            9 | 11 => {
                prefetch = prefetch.or_else(|| prefetch::announced(name, value));
                marks.note(name, value);
            }
            3 | 6 | 10 | 14 | 16 | 19 | 26 | 27 => marks.note(name, value),
            _ => {}
        });
        // Hardly anybody minds it, so it is not worth a look at every header.
        if config.dnt != Signal::Ignore {
            each_value(request.headers, &DNT, |value| refusal = refusal.max(refused(config.dnt, value)));
        }
        let target = Target::parse(request.target);
        let arrival = config.proxies.as_ref().and_then(|proxies| proxies.arrival(request));
        let host = match arrival.and_then(|arrival| arrival.host) {
            None => site::host(request, target.authority, || host),
            forwarded => forwarded,
        };
        let asked = marks.asked(request);
        Self {
            config,
            request,
            response: None,
            arrival,
            host,
            path: target.path,
            query: target.query,
            prefetch,
            asked,
            has_beacon: false,
            now: 0,
            refusal,
            footing: Footing::default(),
        }
    }

    /// What matters of a request that was looked at before, when it asked for this, its parts had these lengths, and
    /// trusted proxies told this of it.
    pub(crate) fn again(
        config: &'a Config,
        request: &'a Request<'a>,
        asked: Asked,
        lengths: Lengths,
        arrival: Option<Arrival<'a>>,
    ) -> Self {
        let target = Target::again(request.target, lengths);
        let host = match arrival.and_then(|arrival| arrival.host) {
            None => site::named(request, target.authority, || first_value(request.headers, &HOST)),
            forwarded => forwarded,
        };
        let host = host.and_then(|authority| authority.get(..lengths.host));
        let (path, query) = (target.path, target.query);
        Self {
            config,
            request,
            response: None,
            arrival,
            host,
            path,
            query,
            prefetch: None,
            asked,
            has_beacon: false,
            now: 0,
            refusal: Refusal::default(),
            footing: Footing::default(),
        }
    }

    /// What [`again`](Self::again) wants to know.
    pub(crate) fn lengths(&self) -> Lengths {
        Lengths { host: self.site().len(), path: self.path.len(), query: self.query.len() }
    }

    pub(crate) fn with_footing(self, footing: Footing) -> Self {
        Self { footing, ..self }
    }

    pub(crate) fn with_response(self, response: &'a Response<'a>) -> Self {
        Self { response: Some(response), ..self }
    }

    /// With what the beacon's rule looks at.
    pub(crate) fn with_beacon(self, has_beacon: bool, now: u64) -> Self {
        Self { has_beacon, now, ..self }
    }

    /// The client's address, as far as it is known.
    #[inline]
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.arrival.map_or(self.request.peer, |arrival| arrival.address)
    }

    /// Whether the client came by https.
    #[inline]
    pub(crate) fn is_secure(&self) -> bool {
        self.arrival.map_or(self.request.secure, |arrival| arrival.secure)
    }

    /// The site to record: the request's host, as a slice that still has the client's case.
    pub(crate) fn site(&self) -> &'a [u8] {
        self.host.unwrap_or_default()
    }
}

/// What a signal refuses, whose value this is: `1` alone says so (Global Privacy Control §3, Tracking Preference
/// Expression §5.2).
fn refused(signal: Signal, value: &[u8]) -> Refusal {
    if value == b"1" { Refusal::of(signal) } else { Refusal::Nobody }
}

/// How long the parts of a request are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lengths {
    host: usize,
    path: usize,
    query: usize,
}

/// A request target in its parts (RFC 9112 §3.2): origin-form, or absolute-form with its authority.
struct Target<'a> {
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: &'a [u8],
}

impl<'a> Target<'a> {
    fn parse(target: &'a [u8]) -> Self {
        let (authority, rest) = match absolute(target) {
            Some((authority, rest)) => (Some(authority), rest),
            None => (None, target),
        };
        let (path, query) = match memchr2(b'?', b'#', rest) {
            None => (rest, &[][..]),
            Some(at) if rest[at] == b'#' => (&rest[..at], &[][..]),
            Some(at) => {
                let query = &rest[at + 1..];
                (&rest[..at], &query[..memchr(b'#', query).unwrap_or(query.len())])
            }
        };
        let path = if path.is_empty() && authority.is_some() { b"/" } else { path };
        Self { authority, path, query }
    }

    /// A target that was parsed before.
    fn again(target: &'a [u8], lengths: Lengths) -> Self {
        if !target.starts_with(b"/") {
            return Self::parse(target);
        }
        let (path, rest) = target.split_at_checked(lengths.path).unwrap_or((target, &[]));
        Self { authority: None, path, query: rest.get(1..=lengths.query).unwrap_or_default() }
    }
}

/// The path and the query of a request target, or of a URL.
pub(crate) fn path_and_query(target: &[u8]) -> (&[u8], &[u8]) {
    let target = Target::parse(target);
    (target.path, target.query)
}

/// The path of an `http` or `https` URL with its query, and without its fragment.
pub(crate) fn target_of(url: &[u8]) -> Option<&[u8]> {
    let (_, rest) = absolute(url)?;
    Some(&rest[..memchr(b'#', rest).unwrap_or(rest.len())])
}

/// The host that an `http` or `https` URL names, without its port.
pub(crate) fn host_of(url: &[u8]) -> Option<&[u8]> {
    site::valid(absolute(url)?.0)
}

/// Authority and rest of `http://authority/rest`.
fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    if target.starts_with(b"/") {
        return None;
    }
    let (scheme, rest) = target.split_at(memchr(b':', target)?);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let rest = rest.strip_prefix(b"://")?;
    Some(rest.split_at(memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len())))
}

#[cfg(test)]
#[path = "facts_test.rs"]
mod test;
