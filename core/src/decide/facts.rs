use std::{net::IpAddr, sync::Arc};

use http::header::{self, DNT};
use memchr::{memchr, memchr2, memchr3};

use super::{
    Asked,
    fragment::{self, Marks},
    prefetch, site,
};
use crate::{
    Request, Response,
    config::{Config, Signal},
    proxy::{Arrival, Remembered},
    request::{each_value, first_value, is_word, split},
    visitor::consent::{Footing, Refusal},
};

/// What the rules look at: the configuration, the request in its parts and, once it is known, the
/// response.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) request: &'a Request<'a>,
    pub(crate) response: Option<&'a Response<'a>>,
    /// The client's address, as far as it is known.
    pub(crate) address: Option<IpAddr>,
    /// Whether the client came by https.
    pub(crate) is_secure: bool,
    /// Whether address, scheme or host are what trusted proxies tell.
    pub(crate) is_forwarded: bool,
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
        let mut seen = Seen::default();
        // What is done with the few that are read stands elsewhere, so that the others pass in a few instructions.
        request.headers.all(&mut |name, value| {
            if is_read(name) {
                seen.note(config, name, value, &mut cookie);
            }
        });
        // Hardly anybody minds it, so it is not worth a look at every header.
        if config.dnt != Signal::Ignore {
            seen.note_dnt(config, request);
        }
        let target = Target::parse(request.target);
        let mut facts = Self {
            config,
            request,
            response: None,
            address: request.peer,
            is_secure: request.secure,
            is_forwarded: false,
            host: site::host(request, target.authority, || seen.host),
            path: target.path,
            query: target.query,
            prefetch: seen.prefetch,
            asked: seen.marks.asked(request),
            has_beacon: false,
            now: 0,
            refusal: seen.refusal,
            footing: Footing::default(),
        };
        if let Some(arrival) = config.proxies.as_ref().and_then(|proxies| proxies.arrival(request)) {
            facts.arrive(arrival);
        }
        facts
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
        let host = site::named(request, target.authority, || first_value(request.headers, &header::HOST));
        let mut facts = Self {
            config,
            request,
            response: None,
            address: request.peer,
            is_secure: request.secure,
            is_forwarded: false,
            host: host.and_then(|authority| authority.get(..lengths.host)),
            path: target.path,
            query: target.query,
            prefetch: None,
            asked,
            has_beacon: false,
            now: 0,
            refusal: Refusal::default(),
            footing: Footing::default(),
        };
        if let Some(arrival) = arrival {
            facts.arrive(arrival);
        }
        facts
    }

    #[cold]
    fn arrive(&mut self, arrival: Arrival<'a>) {
        (self.address, self.is_secure, self.is_forwarded) = (arrival.address, arrival.secure, true);
        self.host = arrival.host.or(self.host);
    }

    /// What is to be remembered of it, if trusted proxies told of it.
    #[inline]
    pub(crate) fn remembered(&self) -> Option<Arc<Remembered>> {
        self.is_forwarded.then(|| self.remember())
    }

    /// What is to be remembered of it in any case.
    #[cold]
    pub(crate) fn remember(&self) -> Arc<Remembered> {
        let arrival = Arrival { address: self.address, secure: self.is_secure, host: self.host };
        // Of the client's place trusted proxies alone are believed.
        let proxies = self.config.proxies.as_ref().filter(|_| self.is_forwarded);
        arrival.remember(proxies, self.request)
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

    /// The site to record: the request's host, as a slice that still has the client's case.
    pub(crate) fn site(&self) -> &'a [u8] {
        self.host.unwrap_or_default()
    }
}

/// What was seen of the headers.
#[derive(Default)]
struct Seen<'a> {
    host: Option<&'a [u8]>,
    prefetch: Option<(&'static str, &'a [u8])>,
    refusal: Refusal,
    marks: Marks<'a>,
}

impl<'a> Seen<'a> {
    #[inline(never)]
    fn note(&mut self, config: &Config, name: &[u8], value: &'a [u8], cookie: &mut impl FnMut(&'a [u8])) {
        if is_word(name, COOKIE) {
            cookie(value);
        } else if is_word(name, HOST) {
            self.host = self.host.or(Some(value.trim_ascii()));
        } else if is_word(name, DESTINATION) {
            self.marks.came_for(value);
        } else {
            self.note_seldom(config, name, value);
        }
    }

    /// One that few requests have.
    #[cold]
    #[inline(never)]
    fn note_seldom(&mut self, config: &Config, name: &[u8], value: &'a [u8]) {
        if is_word(name, GPC) {
            self.refusal = self.refusal.max(refused(config.gpc, value.trim_ascii()));
        }
        self.prefetch = prefetch::foremost(self.prefetch, prefetch::announced(name, value));
        self.marks.note(name, value);
    }

    #[cold]
    #[inline(never)]
    fn note_dnt(&mut self, config: &Config, request: &'a Request<'a>) {
        each_value(request.headers, &DNT, |value| {
            self.refusal = self.refusal.max(refused(config.dnt, value))
        });
    }
}

const HOST: &str = "host";
const COOKIE: &str = "cookie";
const DESTINATION: &str = "sec-fetch-dest";
const GPC: &str = "sec-gpc";

/// With which letters the names of the headers begin that are read, by their length: a bit for each.
static LETTERS: [u32; 32] = {
    let mut letters = [0; 32];
    admit(&mut letters, &[HOST, COOKIE, GPC]);
    admit(&mut letters, &prefetch::HEADERS);
    admit(&mut letters, &fragment::HEADERS);
    letters
};

const fn admit(letters: &mut [u32; 32], mut names: &[&str]) {
    while let [name, rest @ ..] = names {
        letters[name.len()] |= letter(name.as_bytes());
        names = rest;
    }
}

/// The bit of the first letter, in whatever case.
const fn letter(name: &[u8]) -> u32 {
    match name.first() {
        Some(byte) => 1 << (*byte & 0x1f),
        None => 0,
    }
}

/// Whether it may be one of those headers; few of a browser's may.
#[inline]
fn is_read(name: &[u8]) -> bool {
    let may_be = LETTERS.get(name.len()).is_some_and(|letters| letters & letter(name) != 0);
    // Its neighbours, which come with it, differ from its eleventh letter on.
    may_be || (name.len() == DESTINATION.len() && name[10] | 0x20 == b'd')
}

/// What a signal refuses, whose value this is: `1` alone says so (Global Privacy Control §3, Tracking Preference
/// Expression §5.2), also among several that a server has joined by commas.
fn refused(signal: Signal, value: &[u8]) -> Refusal {
    let is_given = split(value, b',').any(|value| value.trim_ascii() == b"1");
    if is_given { Refusal::of(signal) } else { Refusal::Nobody }
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
