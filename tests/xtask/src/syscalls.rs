//! How many system calls the request thread makes, counted by strace.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{cargo, install, target};

/// Requests in each run that is counted.
const REQUESTS: u64 = 20_000;

/// What `tests/examples/load.rs` asks for, and how many system calls a request may take. The pages that are
/// skipped take none: what is allowed is that start and end differ by a few between two runs.
const LOADS: [(&str, f64); 3] = [("tracked", 0.05), ("ignored", 0.001), ("missing", 0.001)];

/// Counts them, and holds them against what is allowed.
///
/// # Errors
///
/// When there are more, or when they cannot be counted here.
pub(crate) fn check() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        println!("not counted: strace is Linux only");
        return Ok(());
    }
    install::tool("strace", "-V", "which counts the system calls")?;
    cargo::run(&["build", "--package", "trackside-tests", "--example", "load"])?;
    for (load, allowed) in LOADS {
        // What starting and closing cost is taken off.
        let (none, all) = (count(load, 0)?, count(load, REQUESTS)?);
        let each = all.saturating_sub(none) as f64 / REQUESTS as f64;
        println!("{load}: {each:.4} system calls a request, {allowed} allowed");
        if each > allowed {
            return Err(format!(
                "{load}: {all} system calls with {REQUESTS} requests and {none} without are {each:.4} a \
                 request, and {allowed} are allowed"
            ));
        }
    }
    Ok(())
}

/// System calls of the main thread alone: without `-f`, strace follows no other.
fn count(load: &str, requests: u64) -> Result<u64, String> {
    let table = target().join("syscalls.txt");
    let output = Command::new("strace")
        .args(["-c", "-o"])
        .arg(&table)
        .arg(target().join("debug/examples/load"))
        .args([load, &requests.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("strace does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("strace of `load {load} {requests}`: {}\n{said}", output.status));
    }
    let text =
        fs::read_to_string(&table).map_err(|error| format!("{} cannot be read: {error}", table.display()))?;
    total(&text).ok_or_else(|| format!("{} has no line `total`", table.display()))
}

/// The `calls` of the last line of `strace -c`.
fn total(table: &str) -> Option<u64> {
    let columns: Vec<_> =
        table.lines().rev().find(|line| line.ends_with(" total"))?.split_whitespace().collect();
    // % time, seconds, usecs/call, calls, errors if there were any, name.
    columns.get(3)?.parse().ok()
}

#[cfg(test)]
mod test {
    use super::total;

    #[test]
    fn the_total_is_read_with_and_without_errors() {
        let with = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 32.02    0.000065          21         3           mprotect
  0.00    0.000000           0         1         1 access
------ ----------- ----------- --------- --------- ----------------
100.00    0.000203           7        29         1 total
";
        assert_eq!(total(with), Some(29));
        let without = "100.00    0.000203           7        31           total\n";
        assert_eq!(total(without), Some(31));
    }

    #[test]
    fn a_table_without_total_is_no_table() {
        assert_eq!(total(""), None);
        assert_eq!(total("strace: attach: Operation not permitted\n"), None);
    }
}
