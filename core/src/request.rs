use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use memchr::memchr;

use crate::visitor::consent::Consent;

/// The headers of a request or response, as bytes that the host owns.
///
/// Implemented for [`http::HeaderMap`] and for slices of (name, value) pairs. Names compare without
/// regard to case.
///
/// A value that `http::HeaderValue` could not hold (control bytes other than a tab) counts as absent, so
/// that every language judges alike: an implementation leaves it out, as [`is_field_value`] tells.
pub trait Headers {
    /// The first value of `name`.
    fn value(&self, name: &HeaderName) -> Option<&[u8]>;

    /// Calls `visit` with each value of `name`, in the order received.
    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8]));

    /// Calls `visit` with each name and value. The values of one name come in the order received.
    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8]));
}

impl Headers for HeaderMap {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.get(name).map(HeaderValue::as_bytes)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        for value in self.get_all(name) {
            visit(value.as_bytes());
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        for (name, value) in self {
            visit(name.as_str().as_bytes(), value.as_bytes());
        }
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Headers for [(N, V)] {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        let name = name.as_str().as_bytes();
        let named = self.iter().filter(|(key, _)| key.as_ref().eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_ref()).find(|value| is_field_value(value))
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        for (key, value) in self {
            let value = value.as_ref();
            if key.as_ref().eq_ignore_ascii_case(name.as_str().as_bytes()) && is_field_value(value) {
                visit(value);
            }
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        for (name, value) in self {
            let value = value.as_ref();
            if is_field_value(value) {
                visit(name.as_ref(), value);
            }
        }
    }
}

impl<T: Headers + ?Sized> Headers for &T {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        (**self).value(name)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        (**self).each(name, visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        (**self).all(visit);
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>, const L: usize> Headers for [(N, V); L] {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.as_slice().value(name)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.as_slice().each(name, visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.as_slice().all(visit);
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Headers for Vec<(N, V)> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.as_slice().value(name)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.as_slice().each(name, visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.as_slice().all(visit);
    }
}

/// The request headers that the judge reads, whatever the configuration: what an adapter has to keep that
/// cannot lend a request at all, with those that a configuration has read beside them
/// ([`Config::more_headers`](crate::Config::more_headers)). Those of [`FINISH_HEADERS`] come first. Those from
/// `sec-fetch-mode` on are not read of a request that has a `sec-fetch-dest` other than `empty`, as each browser's own
/// request for a page, a frame or an image.
pub static REQUEST_HEADERS: [HeaderName; 27] = [
    header::HOST,
    header::USER_AGENT,
    header::REFERER,
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    HeaderName::from_static("sec-fetch-dest"),
    header::COOKIE,
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
    HeaderName::from_static("x-sec-purpose"),
    HeaderName::from_static("hx-preloaded"),
    HeaderName::from_static("sec-gpc"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("x-requested-with"),
    HeaderName::from_static("turbo-frame"),
    HeaderName::from_static("hx-request"),
    HeaderName::from_static("hx-boosted"),
    HeaderName::from_static("hx-history-restore-request"),
    HeaderName::from_static("x-inertia"),
    HeaderName::from_static("x-inertia-partial-component"),
    HeaderName::from_static("x-up-target"),
    HeaderName::from_static("x-livewire"),
    HeaderName::from_static("x-livewire-navigate"),
    HeaderName::from_static("x-pjax"),
    HeaderName::from_static("rsc"),
];

/// Those of [`REQUEST_HEADERS`] that are read again when [`begin`](crate::judge::begin) is over: what an
/// adapter has to keep that lends the request to `begin` alone. The cookies, which may be long, are not
/// among them.
pub static FINISH_HEADERS: [HeaderName; 6] = [
    header::HOST,
    header::USER_AGENT,
    header::REFERER,
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    HeaderName::from_static("sec-fetch-dest"),
];

/// Whether `value` could be the value of a header: it has no control bytes but tabs.
#[inline(never)] // It is many instructions, and wanted in many places.
pub fn is_field_value(value: &[u8]) -> bool {
    looks_plain(value) || !value.iter().any(|&byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f)
}

/// Whether it shows at once, many bytes at a time, that no byte is a control byte. Of a value with fewer than four
/// bytes, with a tab or with bytes beyond ASCII it does not show, though it may have none.
fn looks_plain(value: &[u8]) -> bool {
    // Control bytes and what is beyond ASCII are further above a blank than `~`, round and round. All of them are looked
    // at: a loop that may end early looks at one byte at a time.
    let any_odd =
        |bytes: &[u8]| bytes.iter().fold(false, |odd, byte| odd | (byte.wrapping_sub(b' ') > b'~' - b' '));
    // The last ones overlap with the others, unless the length is a multiple: then they come twice. The lengths are
    // fixed, so that all bytes are looked at together.
    let is_odd = if let Some(last) = value.last_chunk::<32>() {
        any_odd(value.as_chunks::<32>().0.as_flattened()) | any_odd(last)
    } else if let (Some(first), Some(last)) = (value.first_chunk::<16>(), value.last_chunk::<16>()) {
        any_odd(first) | any_odd(last)
    } else if let (Some(first), Some(last)) = (value.first_chunk::<8>(), value.last_chunk::<8>()) {
        any_odd(first) | any_odd(last)
    } else if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        any_odd(first) | any_odd(last)
    } else {
        return false;
    };
    !is_odd
}

/// Whether `bytes` are `word`, in whatever case. Most are written as it is, which shows at once.
#[inline]
pub(crate) fn is_word(bytes: &[u8], word: &str) -> bool {
    bytes == word.as_bytes() || (may_be(bytes, word) && is_in_another_case(bytes, word))
}

fn may_be(bytes: &[u8], word: &str) -> bool {
    let first = |bytes: &[u8]| bytes.first().map(|byte| byte | 0x20);
    bytes.len() == word.len() && first(bytes) == first(word.as_bytes())
}

#[inline(never)]
fn is_in_another_case(bytes: &[u8], word: &str) -> bool {
    bytes.eq_ignore_ascii_case(word.as_bytes())
}

/// The values of `name`, without surrounding blanks.
pub(crate) fn each_value<'a>(headers: &'a dyn Headers, name: &HeaderName, mut visit: impl FnMut(&'a [u8])) {
    headers.each(name, &mut |value| visit(value.trim_ascii()));
}

/// The first value of `name`, without surrounding blanks.
#[inline(never)] // As it is wanted in many places.
pub(crate) fn first_value<'a>(headers: &'a dyn Headers, name: &HeaderName) -> Option<&'a [u8]> {
    headers.value(name).map(<[u8]>::trim_ascii)
}

/// The pieces of `text` between each `mark`.
pub(crate) fn split(text: &[u8], mark: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let piece = rest?;
        let end = memchr(mark, piece);
        rest = end.map(|at| &piece[at + 1..]);
        Some(&piece[..end.unwrap_or(piece.len())])
    })
}

/// What the judge reads of an HTTP request. It borrows everything and copies nothing.
///
/// ```
/// use trackside_core::Request;
///
/// let headers = [("host", "www.example.com"), ("accept", "text/html")];
/// let request = Request::new("GET", "/news/?utm_source=mail", &headers)
///     .with_peer("203.0.113.9".parse().ok())
///     .with_secure(true);
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) headers: &'a dyn Headers,
    pub(crate) authority: Option<&'a [u8]>,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) secure: bool,
    pub(crate) is_resolved: bool,
    pub(crate) consent: Consent,
}

impl<'a> Request<'a> {
    /// A request with `method` and `target` as they stand in the request line (RFC 9112 §3): the path
    /// as the client asked for it, before any mounting or rewriting, with its query.
    pub fn new(
        method: &'a (impl AsRef<[u8]> + ?Sized),
        target: &'a (impl AsRef<[u8]> + ?Sized),
        headers: &'a dyn Headers,
    ) -> Self {
        Self {
            method: method.as_ref(),
            target: target.as_ref(),
            headers,
            authority: None,
            peer: None,
            secure: false,
            is_resolved: false,
            consent: Consent::default(),
        }
    }

    /// The host (and port) when it does not stand in the `Host` header, as with HTTP/2's `:authority`.
    /// Defaults to the target's, if it is in absolute form, else to the header's. It has the last say: what a
    /// trusted proxy tells of the host does not count beside it.
    #[must_use]
    pub fn with_authority(mut self, authority: Option<&'a [u8]>) -> Self {
        self.authority = authority;
        self
    }

    /// The address at the other end of the connection; none for a unix socket. It is to be what the socket says:
    /// which client stands behind a proxy is found out by `[proxy]`, unless the host
    /// [has](Self::with_resolved). Defaults to none.
    #[must_use]
    pub fn with_peer(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// The address at the other end of the connection.
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Whether the host knows that the client came by https. Defaults to false.
    #[must_use]
    pub fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether the host has found out itself which client stands behind its proxies, so that peer, scheme and
    /// host are the client's. Then `[proxy]` is not asked again. Defaults to false.
    #[must_use]
    pub fn with_resolved(mut self, is_resolved: bool) -> Self {
        self.is_resolved = is_resolved;
        self
    }

    /// What the host knows of the visitor's consent already: see
    /// [`set_consent`](crate::judge::Exchange::set_consent). Defaults to nothing.
    #[must_use]
    pub fn with_consent(mut self, consent: Consent) -> Self {
        self.consent = consent;
        self
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &format_args!("{}", self.method.escape_ascii()))
            .field("target", &format_args!("{}", self.target.escape_ascii()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "request_test.rs"]
mod test;
