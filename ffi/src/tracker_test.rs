use std::ptr;

use super::{
    trackside_left, trackside_tracker_close, trackside_tracker_close_stats, trackside_tracker_flush,
    trackside_tracker_free, trackside_tracker_open, trackside_tracker_recorded_count,
    trackside_tracker_stats,
};
use crate::{
    reason::TRACKSIDE_REASON_CLOSED,
    stats::{trackside_requests_book, trackside_stats_free, trackside_stats_hits, trackside_stats_requests},
    status::{
        TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_UNSUPPORTED, TRACKSIDE_WRONG_HANDLE,
        trackside_status,
    },
    test_kit::{Opened, Options, page, tried},
};

const LEFT: trackside_left =
    trackside_left { size: size_of::<trackside_left>(), queued: 7, in_flight: 7, spooled: 7 };

const REQUESTS: trackside_requests_book =
    trackside_requests_book { size: size_of::<trackside_requests_book>(), seen: 0, tracked: 0, late: 0 };

fn recording() -> Opened {
    Options::of("consent.policy = 'none'").recording().open().unwrap()
}

fn count(opened: &Opened) -> Result<usize, (trackside_status, String)> {
    let mut count = 77;
    // SAFETY: the tracker is alive, and `count` is a place.
    tried(|error| unsafe { trackside_tracker_recorded_count(opened.0, &mut count, error) })
        .inspect_err(|_| assert_eq!(count, 77))?;
    Ok(count)
}

#[test]
fn a_recording_tracker_keeps_what_it_is_given() {
    let opened = recording();
    assert_eq!(count(&opened).unwrap(), 0);
    assert!(page(&opened.live(), "/", 200));
    assert!(!page(&opened.live(), "/", 404));
    assert!(page(&opened.live(), "/two", 200));
    assert_eq!(count(&opened).unwrap(), 2);
}

#[test]
fn other_trackers_keep_nothing() {
    let opened = Options::of("consent.policy = 'none'").open().unwrap();
    let (status, text) = count(&opened).unwrap_err();
    assert_eq!(status, TRACKSIDE_UNSUPPORTED);
    assert!(text.contains("trackside_options_recording"), "{text}");
}

#[test]
fn options_open_as_many_trackers_as_are_wanted() {
    let options = Options::of("consent.policy = 'none'").recording();
    let (one, two) = (options.open().unwrap(), options.open().unwrap());
    drop(options);
    assert!(page(&one.live(), "/", 200));
    assert_eq!((count(&one).unwrap(), count(&two).unwrap()), (1, 0));
}

#[test]
fn flush_and_close_say_what_was_left() {
    let opened = recording();
    let mut left = LEFT;
    // SAFETY: the tracker is alive, and `left` is a struct of its size.
    unsafe {
        tried(|error| trackside_tracker_flush(opened.0, 0, &mut left, error)).unwrap();
        assert_eq!((left.size, left.queued, left.in_flight, left.spooled), (LEFT.size, 0, 0, 0));
        left = LEFT;
        for _ in 0..2 {
            tried(|error| trackside_tracker_close(opened.0, u64::MAX, &mut left, error)).unwrap();
            assert_eq!((left.queued, left.in_flight, left.spooled), (0, 0, 0));
        }
        tried(|error| trackside_tracker_flush(opened.0, u64::MAX, ptr::null_mut(), error)).unwrap();
    }
    assert!(page(&opened.live(), "/", 200));
    assert_eq!(count(&opened).unwrap(), 0, "it is closed");
}

#[test]
fn a_close_hands_out_both_books() {
    let opened = recording();
    assert!(page(&opened.live(), "/", 200));
    assert!(!page(&opened.live(), "/", 404));
    let (mut left, mut stats) = (LEFT, ptr::null_mut());
    // SAFETY: the tracker is alive, `left` is a struct of its size, and `stats` a place for a pointer.
    unsafe {
        tried(|error| trackside_tracker_close_stats(opened.0, u64::MAX, &mut left, ptr::null_mut(), error))
            .inspect_err(|told| assert_eq!(*told, (TRACKSIDE_NULL_ARGUMENT, "`stats` is NULL".to_owned())))
            .unwrap_err();
        assert_eq!(left.queued, 7, "nothing was answered");
        assert!(page(&opened.live(), "/", 200), "and nothing closed");
        tried(|error| trackside_tracker_close_stats(opened.0, u64::MAX, &mut left, &mut stats, error))
            .unwrap();
        assert_eq!((left.queued, left.in_flight, left.spooled), (0, 0, 0));
        assert!(page(&opened.live(), "/", 200));
        let mut book = REQUESTS;
        tried(|error| trackside_stats_requests(stats, &mut book, error)).unwrap();
        assert_eq!((book.seen, book.tracked), (3, 2), "as they were when it was closed");
        trackside_stats_free(stats);
        tried(|error| trackside_tracker_close_stats(opened.0, 0, ptr::null_mut(), &mut stats, error))
            .unwrap();
        tried(|error| trackside_stats_requests(stats, &mut book, error)).unwrap();
        assert_eq!((book.seen, book.tracked), (4, 3));
        assert_eq!(trackside_stats_hits(stats, 0, TRACKSIDE_REASON_CLOSED), 1);
        trackside_stats_free(stats);
    }
}

#[test]
fn a_flush_waits_for_the_delivery() {
    let folder = std::env::temp_dir().join(format!("trackside-ffi-left-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let toml = format!(
        "consent.policy = 'none'\n[[destination]]\ntype = 'file'\npath = '{}'\nbatch = {{ age = '1h' }}",
        folder.join("hits.jsonl").display()
    );
    let opened = Options::of(&toml).open().unwrap();
    assert!(page(&opened.live(), "/", 200));
    let mut left = LEFT;
    // SAFETY: the tracker is alive, and `left` is a struct of its size.
    tried(|error| unsafe { trackside_tracker_flush(opened.0, 60_000, &mut left, error) }).unwrap();
    assert_eq!((left.queued, left.in_flight), (0, 0));
    assert_eq!(std::fs::read_to_string(folder.join("hits.jsonl")).unwrap().lines().count(), 1);
    drop(opened);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn bad_arguments_are_named() {
    let opened = recording();
    // SAFETY: the tracker is alive; the rest is checked.
    unsafe {
        for wait in [trackside_tracker_flush, trackside_tracker_close] {
            let told = tried(|error| wait(ptr::null(), 0, ptr::null_mut(), error)).unwrap_err();
            assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`tracker` is NULL".to_owned()));
            let mut left = trackside_left { size: 8, ..LEFT };
            let (status, text) = tried(|error| wait(opened.0, 0, &mut left, error)).unwrap_err();
            assert_eq!(status, TRACKSIDE_INVALID_ARGUMENT);
            assert_eq!(text, "`left.size` has the size 8, less than 32; set it to sizeof(trackside_left)");
            assert_eq!(left.queued, 7, "outputs are written only on success");
        }
        let told = tried(|error| trackside_tracker_open(ptr::null(), ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`tracker` is NULL".to_owned()));
        let told = tried(|error| trackside_tracker_stats(opened.0, ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`stats` is NULL".to_owned()));
        let told =
            tried(|error| trackside_tracker_recorded_count(opened.0, ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`count` is NULL".to_owned()));
        trackside_tracker_free(ptr::null_mut());
    }
    assert!(page(&opened.live(), "/", 200));
    // A close that failed has not closed it.
    assert_eq!(count(&opened).unwrap(), 1);
}

#[test]
fn options_are_no_tracker() {
    let options = Options::new();
    let as_tracker = options.0.cast();
    // SAFETY: it is a live handle, though of another type.
    let (status, text) =
        tried(|error| unsafe { trackside_tracker_flush(as_tracker, 0, ptr::null_mut(), error) }).unwrap_err();
    assert_eq!(status, TRACKSIDE_WRONG_HANDLE);
    assert_eq!(text, "`tracker` is no trackside_tracker, or one that was freed");
    // SAFETY: as above; nothing happens.
    unsafe { trackside_tracker_free(as_tracker) };
    options.toml("mode = 'on'").unwrap();
}
