use std::{env, ffi::c_void, fs, process, ptr};

use super::{
    trackside_options_clock, trackside_options_entropy, trackside_options_env, trackside_options_file,
    trackside_options_free, trackside_options_json, trackside_options_keys, trackside_options_new,
    trackside_options_recording, trackside_options_toml,
};
use crate::{
    boundary::Call,
    status::{
        TRACKSIDE_CONFIG, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_INVALID_UTF8, TRACKSIDE_IO,
        TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, trackside_status,
    },
    test_kit::{Options, page, tried},
    text::trackside_bytes,
};

fn json(options: &Options, text: &str) -> Result<(), (trackside_status, String)> {
    // SAFETY: the options are alive, and nobody else has them.
    tried(|error| unsafe { trackside_options_json(options.0, trackside_bytes::of(text), error) })
}

fn file(options: &Options, path: &str) -> Result<(), (trackside_status, String)> {
    // SAFETY: as above.
    tried(|error| unsafe { trackside_options_file(options.0, trackside_bytes::of(path), error) })
}

/// A file of its own, removed at the end.
struct File(String);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("trackside-ffi-{}-{name}", process::id()));
        fs::write(&path, text).unwrap();
        Self(path.to_str().unwrap().to_owned())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// The `shutdown` of the tracker that these options open, in seconds.
fn shutdown(options: &Options) -> u64 {
    options.open().unwrap().live().config().shutdown().as_secs()
}

#[test]
fn later_layers_go_over_earlier_ones_and_files_over_texts() {
    let options = Options::of("consent.policy = 'none'\nshutdown = '1s'").recording();
    assert_eq!(shutdown(&options), 1);
    json(&options, r#"{"shutdown": "2s"}"#).unwrap();
    assert_eq!(shutdown(&options), 2);
    let first = File::new("first.toml", "shutdown = '3s'");
    let second = File::new("second.JSON", r#"{"shutdown": "4s"}"#);
    file(&options, &first.0).unwrap();
    assert_eq!(shutdown(&options), 3);
    options.toml("shutdown = '5s'").unwrap();
    assert_eq!(shutdown(&options), 3);
    file(&options, &second.0).unwrap();
    assert_eq!(shutdown(&options), 4);
}

#[test]
fn a_file_is_read_at_once() {
    let options = Options::of("consent.policy = 'none'").recording();
    let path = File::new("once.toml", "shutdown = '3s'");
    file(&options, &path.0).unwrap();
    drop(path);
    assert_eq!(shutdown(&options), 3);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let options = Options::new();
    let (status, text) = file(&options, "/no/such/trackside.toml").unwrap_err();
    assert_eq!(status, TRACKSIDE_IO);
    assert!(text.starts_with("/no/such/trackside.toml: cannot be read: "), "{text}");

    let (status, text) = file(&options, "trackside.ini").unwrap_err();
    assert_eq!(status, TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(text, "trackside.ini: neither TOML nor JSON by its name; call it .toml or .json");

    assert_eq!(file(&options, "").unwrap_err().0, TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(file(&options, "a\0.toml").unwrap_err().0, TRACKSIDE_IO);
}

#[test]
fn all_mistakes_are_told_when_a_tracker_is_opened() {
    let options = Options::of("mood = 'on'\nconsent.policy = 'none'");
    json(&options, r#"{"shutdown": 5}"#).unwrap();
    let (status, text) = options.open().unwrap_err();
    assert_eq!(status, TRACKSIDE_CONFIG);
    assert!(text.contains("mood: ") && text.contains("shutdown: "), "{text}");

    let options = Options::new();
    json(&options, "{").unwrap();
    assert_eq!(options.open().unwrap_err().0, TRACKSIDE_CONFIG);
}

#[test]
fn mistakes_name_the_file() {
    let options = Options::new();
    let path = File::new("wrong.toml", "mood = 'on'");
    file(&options, &path.0).unwrap();
    let (_, text) = options.open().unwrap_err();
    assert!(text.starts_with(&format!("{}: ", path.0)), "{text}");
}

#[test]
fn without_a_word_nothing_is_read() {
    let (status, text) = Options::new().open().unwrap_err();
    assert_eq!(status, TRACKSIDE_CONFIG);
    assert!(text.contains("consent.policy"), "{text}");
}

#[test]
fn bad_arguments_are_named_and_nothing_is_kept_of_them() {
    let options = Options::of("consent.policy = 'none'").recording();
    let null = trackside_bytes { data: ptr::null(), length: 1 };
    let latin = trackside_bytes::of(b"\xe4");
    // SAFETY: the options are alive, and nobody else has them.
    unsafe {
        for set in [trackside_options_toml, trackside_options_json] {
            let told = tried(|error| set(options.0, null, error)).unwrap_err();
            assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`text` is NULL".to_owned()));
            assert_eq!(tried(|error| set(options.0, latin, error)).unwrap_err().0, TRACKSIDE_INVALID_UTF8);
            let told = tried(|error| set(ptr::null_mut(), latin, error)).unwrap_err();
            assert_eq!(told.0, TRACKSIDE_INVALID_UTF8, "inputs are looked at first");
            let told = tried(|error| set(ptr::null_mut(), trackside_bytes::EMPTY, error)).unwrap_err();
            assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`options` is NULL".to_owned()));
        }
        let told = tried(|error| trackside_options_file(options.0, null, error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`path` is NULL".to_owned()));
        let told = tried(|error| trackside_options_new(ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`options` is NULL".to_owned()));
        let told =
            tried(|error| trackside_options_clock(options.0, None, ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`clock` is NULL".to_owned()));
        let told =
            tried(|error| trackside_options_entropy(options.0, None, ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`entropy` is NULL".to_owned()));
        let told =
            tried(|error| trackside_options_keys(options.0, None, ptr::null_mut(), error)).unwrap_err();
        assert_eq!(told, (TRACKSIDE_NULL_ARGUMENT, "`keys` is NULL".to_owned()));
        for set in [trackside_options_env, trackside_options_recording] {
            assert_eq!(tried(|error| set(ptr::null_mut(), error)).unwrap_err().0, TRACKSIDE_NULL_ARGUMENT);
        }
    }
    // SAFETY: NULL is allowed.
    unsafe { trackside_options_free(ptr::null_mut()) };
    options.open().unwrap();
}

#[test]
fn a_tracker_is_no_options() {
    let opened = Options::of("consent.policy = 'none'").recording().open().unwrap();
    let as_options = opened.0.cast();
    // SAFETY: it is a live handle, though of another type.
    let told = tried(|error| unsafe { trackside_options_env(as_options, error) }).unwrap_err();
    let text = "`options` is no trackside_options, or one that was freed".to_owned();
    assert_eq!(told, (TRACKSIDE_WRONG_HANDLE, text));
    // SAFETY: as above; nothing happens.
    unsafe { trackside_options_free(as_options) };
    assert!(Call::of_a_test().shared(opened.0, "tracker").is_ok());
}

unsafe extern "C" fn fixed_time(userdata: *mut c_void) -> u64 {
    // SAFETY: the test gave it a pointer to this.
    unsafe { *userdata.cast::<u64>() }
}

unsafe extern "C" fn sevens(userdata: *mut c_void, bytes: *mut u8) {
    assert!(userdata.is_null());
    // SAFETY: there are 64 bytes.
    unsafe { bytes.write_bytes(7, 64) }
}

#[test]
fn clock_and_entropy_make_a_hit_known_to_the_byte() {
    let now: u64 = 1_784_714_400_000_000;
    let options = Options::of("consent.policy = 'none'").recording();
    let userdata = ptr::from_ref(&now).cast_mut().cast();
    // SAFETY: the options are alive; both functions may be called as long as the tracker lives.
    unsafe {
        tried(|error| trackside_options_clock(options.0, Some(fixed_time), userdata, error)).unwrap();
        tried(|error| trackside_options_entropy(options.0, Some(sevens), ptr::null_mut(), error)).unwrap();
    }
    let opened = options.open().unwrap();
    assert!(page(&opened.live(), "/", 200));
    let tracker = Call::of_a_test();
    let tracker = tracker.shared(opened.0, "tracker").unwrap();
    let hit = tracker.recording().unwrap().get(0).unwrap();
    assert_eq!(hit.id().to_string(), "019f8944-9100-7707-8707-070707070707");
    assert_eq!(hit.micros(), now);
}

#[test]
fn any_time_of_a_hosts_clock_will_do() {
    for now in [0, 1, u64::MAX - 1, u64::MAX] {
        let options = Options::of("consent.policy = 'notice'").recording();
        let userdata = ptr::from_ref(&now).cast_mut().cast();
        // SAFETY: as above.
        tried(|error| unsafe { trackside_options_clock(options.0, Some(fixed_time), userdata, error) })
            .unwrap();
        let opened = options.open().unwrap();
        assert!(page(&opened.live(), "/", 200));
        assert_eq!(opened.live().stats().requests.tracked, 1, "{now}");
    }
}
