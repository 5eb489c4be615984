use http::{HeaderName, header};

use crate::Headers;

/// The response headers that the judge reads, whatever the configuration: all that an adapter has to show it.
pub static RESPONSE_HEADERS: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::DATE,
    header::CONTENT_DISPOSITION,
    HeaderName::from_static("surrogate-control"),
    HeaderName::from_static("cdn-cache-control"),
];

/// What the judge reads of an HTTP response: known when its head is.
///
/// ```
/// use trackside_core::Response;
///
/// let headers = [("content-type", "text/html; charset=utf-8")];
/// let response = Response::new(200, &headers);
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a dyn Headers,
}

impl<'a> Response<'a> {
    /// A response with `status` (RFC 9110 §15) and the headers that the host is about to send.
    pub fn new(status: u16, headers: &'a dyn Headers) -> Self {
        Self { status, headers }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl std::fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}
