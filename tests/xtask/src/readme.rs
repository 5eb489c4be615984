//! The READMEs' commands: each that starts with `cargo` must exist, with its options.

use std::fs;

use crate::{COMMANDS, cargo, root};

/// What shows commands.
const READMES: [&str; 5] = [
    "README.md",
    "bindings/c/README.md",
    "bindings/python/README.md",
    "tests/bench/README.md",
    "tests/fuzz/README.md",
];

/// Checks every command of [`READMES`].
///
/// # Errors
///
/// Names the command that does not exist, and says what is wrong with it.
pub(crate) fn check() -> Result<(), String> {
    READMES.into_iter().try_for_each(check_one)
}

fn check_one(name: &str) -> Result<(), String> {
    let text =
        fs::read_to_string(root().join(name)).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let commands = commands(&text);
    if commands.is_empty() {
        return Err(format!("{name} shows no cargo command in its code fences"));
    }
    for words in commands {
        let shown = words.join(" ");
        prove(&words).map_err(|problem| format!("{name} names `{shown}`: {problem}"))?;
        println!("{shown}");
    }
    Ok(())
}

/// The cargo commands in code fences, in words, also those that are part of a longer shell line.
fn commands(markdown: &str) -> Vec<Vec<&str>> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in markdown.lines().map(str::trim) {
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let words: Vec<_> = line.strip_prefix("$ ").unwrap_or(line).split_whitespace().collect();
        let parts = words.split(|word| ["|", "&&", "||", ";"].contains(word));
        for part in parts.filter(|part| fenced && part.first() == Some(&"cargo")) {
            let redirected = part.iter().position(|word| word.starts_with(['#', '<', '>', '&']));
            found.push(part[..redirected.unwrap_or(part.len())].to_vec());
        }
    }
    found
}

fn prove(words: &[&str]) -> Result<(), String> {
    match proof(words) {
        Proof::Cargo(arguments) => cargo::accepts(&arguments)?,
        Proof::Path(path) => {
            if !root().join(path).join("Cargo.toml").exists() {
                return Err(format!("there is no package in `{path}`"));
            }
        }
        Proof::Xtask(name) => {
            if !COMMANDS.iter().any(|(command, _)| *command == name) {
                return Err(format!("xtask has no command `{name}`"));
            }
        }
    }
    if let Some(package) = after(words, &["-p", "--package"]) {
        cargo::accepts(&["pkgid", "--package", package])?;
    }
    Ok(())
}

/// What shows that a command exists, without doing what it does.
#[derive(Debug, Eq, PartialEq)]
enum Proof<'a> {
    /// Cargo takes these arguments.
    Cargo(Vec<&'a str>),
    /// A package lies there.
    Path(&'a str),
    /// Xtask has this command.
    Xtask(&'a str),
}

fn proof<'a>(words: &[&'a str]) -> Proof<'a> {
    match words {
        ["cargo", "xtask", rest @ ..] => Proof::Xtask(rest.first().copied().unwrap_or("help")),
        ["cargo", "run", rest @ ..] => {
            let mut rest = rest.to_vec();
            rest.retain(|word| *word != "--release");
            // An example has no options to ask for; a program's own must be known to it.
            if after(words, &["--example"]).is_some() {
                rest.truncate(rest.iter().position(|word| *word == "--").unwrap_or(rest.len()));
                return Proof::Cargo([vec!["check", "--quiet"], rest].concat());
            }
            if !rest.contains(&"--") {
                rest.push("--");
            }
            Proof::Cargo([vec!["run", "--quiet"], rest, vec!["--help"]].concat())
        }
        // Cargo-c's, which may not be there: what it would install.
        ["cargo", "cinstall", ..] => {
            Proof::Cargo(tree(after(words, &["--package"]).unwrap_or_default(), words))
        }
        ["cargo", "add", name, ..] if name.starts_with("trackside") => Proof::Cargo(tree(name, words)),
        ["cargo", "install", ..] if after(words, &["--path"]).is_some() => {
            Proof::Path(after(words, &["--path"]).unwrap_or_default())
        }
        [_, rest @ ..] => {
            let own = rest.iter().position(|word| *word == "--").unwrap_or(rest.len());
            Proof::Cargo([&rest[..own], &["-h"]].concat())
        }
        [] => Proof::Cargo(vec!["-h"]),
    }
}

/// Shows that there is a package of this name, with the features in `words`.
fn tree<'a>(name: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    let features = after(words, &["-F", "--features"]).map(|list| vec!["--features", list]);
    [vec!["tree", "--quiet", "--package", name], features.unwrap_or_default()].concat()
}

/// The word after one of `options`.
fn after<'a>(words: &[&'a str], options: &[&str]) -> Option<&'a str> {
    let at = words.iter().position(|word| options.contains(word))?;
    words.get(at + 1).copied()
}

#[cfg(test)]
mod test {
    use super::{Proof, after, commands, proof};

    fn cargo(line: &str) -> Vec<&str> {
        match proof(&line.split(' ').collect::<Vec<_>>()) {
            Proof::Cargo(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_stand_in_fences() {
        let markdown = "\
cargo build is prose

```sh
cargo run --release -- serve   # the sample site
$ cargo xtask test
printf x | cargo run
cargo run -- explain < request.txt
cargo fmt && cargo doc
```

    cargo nowhere

  ```console
  cargo test --workspace
  ```
";
        let found: Vec<_> = commands(markdown).iter().map(|words| words.join(" ")).collect();
        assert_eq!(
            found,
            [
                "cargo run --release -- serve",
                "cargo xtask test",
                "cargo run",
                "cargo run -- explain",
                "cargo fmt",
                "cargo doc",
                "cargo test --workspace"
            ]
        );
    }

    #[test]
    fn a_program_is_asked_for_its_help() {
        assert_eq!(cargo("cargo run --release -- serve"), ["run", "--quiet", "--", "serve", "--help"]);
        assert_eq!(cargo("cargo run -p x"), ["run", "--quiet", "-p", "x", "--", "--help"]);
    }

    #[test]
    fn an_example_is_checked() {
        assert_eq!(
            cargo("cargo run -p trackside --example axum --features axum -- 8080"),
            ["check", "--quiet", "-p", "trackside", "--example", "axum", "--features", "axum"]
        );
    }

    #[test]
    fn a_dependency_of_ours_is_looked_up_with_its_features() {
        assert_eq!(
            cargo("cargo add trackside --features tower"),
            ["tree", "--quiet", "--package", "trackside", "--features", "tower"]
        );
        assert_eq!(cargo("cargo add axum"), ["add", "axum", "-h"]);
        assert_eq!(
            cargo("cargo cinstall --package trackside-ffi --features tls --prefix /usr"),
            ["tree", "--quiet", "--package", "trackside-ffi", "--features", "tls"]
        );
    }

    #[test]
    fn our_own_commands_and_paths_are_known_here() {
        assert_eq!(proof(&["cargo", "xtask", "bench", "--quick"]), Proof::Xtask("bench"));
        assert_eq!(proof(&["cargo", "install", "--path", "bindings/cli"]), Proof::Path("bindings/cli"));
    }

    #[test]
    fn what_is_left_is_asked_of_cargo() {
        assert_eq!(cargo("cargo test --workspace -- --nocapture"), ["test", "--workspace", "-h"]);
        assert_eq!(after(&["cargo", "test", "-p"], &["-p", "--package"]), None);
    }
}
