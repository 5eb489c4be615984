//! Runs cargo and listens to what it says.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, IsTerminal},
    process::{Command, Stdio},
};

use crate::{root, target};

/// The cargo that runs us.
pub(crate) fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A command that runs in the project's folder, compiles into its one target folder, and reads nothing.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    // The benchmarks are a workspace of their own and share what they can.
    command.args(arguments).current_dir(root()).env("CARGO_TARGET_DIR", target()).stdin(Stdio::null());
    command
}

/// Runs cargo, passes its messages on, and returns them.
///
/// # Errors
///
/// When cargo cannot be run or fails, and when a manifest has a key that cargo does not know: cargo only
/// warns of it, and the misspelt setting is silently without effect.
pub(crate) fn run(arguments: &[&str]) -> Result<Vec<String>, String> {
    let shown = format!("cargo {}", arguments.join(" "));
    println!("$ {shown}");
    let mut command = command(arguments);
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{shown}` does not start: {error}"))?;
    let mut messages = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = line.map_err(|error| format!("`{shown}` cannot be listened to: {error}"))?;
            let line = String::from_utf8_lossy(&line).into_owned();
            eprintln!("{line}");
            messages.push(without_colours(&line));
        }
    }
    let status = child.wait().map_err(|error| format!("`{shown}` was lost: {error}"))?;
    if !status.success() {
        return Err(format!("`{shown}`: {status}"));
    }
    match unknown_keys(&messages)[..] {
        [] => Ok(messages),
        ref keys => Err(format!("`{shown}` ignored what a manifest says:\n{}", keys.join("\n"))),
    }
}

/// Runs a test with `variable` in its environment, which makes it write what it compares otherwise.
///
/// # Errors
///
/// When cargo cannot be run or fails.
pub(crate) fn rewrite(variable: &str, arguments: &[&str]) -> Result<(), String> {
    println!("$ {variable}=1 cargo {}", arguments.join(" "));
    let status = command(arguments)
        .env(variable, "1")
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo: {status}")) }
}

/// Whether cargo takes these arguments. What it prints is shown only if it does not.
///
/// # Errors
///
/// With cargo's messages, when it does not.
pub(crate) fn accepts(arguments: &[&str]) -> Result<(), String> {
    let output = command(arguments)
        .output()
        .map_err(|error| format!("`cargo {}` does not start: {error}", arguments.join(" ")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`cargo {}`:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}

/// The first lines of all warnings.
pub(crate) fn warnings(messages: &[String]) -> Vec<&str> {
    messages.iter().map(String::as_str).filter(|line| line.starts_with("warning")).collect()
}

fn unknown_keys(messages: &[String]) -> Vec<&str> {
    warnings(messages).into_iter().filter(|line| line.contains("unused manifest key")).collect()
}

/// `line` without the escape sequences that set colours (ECMA-48 §8.3.117).
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    for (n, part) in line.split("\u{1b}[").enumerate() {
        let text = if n == 0 { part } else { part.split_once('m').map_or("", |(_, text)| text) };
        plain.push_str(text);
    }
    plain
}

#[cfg(test)]
mod test {
    use super::{unknown_keys, warnings, without_colours};

    #[test]
    fn a_key_that_cargo_ignores_is_found() {
        let messages = [
            "warning: /tmp/x/Cargo.toml: unused manifest key: dependencies.libc.defualt-features",
            "warning: unused variable: `x`",
            "   Compiling libc v0.2.191",
            "warning: unused manifest key: profil",
        ]
        .map(str::to_owned);
        assert_eq!(unknown_keys(&messages), [&messages[0], &messages[3]]);
        assert_eq!(warnings(&messages).len(), 3);
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(
            without_colours("\u{1b}[1m\u{1b}[33mwarning\u{1b}[0m\u{1b}[1m: unused\u{1b}[0m"),
            "warning: unused"
        );
        assert_eq!(without_colours("plain"), "plain");
    }
}
