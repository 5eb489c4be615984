//! Where unsafe operations stand: in the modules that the crate's doc names, and in tests.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

const UNSAFE: [&str; 7] =
    ["callback.rs", "exchange.rs", "handle.rs", "handle/tail.rs", "picks.rs", "view.rs", "view/headers.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_operations_stand_where_they_are_said_to() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut with_unsafe = Vec::new();
    for file in files {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        if name.ends_with("_test.rs") || name.starts_with("test_") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        // Tests stand at the end.
        let code = source.split("\n#[cfg(test)]\nmod test {").next().unwrap();
        if code.contains("unsafe {") || code.contains("unsafe impl") {
            with_unsafe.push(name);
        }
    }
    with_unsafe.sort();
    assert_eq!(with_unsafe, UNSAFE);
}
