//! What the library exports: no more, and no less, than `ffi/symbols.txt` says and the header declares; and all of
//! it is tried in C. And what it says of itself: that it stays.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use super::{compile, library::Library, process, sources};
use crate::root;

/// What functions begin with.
const PREFIX: &str = "trackside_";

/// Compares them.
pub(super) fn check() -> Result<(), String> {
    let list = read(&root().join("ffi/symbols.txt"))?;
    let listed: BTreeSet<_> = list.lines().collect();
    let table = process::succeed(
        Command::new("nm")
            .args(["--dynamic", "--defined-only", "--format=posix"])
            .arg(Library::Shipped.folder().join("libtrackside.so")),
    )?;
    let exported: BTreeSet<_> = table.lines().filter_map(|line| line.split(' ').next()).collect();
    let header = read(&compile::include().join("trackside.h"))?;
    let code = code(&header);
    let declared = declared(&code);
    let names: BTreeSet<_> = declared.iter().map(|function| function.name).collect();
    same("exported by the library", &exported, "listed in ffi/symbols.txt", &listed)?;
    same("declared in the header", &names, "listed in ffi/symbols.txt", &listed)?;
    let nulls = read(&sources().join("null.c"))?;
    let missing = |function: &&Function<'_>| function.takes_pointers && !mentions(&nulls, function.name);
    let untried: Vec<_> = declared.iter().filter(missing).map(|function| function.name).collect();
    if !untried.is_empty() {
        return Err(format!("tests/c/null.c gives no NULL to {}", untried.join(", ")));
    }
    println!("{} functions", listed.len());
    stays_loaded(&Library::Shipped.folder().join("libtrackside.so"))
}

/// Whether the shared library is linked so that a dlclose leaves it where it is.
pub(super) fn stays_loaded(library: &Path) -> Result<(), String> {
    let table = process::succeed(Command::new("readelf").arg("--dynamic").arg(library))?;
    if table.lines().any(|line| line.contains("(FLAGS_1)") && line.contains("NODELETE")) {
        return Ok(());
    }
    let library = library.display();
    Err(format!("{library} may be unloaded, since it is not linked with `-z nodelete`:\n{table}"))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn same(what: &str, found: &BTreeSet<&str>, expected: &str, listed: &BTreeSet<&str>) -> Result<(), String> {
    let one_sided: Vec<_> = found
        .difference(listed)
        .map(|name| format!("{name} is {what}, but not {expected}"))
        .chain(listed.difference(found).map(|name| format!("{name} is {expected}, but not {what}")))
        .collect();
    if one_sided.is_empty() { Ok(()) } else { Err(one_sided.join("\n")) }
}

/// A function that the header declares.
#[derive(Debug, Eq, PartialEq)]
struct Function<'a> {
    name: &'a str,
    takes_pointers: bool,
}

/// The functions that the header declares, but not those that it defines. Takes its [`code`].
fn declared(code: &str) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(PREFIX) {
        let name_and_more = &rest[start..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = name_and_more.find(|c| !is_part(c)).unwrap_or(name_and_more.len());
        let (name, after) = name_and_more.split_at(end);
        if let Some((arguments, _)) = after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            functions.push(Function { name, takes_pointers: arguments.contains(['*', '[']) });
        }
        rest = after;
    }
    functions
}

/// A header without comments, without lines of the preprocessor, and without functions that it defines.
fn code(header: &str) -> String {
    let mut text = String::new();
    for (n, part) in header.split("/*").enumerate() {
        text.push_str(if n == 0 { part } else { part.split_once("*/").map_or("", |(_, code)| code) });
    }
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let text = lines.join("\n");
    let mut parts = text.split("static inline");
    let mut code = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        code.push_str(part.split_once("\n}").map_or("", |(_, code)| code));
    }
    code
}

/// Whether `text` has `name` as a word.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name)
        .any(|(at, _)| !text[at + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod test {
    use std::collections::BTreeSet;

    use super::{Function, code, declared, mentions, same};

    const HEADER: &str = "\
/* Ends what trackside_x_new() made.
 * See trackside_x_free() and trackside_old(). */
#define TRACKSIDE_X 1
#define TEXT(x) trackside_text(x)
// trackside_comment(x)
typedef void (*trackside_log)(void *userdata);
typedef struct trackside_x trackside_x;
trackside_status trackside_x_new(trackside_x **x,
                                 trackside_error *error);
void trackside_x_free(trackside_x *x);
bool trackside_is(const trackside_x *x);
uint32_t trackside_abi(void);
trackside_status trackside_id(char id[37]);
static inline trackside_bytes trackside_text(const char *text) {
    return trackside_other(text);
}
void trackside_last(void);
";

    #[test]
    fn declarations_are_told_from_prose_and_types() {
        let function = |name, takes_pointers| Function { name, takes_pointers };
        let code = code(HEADER);
        let found = declared(&code);
        let expected = [
            function("trackside_x_new", true),
            function("trackside_x_free", true),
            function("trackside_is", true),
            function("trackside_abi", false),
            function("trackside_id", true),
            function("trackside_last", false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_is_not_the_beginning_of_another() {
        assert!(mentions("f(trackside_hit_text, x)", "trackside_hit_text"));
        assert!(!mentions("trackside_hit_texts trackside_hit_text_", "trackside_hit_text"));
    }

    #[test]
    fn both_sides_are_told() {
        let (a, b) = (BTreeSet::from(["x", "y"]), BTreeSet::from(["y", "z"]));
        assert_eq!(
            same("here", &a, "there", &b).unwrap_err(),
            "x is here, but not there\nz is there, but not here"
        );
        assert_eq!(same("here", &a, "there", &a), Ok(()));
    }
}
