//! The target `lines`: any bytes as the lines of trackside_exchange_begin_lines, and of trackside_scratch_begin.
//!
//! They are accepted if and only if they are as many as the header's specification says, and then say what the same
//! parts say in arrays.

use trackside_ffi::*;

use crate::{
    block::Block,
    exchange::Exchange,
    lend::Manner,
    parts::{Request, Response},
    rust::peer,
    scratch::Scratch,
    site::{Site, read},
    slip::{Fault, Place, Slip},
};

/// What stands before the headers' values.
const LINE: usize = 4;
/// A header that did not come.
const ABSENT: &[u8] = b"\0";

const SLIPS: [Slip; 7] = [
    Slip::new(Place::Nowhere, Fault::Null),
    Slip::new(Place::Tracker, Fault::Null),
    Slip::new(Place::Tracker, Fault::Off),
    Slip::new(Place::Out, Fault::Null),
    Slip::new(Place::Out, Fault::Off),
    Slip::new(Place::RequestBlock, Fault::Null),
    Slip::new(Place::RequestBlock, Fault::Off),
];

/// The mistakes at the end of an exchange in a scratch's places.
const ENDS: [Slip; 7] = [
    Slip::new(Place::Nowhere, Fault::Null),
    Slip::new(Place::Out, Fault::Null),
    Slip::new(Place::Out, Fault::Off),
    Slip::new(Place::Exchange, Fault::Null),
    Slip::new(Place::Exchange, Fault::Off),
    Slip::new(Place::ResponseBlock, Fault::Null),
    Slip::new(Place::ResponseBlock, Fault::Off),
];

/// The block of [`Response::page`]: version, flags, the status 200, one header, no annotation, the lengths.
const PAGE: &[u8] = b"\x01\0\xc8\0\x01\0\0\0\x0c\0\0\0\x09\0\0\0content-typetext/html";

/// The names of the headers whose values the lines are.
pub fn names(site: &Site) -> Vec<String> {
    // SAFETY: every number may be asked for.
    let common = (0..).map(|n| unsafe { trackside_request_header(n) });
    // SAFETY: the handle is live.
    let more = (0..).map(|n| unsafe { trackside_tracker_header(site.tracker, n) });
    let is_one = |name: &trackside_bytes| name.length > 0;
    // SAFETY: a name lives as long as its tracker.
    let text = |name| String::from_utf8_lossy(unsafe { read(name) }).into_owned();
    common.take_while(is_one).chain(more.take_while(is_one)).map(text).collect()
}

/// The request that the lines are, as the specification reads them; none if they are too many or too few.
fn request<'a>(lines: &'a [u8], names: &'a [String]) -> Option<Request<'a>> {
    let lines: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').collect();
    if lines.len() != LINE + names.len() {
        return None;
    }
    let headers = names.iter().zip(&lines[LINE..]).filter(|(_, value)| **value != ABSENT);
    let address = Some(lines[3]).filter(|text| peer(text).is_some());
    Some(Request {
        method: lines[0].into(),
        target: lines[1].into(),
        authority: lines[2].into(),
        peer: address.unwrap_or_default().into(),
        headers: headers.map(|(name, value)| (name.as_bytes().into(), (*value).into())).collect(),
        ..Request::default()
    })
}

/// One exchange: after four bytes for the configuration, the flags, the mistake that comes first and where in memory the
/// lines begin, the lines. Of the fourth byte the highest three bits say how a scratch's exchange ends: with which of
/// [`ENDS`], or, if all are set, with a buffer for a verdict without headers.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let Some(([configuration, flags, slip, begin], lines)) = data.split_first_chunk() else { return };
    let site = Site::open(*configuration);
    let manner = Manner { null_when_empty: begin & 16 != 0, growth: 0, room: 400 };
    let slip = SLIPS[usize::from(*slip) % SLIPS.len()];
    let block = Block::new(lines, usize::from(begin & 15));
    if slip.place != Place::Nowhere {
        let (outcome, _) = Exchange::begin_lines(&site, &block, *flags, manner, slip);
        let name = match slip.place {
            Place::Tracker => "`tracker`",
            Place::Out => "`exchange`",
            _ => "`lines`",
        };
        let status = if slip.place == Place::Tracker { slip.handle_status() } else { slip.status() };
        // What is looked at first is not specified.
        let statuses = [status, TRACKSIDE_BLOB, TRACKSIDE_INVALID_ARGUMENT];
        outcome.failed(&statuses, &[name, "`lines`", "`flags`"]);
        let scratch = Scratch::new(0, manner);
        scratch.begin(&site, &block, *flags, slip).failed(&statuses, &[name, "`lines`", "`flags`"]);
        assert!(scratch.exchange().is_null());
        site.check_books(0, 0);
    }

    let scratch = Scratch::new(if begin >> 5 == 7 { 8 } else { 512 }, manner);
    let (outcome, exchange) = Exchange::begin_lines(&site, &block, *flags, manner, Slip::default());
    let in_places = scratch.begin(&site, &block, *flags, Slip::default());
    let lent = block.if_lent(Some(flags));
    let names = names(&site);
    let known = request(lines, &names).filter(|_| *flags <= 7);
    let Some(mut request) = known else {
        for outcome in [outcome, in_places] {
            outcome.failed(&[TRACKSIDE_BLOB, TRACKSIDE_INVALID_ARGUMENT], &["`lines`", "`flags`"]);
        }
        assert!(scratch.exchange().is_null());
        site.check_books(0, 0);
        return;
    };
    outcome.ok();
    in_places.ok();
    let exchange = exchange.expect("it went well");
    (request.secure, request.resolved) = (flags & 1, flags >> 1 & 1);
    let (outcome, twin) = Exchange::begin(&site, &request, Manner::default(), Slip::default());
    outcome.ok();
    let twin = twin.expect("it went well");
    assert_eq!(exchange.before(), twin.before());
    assert_eq!(scratch.is_new(), twin.before().is_new);
    for each in [&exchange, &twin] {
        each.finish(&Response::page(), Slip::default()).ok();
    }
    assert_eq!(exchange.verdict(), twin.verdict());
    end(scratch, &site, ENDS.get(usize::from(begin >> 5)), &twin);
    drop((exchange, twin, lent));
    site.check_books(3, 0);
    let hits = site.hits();
    assert_eq!(hits.len() % 3, 0, "{hits:?}");
    let mut thirds = hits.chunks((hits.len() / 3).max(1));
    let first = thirds.next();
    assert!(thirds.all(|third| Some(third) == first), "{hits:?}");
}

/// Ends the exchange of a scratch after a mistake, which is told and changes nothing, with the page that ended another;
/// or, without a mistake, where the verdict may have no room.
fn end(scratch: Scratch, site: &Site, slip: Option<&Slip>, twin: &Exchange) {
    let exchange = scratch.exchange();
    let block = Block::new(PAGE, 0);
    let again = Block::new(b"", 0);
    scratch.begin(site, &again, 0, Slip::default()).failed(&[TRACKSIDE_INVALID_ARGUMENT], &["`scratch`"]);
    if let Some(slip) = slip.filter(|slip| slip.place != Place::Nowhere) {
        let (status, name) = match slip.place {
            Place::Exchange => (slip.handle_status(), "`scratch.exchange`"),
            Place::ResponseBlock => (slip.status(), "`blob`"),
            _ => (slip.status(), ""),
        };
        scratch.end(&block, *slip).failed(&[status], &[name]);
        assert_eq!(scratch.exchange(), exchange, "what failed ends nothing");
    }
    let outcome = scratch.end(&block, Slip::default());
    let expected = twin.verdict().expect("it is over");
    if slip.is_none() && !expected.headers.is_empty() {
        outcome.failed(&[TRACKSIDE_BUFFER], &["`buffer`"]);
        assert_eq!(scratch.exchange(), exchange, "its verdict is still to be had");
        assert!(scratch.into_written().is_untouched());
        return;
    }
    outcome.ok();
    assert!(scratch.exchange().is_null());
    assert_eq!(scratch.into_written().verdict(), expected);
}
