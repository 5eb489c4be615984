use super::site;
use crate::{Request, Response, config::Config};

/// What the rules look at: the configuration, the request in its parts and, once it is known, the
/// response.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) request: &'a Request<'a>,
    pub(crate) response: Option<&'a Response<'a>>,
    /// The request's host, if it names a valid one.
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) path: &'a [u8],
    pub(crate) query: &'a [u8],
}

impl<'a> Facts<'a> {
    pub(crate) fn new(
        config: &'a Config,
        request: &'a Request<'a>,
        response: Option<&'a Response<'a>>,
    ) -> Self {
        let target = Target::parse(request.target);
        let host = site::host(request, target.authority);
        Self { config, request, response, host, path: target.path, query: target.query }
    }

    /// The site to record: the request's host, as a slice that still has the client's case.
    pub(crate) fn site(&self) -> &'a [u8] {
        self.host.unwrap_or_default()
    }
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
        let (rest, _) = split(rest, b'#');
        let (path, query) = split(rest, b'?');
        let path = if path.is_empty() && authority.is_some() { b"/" } else { path };
        Self { authority, path, query }
    }
}

/// Authority and rest of `http://authority/rest`.
fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    if target.starts_with(b"/") {
        return None;
    }
    let colon = target.iter().position(|&b| b == b':')?;
    let (scheme, rest) = target.split_at(colon);
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let rest = rest.strip_prefix(b"://")?;
    let end = rest.iter().position(|b| b"/?#".contains(b)).unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// What stands before and after the first `mark`; all of it and nothing if there is none.
fn split(text: &[u8], mark: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|&b| b == mark) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}
