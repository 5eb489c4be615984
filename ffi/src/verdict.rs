//! What became of an exchange.

use std::ptr;

use trackside_core::Reason;

use crate::{
    boundary::enter,
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    reason::trackside_reason,
    status::{TRACKSIDE_UNFINISHED, trackside_status},
    text::{trackside_bytes, trackside_header},
};

/// The headers of a verdict, as C sees them.
#[derive(Debug)]
pub(crate) struct Appended {
    headers: Vec<trackside_header>,
    /// Names and values, each with a NUL behind it; `headers` points in here.
    #[allow(dead_code, reason = "it is read by C")]
    texts: Vec<u8>,
}

impl Appended {
    #[inline(never)] // As most verdicts have no headers.
    pub(crate) fn of<'a, I>(headers: impl Fn() -> I) -> Box<Self>
    where
        I: Iterator<Item = (&'static str, &'a str)>,
    {
        let parts = || headers().flat_map(|(name, value)| [name, value]);
        let mut texts = Vec::with_capacity(parts().map(|part| part.len() + 1).sum());
        for part in parts() {
            texts.extend_from_slice(part.as_bytes());
            texts.push(0);
        }
        let mut rest = &texts[..];
        let mut next = |part: &str| {
            let (text, after) = rest.split_at(part.len());
            rest = &after[1..];
            trackside_bytes::of(text)
        };
        let headers =
            headers().map(|(name, value)| trackside_header { name: next(name), value: next(value) });
        let headers = headers.collect();
        Box::new(Self { headers, texts })
    }

    /// The first of them, and how many there are.
    pub(crate) fn listed(appended: Option<&Self>) -> (*const trackside_header, usize) {
        appended.map_or((ptr::null(), 0), |appended| (appended.headers.as_ptr(), appended.headers.len()))
    }
}

impl trackside_exchange {
    fn check_over(&self) -> Result<(), Failure> {
        if self.exchange.is_over() {
            return Ok(());
        }
        Err(Failure::new(TRACKSIDE_UNFINISHED, "the exchange is not finished yet, so there is no verdict"))
    }
}

/// Says why the exchange was skipped; 0 if it was tracked.
///
/// Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_UNFINISHED (neither finished nor abandoned yet).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `reason` is NULL or points at a place for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_reason(
    exchange: *const trackside_exchange,
    reason: *mut trackside_reason,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.shared(exchange, "exchange")?;
        let out = call.output(reason, "reason")?;
        exchange.check_over()?;
        out.set(exchange.reason.map_or(0, Reason::number));
        Ok(())
    })
}

/// Says which headers to append to the response, beside whatever it has of the same name: often none; a
/// Set-Cookie, and a Cache-Control that keeps shared caches from it. Names and values end in a NUL, which
/// their lengths do not count. All of it is valid until the exchange is freed.
///
/// Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_UNFINISHED (neither finished nor abandoned yet).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `headers` and `count` are NULL or point at a place for a pointer and
/// for a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_headers(
    exchange: *const trackside_exchange,
    headers: *mut *const trackside_header,
    count: *mut usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.shared(exchange, "exchange")?;
        let out = (call.output(headers, "headers")?, call.output(count, "count")?);
        exchange.check_over()?;
        let (first, count) = Appended::listed(exchange.appended.as_deref());
        out.0.set(first);
        out.1.set(count);
        Ok(())
    })
}
