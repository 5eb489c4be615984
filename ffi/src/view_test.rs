use std::{mem::MaybeUninit, ptr};

use super::Growing as _;
use crate::{
    boundary::Call,
    error::Failure,
    picks::Picks,
    status::{TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NULL_ARGUMENT},
    test_kit::said_of,
    text::{trackside_bytes, trackside_header},
    view,
};

/// A struct in its first version.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Old {
    size: usize,
    one: u64,
    two: u32,
}
view::growing!(Old, last: two);

/// The same struct in its second one, as this library knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct New {
    size: usize,
    one: u64,
    two: u32,
    three: u64,
}
view::growing!(New, last: two);

/// The same struct in a version that this library does not know.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Newer {
    size: usize,
    one: u64,
    two: u32,
    three: u64,
    four: u64,
}

static OLD: Old = Old { size: size_of::<Old>(), one: 1, two: 2 };
static NEWER: Newer = Newer { size: size_of::<Newer>(), one: 1, two: 2, three: 3, four: 4 };

#[test]
fn the_first_version_ends_with_its_last_field() {
    assert_eq!(Old::FIRST, 20);
    assert_eq!(New::FIRST, 20);
}

#[test]
fn a_callers_older_struct_is_filled_up_with_zeros() {
    let read = Call::of_a_test().read((&raw const OLD).cast::<New>(), "new").unwrap();
    assert_eq!((read.one, read.two, read.three), (1, 2, 0));
}

#[test]
fn of_a_callers_later_struct_what_is_known_is_read() {
    let read = Call::of_a_test().read((&raw const NEWER).cast::<New>(), "new").unwrap();
    assert_eq!(read, New { size: size_of::<Newer>(), one: 1, two: 2, three: 3 });
}

#[test]
fn a_struct_is_looked_at_where_it_is_unless_its_caller_knows_less_of_it() {
    let call = Call::of_a_test();
    let older = call.look((&raw const OLD).cast::<New>(), "new", |shown| {
        assert!(!ptr::eq(shown, (&raw const OLD).cast()), "behind it is not the caller's");
        Ok(*shown)
    });
    assert_eq!(older.unwrap(), New { size: size_of::<Old>(), one: 1, two: 2, three: 0 });
    let later = call.look((&raw const NEWER).cast::<New>(), "new", |shown| {
        assert!(ptr::eq(shown, (&raw const NEWER).cast()));
        Ok(*shown)
    });
    assert_eq!(later.unwrap(), New { size: size_of::<Newer>(), one: 1, two: 2, three: 3 });
}

#[test]
fn a_struct_of_unset_fields_that_nobody_knows_is_not_read() {
    // As C leaves it on its stack: the fields of an older version are set, and what lies behind them is not.
    let mut place = MaybeUninit::<New>::uninit();
    // SAFETY: the place has room for it.
    unsafe { place.as_mut_ptr().cast::<Old>().write(Old { size: Old::FIRST, ..OLD }) };
    let call = Call::of_a_test();
    let looked = call.look(place.as_ptr(), "new", |shown| Ok(*shown)).unwrap();
    assert_eq!((looked.two, looked.three), (2, 0));
    assert_eq!(call.read(place.as_ptr(), "new").unwrap(), looked);
}

#[test]
fn what_a_look_fails_with_is_handed_on() {
    let failed = Call::of_a_test()
        .look(&OLD, "old", |old| Err::<(), _>(Failure::invalid("two", &format!("is {}", old.two))))
        .unwrap_err();
    assert_eq!((failed.status(), said_of(&failed).as_str()), (TRACKSIDE_INVALID_ARGUMENT, "`two` is 2"));
}

#[test]
fn a_size_that_was_not_set_is_refused() {
    let call = Call::of_a_test();
    for size in [0, 1, 19] {
        let old = Old { size, ..OLD };
        let looked = call.look(&old, "request", |_| -> Result<(), _> { panic!("at nothing") });
        for failure in [call.read(&old, "request").unwrap_err(), looked.unwrap_err()] {
            assert_eq!(failure.status(), TRACKSIDE_INVALID_ARGUMENT);
            let expected = format!("`request.size` has the size {size}, less than 20; set it to sizeof(Old)");
            assert_eq!(said_of(&failure), expected);
        }
    }
    let whole = Old { size: 20, ..OLD };
    assert!(call.read(&whole, "request").is_ok() && call.look(&whole, "request", |_| Ok(())).is_ok());
}

#[test]
fn null_and_crooked_pointers_are_refused() {
    let call = Call::of_a_test();
    assert_eq!(call.read(ptr::null::<Old>(), "old").unwrap_err().status(), TRACKSIDE_NULL_ARGUMENT);
    let crooked = (&raw const OLD).cast::<u8>().wrapping_add(1).cast::<Old>();
    let failure = call.read(crooked, "old").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(said_of(&failure), "`old` is not aligned to 8 bytes, as its type is");
    assert!(call.output(crooked.cast_mut(), "old").is_err());
    assert!(call.array(crooked, 1, "old").is_err());
}

#[test]
fn an_array_may_be_null_only_without_items() {
    let call = Call::of_a_test();
    assert!(call.array(ptr::null::<u64>(), 0, "headers").unwrap().is_empty());
    assert_eq!(call.array([1_u64, 2].as_ptr(), 2, "headers").unwrap(), [1, 2]);
    let failure = call.array(ptr::null::<u64>(), 1, "headers").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_NULL_ARGUMENT);
    assert_eq!(said_of(&failure), "`headers` is NULL");
}

#[test]
fn headers_are_read_where_they_lie() {
    let call = Call::of_a_test();
    let (text, none) = (trackside_bytes::of("text"), trackside_bytes::EMPTY);
    let header = |name, value| trackside_header { name, value };
    let array = [header(text, none), header(none, text), header(none, none)];
    let headers = call.headers(array.as_ptr(), array.len(), "headers").unwrap();
    let expected: [(&[u8], &[u8]); 3] = [(b"text", b""), (b"", b"text"), (b"", b"")];
    assert_eq!(headers.iter().collect::<Vec<_>>(), expected);
    assert_eq!(call.headers(ptr::null(), 0, "headers").unwrap().iter().count(), 0);

    let refused = |wrong, status, text: &str| {
        let array = [header(none, none), header(none, wrong)];
        for failure in [
            call.headers(array.as_ptr(), array.len(), "headers").unwrap_err(),
            call.picked(array.as_ptr(), array.len(), "headers", &mut Picks::new()).unwrap_err(),
        ] {
            assert_eq!((failure.status(), said_of(&failure)), (status, text.to_owned()));
        }
    };
    refused(trackside_bytes { length: 1, ..none }, TRACKSIDE_NULL_ARGUMENT, "`headers[1].value` is NULL");
    let huge = trackside_bytes { length: usize::MAX, ..text };
    let problem = format!("`headers[1].value` has the length {}, more than memory can hold", usize::MAX);
    refused(huge, TRACKSIDE_INVALID_ARGUMENT, &problem);
}

#[test]
fn an_array_larger_than_memory_is_refused() {
    let call = Call::of_a_test();
    let one = [1_u64];
    for length in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8 + 1] {
        let failure = call.array(one.as_ptr(), length, "headers").unwrap_err();
        assert_eq!(failure.status(), TRACKSIDE_INVALID_ARGUMENT, "{length}");
    }
}

#[test]
fn structs_in_an_array_lie_as_far_apart_as_the_caller_knows_them() {
    let call = Call::of_a_test();
    let newer = [NEWER, Newer { one: 10, ..NEWER }, Newer { one: 100, ..NEWER }];
    let read = call.read_array(newer.as_ptr().cast::<New>(), 3, "properties").unwrap();
    assert_eq!(read.map(|new| (new.one, new.three)).collect::<Vec<_>>(), [(1, 3), (10, 3), (100, 3)]);
    let old = [OLD, Old { one: 10, ..OLD }];
    let read = call.read_array(old.as_ptr().cast::<New>(), 2, "properties").unwrap();
    assert_eq!(read.map(|new| (new.one, new.three)).collect::<Vec<_>>(), [(1, 0), (10, 0)]);
    assert_eq!(call.read_array(ptr::null::<New>(), 0, "properties").unwrap().len(), 0);
}

#[test]
fn structs_in_an_array_have_one_size() {
    let call = Call::of_a_test();
    let refused = |items: &[Old], length| {
        let failure = call.read_array(items.as_ptr(), length, "properties").map(drop).unwrap_err();
        assert_eq!(failure.status(), TRACKSIDE_INVALID_ARGUMENT);
        said_of(&failure)
    };
    assert_eq!(
        refused(&[Old { size: 0, ..OLD }], 1),
        "`properties[0].size` has the size 0, less than 20; set it to sizeof(Old)"
    );
    assert_eq!(
        refused(&[OLD, Old { size: 0, ..OLD }], 2),
        "`properties[1]` has the size 0 where the first has 24; set each `size`"
    );
    assert_eq!(
        refused(&[Old { size: 25, ..OLD }], 1),
        "`properties` has 1 items of size 25, which cannot be; set each `size`"
    );
    assert_eq!(
        refused(&[OLD], usize::MAX),
        format!("`properties` has {} items of size 24, which cannot be; set each `size`", usize::MAX)
    );
}

#[test]
fn of_a_callers_struct_the_known_fields_but_not_the_size_are_written() {
    let call = Call::of_a_test();
    let value = New { size: 0, one: 7, two: 8, three: 9 };

    let mut newer = NEWER;
    call.struct_output((&raw mut newer).cast::<New>(), "left").unwrap().set(&value);
    assert_eq!((newer.size, newer.one, newer.two, newer.three, newer.four), (size_of::<Newer>(), 7, 8, 9, 4));

    let mut olds = [OLD, OLD];
    call.struct_output(olds.as_mut_ptr().cast::<New>(), "left").unwrap().set(&value);
    assert_eq!((olds[0].size, olds[0].one, olds[0].two), (24, 7, 8));
    assert_eq!((olds[1].size, olds[1].one, olds[1].two), (24, 1, 2));
}

#[test]
fn a_result_nobody_wants_needs_no_place() {
    let call = Call::of_a_test();
    assert!(call.optional_output(ptr::null_mut::<u64>(), "count").unwrap().is_none());
    assert!(call.optional_struct_output(ptr::null_mut::<New>(), "left").unwrap().is_none());
    let mut count = 0_u64;
    call.optional_output(&mut count, "count").unwrap().unwrap().set(5);
    assert_eq!(count, 5);
}

#[test]
fn a_buffer_is_as_large_as_its_capacity() {
    let call = Call::of_a_test();
    let mut bytes = [0_u8; 3];
    for place in call.buffer(bytes.as_mut_ptr(), 2, "buffer").unwrap() {
        place.write(1);
    }
    assert_eq!(bytes, [1, 1, 0]);
    assert!(call.buffer(ptr::null_mut::<u8>(), 0, "buffer").unwrap().is_empty());
    assert_eq!(
        call.buffer(ptr::null_mut::<u8>(), 1, "buffer").unwrap_err().status(),
        TRACKSIDE_NULL_ARGUMENT
    );
}
