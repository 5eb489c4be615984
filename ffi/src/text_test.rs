use std::ptr;

use super::trackside_bytes;
use crate::{
    boundary::Call,
    status::{TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_INVALID_UTF8, TRACKSIDE_NULL_ARGUMENT},
    test_kit::said_of,
};

#[test]
fn a_string_is_what_it_points_at() {
    let call = Call::of_a_test();
    assert_eq!(call.text(trackside_bytes::of("héllo"), "title").unwrap(), "héllo");
    assert_eq!(call.bytes(trackside_bytes::of(b"\xff\0"), "target").unwrap(), b"\xff\0");
}

#[test]
fn null_without_a_length_is_the_empty_string() {
    let call = Call::of_a_test();
    assert_eq!(call.text(trackside_bytes::EMPTY, "title").unwrap(), "");
    // Where it points does not matter then.
    let nowhere = trackside_bytes { data: ptr::without_provenance(1), length: 0 };
    assert_eq!(call.text(nowhere, "title").unwrap(), "");
}

#[test]
fn null_with_a_length_is_refused() {
    let call = Call::of_a_test();
    let failure = call.text(trackside_bytes { data: ptr::null(), length: 3 }, "title").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_NULL_ARGUMENT);
    assert_eq!(said_of(&failure), "`title` is NULL");
}

#[test]
fn a_length_that_memory_cannot_hold_is_refused() {
    let call = Call::of_a_test();
    for length in [usize::MAX, isize::MAX as usize + 1] {
        let failure = call.bytes(trackside_bytes { data: c"x".as_ptr(), length }, "target").unwrap_err();
        assert_eq!(failure.status(), TRACKSIDE_INVALID_ARGUMENT);
        assert_eq!(said_of(&failure), format!("`target` has the length {length}, more than memory can hold"));
    }
}

#[test]
fn what_is_not_utf8_is_named_with_its_place() {
    let call = Call::of_a_test();
    let failure = call.text(trackside_bytes::of(b"ab\xffc"), "user_id").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_INVALID_UTF8);
    assert_eq!(said_of(&failure), "`user_id` is not UTF-8: byte 2 begins no character");
}
