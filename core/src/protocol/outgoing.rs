use std::{fmt, ops::Range};

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
/// out.body().extend_from_slice(b"{}");
/// assert_eq!(out.url(), "https://stats.example.com/collect?key=s3cret");
/// assert_eq!(out.shown_url(), "https://stats.example.com/collect?key=***");
/// ```
#[derive(Default)]
pub struct Outgoing {
    method: &'static str,
    url: String,
    secrets: Vec<Range<usize>>,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
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
        self.body.clear();
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

    /// Adds a header.
    pub fn header(&mut self, name: &'static str, value: &'static str) {
        self.headers.push((name, value));
    }

    /// The body, to be written.
    pub fn body(&mut self) -> &mut Vec<u8> {
        &mut self.body
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
        let mut shown = String::new();
        let mut end = 0;
        for secret in &self.secrets {
            shown.push_str(&self.url[end..secret.start]);
            shown.push_str("***");
            end = secret.end;
        }
        shown + &self.url[end..]
    }

    /// The headers, in the order added.
    pub fn headers(&self) -> &[(&'static str, &'static str)] {
        &self.headers
    }

    /// The body, as it will be sent.
    pub fn payload(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("headers", &self.headers)
            .field("body", &self.body.escape_ascii().to_string())
            .finish()
    }
}
