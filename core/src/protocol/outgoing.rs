use std::{
    borrow::Cow,
    fmt::{self, Display, Write},
    ops::Range,
};

use crate::config::Secret;

/// An HTTP request on its way out: reused from batch to batch. Its `Debug` shows no secret.
///
/// ```
/// use trackside_core::{config::Secret, protocol::Outgoing};
///
/// let mut out = Outgoing::new();
/// out.start("POST", "https://stats.example.com/collect?key=");
/// out.push_secret(&Secret::new("s3cret"));
/// out.header("content-type", "application/json");
/// out.secret_header("authorization", "Bearer ", &Secret::new("t0ken"));
/// out.body().extend_from_slice(b"{}");
/// assert_eq!(out.url(), "https://stats.example.com/collect?key=s3cret");
/// assert_eq!(out.shown_url(), "https://stats.example.com/collect?key=***");
/// assert_eq!(out.headers().last(), Some(("authorization", "Bearer t0ken")));
/// assert_eq!(out.shown_headers().last(), Some(("authorization", "Bearer ***".into())));
/// ```
#[derive(Default)]
pub struct Outgoing {
    method: &'static str,
    url: String,
    secrets: Vec<Range<usize>>,
    headers: Vec<Header>,
    /// The values of all headers, one behind the other.
    values: String,
    body: Vec<u8>,
    hidden: Vec<Range<usize>>,
}

#[derive(Clone)]
struct Header {
    name: &'static str,
    /// Where in `values` its value is.
    value: Range<usize>,
    /// Where in `values` its secret is; empty if it has none.
    secret: Range<usize>,
}

impl Outgoing {
    /// An empty request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a request anew, without headers and body.
    pub fn start(&mut self, method: &'static str, url: &str) {
        self.method = method;
        self.url.clear();
        self.url.push_str(url);
        self.secrets.clear();
        self.headers.clear();
        self.values.clear();
        self.body.clear();
        self.hidden.clear();
    }

    /// Appends a secret to the URL, percent-encoded, and remembers where it stands.
    pub fn push_secret(&mut self, secret: &Secret) {
        let start = self.url.len();
        self.url.extend(percent_encoding::utf8_percent_encode(
            secret.reveal(),
            percent_encoding::NON_ALPHANUMERIC,
        ));
        self.secrets.push(start..self.url.len());
    }

    /// Puts `text` into the URL that is written, before its byte `at`, which is not inside a secret.
    pub(crate) fn insert_into_url(&mut self, at: usize, text: &str) {
        self.url.insert_str(at, text);
        for secret in self.secrets.iter_mut().filter(|secret| secret.start >= at) {
            *secret = secret.start + text.len()..secret.end + text.len();
        }
    }

    /// Adds a header. One whose value HTTP does not allow makes a request that is not sent, but refused(`rejected`).
    pub fn header(&mut self, name: &'static str, value: impl Display) {
        let start = self.values.len();
        // OK because writing to a text cannot fail.
        write!(self.values, "{value}").ok();
        let end = self.values.len();
        self.headers.push(Header { name, value: start..end, secret: end..end });
    }

    /// Adds a header whose value is `before` and a secret, such as `Bearer ` and a token.
    pub fn secret_header(&mut self, name: &'static str, before: &str, secret: &Secret) {
        let start = self.values.len();
        self.values.push_str(before);
        let middle = self.values.len();
        self.values.push_str(secret.reveal());
        let end = self.values.len();
        self.headers.push(Header { name, value: start..end, secret: middle..end });
    }

    /// The body, to be written.
    pub fn body(&mut self) -> &mut Vec<u8> {
        &mut self.body
    }

    /// Remembers that these bytes of the body are a secret. Call it in their order.
    pub fn hide(&mut self, bytes: Range<usize>) {
        self.hidden.push(bytes);
    }

    /// The method.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The URL with its secrets: to be sent, never to be shown.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL with `***` in place of each secret.
    pub fn shown_url(&self) -> String {
        let shown = covered(self.url.as_bytes(), &self.secrets);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// The headers with their secrets, in the order added: to be sent, never to be shown.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let value = |header: &Header| self.values.get(header.value.clone()).unwrap_or_default();
        self.headers.iter().map(move |header| (header.name, value(header)))
    }

    /// The headers, in the order added, with `***` in place of each secret.
    pub fn shown_headers(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        self.headers.iter().zip(self.headers()).map(|(header, (name, value))| {
            let start = header.secret.start - header.value.start;
            let has_secret = !header.secret.is_empty();
            (name, if has_secret { format!("{}***", &value[..start]).into() } else { value.into() })
        })
    }

    /// The body with its secrets, as it will be sent: never to be shown.
    pub fn payload(&self) -> &[u8] {
        &self.body
    }

    /// Each secret as it is sent, for looking it up in what must not show it.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let in_url = self.secrets.iter().map(|range| (self.url.as_bytes(), range));
        let in_headers = self.headers.iter().map(|header| (self.values.as_bytes(), &header.secret));
        let in_body = self.hidden.iter().map(|range| (self.body.as_slice(), range));
        let all = in_url.chain(in_headers).chain(in_body);
        all.filter_map(|(bytes, range)| std::str::from_utf8(bytes.get(range.clone())?).ok())
    }

    /// The body, with `***` in place of each secret.
    pub fn shown_payload(&self) -> Cow<'_, [u8]> {
        covered(&self.body, &self.hidden)
    }
}

/// `bytes` with `***` in place of each of `secrets`, which are in order.
fn covered<'a>(bytes: &'a [u8], secrets: &[Range<usize>]) -> Cow<'a, [u8]> {
    if secrets.is_empty() {
        return bytes.into();
    }
    let mut shown = Vec::with_capacity(bytes.len());
    let mut end = 0;
    for secret in secrets {
        shown.extend_from_slice(bytes.get(end..secret.start).unwrap_or_default());
        shown.extend_from_slice(b"***");
        end = secret.end;
    }
    shown.extend_from_slice(bytes.get(end..).unwrap_or_default());
    shown.into()
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("headers", &self.shown_headers().collect::<Vec<_>>())
            .field("body", &self.shown_payload().escape_ascii().to_string())
            .finish()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn secrets_are_sent_and_not_shown() {
        let mut out = Outgoing::new();
        // Twice, for it is used again.
        for _ in 0..2 {
            out.start("POST", "https://a.example/?k=");
            out.push_secret(&Secret::new("s3/cret"));
            out.header("x-count", 2);
            out.secret_header("authorization", "Bearer ", &Secret::new("t0ken"));
            out.header("x-empty", "");
            out.body().extend_from_slice(b"a=p4ss&b=w0rd");
            out.hide(2..6);
            out.hide(9..13);
        }
        assert_eq!(out.url(), "https://a.example/?k=s3%2Fcret");
        let headers: Vec<_> = out.headers().collect();
        assert_eq!(headers, [("x-count", "2"), ("authorization", "Bearer t0ken"), ("x-empty", "")]);
        assert_eq!(out.payload(), b"a=p4ss&b=w0rd");
        let shown: Vec<_> = out.shown_headers().map(|(name, value)| (name, value.into_owned())).collect();
        let expected = [("x-count", "2"), ("authorization", "Bearer ***"), ("x-empty", "")];
        assert_eq!(shown, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(*out.shown_payload(), *b"a=***&b=***");
        let secrets: Vec<_> = out.secrets().filter(|secret| !secret.is_empty()).collect();
        assert_eq!(secrets, ["s3%2Fcret", "t0ken", "p4ss", "w0rd"]);
        assert_eq!(
            format!("{out:?}"),
            "Outgoing { method: \"POST\", url: \"https://a.example/?k=***\", headers: [(\"x-count\", \"2\"), \
             (\"authorization\", \"Bearer ***\"), (\"x-empty\", \"\")], body: \"a=***&b=***\" }"
        );
    }

    #[test]
    fn secrets_move_with_what_is_put_before_them() {
        let mut out = Outgoing::new();
        out.start("POST", "https://");
        out.push_secret(&Secret::new("k1"));
        out.url.push_str("/x?k=");
        out.push_secret(&Secret::new("k2"));
        out.url.push_str("&v=2");
        out.insert_into_url("https://k1".len(), "/debug");
        assert_eq!(out.url(), "https://k1/debug/x?k=k2&v=2");
        assert_eq!(out.shown_url(), "https://***/debug/x?k=***&v=2");
        assert_eq!(out.secrets().collect::<Vec<_>>(), ["k1", "k2"]);
        out.insert_into_url("https://k1/debug/x?k=".len(), "+");
        assert_eq!(out.shown_url(), "https://***/debug/x?k=+***&v=2");
    }
}
