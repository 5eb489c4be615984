use super::{Facts, Rule};
use crate::{config::Mode, ledger::Reason};

pub(super) const RULE: Rule = Rule { name: "mode", check, view, holds_events: true };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    if facts.config.mode == Mode::Off { Err(Reason::Off) } else { Ok(()) }
}

fn view(facts: &Facts<'_>) -> String {
    match facts.config.mode {
        Mode::DryRun => "dry-run: the verdict is as usual, nothing is sent and no header appended",
        Mode::Off => "off: nothing is looked at",
        Mode::On => "on",
    }
    .to_owned()
}

#[cfg(test)]
#[path = "mode_test.rs"]
mod test;
