//! What a visitor is told on its first page.

use crate::{
    boundary::enter,
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    status::trackside_status,
    text::trackside_bytes,
};

/// The notice, in both forms, for C to read.
#[derive(Debug)]
pub(crate) struct Shown {
    text: String,
    html: String,
}

impl trackside_exchange {
    /// The notice to an exchange whose request was copied to `request`.
    fn shown(&mut self, request: &[u8]) -> Option<&Shown> {
        if self.notice.is_none() {
            let notice = self.exchange.notice(&self.kept.in_bytes(request).as_request())?;
            self.notice = Some(Box::new(Shown { text: notice.text().to_owned(), html: notice.html() }));
        }
        self.notice.as_deref()
    }
}

/// Lends the notice to show, if one is due: on the visitor's first page. `text` is plain, `html` has all
/// escaped that means something there; each may be NULL. They are valid until the exchange is freed.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (`exchange`),
/// TRACKSIDE_WRONG_HANDLE, TRACKSIDE_NOT_FOUND (none is due), TRACKSIDE_FINISHED (finished or abandoned
/// already).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `text` and `html` are NULL or point at a place for a trackside_bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_notice(
    exchange: *mut trackside_exchange,
    text: *mut trackside_bytes,
    html: *mut trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let (exchange, request) = call.exclusive_with_tail(exchange, "exchange")?;
        let (text, html) = (call.optional_output(text, "text")?, call.optional_output(html, "html")?);
        exchange.check_open()?;
        let shown = exchange.shown(request).ok_or_else(|| Failure::not_found("no notice is due"))?;
        if let Some(text) = text {
            text.set(trackside_bytes::of(&shown.text));
        }
        if let Some(html) = html {
            html.set(trackside_bytes::of(&shown.html));
        }
        Ok(())
    })
}
