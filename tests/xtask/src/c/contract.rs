//! The contract for adapters, kept by the site in C that the examples' step has built.

use super::process;
use crate::cargo;

const TEST: [&str; 9] =
    ["test", "--package", "trackside-tests", "--features", "c", "--test", "e2e", "c::contract", "--"];

/// Runs it, and prints how many scenarios that were.
pub(super) fn check() -> Result<(), String> {
    let mut command = cargo::command(&[&TEST[..], &["--nocapture"]].concat());
    println!("$ {}", process::shown(&command));
    let said = process::succeed(&mut command)?;
    match scenarios(&said) {
        Some(count) if count > 0 => {
            println!("the site in C keeps the contract: {count} scenarios");
            Ok(())
        }
        _ => Err(format!("no scenario was run:\n{said}")),
    }
}

/// How many the test says that it has run.
fn scenarios(said: &str) -> Option<usize> {
    said.lines().find_map(|line| line.split_once("scenarios: ")?.1.parse().ok())
}

#[cfg(test)]
mod test {
    use super::scenarios;

    #[test]
    fn the_number_is_found_behind_the_test_s_name() {
        assert_eq!(scenarios("running 1 test\nscenarios: 31\nok\n"), Some(31));
        assert_eq!(scenarios("test c::contract ... scenarios: 31\nok\n"), Some(31));
        assert_eq!(scenarios("running 0 tests\n\ntest result: ok. 0 passed\n"), None);
    }
}
