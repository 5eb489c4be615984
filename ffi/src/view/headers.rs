//! An array of headers, which is checked once and then walked through without a further look.

use std::slice;

use crate::{
    boundary::Call,
    error::Failure,
    picks::Picks,
    text::{trackside_bytes, trackside_header},
};

/// The caller's headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderArray<'call> {
    /// All names and values can be read.
    headers: &'call [trackside_header],
}

impl Call {
    /// The `count` headers at `data`, all of which can be read.
    pub(crate) fn headers(
        &self,
        data: *const trackside_header,
        count: usize,
        argument: &str,
    ) -> Result<HeaderArray<'_>, Failure> {
        let headers = self.array(data, count, argument)?;
        if !headers.iter().all(|it| is_readable(it.name) && is_readable(it.value)) {
            self.check(headers, argument)?;
        }
        Ok(HeaderArray { headers })
    }

    /// As [`headers`](Self::headers), and on the way puts those that are read into `picks`.
    #[inline]
    pub(crate) fn picked<'call>(
        &'call self,
        data: *const trackside_header,
        count: usize,
        argument: &str,
        picks: &mut Picks<'call>,
    ) -> Result<HeaderArray<'call>, Failure> {
        let headers = self.array(data, count, argument)?;
        let mut rest = headers.iter();
        picks.put_headers(|| {
            let Some(it) = rest.next() else {
                return Ok::<_, Failure>(None);
            };
            if !(is_plain(it) || is_readable(it.name) && is_readable(it.value)) {
                self.check(headers, argument)?;
            }
            // SAFETY: both can be read, and the caller has promised their bytes.
            Ok(Some(unsafe { (read(it.name), read(it.value)) }))
        })?;
        Ok(HeaderArray { headers })
    }

    /// Fails at the first that cannot be read.
    #[cold]
    #[inline(never)]
    fn check(&self, headers: &[trackside_header], argument: &str) -> Result<(), Failure> {
        for (n, header) in headers.iter().enumerate() {
            self.bytes(header.name, &format!("{argument}[{n}].name"))?;
            self.bytes(header.value, &format!("{argument}[{n}].value"))?;
        }
        Ok(())
    }
}

impl<'call> HeaderArray<'call> {
    /// Names and values.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'call [u8], &'call [u8])> + use<'call> {
        // SAFETY: all of them were seen to be readable, and the caller has promised their bytes.
        self.headers.iter().map(|it| unsafe { (read(it.name), read(it.value)) })
    }
}

/// Whether [`Call::bytes`] can read a string.
#[inline]
fn is_readable(string: trackside_bytes) -> bool {
    string.length == 0 || (!string.data.is_null() && string.length <= isize::MAX as usize)
}

/// Whether it shows at once that both strings of a header can be read: neither is NULL or too long.
#[inline]
fn is_plain(header: &trackside_header) -> bool {
    let (name, value) = (header.name, header.value);
    !name.data.is_null() && !value.data.is_null() && name.length | value.length <= isize::MAX as usize
}

/// The bytes of a string.
///
/// # Safety
///
/// It must be readable, and its bytes valid for `'call`.
#[inline]
unsafe fn read<'call>(string: trackside_bytes) -> &'call [u8] {
    if string.data.is_null() {
        return &[]; // As it can be read, it has no bytes.
    }
    // SAFETY: the caller's; bytes are always aligned.
    unsafe { slice::from_raw_parts(string.data.cast(), string.length) }
}
