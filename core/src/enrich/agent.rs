//! AI agents, by the names that their operators have published.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{Bot, Class, Purpose};

static LIST: &str = include_str!("lists/ai.tsv");

/// Finds the names of AI agents, in whatever case, where no letter or digit goes before or comes after.
#[derive(Debug)]
pub(super) struct Known {
    /// None could only be if the list were too large, which a test shows it is not.
    names: Option<AhoCorasick>,
    rows: Vec<(&'static str, &'static str, Purpose)>,
}

impl Known {
    pub(super) fn built_in() -> Self {
        let rows: Vec<_> = LIST
            .lines()
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let (name, operator) = (columns.next()?, columns.next()?);
                Some((name, operator, Purpose::of_code(columns.next()?)?))
            })
            .collect();
        let names = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(true)
            .build(rows.iter().map(|(name, ..)| name));
        Self { names: names.ok(), rows }
    }

    /// The longest name in `agent`, of those the first in the list.
    pub(super) fn find(&self, agent: &[u8]) -> Option<Bot> {
        let is_word = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
        let found = self
            .names
            .as_ref()?
            .find_overlapping_iter(agent)
            .filter(|found| !is_word(agent.get(found.end())) && !is_word(agent[..found.start()].last()));
        let longest = found
            .max_by_key(|found| (found.end() - found.start(), usize::MAX - found.pattern().as_usize()))?;
        let &(name, operator, purpose) = self.rows.get(longest.pattern().as_usize())?;
        Some(Bot { class: Class::Ai, name: name.into(), operator, purpose: Some(purpose) })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_whole_list_is_known() {
        let known = Known::built_in();
        assert_eq!(known.rows.len(), LIST.lines().count());
        for (name, ..) in &known.rows {
            assert_eq!(
                known.find(format!("x ({name}/1.0)").as_bytes()).map(|bot| bot.name),
                Some((*name).into())
            );
        }
    }

    #[test]
    fn names_stand_alone_and_in_any_case() {
        let known = Known::built_in();
        let name = |agent: &str| known.find(agent.as_bytes()).map(|bot| bot.name.into_owned());
        assert_eq!(name("Mozilla/5.0 (compatible; gptbot/1.2)").as_deref(), Some("GPTBot"));
        assert_eq!(name("GPTBots/1"), None);
        assert_eq!(name("NotGPTBot"), None);
        assert_eq!(
            name("Claude-SearchBot and ClaudeBot").as_deref(),
            Some("Claude-SearchBot"),
            "the longest"
        );
    }
}
