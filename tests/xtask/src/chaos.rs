//! The chaos suite of `tests/tests/chaos`: faults at random, and the books against what was counted outside.

use crate::cargo;

/// What it reads which runs to make from.
const ONE: &str = "TRACKSIDE_CHAOS";
const SECONDS: &str = "TRACKSIDE_CHAOS_SECONDS";
const BRIEF: &str = "TRACKSIDE_CHAOS_BRIEF";

const ARGUMENTS: [&str; 5] = ["test", "--package", "trackside-tests", "--test", "chaos"];

/// All families, with fewer runs where these are many.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check() -> Result<(), String> {
    start("", "", "1")
}

/// Does what the words ask for: `[family][:seed] [seconds]`. Without seconds each family has its usual runs.
///
/// # Errors
///
/// When a run fails, which names its seed, or when the words ask for nothing.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let (one, seconds) = asked(words)?;
    start(one, seconds, "")
}

fn start(one: &str, seconds: &str, brief: &str) -> Result<(), String> {
    println!("$ {ONE}={one} {SECONDS}={seconds} {BRIEF}={brief} cargo {}", ARGUMENTS.join(" "));
    let mut command = cargo::command(&ARGUMENTS);
    for (variable, value) in [(ONE, one), (SECONDS, seconds), (BRIEF, brief)] {
        if value.is_empty() {
            command.env_remove(variable);
        } else {
            command.env(variable, value);
        }
    }
    let status = command.status().map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}`: {status}", ARGUMENTS.join(" "))) }
}

/// The family, with its seed, and the seconds; empty: all, and the usual runs.
fn asked<'a>(words: &[&'a str]) -> Result<(&'a str, &'a str), String> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    match *words {
        [] => Ok(("", "")),
        [seconds] if is_number(seconds) => Ok(("", seconds)),
        [one] => Ok((one, "")),
        [one, seconds] if is_number(seconds) && !one.contains(':') => Ok((one, seconds)),
        _ => Err(format!("`{}` is none of: [family] [seconds]; family:seed", words.join(" "))),
    }
}

#[cfg(test)]
mod test {
    use super::asked;

    #[test]
    fn family_seed_and_seconds_are_optional() {
        assert_eq!(asked(&[]), Ok(("", "")));
        assert_eq!(asked(&["600"]), Ok(("", "600")));
        assert_eq!(asked(&["http"]), Ok(("http", "")));
        assert_eq!(asked(&["http", "600"]), Ok(("http", "600")));
        assert_eq!(asked(&["http:42"]), Ok(("http:42", "")));
        for wrong in [&["http:42", "600"][..], &["600", "http"], &["http", "soon"], &["a", "1", "2"]] {
            assert!(asked(wrong).is_err(), "{wrong:?}");
        }
    }
}
