use std::{
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use super::{ENDED, Handle, Place, Tag, Tagged, give};
use crate::{
    boundary::Call,
    status::{TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE},
    test_kit::said_of,
};

#[derive(Debug)]
struct Apple {
    weight: u64,
    dropped: Arc<AtomicU32>,
}

impl Handle for Apple {
    const TAG: Tag = *b"APPL";
    const NAME: &'static str = "apple";
}

#[derive(Debug)]
struct Pear(u8);

impl Handle for Pear {
    const TAG: Tag = *b"PEAR";
    const NAME: &'static str = "pear";
}

/// One with a tail, and an alignment of its own.
#[derive(Debug)]
#[repr(align(32))]
struct Cherry(Apple);

impl Handle for Cherry {
    const TAG: Tag = *b"CHRY";
    const NAME: &'static str = "cherry";
    const HAS_TAIL: bool = true;
}

fn apple(weight: u64) -> (Apple, Arc<AtomicU32>) {
    let dropped = Arc::new(AtomicU32::new(0));
    (Apple { weight, dropped: Arc::clone(&dropped) }, dropped)
}

impl Drop for Apple {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_handle_is_read_changed_and_ended() {
    let call = Call::of_a_test();
    let (value, dropped) = apple(5);
    let handle = give(value);
    call.exclusive(handle, "apple").unwrap().weight += 1;
    assert_eq!(call.shared(handle, "apple").unwrap().weight, 6);
    call.end(handle).unwrap();
    assert_eq!(dropped.load(SeqCst), 1);
}

const TEXTS: [[&[u8]; 3]; 3] = [[b""; 3], [b"", b"stalk", b""], [b"a ", b"stalk", &[7; 1_000]]];

#[test]
fn a_handle_has_copies_behind_it() {
    let call = Call::of_a_test();
    for (texts, further) in TEXTS.into_iter().zip([&b""[..], b"leaf", b"leaf"]) {
        let owned = texts.map(<[u8]>::to_vec);
        let lent = owned.each_ref().map(Vec::as_slice);
        let place = Place::holding(&lent, &[b"", further, b""]).unwrap();
        let pieces = place.pieces();
        drop(owned);
        let (value, dropped) = apple(5);
        // SAFETY: all of it is written.
        let (handle, ()) = unsafe { place.give(|at: *mut Cherry| at.write(Cherry(value))) };
        let cherry = call.exclusive(handle, "cherry").unwrap();
        cherry.0.weight += 1;
        assert_eq!(call.shared(handle, "cherry").unwrap().0.weight, 6);
        let read = [0, 1, 2, 3].map(|n| pieces.get(n));
        assert_eq!(read, [Some(texts[0]), Some(texts[1]), Some(texts[2]), None]);
        assert_eq!(pieces.all_from(3), further);
        assert_eq!(pieces.all_from(1), [texts[1], texts[2], further].concat());
        call.end(handle).unwrap();
        assert_eq!(dropped.load(SeqCst), 1);
    }
    // A place that nothing is given from is freed; the allocator of Miri, and of valgrind, would tell.
    drop(Place::<Cherry, 1>::holding(&[b"stalk"], &[b"leaf"]));
}

#[test]
fn what_is_shown_to_a_handle_is_read_where_it_lies() {
    let call = Call::of_a_test();
    for texts in TEXTS {
        let place = Place::showing(&texts).unwrap();
        let pieces = place.pieces();
        let (value, dropped) = apple(5);
        // SAFETY: all of it is written.
        let (handle, ()) = unsafe { place.give(|at: *mut Cherry| at.write(Cherry(value))) };
        for (n, text) in texts.into_iter().enumerate() {
            assert!(ptr::eq(pieces.get(n).unwrap(), text));
        }
        assert_eq!((pieces.get(3), pieces.all_from(0)), (None, &b""[..]));
        call.end(handle).unwrap();
        assert_eq!(dropped.load(SeqCst), 1);
    }
}

#[test]
fn null_is_no_handle() {
    let call = Call::of_a_test();
    let failure = call.shared(ptr::null::<Apple>(), "apple").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_NULL_ARGUMENT);
    assert_eq!(said_of(&failure), "`apple` is NULL");
    assert!(call.exclusive(ptr::null_mut::<Apple>(), "apple").is_err());
    assert!(call.end(ptr::null_mut::<Apple>()).is_err());
}

#[test]
fn a_handle_of_another_type_is_refused_and_left_alone() {
    let call = Call::of_a_test();
    let pear = give(Pear(3));
    let as_apple: *mut Apple = pear.cast();
    let failure = call.shared(as_apple, "apple").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_WRONG_HANDLE);
    assert_eq!(said_of(&failure), "`apple` is no apple, or one that was freed");
    assert!(call.exclusive(as_apple, "apple").is_err());
    assert!(call.end(as_apple).is_err());
    assert_eq!(call.shared(pear, "pear").unwrap().0, 3);
    call.end(pear).unwrap();
}

#[test]
fn a_pointer_that_is_not_aligned_is_refused_whatever_tag_is_there() {
    #[repr(align(8))]
    struct Aligned([u8; 64]);

    let mut bytes = Aligned([0; 64]);
    bytes.0[1..5].copy_from_slice(&Apple::TAG);
    let crooked = bytes.0.as_ptr().wrapping_add(1).cast::<Apple>();
    let failure = Call::of_a_test().shared(crooked, "apple").unwrap_err();
    assert_eq!(failure.status(), TRACKSIDE_WRONG_HANDLE);
}

#[test]
fn what_the_library_keeps_is_read_but_not_ended_by_c() {
    let call = Call::of_a_test();
    let (value, dropped) = apple(5);
    let mut kept = Tagged::new(value);
    let pointer = kept.as_mut_ptr();
    call.exclusive(pointer, "apple").unwrap().weight = 9;
    call.end(pointer).unwrap();
    assert_eq!(dropped.load(SeqCst), 0);
    assert_eq!(call.shared(kept.as_ptr(), "apple").unwrap().weight, 9);
    assert_eq!(kept.get().weight, 9);
    kept.get_mut().weight = 10;
    drop(kept);
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn the_tag_is_overwritten_when_a_handle_ends() {
    let call = Call::of_a_test();
    // In a place that outlives the handle, so that it may be looked at.
    let mut place = std::mem::MaybeUninit::<Tagged<Pear>>::zeroed();
    place.write(Tagged::new(Pear(1)));
    let handle: *mut Pear = place.as_mut_ptr().cast();
    assert_eq!(call.shared(handle, "pear").unwrap().0, 1);
    // SAFETY: it was written above.
    unsafe { place.assume_init_drop() };
    let handle: *mut Pear = place.as_mut_ptr().cast();
    assert_eq!(call.shared(handle, "pear").unwrap_err().status(), TRACKSIDE_WRONG_HANDLE);
    // SAFETY: the place still holds bytes.
    assert_eq!(unsafe { handle.cast::<Tag>().read() }, ENDED);
}

#[test]
fn the_tag_stands_first() {
    assert_eq!(std::mem::offset_of!(Tagged<Apple>, tag), 0);
    assert_eq!(std::mem::offset_of!(Tagged<Pear>, tag), 0);
}
