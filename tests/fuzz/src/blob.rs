//! The target `blob`: any bytes, as the block of a request and as that of its response.
//!
//! A block is accepted if and only if [`reader`](crate::reader) accepts it, and then says what the same
//! parts say in arrays. One that is refused changes nothing.

use trackside_ffi::*;

use crate::{
    block::Block,
    exchange::Exchange,
    lend::Manner,
    parts::{Annotation, Response},
    reader::{self, Refusal},
    site::Site,
    slip::{Fault, Place, Slip},
};

/// What the bytes mean: six that say how, the request's block, and the response's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Input<'a> {
    /// Which configuration; see [`site`](crate::site).
    pub configuration: u8,
    /// What else the host does, bit by bit: 1 sets a title and a property before it finishes; 2 finishes
    /// with arrays what was refused, and otherwise leaves it; 4 lends NULL for nothing; 8 to 64: where in
    /// memory the block begins; 128 ends it in one call.
    pub switches: u8,
    /// Which of [`SLIPS`] comes first.
    pub slip: u8,
    /// How large the error struct is, in words of 4 bytes.
    pub room: u8,
    /// The request's block.
    pub request: &'a [u8],
    /// The response's.
    pub response: &'a [u8],
}

/// The mistakes that a host can make with blocks.
pub const SLIPS: [Slip; 11] = [
    Slip::new(Place::Nowhere, Fault::Null),
    Slip::new(Place::Tracker, Fault::Null),
    Slip::new(Place::Tracker, Fault::Off),
    Slip::new(Place::Out, Fault::Null),
    Slip::new(Place::Out, Fault::Off),
    Slip::new(Place::RequestBlock, Fault::Null),
    Slip::new(Place::RequestBlock, Fault::Off),
    Slip::new(Place::Exchange, Fault::Null),
    Slip::new(Place::Exchange, Fault::Off),
    Slip::new(Place::ResponseBlock, Fault::Null),
    Slip::new(Place::ResponseBlock, Fault::Off),
];

impl<'a> Input<'a> {
    /// Reads the fuzzer's bytes; of fewer than six the others are 0.
    pub fn read(data: &'a [u8]) -> Self {
        let (head, rest) = data.split_at(data.len().min(6));
        let at = |n| head.get(n).copied().unwrap_or_default();
        let length = u16::from_le_bytes([at(4), at(5)]);
        let (request, response) = rest.split_at(rest.len().min(length.into()));
        Self { configuration: at(0), switches: at(1), slip: at(2), room: at(3), request, response }
    }

    fn is_annotated_before(&self) -> bool {
        self.switches & 1 != 0
    }

    fn is_finished_anyway(&self) -> bool {
        self.switches & 2 != 0
    }

    fn is_ended_at_once(&self) -> bool {
        self.switches & 128 != 0
    }

    fn manner(&self) -> Manner {
        Manner { null_when_empty: self.switches & 4 != 0, growth: 0, room: u16::from(self.room) * 4 }
    }

    fn begin(&self) -> usize {
        usize::from(self.switches >> 3 & 15)
    }

    fn slip(&self) -> Slip {
        SLIPS[usize::from(self.slip) % SLIPS.len()]
    }
}

/// One exchange.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let input = Input::read(data);
    let site = Site::open(input.configuration);
    begin_badly(&input, &site);
    site.check_books(0, 0);

    let block = Block::new(input.request, input.begin());
    let (outcome, exchange) = Exchange::begin_blob(&site, &block, input.manner(), Slip::default());
    let lent = block.if_lent(input.request.get(1));
    let request = match reader::request(input.request) {
        Ok(request) => request,
        Err(refusal) => {
            outcome.failed(statuses(refusal), &["`blob`"]);
            site.check_books(0, 0);
            return;
        }
    };
    outcome.ok();
    let exchange = exchange.expect("it went well");
    let (outcome, twin) = Exchange::begin(&site, &request, Manner::default(), Slip::default());
    outcome.ok();
    let twin = twin.expect("it went well");
    assert_eq!(exchange.before(), twin.before());

    annotate(&input, [&exchange, &twin]);
    let left = if input.is_ended_at_once() {
        end(&input, exchange, &twin)
    } else {
        finish(&input, &exchange, &twin);
        Some(exchange)
    };
    let verdict = left.as_ref().map_or_else(|| twin.verdict(), Exchange::verdict);
    assert_eq!(verdict, twin.verdict());
    let over = left.as_ref().filter(|_| verdict.is_some());
    over.iter().for_each(|exchange| come_too_late(&input, exchange));
    let late = u64::from(over.is_some());
    drop((left, twin, lent));
    site.check_books(2, late);
    let hits = site.hits();
    let (of_block, of_arrays) = hits.split_at(hits.len() / 2);
    assert_eq!(of_block, of_arrays);
}

/// Begins with a mistake, which is told, and counts nothing.
fn begin_badly(input: &Input<'_>, site: &Site) {
    let slip = input.slip();
    let (status, name) = match slip.place {
        Place::Tracker => (slip.handle_status(), "`tracker`"),
        Place::Out => (slip.status(), "`exchange`"),
        Place::RequestBlock => (slip.status(), "`blob`"),
        _ => return,
    };
    let block = Block::new(input.request, input.begin());
    let (outcome, _) = Exchange::begin_blob(site, &block, input.manner(), slip);
    // What is looked at first is not specified.
    outcome.failed(&[status, TRACKSIDE_BLOB], &[name, "`blob`"]);
}

/// Adds what came before the response, if anything did.
fn annotate(input: &Input<'_>, exchanges: [&Exchange; 2]) {
    for each in exchanges.into_iter().filter(|_| input.is_annotated_before()) {
        each.annotate(&Annotation::Title(b"before"[..].into()), Slip::default()).ok();
        each.annotate(&Annotation::number(b"before", 1.0), Slip::default()).ok();
    }
}

/// Ends one exchange in one call, and finishes the other with arrays, if the block is a response's. What is left of the
/// first: it stays where it could not be ended, or its verdict had no room.
fn end(input: &Input<'_>, exchange: Exchange, twin: &Exchange) -> Option<Exchange> {
    end_badly(input, &exchange);
    let capacity = usize::from(input.room) * 2;
    let block = Block::new(input.response, input.begin());
    let (outcome, written) = exchange.end_blob(&block, capacity, Slip::default());
    drop(block);
    match reader::response(input.response) {
        Ok(response) => {
            finish_twin(twin, &response);
            let expected = twin.verdict().expect("it is over");
            let needed =
                8 + expected.headers.iter().map(|(name, value)| 8 + name.len() + value.len()).sum::<usize>();
            assert_eq!(written.needed, Some(needed));
            if capacity >= needed {
                outcome.ok();
                assert_eq!(written.verdict(), expected);
                exchange.is_gone();
                return None;
            }
            outcome.failed(&[TRACKSIDE_BUFFER], &["`buffer`"]);
        }
        Err(refusal) => {
            outcome.failed(statuses(refusal), &["`blob`"]);
            assert_eq!(written.needed, None);
            finish_anyway(input, [&exchange, twin]);
        }
    }
    assert!(written.is_untouched());
    Some(exchange)
}

/// Ends with a mistake, which is told, and changes nothing.
fn end_badly(input: &Input<'_>, exchange: &Exchange) {
    let Some((slip, expected)) = response_slip(input) else { return };
    let block = Block::new(input.response, input.begin());
    let (outcome, written) = exchange.end_blob(&block, 512, slip);
    outcome.failed(&[expected.0, TRACKSIDE_BLOB, TRACKSIDE_INVALID_UTF8], &[expected.1, "`blob`"]);
    assert!(written.is_untouched() && written.needed.is_none());
    assert_eq!(exchange.verdict(), None, "what failed does not finish");
}

/// Finishes both exchanges, one with the block and one with arrays, if it is a response's.
fn finish(input: &Input<'_>, exchange: &Exchange, twin: &Exchange) {
    finish_badly(input, exchange);
    let block = Block::new(input.response, input.begin());
    let outcome = exchange.finish_blob(&block, Slip::default());
    drop(block);
    match reader::response(input.response) {
        Ok(response) => {
            outcome.ok();
            finish_twin(twin, &response);
        }
        Err(refusal) => {
            outcome.failed(statuses(refusal), &["`blob`"]);
            finish_anyway(input, [exchange, twin]);
        }
    }
}

fn finish_twin(twin: &Exchange, response: &Response<'_>) {
    for annotation in &response.annotations {
        twin.annotate(annotation, Slip::default()).ok();
    }
    twin.finish(response, Slip::default()).ok();
}

/// Finishes with arrays what was refused, if the host does.
fn finish_anyway(input: &Input<'_>, exchanges: [&Exchange; 2]) {
    assert_eq!(exchanges[0].verdict(), None, "what was refused does not finish");
    for each in exchanges.into_iter().filter(|_| input.is_finished_anyway()) {
        each.finish(&Response::page(), Slip::default()).ok();
    }
}

/// Finishes with a mistake, which is told, and changes nothing.
fn finish_badly(input: &Input<'_>, exchange: &Exchange) {
    let Some((slip, (status, name))) = response_slip(input) else { return };
    let outcome = exchange.finish_blob(&Block::new(input.response, input.begin()), slip);
    outcome.failed(&[status, TRACKSIDE_BLOB, TRACKSIDE_INVALID_UTF8], &[name, "`blob`"]);
    assert_eq!(exchange.verdict(), None, "what failed does not finish");
}

/// The mistake that can be made with the response's block, if it is one, and how it is told.
fn response_slip(input: &Input<'_>) -> Option<(Slip, (trackside_status, &'static str))> {
    let slip = input.slip();
    match slip.place {
        Place::Exchange => Some((slip, (slip.handle_status(), "`exchange`"))),
        Place::ResponseBlock => Some((slip, (slip.status(), "`blob`"))),
        _ => None,
    }
}

/// Everything that comes when it is over changes nothing.
fn come_too_late(input: &Input<'_>, exchange: &Exchange) {
    let verdict = exchange.verdict();
    let block = Block::new(input.response, 0);
    exchange.finish_blob(&block, Slip::default()).failed(&[TRACKSIDE_FINISHED], &["finished"]);
    exchange.abandon().failed(&[TRACKSIDE_FINISHED], &["finished"]);
    let title = Annotation::Title(b"late"[..].into());
    exchange.annotate(&title, Slip::default()).failed(&[TRACKSIDE_FINISHED], &["finished"]);
    assert_eq!(exchange.verdict(), verdict);
}

fn statuses(refusal: Refusal) -> &'static [trackside_status] {
    match refusal {
        Refusal::Malformed => &[TRACKSIDE_BLOB],
        Refusal::NotUtf8 => &[TRACKSIDE_INVALID_UTF8],
        Refusal::Both => &[TRACKSIDE_BLOB, TRACKSIDE_INVALID_UTF8],
    }
}
