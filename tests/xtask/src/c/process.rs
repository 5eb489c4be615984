//! Running programs and keeping what they say until it matters.

use std::{
    env,
    process::{Command, Output, Stdio},
};

/// The command as it would be typed.
pub(super) fn shown(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).collect();
    words.join(" ".as_ref()).to_string_lossy().into_owned()
}

/// Runs a command to its end.
pub(super) fn output(command: &mut Command) -> Result<Output, String> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{}` does not start: {error}", shown(command)))
}

/// Runs a command that is to succeed, and answers what it wrote on its standard output.
pub(super) fn succeed(command: &mut Command) -> Result<String, String> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("`{}`: {}\n{}", shown(command), output.status, said(&output)))
}

/// Runs a command that is to fail, and whose words are to contain `part`.
pub(super) fn fail(command: &mut Command, part: &str) -> Result<(), String> {
    let output = output(command)?;
    let said = said(&output);
    if output.status.success() {
        return Err(format!("`{}` succeeded, and was to report \"{part}\"\n{said}", shown(command)));
    }
    if said.contains(part) {
        return Ok(());
    }
    Err(format!("`{}`: {}, but without a word of \"{part}\"\n{said}", shown(command), output.status))
}

/// All that it wrote.
fn said(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// Takes the environment away but for what finds programs: a program is to see its own settings alone.
pub(super) fn alone(command: &mut Command) -> &mut Command {
    command.env_clear();
    match env::var_os("PATH") {
        Some(path) => command.env("PATH", path),
        None => command,
    }
}

#[cfg(test)]
mod test {
    use std::process::Command;

    use super::{fail, shown, succeed};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn success_is_asked_for() {
        assert_eq!(succeed(&mut shell("echo yes")).unwrap(), "yes\n");
        let problem = succeed(&mut shell("echo out; echo err >&2; exit 3")).unwrap_err();
        assert!(problem.contains("out\nerr\n") && problem.contains("exit status: 3"), "{problem}");
        assert!(succeed(&mut Command::new("/nowhere/at/all")).unwrap_err().contains("does not start"));
    }

    #[test]
    fn failure_is_asked_for_with_its_reason() {
        assert_eq!(fail(&mut shell("echo boom >&2; exit 1"), "boom"), Ok(()));
        assert!(fail(&mut shell("echo boom; exit 0"), "boom").unwrap_err().contains("succeeded"));
        assert!(fail(&mut shell("echo other; exit 1"), "boom").unwrap_err().contains("without a word"));
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        assert_eq!(shown(&shell("echo x")), "sh -c echo x");
    }
}
