use std::fmt;

use super::{Facts, Rule};
use crate::ledger::Reason;

pub(super) const RULE: Rule = Rule { name: "status", check, view, holds_events: false };

/// The statuses that count: `track.status`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Statuses([u64; 16]);

impl Statuses {
    /// Adds one entry of `track.status`: `200`, `2xx` or `200-299`; false if it is none of these.
    #[must_use]
    pub(crate) fn add(&mut self, entry: &str) -> bool {
        let number = |text: &str| {
            let three_digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u16>().ok().filter(|n| three_digits && *n >= 100)
        };
        let range = match entry.split_once('-') {
            Some((first, last)) => number(first).zip(number(last)),
            None => match entry.strip_suffix("xx") {
                Some(class) => number(&format!("{class}00")).map(|first| (first, first + 99)),
                None => number(entry).map(|n| (n, n)),
            },
        };
        let Some((first, last)) = range.filter(|(first, last)| first <= last) else {
            return false;
        };
        for status in first..=last {
            self.0[usize::from(status / 64)] |= 1 << (status % 64);
        }
        true
    }

    pub(crate) fn contains(&self, status: u16) -> bool {
        self.0.get(usize::from(status / 64)).is_some_and(|word| word & (1 << (status % 64)) != 0)
    }
}

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    match facts.response {
        Some(response) if !facts.config.track.status.contains(response.status) => Err(Reason::Status),
        _ => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    let status = facts.response.map_or(0, |response| response.status);
    format!("{status}; counted: {}", facts.config.track.status)
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut first = None;
        for status in 0..=1_000 {
            match (first, self.contains(status)) {
                (None, true) => first = Some(status),
                (Some(start), false) => {
                    write!(f, "{separator}{start}")?;
                    if start != status - 1 {
                        write!(f, "-{}", status - 1)?;
                    }
                    (first, separator) = (None, ", ");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "status_test.rs"]
mod test;
