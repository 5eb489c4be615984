//! The response as the host has it.

use trackside_core::{RESPONSE_HEADERS, Response};

use crate::{
    boundary::Call,
    error::Failure,
    headers::{Fields, Walked},
    text::{trackside_bytes, trackside_header},
    view::{self, HeaderArray},
};

/// A response whose head is known. It is read during the call alone.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_response {
    /// The size of the caller's struct; see TRACKSIDE_RESPONSE_INIT.
    pub size: usize,
    /// The headers that are about to be sent, of which the rules read the Content-Type. Without one the request's
    /// Sec-Fetch-Dest tells whether it is a page, else its Accept.
    pub headers: *const trackside_header,
    /// How many headers there are.
    pub header_count: usize,
    /// The status, such as 200.
    pub status: u16,
}

view::growing!(trackside_response, last: status);

/// The name, in lower case, of the response header at `index` of those that are read, whatever the configuration;
/// { NULL, 0 } past the end. A host can show these alone.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for: every number is legal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_response_header(index: usize) -> trackside_bytes {
    RESPONSE_HEADERS.get(index).map_or(trackside_bytes::EMPTY, |name| trackside_bytes::of(name.as_str()))
}

/// A response where it lies: in the caller's arrays, or in its block.
#[derive(Debug)]
pub(crate) struct Head<'f, F> {
    pub(crate) status: u16,
    pub(crate) headers: Walked<'f, F>,
}

impl Call {
    /// Shows `look` what the caller's struct says, where it was made.
    #[inline]
    pub(crate) fn response<T>(
        &self,
        response: *const trackside_response,
        look: impl FnOnce(&Head<'_, HeaderArray<'_>>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.look(response, "response", |response| {
            let headers = self.headers(response.headers, response.header_count, "response.headers")?;
            look(&Head { status: response.status, headers: Walked::of(headers) })
        })
    }
}

impl<'f, F: Fields<'f>> Head<'f, F> {
    pub(crate) fn as_response(&self) -> Response<'_> {
        Response::new(self.status, &self.headers)
    }
}
