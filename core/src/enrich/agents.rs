//! What agents turned out to be, kept for the next hit of the same one.

use std::hash::{DefaultHasher, Hasher};

use super::Bot;

/// How many agents are remembered at most. The people of a site share some hundred.
const SLOTS: usize = 512;

/// What an [`Enricher`](super::Enricher) found out about agents, so that it looks up each only once: that takes
/// longer than all else there is to find out about a hit. It belongs to one enricher.
///
/// Bounded: an agent takes the place of another, so that one takes at most some 600 KiB, whatever is sent.
#[derive(Clone, Debug, Default)]
pub struct Agents(Vec<Option<(Box<[u8]>, Told)>>);

/// What is known of an agent, whatever else a hit has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Told {
    /// The operator counts it as a browser.
    Allowed,
    /// The operator counts it as a bot.
    Denied(Bot),
    /// What the lists say.
    Listed(Option<Bot>),
}

impl Agents {
    /// What is known of `agent`, which `find` finds out the first time.
    pub(super) fn of(&mut self, agent: &[u8], find: impl FnOnce() -> Told) -> &Told {
        if self.0.is_empty() {
            self.0.resize(SLOTS, None);
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(agent);
        let slot = &mut self.0[hasher.finish() as usize % SLOTS];
        let known = slot.take().filter(|(known, _)| **known == *agent);
        &slot.insert(known.unwrap_or_else(|| (agent.into(), find()))).1
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::enrich::Class;

    fn told(agent: &str) -> Told {
        Told::Denied(Bot::new(Class::Denied, agent.to_owned()))
    }

    #[test]
    fn an_agent_is_looked_up_once() {
        let mut agents = Agents::default();
        assert_eq!(*agents.of(b"a", || told("a")), told("a"));
        assert_eq!(*agents.of(b"b", || Told::Allowed), Told::Allowed);
        assert_eq!(*agents.of(b"a", || panic!("it is known")), told("a"));
        assert_eq!(*agents.of(b"b", || panic!("it is known")), Told::Allowed);
    }

    #[test]
    fn however_many_there_are_each_is_told_right_and_few_are_kept() {
        let mut agents = Agents::default();
        for n in (0..3 * SLOTS).chain(0..3 * SLOTS) {
            let agent = format!("agent {n}");
            assert_eq!(*agents.of(agent.as_bytes(), || told(&agent)), told(&agent));
        }
        assert_eq!(agents.0.len(), SLOTS);
    }
}
