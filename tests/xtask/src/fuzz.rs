//! The fuzz targets of `tests/fuzz`, whose README says what they look for. cargo-fuzz builds them, with the
//! project's own toolchain.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cargo, install, parallel, root, target};

/// A workspace of its own: it is built in another way.
pub(crate) const MANIFEST: &str = "tests/fuzz/Cargo.toml";

const FOLDER: &str = "tests/fuzz";
const TARGETS: [&str; 11] = [
    "address", "agent", "blob", "config", "cookies", "endpoint", "headers", "keys", "lines", "proxy", "spool",
];

/// With another release the sanitizer's flags may be others.
const VERSION: &str = "0.13.2";

/// Longer than what the reader of a spool takes at a time, 64 KiB, and half of that again: by itself the fuzzer makes no
/// input longer than 4 KiB, or than the longest of the corpus.
const LONG: &str = "-max_len=98304";

/// How long each target runs, in seconds, if nothing is said.
const BRIEFLY: u32 = 30;

/// How long each target runs among all tests: its corpus takes one of them.
const AMONG_TESTS: u32 = 10;

/// What lets a test of the package write its corpus.
const WRITE: &str = "TRACKSIDE_WRITE_SEEDS";

/// Does what the words ask for: `[target] [seconds]`, `target file`, or `--seed`.
///
/// # Errors
///
/// When the fuzzer finds something, cannot be installed or does not compile, and when there is no such
/// target.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let job = Job::of(words)?;
    if let Job::Seed = job {
        return seed();
    }
    let fuzzer = Fuzzer::installed()?;
    match job {
        Job::Seed => Ok(()),
        Job::Fuzz { targets, seconds } => {
            let found = folder().join("corpus");
            targets.iter().try_for_each(|target| fuzzer.fuzz(target, seconds, &found.join(target)))
        }
        Job::Repeat { target, file } => {
            // The file's path is that of the caller's folder.
            let file = fs::canonicalize(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
            fuzzer.run(&[target, &file.to_string_lossy()], &[])
        }
    }
}

/// Runs each target over its committed corpus, and then for a few seconds.
///
/// # Errors
///
/// As [`run`], and when the committed corpus is not what is made.
pub(crate) fn check() -> Result<(), String> {
    // Their corpus is tested without the fuzzer, too, where a debugger is of more use.
    cargo::run(&["test", "--manifest-path", MANIFEST, "--lib"])?;
    let fuzzer = Fuzzer::installed()?;
    // What long runs have found would take up the time.
    let found = folder().join("brief");
    if found.exists() {
        fs::remove_dir_all(&found).map_err(|error| format!("{} stays: {error}", found.display()))?;
    }
    parallel::each(
        &TARGETS,
        |target| (*target).to_owned(),
        |target| fuzzer.fuzz(target, AMONG_TESTS, &found.join(target)),
    )
}

#[derive(Debug, Eq, PartialEq)]
enum Job<'a> {
    Fuzz { targets: Vec<&'a str>, seconds: u32 },
    Repeat { target: &'a str, file: &'a str },
    Seed,
}

impl<'a> Job<'a> {
    fn of(words: &[&'a str]) -> Result<Self, String> {
        let (targets, rest) = match words {
            ["--seed"] => return Ok(Self::Seed),
            [target, rest @ ..] if TARGETS.contains(target) => (vec![*target], rest),
            rest => (TARGETS.to_vec(), rest),
        };
        match (&targets[..], rest) {
            (_, []) => Ok(Self::Fuzz { targets, seconds: BRIEFLY }),
            (_, [seconds]) if seconds.bytes().all(|byte| byte.is_ascii_digit()) => {
                let seconds = seconds.parse().map_err(|_| format!("{seconds} seconds are too many"))?;
                Ok(Self::Fuzz { targets, seconds })
            }
            ([target], [file]) => Ok(Self::Repeat { target, file }),
            (_, words) => Err(format!(
                "`{}` is none of: [target] [seconds]; target file; --seed. The targets: {}",
                words.join(" "),
                TARGETS.join(", ")
            )),
        }
    }
}

/// Where cargo-fuzz is.
struct Fuzzer(PathBuf);

impl Fuzzer {
    /// Sees to it that the fuzzer can be built.
    fn installed() -> Result<Self, String> {
        install::package("g++", "c++", &["--version"], "which compiles the fuzzer")?;
        install::crates_program("cargo-fuzz", "cargo-fuzz", VERSION).map(Self)
    }

    fn fuzz(&self, target: &str, seconds: u32, found: &Path) -> Result<(), String> {
        // The fuzzer writes what it finds into the first folder; what is committed lies in the second.
        fs::create_dir_all(found).map_err(|error| format!("{} cannot be made: {error}", found.display()))?;
        let committed = root().join(FOLDER).join("corpus").join(target);
        let time = format!("-max_total_time={seconds}");
        let mut options = vec![&*time, "-print_final_stats=1"];
        if target == "spool" {
            options.push(LONG);
        }
        if seconds <= BRIEFLY {
            options.extend(["-verbosity=0", "-print_funcs=0"]);
        }
        self.run(&[target, &found.to_string_lossy(), &committed.to_string_lossy()], &options)
    }

    /// Runs a target; `options` go to the fuzzer.
    fn run(&self, words: &[&str], options: &[&str]) -> Result<(), String> {
        let compiled = folder();
        let begin = ["run", "--fuzz-dir", FOLDER, "--target-dir", &compiled.to_string_lossy()];
        let arguments = [&begin, words, &["--", "-timeout=10", "-rss_limit_mb=2048"], options].concat();
        let shown = format!("cargo fuzz {}", arguments.join(" "));
        println!("$ {shown}");
        let mut child = Command::new(&self.0)
            .arg("fuzz")
            .args(&arguments)
            .current_dir(root())
            .stdin(Stdio::null())
            // Sanitizer and coverage are not stable, but the stable compiler has them.
            .env("RUSTC_BOOTSTRAP", "1")
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{shown}` does not start: {error}"))?;
        let found = child.stderr.take().map(|said| pass_on(BufReader::new(said), io::stderr())).transpose();
        let status = child.wait().map_err(|error| format!("`{shown}` was lost: {error}"))?;
        let found = found.map_err(|error| format!("`{shown}` cannot be listened to: {error}"))?.flatten();
        match (found, words) {
            _ if status.success() => Ok(()),
            (Some(file), [target, ..]) => {
                let file = Path::new(&file);
                let file = file.strip_prefix(root()).unwrap_or(file).display();
                let again = format!("`cargo xtask fuzz {target} {file}` does it again");
                Err(format!(
                    "the fuzzer found something: {again}, and {FOLDER}/README.md says what to do then"
                ))
            }
            _ => Err(format!("`{shown}`: {status}; {FOLDER}/README.md says what to do")),
        }
    }
}

/// Passes on what the fuzzer says, but not the long dictionary that it recommends and nobody gives it.
/// Returns the file with what it found.
fn pass_on(said: impl BufRead, mut to: impl Write) -> io::Result<Option<String>> {
    let mut is_dictionary = false;
    let mut found = None;
    for line in said.split(b'\n') {
        let line = line?;
        let text = String::from_utf8_lossy(&line);
        if let Some((_, file)) = text.split_once("Test unit written to ") {
            found = Some(file.trim().to_owned());
        }
        is_dictionary |= text.contains(" Recommended dictionary. ");
        if !is_dictionary {
            writeln!(to, "{text}")?;
        }
        is_dictionary &= !text.contains(" End of recommended dictionary. ");
    }
    Ok(found)
}

/// Where everything lies that comes of it but is not committed.
fn folder() -> PathBuf {
    target().join("fuzz")
}

/// Makes the committed corpus anew.
fn seed() -> Result<(), String> {
    cargo::rewrite(WRITE, &["test", "--manifest-path", MANIFEST, "--lib", "the_committed_corpus"])
        .map_err(|problem| format!("the corpus was not written: {problem}"))
}

#[cfg(test)]
mod test {
    use super::{BRIEFLY, Job, TARGETS, pass_on};

    #[test]
    fn targets_and_seconds_are_optional() {
        let fuzz = |targets: &[&'static str], seconds| Ok(Job::Fuzz { targets: targets.to_vec(), seconds });
        assert_eq!(Job::of(&[]), fuzz(&TARGETS, BRIEFLY));
        assert_eq!(Job::of(&["600"]), fuzz(&TARGETS, 600));
        assert_eq!(Job::of(&["blob"]), fuzz(&["blob"], BRIEFLY));
        assert_eq!(Job::of(&["headers", "3600"]), fuzz(&["headers"], 3600));
    }

    #[test]
    fn a_file_belongs_to_a_target() {
        assert_eq!(Job::of(&["blob", "crash-1"]), Ok(Job::Repeat { target: "blob", file: "crash-1" }));
        assert_eq!(Job::of(&["--seed"]), Ok(Job::Seed));
        for wrong in [&["crash-1"][..], &["blub", "30"], &["blob", "30", "31"], &["99999999999"]] {
            assert!(Job::of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_found_is_told_and_the_dictionary_is_not() {
        let said = "#2\tINITED\n###### Recommended dictionary. ######\n\"na\" # Uses: 8\n\
            ###### End of recommended dictionary. ######\n\
            artifact_prefix='/x/'; Test unit written to /x/crash-1\nBase64: AA==\n";
        let mut shown = Vec::new();
        assert_eq!(pass_on(said.as_bytes(), &mut shown).unwrap().as_deref(), Some("/x/crash-1"));
        let expected = "#2\tINITED\nartifact_prefix='/x/'; Test unit written to /x/crash-1\nBase64: AA==\n";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
        assert_eq!(pass_on(&b"Done 1 runs\n"[..], &mut Vec::new()).unwrap(), None);
    }
}
