use super::*;
use crate::spool::format::FRAME;

const NONCE: u64 = 0xfeed_beef_dead_cafe;

/// What was found, without its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    Damage,
    DamagedRecord,
    Record(usize, Vec<u8>, State),
    Torn(usize),
}

/// Everything in `bytes`, which come in pieces of `piece` bytes.
fn scan(bytes: &[u8], piece: usize) -> Vec<Seen> {
    let mut scanner = Scanner::new(NONCE);
    let (mut at, mut end, mut seen) = (0, piece.min(bytes.len()), Vec::new());
    loop {
        let Step { skipped, taken, found } = scanner.next(&bytes[at..end]);
        match found {
            Found::Damage => seen.push(Seen::Damage),
            Found::DamagedRecord(..) => seen.push(Seen::DamagedRecord),
            Found::Record(record, state, tag) => {
                assert_eq!(tag, 9);
                seen.push(Seen::Record(at + skipped, record.to_vec(), state));
            }
            Found::Short if end == bytes.len() => {
                at += skipped;
                if at < bytes.len() {
                    seen.push(Seen::Torn(bytes.len() - at));
                }
                return seen;
            }
            Found::Short => end = (end + piece).min(bytes.len()),
        }
        at += skipped + taken;
    }
}

/// Frames of these records, one behind the other.
fn frames(records: &[&[u8]]) -> Vec<u8> {
    let (mut bytes, mut frame) = (Vec::new(), Vec::new());
    for record in records {
        Seal::new(NONCE).frame(record, 9, &mut frame);
        bytes.extend_from_slice(&frame);
    }
    bytes
}

const RECORDS: [&[u8]; 3] = [b"one", b"the second of them", b"3"];

fn record(offset: usize, record: &[u8]) -> Seen {
    Seen::Record(offset, record.to_vec(), State::Waiting)
}

fn whole() -> [Seen; 3] {
    [record(0, b"one"), record(19, b"the second of them"), record(53, b"3")]
}

#[test]
fn frames_are_found_in_whatever_pieces_they_come() {
    let bytes = frames(&RECORDS);
    for piece in 1..=bytes.len() {
        assert_eq!(scan(&bytes, piece), whole(), "pieces of {piece}");
    }
    assert_eq!(scan(&[], 1), []);
}

#[test]
fn a_damaged_byte_costs_one_record_at_most_wherever_it_is() {
    let bytes = frames(&RECORDS);
    let starts = [0, 19, 53];
    for at in 0..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= mask;
            let hurt = starts.iter().rposition(|&start| start <= at).unwrap();
            let inside = at - starts[hurt];
            let mut expected = whole().to_vec();
            match inside {
                2 => {
                    let Seen::Record(.., state) = &mut expected[hurt] else { panic!() };
                    *state = State::Begun;
                }
                // Where nothing comes after it, what is left is too short to be looked at.
                0..FRAME if hurt == 2 => {
                    expected[2] = Seen::Damage;
                    expected.push(Seen::Torn(FRAME - 1));
                }
                0..FRAME => expected[hurt] = Seen::Damage,
                _ => expected[hurt] = Seen::DamagedRecord,
            }
            for piece in [1, 7, bytes.len()] {
                assert_eq!(scan(&damaged, piece), expected, "byte {at} ^ {mask:#x}");
            }
        }
    }
}

#[test]
fn a_torn_end_costs_what_was_torn() {
    let bytes = frames(&RECORDS);
    for end in 0..bytes.len() {
        let whole: Vec<_> = whole()
            .into_iter()
            .filter(|seen| matches!(seen, Seen::Record(at, record, _) if at + FRAME + record.len() <= end))
            .collect();
        let rest = end - whole.len().checked_sub(1).map_or(0, |last| [19, 53, 70][last]);
        let torn = (rest > 0).then_some(Seen::Torn(rest));
        let expected: Vec<_> = whole.into_iter().chain(torn).collect();
        assert_eq!(scan(&bytes[..end], 5), expected, "cut at {end}");
    }
}

#[test]
fn what_lies_between_frames_is_one_damage() {
    let between = [&frames(&[b"one"])[..], &[0xa5; 1_000], &frames(&[b"two"])].concat();
    let expected = [record(0, b"one"), Seen::Damage, record(1_019, b"two")];
    assert_eq!(scan(&between, 64), expected);
}

#[test]
fn a_frame_of_another_segment_is_none_here() {
    let mut foreign = Vec::new();
    Seal::new(NONCE + 1).frame(b"made up", 9, &mut foreign);
    let record: &[u8] = &foreign;
    let mut bytes = frames(&[record, b"next"]);
    // The record holds a frame that somebody else made, and its own head is gone.
    bytes[4] ^= 1;
    assert_eq!(scan(&bytes, 1_000), [Seen::Damage, self::record(16 + record.len(), b"next")]);
}

#[test]
fn what_is_lost_is_walked_through_once() {
    // Every position looks like the beginning of a head.
    let bytes = [0xa5, 0x3c].repeat(500_000);
    let mut scanner = Scanner::new(NONCE);
    let mut steps = 0;
    let mut at = 0;
    loop {
        let Step { skipped, taken, found } = scanner.next(&bytes[at..]);
        at += skipped + taken;
        steps += 1;
        if found == Found::Short {
            break;
        }
    }
    assert_eq!((steps, at), (2, bytes.len() - FRAME + 1));
}
