//! Every place that names the version names the same one.

#![allow(unsafe_code, reason = "it does what a host in C does")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{ffi::CStr, fs, path::Path};

use trackside_ffi::{trackside_abi, trackside_version, trackside_version_number};

/// What the committed header defines `name` as.
fn defined(name: &str) -> String {
    let header =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/trackside.h")).unwrap();
    let begin = format!("#define {name} ");
    let mut values = header.lines().filter_map(|line| line.strip_prefix(&begin));
    let value = values.next().unwrap().to_owned();
    assert_eq!(values.next(), None, "{name} is defined once");
    value
}

#[test]
fn cargo_header_and_library_are_of_one_version() {
    let cargo = env!("CARGO_PKG_VERSION");
    assert_eq!(defined("TRACKSIDE_VERSION"), format!("\"{cargo}\""));
    // SAFETY: nothing is asked for, and the text is static and ends in NUL.
    let library = unsafe { CStr::from_ptr(trackside_version()) };
    assert_eq!(library.to_str().unwrap(), cargo);
}

#[test]
fn the_number_is_that_of_the_version() {
    let parts: Vec<u32> =
        env!("CARGO_PKG_VERSION").split(['.', '-']).take(3).map(|n| n.parse().unwrap()).collect();
    let expected = parts[0] * 1_000_000 + parts[1] * 1_000 + parts[2];
    assert_eq!(defined("TRACKSIDE_VERSION_NUMBER"), expected.to_string());
    // SAFETY: nothing is asked for.
    assert_eq!(unsafe { trackside_version_number() }, expected);
}

#[test]
fn header_and_library_are_of_one_abi() {
    // SAFETY: nothing is asked for.
    assert_eq!(defined("TRACKSIDE_ABI"), unsafe { trackside_abi() }.to_string());
}
