//! Trackside beside the floor and its peers: `cargo xtask bench`.
//!
//! Everybody is measured in turn, in processes of their own, in five runs; the table shows the median and,
//! in brackets, the least and the greatest. A ratio is the median of the ratios of each run.

mod abi;
mod clock;
mod collector;
mod encode;
mod floor;
mod job;
mod loss;
mod numbered;
mod ours;
mod peers;
mod report;
mod sample;
mod spool;
mod stalled;
mod suite;
mod tally;

use std::error::Error;

use crate::suite::Effort;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["collector", core, port] => Ok(collector::serve(core.parse().ok(), port.parse()?)?),
        ["job", ref words @ ..] => {
            let answer = job::answer(words);
            ours::clean_up()?;
            println!("{}", answer?);
            Ok(())
        }
        _ => measure(&words),
    }
}

fn measure(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let sections: Vec<_> = suite::SECTIONS.into_iter().chain(loss::SECTIONS).collect();
    let names: Vec<_> = sections.iter().map(|section| section.name).collect();
    let (wanted, options): (Vec<_>, Vec<_>) = words.iter().partition(|word| names.contains(word));
    let effort = match options[..] {
        [] => Effort::FULL,
        [&"--quick"] => Effort::QUICK,
        _ => return Err(format!("{options:?} is unknown: [--quick] [{}]...", names.join("|")).into()),
    };
    let mut rows = Vec::new();
    for section in sections.into_iter().filter(|s| wanted.is_empty() || wanted.contains(&&s.name)) {
        eprintln!("measuring: {}, {} runs", section.name, effort.runs);
        rows.extend((section.measure)(effort)?);
    }
    print!("{}", report::table(&rows));
    Ok(())
}
