//! The environment as a layer. Each case is a process of its own, which finds it as the case says.

#![allow(unsafe_code, reason = "it does what a host in C does")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    env,
    ffi::CStr,
    fs,
    path::PathBuf,
    process::{self, Command},
    ptr,
};

use trackside_ffi::{
    TRACKSIDE_CONFIG, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_IO, TRACKSIDE_OK, trackside_bytes,
    trackside_error, trackside_options_env, trackside_options_file, trackside_options_free,
    trackside_options_new, trackside_options_recording, trackside_options_toml, trackside_status,
    trackside_tracker_free, trackside_tracker_open,
};

/// What a host gives its options, in this order.
#[derive(Default)]
struct Given {
    toml: &'static str,
    file: bool,
    env: bool,
}

/// Opens a tracker as `given`, and says what came of it.
fn open(given: &Given) -> (trackside_status, String) {
    let mut error = trackside_error { size: size_of::<trackside_error>(), status: 0, text: [0; 256] };
    let (mut options, mut tracker) = (ptr::null_mut(), ptr::null_mut());
    let path = file("host.toml");
    // SAFETY: the places are there, and the handles alive.
    let status = unsafe {
        assert_eq!(trackside_options_new(&mut options, &mut error), TRACKSIDE_OK);
        assert_eq!(trackside_options_recording(options, &mut error), TRACKSIDE_OK);
        let toml = trackside_bytes::of(given.toml);
        assert_eq!(trackside_options_toml(options, toml, &mut error), TRACKSIDE_OK);
        if given.env {
            assert_eq!(trackside_options_env(options, &mut error), TRACKSIDE_OK);
        }
        if given.file {
            let path = trackside_bytes::of(path.to_str().unwrap());
            assert_eq!(trackside_options_file(options, path, &mut error), TRACKSIDE_OK);
        }
        let status = trackside_tracker_open(options, &mut tracker, &mut error);
        trackside_options_free(options);
        trackside_tracker_free(tracker);
        status
    };
    (status, text(&error))
}

/// Opens a tracker with the environment alone.
fn open_without_options() -> (trackside_status, String) {
    let mut error = trackside_error { size: size_of::<trackside_error>(), status: 0, text: [0; 256] };
    let mut tracker = ptr::null_mut();
    // SAFETY: the places are there.
    let status = unsafe { trackside_tracker_open(ptr::null(), &mut tracker, &mut error) };
    // SAFETY: NULL or a live handle.
    unsafe { trackside_tracker_free(tracker) };
    (status, text(&error))
}

fn text(error: &trackside_error) -> String {
    // SAFETY: it ends in NUL.
    unsafe { CStr::from_ptr(error.text.as_ptr()) }.to_str().unwrap().to_owned()
}

/// Mistakes show which layers were read: nobody calls one that was not.
fn mentions(found: &(trackside_status, String), words: &[&str], others: &[&str]) {
    assert_eq!(found.0, TRACKSIDE_CONFIG, "{found:?}");
    assert!(words.iter().all(|word| found.1.contains(word)), "{words:?}: {found:?}");
    assert!(others.iter().all(|word| !found.1.contains(word)), "not {others:?}: {found:?}");
}

struct Case {
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    check: fn(),
}

const GOOD: &str = "consent.policy = 'none'";

const CASES: &[Case] = &[
    Case {
        name: "the environment is not asked unless a host wants it",
        env: &[("TRACKSIDE__SHUTDOWN", "wrong"), ("TRACKSIDE_CONFIG", "/no/such.toml")],
        check: || {
            assert_eq!(open(&Given { toml: GOOD, ..Given::default() }).0, TRACKSIDE_OK);
            assert_eq!(open(&Given { toml: GOOD, file: true, env: false }).0, TRACKSIDE_OK);
        },
    },
    Case {
        name: "the environment goes over texts",
        env: &[("TRACKSIDE__SHUTDOWN", "wrong")],
        check: || {
            let found =
                open(&Given { toml: "consent.policy = 'none'\nshutdown = 1", env: true, file: false });
            mentions(&found, &["\"wrong\""], &["consent"]);
        },
    },
    Case {
        name: "the environment goes over files, whatever is given first",
        env: &[("TRACKSIDE__SHUTDOWN", "wrong")],
        check: || {
            let found = open(&Given { toml: GOOD, env: true, file: true });
            mentions(&found, &["\"wrong\""], &["consent"]);
        },
    },
    Case {
        name: "TRACKSIDE_CONFIG names a file that goes over texts",
        env: &[("TRACKSIDE_CONFIG", "{folder}/named.toml")],
        check: || {
            let toml = "consent.policy = 'none'\nshutdown = 'text'";
            let found = open(&Given { toml, env: true, file: false });
            mentions(&found, &["named.toml: ", "\"named\""], &["consent", "\"text\""]);
        },
    },
    Case {
        name: "a file of the host's goes before it",
        env: &[("TRACKSIDE_CONFIG", "{folder}/named.toml")],
        check: || assert_eq!(open(&Given { toml: GOOD, env: true, file: true }).0, TRACKSIDE_OK),
    },
    Case {
        name: "a named file that is not there is told of when a tracker is opened",
        env: &[("TRACKSIDE_CONFIG", "/no/such.toml")],
        check: || {
            let found = open(&Given { toml: GOOD, env: true, file: false });
            assert_eq!(found.0, TRACKSIDE_IO);
            assert!(found.1.starts_with("/no/such.toml: cannot be read: "), "{found:?}");
            assert_eq!(open_without_options(), found);
        },
    },
    Case {
        name: "a named file that is neither TOML nor JSON is told of",
        env: &[("TRACKSIDE_CONFIG", "/no/such.ini")],
        check: || assert_eq!(open_without_options().0, TRACKSIDE_INVALID_ARGUMENT),
    },
    Case {
        name: "without options it is the environment alone",
        env: &[("TRACKSIDE__CONSENT__POLICY", "none"), ("TRACKSIDE__MODE", "off")],
        check: || assert_eq!(open_without_options(), (TRACKSIDE_OK, String::new())),
    },
    Case {
        name: "without options and without an environment there are mistakes",
        env: &[],
        check: || mentions(&open_without_options(), &["consent.policy: missing"], &[]),
    },
    Case {
        name: "a secret is looked up though the environment is no layer",
        env: &[("SECRET_OF_GA4", "s3cret")],
        check: || {
            let toml = "consent.policy = 'none'\n[[destination]]\ntype = 'ga4'\nip = 'full'\n\
                        measurement_id = 'G-ABC123DEF4'\napi_secret = 'env:SECRET_OF_GA4'";
            assert_eq!(open(&Given { toml, ..Given::default() }), (TRACKSIDE_OK, String::new()));
        },
    },
];

fn folder() -> PathBuf {
    PathBuf::from(env::var_os("ENVIRONMENT_TEST_FOLDER").unwrap())
}

fn file(name: &str) -> PathBuf {
    folder().join(name)
}

fn main() {
    if let Some(name) = env::var_os("ENVIRONMENT_TEST_CASE") {
        let case = CASES.iter().find(|case| name == case.name).unwrap();
        return (case.check)();
    }
    let folder = env::temp_dir().join(format!("trackside-ffi-environment-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("host.toml"), "shutdown = '3s'").unwrap();
    fs::write(folder.join("named.toml"), "shutdown = 'named'").unwrap();
    for Case { name, env, .. } in CASES {
        let mut child = Command::new(env::current_exe().unwrap());
        for (variable, _) in
            env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRACKSIDE"))
        {
            child.env_remove(variable);
        }
        for (variable, value) in *env {
            child.env(variable, value.replace("{folder}", folder.to_str().unwrap()));
        }
        child.env("ENVIRONMENT_TEST_CASE", name).env("ENVIRONMENT_TEST_FOLDER", &folder);
        let status = child.status().unwrap();
        println!("{name}: {status}");
        if !status.success() {
            panic!("{name}");
        }
    }
    fs::remove_dir_all(folder).unwrap();
}
