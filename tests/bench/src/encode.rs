//! What it costs to encode a hit of a real visit for each receiver: `bin/encode.rs`, a program of its own.

use std::{
    io,
    process::{Command, Stdio},
};

use crate::{
    report::{Limit, Row, Series},
    suite::Effort,
};

/// Of a million hits a second, in nanoseconds.
const GOAL: f64 = 1_000.0;

/// A row for each receiver.
pub fn encode(effort: Effort) -> io::Result<Vec<Row>> {
    let mut all: Vec<(String, Series)> = Vec::new();
    for _ in 0..effort.runs {
        for (n, (figure, time)) in run()?.into_iter().enumerate() {
            if n == all.len() {
                all.push((figure, Series::new()));
            }
            all[n].1.push(time);
        }
    }
    let row = |(figure, ours)| Row {
        figure,
        goal: "",
        floor: None,
        ours,
        peer: None,
        limits: vec![Limit::AtMost(GOAL)],
    };
    Ok(all.into_iter().map(row).collect())
}

/// Of each receiver its figure and the nanoseconds.
fn run() -> io::Result<Vec<(String, f64)>> {
    let program = std::env::current_exe()?.with_file_name(format!("encode{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(program).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("encode: {}", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(io::Error::other)?;
    text.lines().map(|line| read(line).ok_or_else(|| io::Error::other(format!("encode: {line:?}")))).collect()
}

fn read(line: &str) -> Option<(String, f64)> {
    let words: Vec<_> = line.split(' ').collect();
    let [name, time, bytes, allocations] = words[..] else { return None };
    let (bytes, allocations): (f64, f64) = (bytes.parse().ok()?, allocations.parse().ok()?);
    let figure = format!("encode, {name}, ns a hit ({bytes:.0} bytes; {allocations} allocations a request)");
    Some((figure, time.parse().ok()?))
}

#[cfg(test)]
mod test {
    use super::read;

    #[test]
    fn a_line_is_a_figure() {
        let figure = "encode, ga4, ns a hit (571 bytes; 0 allocations a request)".to_owned();
        assert_eq!(read("ga4 612.5 570.6 0"), Some((figure, 612.5)));
        assert_eq!(read("ga4 612.5 571"), None);
        assert_eq!(read("ga4 fast 571 0"), None);
    }
}
