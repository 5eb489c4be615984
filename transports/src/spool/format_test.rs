use super::*;

const NONCE: u64 = 0x0123_4567_89ab_cdef;

/// A header as the specification has it, put together by hand; its checksum comes from Python's `zlib.crc32`.
const HEADER_BYTES: [u8; HEADER] = [
    b't', b'r', b'k', b's', b'p', b'o', b'o', b'l', // magic
    1, 0, 0, 0, // version
    0x40, 0x42, 0x0f, 0, 0, 0, 0, 0, // 1,000,000 µs
    0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, // nonce
    0xf1, 0x72, 0x58, 0x93, // checksum
];

#[test]
fn the_header_is_as_specified_and_twice_there() {
    let header = Header { micros: 1_000_000, nonce: NONCE };
    let bytes = header.bytes();
    assert_eq!(bytes[..HEADER], HEADER_BYTES);
    assert_eq!(bytes[HEADER..], HEADER_BYTES);
    assert_eq!(Header::parse(&bytes), Ok(header));
}

#[test]
fn either_copy_of_the_header_will_do() {
    let header = Header { micros: 5, nonce: NONCE };
    for at in 0..FIRST {
        let mut bytes = header.bytes();
        bytes[at] ^= 0x10;
        assert_eq!(Header::parse(&bytes), Ok(header), "byte {at}");
        bytes[(at + HEADER) % FIRST] ^= 0x10;
        assert_eq!(Header::parse(&bytes), Err(Unreadable::Damaged), "byte {at} of both");
    }
}

#[test]
fn what_is_shorter_than_a_header_is_empty_and_another_version_is_told() {
    let bytes = Header { micros: 5, nonce: NONCE }.bytes();
    for end in 0..FIRST {
        assert_eq!(Header::parse(&bytes[..end]), Err(Unreadable::Empty));
    }
    let mut other = bytes;
    other[8] = 2;
    let check = crc32fast::hash(&other[..28]).to_le_bytes();
    other[28..32].copy_from_slice(&check);
    assert_eq!(Header::parse(&other), Err(Unreadable::Version(2)));
}

#[test]
fn a_frame_is_as_specified() {
    let mut frame = Vec::new();
    Seal::new(NONCE).frame(b"record", 7, &mut frame);
    // The checksums are those of Python's `zlib.crc32`, over the nonce and what the specification says.
    let expected = [
        0xa5, 0x3c, 0x1e, 7, 6, 0, 0, 0, 0x46, 0x6b, 0xc4, 0x8b, 0xe4, 0x89, 0xba, 0xd9, b'r', b'e', b'c',
        b'o', b'r', b'd',
    ];
    assert_eq!(frame, expected);
}

#[test]
fn the_states_are_far_from_each_other() {
    let states = [State::Begun, State::Delivered, State::Dropped, State::Refused, State::Waiting];
    for state in states {
        assert_eq!(State::of(state as u8), state);
        for other in states.iter().filter(|&&other| other != state) {
            assert!((state as u8 ^ *other as u8).count_ones() >= 4, "{state:?} {other:?}");
        }
        for bit in 0..8 {
            assert_eq!(State::of(state as u8 ^ (1 << bit)), State::Begun, "{state:?} with a bit flipped");
        }
    }
    assert_eq!(State::of(0), State::Begun);
}
