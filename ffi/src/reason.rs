//! Why something was skipped, refused or dropped, by number and code.

use std::{
    ffi::{CStr, c_char},
    ptr,
};

/// Why something was skipped (1-99), refused (100-199) or dropped (200-299); 0 is none. The numbers are
/// forever; a later library may have more of them.
pub type trackside_reason = u16;

/// No reason: the request is tracked.
pub const TRACKSIDE_REASON_NONE: trackside_reason = 0;
/// Skipped: `mode = "off"`.
pub const TRACKSIDE_REASON_OFF: trackside_reason = 1;
/// Skipped: the method is not among `track.methods`.
pub const TRACKSIDE_REASON_METHOD: trackside_reason = 2;
/// Skipped: the request's host is not among `site`, or the request names no valid host.
pub const TRACKSIDE_REASON_UNKNOWN_SITE: trackside_reason = 3;
/// Skipped: a pattern of `track.ignore` covers the path.
pub const TRACKSIDE_REASON_IGNORED: trackside_reason = 4;
/// Skipped: no pattern of `track.only` covers the path.
pub const TRACKSIDE_REASON_NOT_ONLY: trackside_reason = 5;
/// Skipped: the browser or a library fetched ahead of any view.
pub const TRACKSIDE_REASON_PREFETCH: trackside_reason = 6;
/// Skipped: the connection left HTTP (101).
pub const TRACKSIDE_REASON_UPGRADE: trackside_reason = 7;
/// Skipped: the status is not among `track.status`.
pub const TRACKSIDE_REASON_STATUS: trackside_reason = 8;
/// Skipped: the content type is not among `track.content_types`.
pub const TRACKSIDE_REASON_CONTENT_TYPE: trackside_reason = 9;
/// Skipped: the exchange was dropped, or abandoned, before it was finished.
pub const TRACKSIDE_REASON_ABANDONED: trackside_reason = 10;
/// Skipped: the visitor has not agreed, and `consent.before` or `consent.denied` says "skip".
pub const TRACKSIDE_REASON_CONSENT: trackside_reason = 11;
/// Skipped: the beacon counts this page, as `beacon.path` is set and a shared cache may keep the page, or the
/// page was given the beacon's script.
pub const TRACKSIDE_REASON_BEACON: trackside_reason = 12;
/// Skipped: a part of a page, or something else that is not shown as one, was asked for.
pub const TRACKSIDE_REASON_FRAGMENT: trackside_reason = 13;
/// Skipped: a download, which is recorded as an event, as `track.downloads` asks for.
pub const TRACKSIDE_REASON_DOWNLOAD: trackside_reason = 14;
/// Skipped: a page that is not there, which is recorded as an event, as `track.not_found` asks for.
pub const TRACKSIDE_REASON_NOT_FOUND: trackside_reason = 15;
/// Skipped: an answer of trackside's own to what tells of no page view, such as a request for the beacon's
/// script.
pub const TRACKSIDE_REASON_ENDPOINT: trackside_reason = 22;
/// Skipped: a request that trackside itself answers, and that no page of the site sent.
pub const TRACKSIDE_REASON_CROSS_ORIGIN: trackside_reason = 23;
/// Refused: the receiver needs a visitor and the hit has none.
pub const TRACKSIDE_REASON_NO_VISITOR: trackside_reason = 100;
/// Refused: the receiver would not count an event of this name.
pub const TRACKSIDE_REASON_BAD_NAME: trackside_reason = 101;
/// Refused: the receiver answered that it will not have the hit.
pub const TRACKSIDE_REASON_REJECTED: trackside_reason = 102;
/// Refused: one hit alone is larger than the receiver takes.
pub const TRACKSIDE_REASON_TOO_LARGE: trackside_reason = 103;
/// Refused: the receiver cannot count a page view without a site.
pub const TRACKSIDE_REASON_NO_SITE: trackside_reason = 104;
/// Refused: a bot's, which `track.bots` drops, or which the receiver could not tell from persons.
pub const TRACKSIDE_REASON_BOT: trackside_reason = 105;
/// Refused: it is not for third parties, for the visitor refused or has not agreed.
pub const TRACKSIDE_REASON_NO_CONSENT: trackside_reason = 106;
/// Refused: the host's own filter, or the destination's `only.hits` or `only.sites`, did not want it, or a hook made
/// nothing of it.
pub const TRACKSIDE_REASON_FILTERED: trackside_reason = 107;
/// Refused: the receiver failed whenever it was sent this hit, and took others.
pub const TRACKSIDE_REASON_POISON: trackside_reason = 108;
/// Refused: the receiver answered that its quota is used up, and threw the hit away.
pub const TRACKSIDE_REASON_QUOTA: trackside_reason = 109;
/// Refused: the receiver took it for a bot's, and threw it away.
pub const TRACKSIDE_REASON_BOT_THERE: trackside_reason = 110;
/// Refused: a filter of the receiver's own threw it away.
pub const TRACKSIDE_REASON_FILTERED_THERE: trackside_reason = 111;
/// Refused: the visitor is not among those of whom the destination takes a sample: its `only.visitors`.
pub const TRACKSIDE_REASON_SAMPLED: trackside_reason = 112;
/// Dropped: the queue held as many hits as it may.
pub const TRACKSIDE_REASON_QUEUE_FULL: trackside_reason = 200;
/// Dropped: the queue held as many bytes as it may.
pub const TRACKSIDE_REASON_QUEUE_BYTES: trackside_reason = 201;
/// Dropped: submitted after `close`.
pub const TRACKSIDE_REASON_CLOSED: trackside_reason = 202;
/// Dropped: still in memory at the deadline of `close`.
pub const TRACKSIDE_REASON_SHUTDOWN: trackside_reason = 203;
/// Dropped: perhaps delivered, perhaps not, and the receiver could not tell a second copy.
pub const TRACKSIDE_REASON_AMBIGUOUS: trackside_reason = 204;
/// Dropped: the store cannot be opened or written.
pub const TRACKSIDE_REASON_STORE_UNAVAILABLE: trackside_reason = 205;
/// Dropped: attempted in vain, or in the spool, and older than `max_age`, or older than the receiver's window.
pub const TRACKSIDE_REASON_EXPIRED: trackside_reason = 206;
/// Dropped: no worker could be started.
pub const TRACKSIDE_REASON_NO_WORKER: trackside_reason = 207;
/// Dropped: its record in the spool is damaged.
pub const TRACKSIDE_REASON_CORRUPT: trackside_reason = 208;

/// The stable name of a reason, as it stands in reports, such as "ignored": a static text that ends in NUL.
/// NULL for a number that this library does not know, and for 0.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for: every number is legal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_reason_code(reason: trackside_reason) -> *const c_char {
    code(reason).map_or(ptr::null(), CStr::as_ptr)
}

fn code(reason: trackside_reason) -> Option<&'static CStr> {
    Some(match reason {
        TRACKSIDE_REASON_OFF => c"off",
        TRACKSIDE_REASON_METHOD => c"method",
        TRACKSIDE_REASON_UNKNOWN_SITE => c"unknown-site",
        TRACKSIDE_REASON_IGNORED => c"ignored",
        TRACKSIDE_REASON_NOT_ONLY => c"not-only",
        TRACKSIDE_REASON_PREFETCH => c"prefetch",
        TRACKSIDE_REASON_UPGRADE => c"upgrade",
        TRACKSIDE_REASON_STATUS => c"status",
        TRACKSIDE_REASON_CONTENT_TYPE => c"content-type",
        TRACKSIDE_REASON_ABANDONED => c"abandoned",
        TRACKSIDE_REASON_CONSENT => c"consent",
        TRACKSIDE_REASON_BEACON => c"beacon",
        TRACKSIDE_REASON_FRAGMENT => c"fragment",
        TRACKSIDE_REASON_DOWNLOAD => c"download",
        TRACKSIDE_REASON_NOT_FOUND => c"not-found",
        TRACKSIDE_REASON_ENDPOINT => c"endpoint",
        TRACKSIDE_REASON_CROSS_ORIGIN => c"cross-origin",
        TRACKSIDE_REASON_NO_VISITOR => c"no-visitor",
        TRACKSIDE_REASON_BAD_NAME => c"bad-name",
        TRACKSIDE_REASON_REJECTED => c"rejected",
        TRACKSIDE_REASON_TOO_LARGE => c"too-large",
        TRACKSIDE_REASON_NO_SITE => c"no-site",
        TRACKSIDE_REASON_BOT => c"bot",
        TRACKSIDE_REASON_NO_CONSENT => c"no-consent",
        TRACKSIDE_REASON_FILTERED => c"filtered",
        TRACKSIDE_REASON_POISON => c"poison",
        TRACKSIDE_REASON_QUOTA => c"quota",
        TRACKSIDE_REASON_BOT_THERE => c"bot-there",
        TRACKSIDE_REASON_FILTERED_THERE => c"filtered-there",
        TRACKSIDE_REASON_SAMPLED => c"sampled",
        TRACKSIDE_REASON_QUEUE_FULL => c"queue-full",
        TRACKSIDE_REASON_QUEUE_BYTES => c"queue-bytes",
        TRACKSIDE_REASON_CLOSED => c"closed",
        TRACKSIDE_REASON_SHUTDOWN => c"shutdown",
        TRACKSIDE_REASON_AMBIGUOUS => c"ambiguous",
        TRACKSIDE_REASON_STORE_UNAVAILABLE => c"store-unavailable",
        TRACKSIDE_REASON_EXPIRED => c"expired",
        TRACKSIDE_REASON_NO_WORKER => c"no-worker",
        TRACKSIDE_REASON_CORRUPT => c"corrupt",
        _ => return None,
    })
}

#[cfg(test)]
mod test {
    use std::ffi::CStr;

    use trackside_core::Reason;

    use super::{code, trackside_reason_code};

    const SOURCE: &str = include_str!("reason.rs");

    #[test]
    fn every_reason_of_core_is_a_constant_of_its_number() {
        for reason in Reason::ALL {
            let name = reason.code().to_uppercase().replace('-', "_");
            let line =
                format!("\npub const TRACKSIDE_REASON_{name}: trackside_reason = {};\n", reason.number());
            assert!(SOURCE.contains(&line), "{line}");
        }
        // And no other one, but NONE.
        let constants = SOURCE.lines().filter(|line| line.starts_with("pub const TRACKSIDE_REASON_"));
        assert_eq!(constants.count(), Reason::ALL.len() + 1);
    }

    #[test]
    fn every_number_has_the_code_of_core_or_none() {
        for number in 0..=u16::MAX {
            let expected = Reason::ALL.iter().find(|reason| reason.number() == number);
            let found = code(number).map(|code| code.to_str().unwrap());
            assert_eq!(found, expected.map(|reason| reason.code()), "{number}");
        }
    }

    #[test]
    fn c_gets_the_code_or_null() {
        // SAFETY: nothing is asked for, and the text is static and ends in NUL.
        unsafe {
            assert_eq!(CStr::from_ptr(trackside_reason_code(4)), c"ignored");
            assert!(trackside_reason_code(0).is_null());
            assert!(trackside_reason_code(99).is_null());
        }
    }
}
