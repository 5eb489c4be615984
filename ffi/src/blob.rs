//! A request or a response in one block of bytes: what an interpreter hands over in one piece.
//!
//! The documentation of the functions is the blocks' specification. Nothing here trusts a length: what
//! a block announces is compared with what it has before anything is read by it.

mod annotations;
mod request;
mod response;
mod table;
mod verdict;
mod wrong;

use std::mem::{self, MaybeUninit};

use trackside_core::{Annotations, judge::Verdict};

use crate::{
    boundary::enter,
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    status::trackside_status,
    tracker::trackside_tracker,
};

/// The version of both blocks.
const VERSION: u8 = 1;

/// trackside_exchange_begin with all of the request in one block, which is read during the call alone unless it is
/// lent. It allocates as that does.
///
/// All numbers are unsigned, little-endian and unaligned: first the lengths of all parts, then the parts,
/// without anything between or behind them.
///
/// ```text
///   offset  type  what
///        0  u8    the version, 1
///        1  u8    flags: 1 if the client came by https, 2 if the request is resolved, as in
///                 trackside_request, 4 if the block is lent; all others are 0
///        2  u16   n, the number of headers
///        4  u32   length of the method
///        8  u32   length of the target
///       12  u32   length of the authority; 0 for none
///       16  u32   length of the peer: 0 for none, 4 or 16
///       20        n times: u32 length of the name, u32 length of the value
///     20+8n       the method, the target, the authority, the peer, then of each header name and value
/// ```
///
/// Method, target, authority and headers are what they are in `trackside_request`, any bytes. The peer is
/// the address itself, 4 or 16 bytes in network order, as inet_pton writes it. So in Python:
///
/// ```text
///   parts = [method, target, authority, peer]
///   for name, value in headers: parts += [name, value]
///   block = struct.pack(f"<BBH{len(parts)}I", 1, secure, len(headers), *map(len, parts)) + b"".join(parts)
/// ```
///
/// To lend the block is to promise that it stays where it is, unchanged, until the exchange has been freed: then
/// nothing is copied of it, which is quicker.
///
/// A block that is anything else is refused (TRACKSIDE_BLOB), with one of these texts:
///
/// ```text
///   `blob` has 19 bytes, less than its head of 20
///   `blob` has the version 2, and this library knows 1
///   `blob` has the flags 0x9, of which only 0x7 are known
///   `blob` has a peer of 5 bytes, and not of 0, 4 or 16
///   `blob` announces 3 headers, and ends within their lengths
///   `blob` announces 120 bytes behind its lengths, and has 119
/// ```
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold), TRACKSIDE_BLOB.
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `blob` is NULL or points at `length` bytes, which, if they are lent, nobody
/// writes or frees before the exchange is freed; `exchange` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_begin_blob(
    tracker: *const trackside_tracker,
    blob: *const u8,
    length: usize,
    exchange: *mut *mut trackside_exchange,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        request::read(call.array(blob, length, "blob")?, |parts| {
            let out = call.output(exchange, "exchange")?;
            out.set(trackside_exchange::begin(tracker.live(), parts)?.0);
            Ok(())
        })
    })
}

/// trackside_exchange_finish with all of the response in one block, which is read during the call alone, and
/// with annotations. It allocates as that does, and for properties and events, if there are any.
///
/// ```text
///   offset  type  what
///        0  u8    the version, 1
///        1  u8    flags: all are 0
///        2  u16   the status
///        4  u16   n, the number of headers
///        6  u16   m, the number of annotations
///        8        n times: u32 length of the name, u32 length of the value
///      8+8n       m times: u32 tag, u32 length of the annotation
///   8+8n+8m       of each header name and value, then the annotations
/// ```
///
/// The annotations are taken in their order, after those that were set before: 1 is the title, 2 the user
/// id, 3 the route, each a text; 4 is a property, 5 an event. Texts are UTF-8, and cut as they are
/// elsewhere.
///
/// ```text
///   offset  type  what, in a property
///        0  u32   its type, TRACKSIDE_TYPE_TEXT, _NUMBER or _TRUTH
///        4  u32   k, the length of the key
///        8        the key
///      8+k        to the end: a text, or 8 bytes of an IEEE 754 number, or a byte that is 0 or 1
///
///   offset  type  what, in an event
///        0  u32   length of the name
///        4  u32   length of the category; 0 for none
///        8  u32   length of the label; 0 for none
///       12  u32   k, the number of properties
///       16  f64   the value, as IEEE 754; one that is not finite for none
///       24        k times: u32 length of the property
///     24+4k       the name, the category, the label, then each property, as above
/// ```
///
/// A block that is anything else is refused (TRACKSIDE_BLOB), with one of these texts; the exchange is then
/// not finished, and has none of its annotations:
///
/// ```text
///   `blob` has 7 bytes, less than its head of 8
///   `blob` has the version 2, and this library knows 1
///   `blob` has the flags 0x1, of which none is known
///   `blob` announces 3 headers and 1 annotations, and ends within their lengths
///   `blob` announces 120 bytes behind its lengths, and has 119
///   `blob`, annotation 0 has the tag 6, and only 1 to 5 are known
///   `blob`, annotation 0 has 7 bytes, less than its head of 8
///   `blob`, annotation 0 has the type 3, and only 0 to 2 are known
///   `blob`, annotation 0 announces a key of 9 bytes, and has 8 behind its head
///   `blob`, annotation 0 has a number of 7 bytes, and not of 8
///   `blob`, annotation 0 has a truth that is not one byte of 0 or 1
///   `blob`, annotation 0 announces 3 properties, and ends within their lengths
///   `blob`, annotation 0 announces 120 bytes behind its lengths, and has 119
///   `blob`, annotation 0, property 2 has ... (as above)
/// ```
///
/// and, with TRACKSIDE_INVALID_UTF8,
///
/// ```text
///   `blob`, annotation 0 has a title that is not UTF-8
/// ```
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold), TRACKSIDE_INVALID_UTF8, TRACKSIDE_BLOB,
/// TRACKSIDE_FINISHED (finished or abandoned already).
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `blob` is NULL or points at `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_finish_blob(
    exchange: *mut trackside_exchange,
    blob: *const u8,
    length: usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        let verdict = finish(exchange, call.array(blob, length, "blob")?)?;
        exchange.keep(&verdict);
        Ok(())
    })
}

/// trackside_exchange_finish_blob, trackside_exchange_reason, trackside_exchange_headers and
/// trackside_exchange_free in one: finishes the exchange as `blob` says, writes the verdict to `buffer`, and
/// frees the exchange.
///
/// `*needed` is set to the length of the verdict, which is 8 bytes if there is no header to append:
///
/// ```text
///   offset  type  what
///        0  u8    the version, 1
///        1  u8    flags: all are 0
///        2  u16   why the exchange was skipped; 0 if it was tracked
///        4  u16   n, the number of headers to append
///        6  u16   0
///        8        n times: u32 length of the name, u32 length of the value
///     8+8n        of each header name and value
/// ```
///
/// It does not begin unless all its arguments are good: on every failure but one the exchange is neither
/// finished nor freed. The exception is TRACKSIDE_BUFFER, when `capacity` is less than `*needed`: then the
/// exchange is finished, `buffer` is not written, and the verdict is to be read by trackside_exchange_reason
/// and trackside_exchange_headers before trackside_exchange_free. 512 bytes are enough unless the cookie's
/// name, path or domain are long.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (a length that memory cannot hold), TRACKSIDE_INVALID_UTF8, TRACKSIDE_BLOB,
/// TRACKSIDE_FINISHED (finished or abandoned already), TRACKSIDE_BUFFER.
///
/// # Safety
///
/// `exchange` is NULL or a live handle, which nobody uses any more after success; `blob` is NULL or points at
/// `length` bytes; `buffer` is NULL or has room for `capacity` bytes; `needed` is NULL or points at a place
/// for a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_end_blob(
    exchange: *mut trackside_exchange,
    blob: *const u8,
    length: usize,
    buffer: *mut u8,
    capacity: usize,
    needed: *mut usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let open = call.exclusive(exchange, "exchange")?;
        let blob = call.array(blob, length, "blob")?;
        let buffer = call.buffer(buffer, capacity, "buffer")?;
        let needed = call.output(needed, "needed")?;
        tell(finish(open, blob)?, open, buffer, |length| needed.set(length))?;
        call.end(exchange)
    })
}

/// Writes the verdict to `buffer`, and its length; what the buffer cannot hold is kept.
pub(crate) fn tell(
    verdict: Verdict,
    exchange: &mut trackside_exchange,
    buffer: &mut [MaybeUninit<u8>],
    needed: impl FnOnce(usize),
) -> Result<(), Failure> {
    needed(verdict::length(&verdict));
    verdict::write(&verdict, buffer).inspect_err(|_| exchange.keep(&verdict))
}

/// Finishes the exchange as the block says.
pub(crate) fn finish(exchange: &mut trackside_exchange, blob: &[u8]) -> Result<Verdict, Failure> {
    exchange.check_open()?;
    response::read(blob, |head, annotations| {
        if exchange.annotations.is_some() {
            put_behind(&mut exchange.annotations, annotations);
        }
        Ok(exchange.finish(head, annotations))
    })
}

/// Puts `annotations` behind what was annotated `before`.
#[cold]
#[inline(never)]
fn put_behind<'f>(before: &mut Option<Annotations<'static>>, annotations: &mut Annotations<'f>) {
    let mut all: Annotations<'f> = before.take().unwrap_or_default();
    all.extend(mem::take(annotations));
    *annotations = all;
}

#[cfg(test)]
#[path = "blob_test.rs"]
mod test;
