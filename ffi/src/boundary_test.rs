use std::{cell::Cell, ptr};

use super::{Call, answer, enter, enter_owning, inject::trackside_inject_panic};
use crate::{
    error::{Failure, trackside_error},
    status::{TRACKSIDE_IO, TRACKSIDE_OK, TRACKSIDE_PANIC},
    test_kit::{error, said},
};

#[test]
fn success_leaves_the_error_alone() {
    let mut told = error();
    told.status = 77;
    assert_eq!(enter(&mut told, |_| Ok(())), TRACKSIDE_OK);
    assert_eq!((told.status, said(&told)), (77, ""));
}

#[test]
fn a_failure_becomes_a_status_and_a_text() {
    let fail = || enter(ptr::null_mut(), |_| Err(Failure::new(TRACKSIDE_IO, "no disk")));
    assert_eq!(fail(), TRACKSIDE_IO);

    let mut told = error();
    assert_eq!(enter(&mut told, |_| Err(Failure::new(TRACKSIDE_IO, "no disk"))), TRACKSIDE_IO);
    assert_eq!((told.status, said(&told)), (TRACKSIDE_IO, "no disk"));
    assert_eq!(told.size, size_of::<trackside_error>());
}

#[test]
fn a_panic_becomes_a_status_once() {
    for (kind, text) in [(1, "injected"), (2, "it said nothing")] {
        let mut told = error();
        // SAFETY: nothing is asked for.
        unsafe { trackside_inject_panic(kind) };
        assert_eq!(enter(&mut told, |_| Ok(())), TRACKSIDE_PANIC);
        assert_eq!(said(&told), format!("a bug of trackside, please report it: {text}"));
        assert_eq!(enter(&mut told, |_| Ok(())), TRACKSIDE_OK);
    }
}

#[test]
fn what_was_taken_over_is_dropped_however_the_call_fails() {
    struct Owned<'a>(&'a Cell<u32>);
    impl Drop for Owned<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Cell::new(0);
    let own = |_: &Call| Ok(Owned(&drops));
    // SAFETY: nothing is asked for.
    unsafe { trackside_inject_panic(1) };
    assert_eq!(enter_owning(ptr::null_mut(), own, |_, _| Ok(())), TRACKSIDE_PANIC);
    assert_eq!(drops.get(), 1);
    let fail = |_: &Call, _: Owned<'_>| Err(Failure::new(TRACKSIDE_IO, "no disk"));
    assert_eq!(enter_owning(ptr::null_mut(), own, fail), TRACKSIDE_IO);
    assert_eq!(drops.get(), 2);
    let none = |_: &Call| Err::<Owned<'_>, _>(Failure::new(TRACKSIDE_IO, "no disk"));
    assert_eq!(enter_owning(ptr::null_mut(), none, |_, _| Ok(())), TRACKSIDE_IO);
    assert_eq!(enter_owning(ptr::null_mut(), |_| panic!("a bug"), |_, (): ()| Ok(())), TRACKSIDE_PANIC);
    let mut kept = None;
    let keep = |_: &Call, owned| {
        kept = Some(owned);
        Ok(())
    };
    assert_eq!(enter_owning(ptr::null_mut(), own, keep), TRACKSIDE_OK);
    assert_eq!(drops.get(), 2);
}

#[test]
fn a_panic_inside_the_body_is_caught_too() {
    assert_eq!(enter(ptr::null_mut(), |_| panic!("{}", "formatted")), TRACKSIDE_PANIC);
}

#[test]
fn what_has_no_status_answers_otherwise() {
    assert_eq!(answer(7, |_| Ok(1)), 1);
    assert_eq!(answer(7, |_| Err(Failure::null("tracker"))), 7);
    assert_eq!(answer(7, |_| panic!("a bug")), 7);
}
