use std::{
    mem::{offset_of, size_of},
    slice,
};

use super::{Failure, trackside_error};
use crate::{
    boundary::enter,
    status::{TRACKSIDE_CONFIG, TRACKSIDE_INVALID_ARGUMENT},
    test_kit::{error, said},
};

const TEXT: usize = offset_of!(trackside_error, text);

/// What a failure with `text` makes of a struct of all 0xAA that says it is `size` bytes large.
fn written(size: usize, text: &'static str) -> Vec<u8> {
    let mut told = error();
    // SAFETY: any bytes make an error struct.
    let bytes =
        unsafe { slice::from_raw_parts_mut((&raw mut told).cast::<u8>(), size_of::<trackside_error>()) };
    bytes.fill(0xAA);
    told.size = size;
    assert_eq!(enter(&mut told, |_| Err(Failure::new(TRACKSIDE_CONFIG, text))), TRACKSIDE_CONFIG);
    assert_eq!(told.size, size);
    // SAFETY: as above.
    unsafe { slice::from_raw_parts((&raw const told).cast::<u8>(), size_of::<trackside_error>()) }.to_vec()
}

#[test]
fn it_is_written_as_far_as_its_size() {
    for size in 0..=size_of::<trackside_error>() {
        let bytes = written(size, "no such key, and no other one");
        assert!(bytes[size.max(size_of::<usize>())..].iter().all(|&byte| byte == 0xAA), "size {size}");
    }
}

#[test]
fn the_text_ends_in_nul_however_little_there_is_room_for() {
    assert_eq!(written(TEXT + 1, "abc")[TEXT..TEXT + 2], [0, 0xAA]);
    assert_eq!(written(TEXT + 3, "abc")[TEXT..TEXT + 4], [b'a', b'b', 0, 0xAA]);
    assert_eq!(written(TEXT + 4, "abc")[TEXT..TEXT + 5], [b'a', b'b', b'c', 0, 0xAA]);
    assert_eq!(written(TEXT, "abc")[TEXT], 0xAA);
}

#[test]
fn a_struct_of_a_later_version_is_written_as_far_as_this_one_knows_it() {
    let bytes = written(4096, "abc");
    assert_eq!(bytes[TEXT..TEXT + 4], *b"abc\0");
}

#[test]
fn a_long_text_is_cut_at_a_character() {
    let mut told = error();
    let long = "a".repeat(254) + "äz";
    assert_eq!(enter(&mut told, |_| Err(Failure::new(TRACKSIDE_CONFIG, long))), TRACKSIDE_CONFIG);
    assert_eq!(said(&told), "a".repeat(254));
    let long = "a".repeat(253) + "äz";
    assert_eq!(enter(&mut told, |_| Err(Failure::new(TRACKSIDE_CONFIG, long))), TRACKSIDE_CONFIG);
    assert_eq!(said(&told), "a".repeat(253) + "ä");
}

#[test]
fn a_nul_does_not_hide_the_rest() {
    let mut told = error();
    enter(&mut told, |_| Err(Failure::new(TRACKSIDE_CONFIG, "a\0b")));
    assert_eq!(said(&told), "a?b");
}

#[test]
fn a_failure_names_its_argument() {
    let failure = Failure::invalid("peer", "is no address");
    assert_eq!(failure.status(), TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(said(&failure.to_error(size_of::<trackside_error>())), "`peer` is no address");
}
