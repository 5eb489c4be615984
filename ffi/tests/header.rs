//! The committed header is what its sources make of it.
//!
//! `cargo xtask header` runs this with TRACKSIDE_WRITE_HEADER, which writes the header in place of
//! comparing it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

/// The modules that C sees something of, in the order in which a reader of the header wants them.
const SEEN: [&str; 34] = [
    "version",
    "status",
    "text",
    "truth",
    "error",
    "reason",
    "options",
    "destination",
    "tracker",
    "request",
    "response",
    "exchange",
    "consent",
    "notice",
    "endpoint",
    "property",
    "event",
    "annotations",
    "visitor",
    "verdict",
    "blob",
    "lines",
    "scratch",
    "explain",
    "stats",
    "hit",
    "outgoing",
    "sink",
    "batch",
    "edit",
    "hooks",
    "attach",
    "log",
    "backlog",
];
/// Those that it sees nothing of.
const UNSEEN: [&str; 11] =
    ["boundary", "callback", "handle", "headers", "hold", "kept", "lib", "names", "peer", "picks", "view"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn header() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    config.header = Some(read("header/preamble.h"));
    let version = env!("CARGO_PKG_VERSION");
    config.after_includes =
        Some(format!("\n/**\n * The version of this header.\n */\n#define TRACKSIDE_VERSION \"{version}\""));
    config.trailer = Some(read("header/trailer.h"));
    // Module by module: their order is then ours, and cargo need not be asked what the crate consists of.
    let sources = SEEN.map(alone);
    let builder =
        sources.into_iter().fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

/// A module's source in a folder of its own: beside the others, cbindgen would take one of those for a module
/// inside it that is called the same.
fn alone(module: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header").join(module);
    let (from, to) = (root().join(format!("src/{module}.rs")), folder.join(format!("{module}.rs")));
    fs::create_dir_all(&folder).unwrap();
    fs::copy(from, &to).unwrap();
    to
}

#[test]
fn the_committed_header_is_that_of_the_sources() {
    let made = header();
    if env::var_os("TRACKSIDE_WRITE_HEADER").is_some() {
        return fs::write(root().join("include/trackside.h"), made).unwrap();
    }
    let committed = read("include/trackside.h");
    let differs = made.lines().zip(committed.lines()).position(|(made, committed)| made != committed);
    let line = differs.unwrap_or(made.lines().count().min(committed.lines().count()));
    assert!(
        made == committed,
        "ffi/include/trackside.h is not what its sources make of it, from line {} on:\n  made:      {:?}\n  \
         committed: {:?}\nRun `cargo xtask header`.",
        line + 1,
        made.lines().nth(line),
        committed.lines().nth(line),
    );
}

#[test]
fn every_module_is_in_the_header_or_known_to_have_nothing_for_it() {
    let named: BTreeSet<String> = SEEN.iter().chain(&UNSEEN).map(|name| (*name).to_owned()).collect();
    let files = fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().path());
    let modules = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let modules: BTreeSet<String> =
        modules.filter(|name| !name.ends_with("_test") && !name.starts_with("test_")).collect();
    assert_eq!(modules, named);
    for module in UNSEEN {
        let source = read(&format!("src/{module}.rs"));
        let exports = source.matches("no_mangle").count();
        // That of `boundary` is for tests.
        assert_eq!(exports, usize::from(module == "boundary"), "{module}");
    }
}

#[test]
fn it_is_ascii_and_every_function_says_what_may_run_beside_it() {
    let header = read("include/trackside.h");
    let strange = header.lines().enumerate().find(|(_, line)| !line.is_ascii());
    assert_eq!(strange, None, "the header is read by compilers of any locale");

    let functions =
        header.split("/**").skip(1).filter(|item| item.contains(");") && item.contains("# Safety"));
    let mut names = Vec::new();
    for function in functions {
        let declared = function.split_once("*/").unwrap().1;
        let (declared, _) = declared.split_once('(').unwrap();
        names.push(declared.rsplit([' ', '*', '\n']).next().unwrap());
        assert!(function.contains("Threads: "), "{function}");
        let has_status = function.contains("\ntrackside_status trackside_");
        assert_eq!(function.contains("Statuses: "), has_status, "{function}");
    }
    // These are all, and each is there once.
    names.sort_unstable();
    assert_eq!(names, read("symbols.txt").lines().collect::<Vec<_>>());
}

#[test]
fn every_struct_that_grows_has_its_macro() {
    let header = read("include/trackside.h");
    let structs = header.split("typedef struct trackside_").skip(1);
    let mut count = 0;
    for name in structs.filter_map(|item| {
        let (name, fields) = item.split_once(" {")?;
        let fields = fields.split_once("\n} ")?.0;
        fields.contains("\n  size_t size;\n").then_some(name)
    }) {
        count += 1;
        let define = format!("#define TRACKSIDE_{}_INIT", name.to_uppercase());
        let value = header.split_once(&define).unwrap_or_else(|| panic!("no {define}")).1;
        let value = value.trim_start_matches([' ', '\\', '\n']);
        assert!(value.starts_with(&format!("{{ sizeof(trackside_{name}),")), "{define}");
    }
    // All but `trackside_bytes` and `trackside_header`, which are passed in arrays, and never grow.
    assert_eq!(count, 13);
}
