//! The target `lines`: any bytes as the lines of trackside_exchange_begin_lines.
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
/// lines begin, the lines.
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
        site.check_books(0, 0);
    }

    let (outcome, exchange) = Exchange::begin_lines(&site, &block, *flags, manner, Slip::default());
    drop(block);
    let names = names(&site);
    let known = request(lines, &names).filter(|_| *flags <= 3);
    let Some(mut request) = known else {
        outcome.failed(&[TRACKSIDE_BLOB, TRACKSIDE_INVALID_ARGUMENT], &["`lines`", "`flags`"]);
        site.check_books(0, 0);
        return;
    };
    outcome.ok();
    let exchange = exchange.expect("it went well");
    (request.secure, request.resolved) = (flags & 1, flags >> 1);
    let (outcome, twin) = Exchange::begin(&site, &request, Manner::default(), Slip::default());
    outcome.ok();
    let twin = twin.expect("it went well");
    assert_eq!(exchange.before(), twin.before());
    for each in [&exchange, &twin] {
        each.finish(&Response::page(), Slip::default()).ok();
    }
    assert_eq!(exchange.verdict(), twin.verdict());
    drop((exchange, twin));
    site.check_books(2, 0);
    let hits = site.hits();
    let (of_lines, of_arrays) = hits.split_at(hits.len() / 2);
    assert_eq!(of_lines, of_arrays);
}
