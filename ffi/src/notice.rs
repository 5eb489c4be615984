//! What a visitor is told on its first page, or asked on each.

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
    banner: Option<String>,
}

impl trackside_exchange {
    /// The notice to the exchange, if one is due.
    fn shown(&mut self) -> Option<&Shown> {
        if !self.exchange.is_notice_due() {
            return None;
        }
        if self.notice.is_none() {
            let notice = self.exchange.notice(&self.kept.read().as_request())?;
            let (text, html) = (notice.text().to_owned(), notice.html());
            let banner = notice.banner().map(str::to_owned);
            self.notice = Some(Box::new(Shown { text, html, banner }));
        }
        self.notice.as_deref()
    }
}

/// Lends the notice to show, if one is due: on the visitor's first page, or, where visitors are asked
/// (trackside_tracker_asks), on each until there is an answer. `text` is plain, `html` has all
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
        let exchange = call.exclusive(exchange, "exchange")?;
        let (text, html) = (call.optional_output(text, "text")?, call.optional_output(html, "html")?);
        exchange.check_open()?;
        let shown = exchange.shown().ok_or_else(|| Failure::not_found("no notice is due"))?;
        if let Some(text) = text {
            text.set(trackside_bytes::of(&shown.text));
        }
        if let Some(html) = html {
            html.set(trackside_bytes::of(&shown.html));
        }
        Ok(())
    })
}

/// Lends the banner that asks for consent, if the notice is due and the configuration has a `consent.path`: the
/// notice with a form of two buttons, in HTML without a script, ready to stand in a page. Which requests its form
/// sends, and how they are answered, says trackside_tracker_answer. It is valid until the exchange is freed.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_NOT_FOUND (no notice is due, or there is no `consent.path`), TRACKSIDE_FINISHED (finished or
/// abandoned already).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `html` is NULL or points at a place for a trackside_bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_banner(
    exchange: *mut trackside_exchange,
    html: *mut trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        let html = call.output(html, "html")?;
        exchange.check_open()?;
        let shown = exchange.shown().ok_or_else(|| Failure::not_found("no notice is due"))?;
        let banner =
            shown.banner.as_ref().ok_or_else(|| Failure::not_found("`consent.path` is not configured"))?;
        html.set(trackside_bytes::of(banner));
        Ok(())
    })
}
