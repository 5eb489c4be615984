use std::{ffi::CStr, ptr};

use super::{trackside_destination, trackside_options_destination};
use crate::{
    status::{TRACKSIDE_CONFIG, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT, trackside_status},
    test_kit::{Options, tried},
};

fn nothing() -> trackside_destination {
    trackside_destination {
        size: size_of::<trackside_destination>(),
        name: [7; 65],
        kind: [7; 16],
        task: [7; 256],
    }
}

fn destination(options: &Options, index: usize) -> Result<[String; 3], (trackside_status, String)> {
    let mut place = nothing();
    // SAFETY: the options are alive, and the place is of its size.
    tried(|error| unsafe { trackside_options_destination(options.0, index, &mut place, error) })?;
    // SAFETY: they have been written, and end in NUL.
    let text = |text: *const _| unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
    Ok([text(place.name.as_ptr()), text(place.kind.as_ptr()), text(place.task.as_ptr())])
}

#[test]
fn each_is_told_of_in_its_order() {
    let options = Options::of(
        "consent.policy = 'none'
        [[destination]]
        type = 'sqlite'
        [[destination]]
        type = 'celery'
        tracking_id = 'UA-1'
        [[destination]]
        type = 'celery'
        name = 'mine'
        tracking_id = 'UA-1'
        task = 'analytics.tasks.submit_tracking'",
    );
    assert_eq!(destination(&options, 0).unwrap(), ["sqlite", "sqlite", ""]);
    assert_eq!(destination(&options, 1).unwrap(), ["celery", "celery", "trackside.celery.submit_tracking"]);
    assert_eq!(destination(&options, 2).unwrap(), ["mine", "celery", "analytics.tasks.submit_tracking"]);
    let (status, text) = destination(&options, 3).unwrap_err();
    assert_eq!((status, text.as_str()), (TRACKSIDE_NOT_FOUND, "`index` is 3, but there are 3 destinations"));
}

#[test]
fn the_embedded_store_is_one() {
    let options = Options::of("consent.policy = 'none'");
    assert_eq!(destination(&options, 0).unwrap(), ["sqlite", "sqlite", ""]);
    assert_eq!(destination(&options, 1).unwrap_err().0, TRACKSIDE_NOT_FOUND);
}

#[test]
fn the_longest_texts_have_room() {
    let (name, task) = ("n".repeat(64), format!("t.{}", "t".repeat(253)));
    let options = Options::of(&format!(
        "consent.policy = 'none'\n[[destination]]\ntype = 'celery'\ntracking_id = 'UA-1'\n\
         name = '{name}'\ntask = '{task}'\n"
    ));
    assert_eq!(destination(&options, 0).unwrap(), [name, "celery".to_owned(), task]);
}

#[test]
fn mistakes_are_those_of_opening() {
    let options = Options::of("mode = 'onn'");
    assert_eq!(destination(&options, 0).unwrap_err(), options.open().unwrap_err());
    assert_eq!(destination(&options, 0).unwrap_err().0, TRACKSIDE_CONFIG);
    let (mut place, options) = (nothing(), Options::of("consent.policy = 'none'"));
    // SAFETY: NULL is allowed, and what is not NULL is alive.
    let without = [
        tried(|error| unsafe { trackside_options_destination(ptr::null(), 0, &mut place, error) }),
        tried(|error| unsafe { trackside_options_destination(options.0, 0, ptr::null_mut(), error) }),
    ];
    let told = without.map(|result| result.unwrap_err());
    assert_eq!(told.each_ref().map(|(status, _)| *status), [TRACKSIDE_NULL_ARGUMENT; 2]);
    assert_eq!(told[0].1, "`options` is NULL");
    assert_eq!(told[1].1, "`destination` is NULL");
    assert_eq!(place.name, [7; 65]);
}
