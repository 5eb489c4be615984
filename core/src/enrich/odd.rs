//! Agents that no list has to name.

use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use memchr::memmem;
use uuid::Uuid;

use super::{Bot, Class};
use crate::hit::cap;

/// Browsers of few words: the only agents without a blank that persons have.
const TERSE: [&[u8]; 4] = [b"Dillo/", b"Lynx/", b"NetSurf/", b"w3m/"];

/// The longest name that is taken from an agent.
const MAX_NAME: usize = 64;

/// An agent that is none, or that no browser sends.
pub(super) fn of(agent: &[u8]) -> Option<Bot> {
    if agent.is_empty() {
        return Some(Bot::new(Class::Empty, ""));
    }
    let has = |text: &[u8]| memmem::find(agent, text).is_some();
    let is_absurd = agent.len() >= cap::AGENT
        || !agent.iter().any(u8::is_ascii_alphabetic)
        || agent.iter().any(|byte| byte.is_ascii_control() || *byte == b'<')
        || has(b"${")
        || Uuid::try_parse_ascii(agent).is_ok()
        || std::str::from_utf8(agent).is_ok_and(|agent| agent.parse::<IpAddr>().is_ok());
    is_absurd.then(|| Bot::new(Class::Absurd, ""))
}

/// The words that robots have in their names. A part of the lists, and no static that is made at its first use: a
/// fork in the midst of that would leave the child to wait for it for ever.
#[derive(Debug)]
pub(super) struct Robots(Option<AhoCorasick>);

impl Robots {
    /// None could only be if the words were too many.
    pub(super) fn built_in() -> Self {
        let words = ["bot", "crawler", "headless", "scraper", "spider"];
        Self(AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok())
    }

    /// An agent that calls itself a robot: by the word, by an address for those who want to know more, or by being
    /// a product's name alone, as libraries do.
    pub(super) fn guess(&self, agent: &[u8]) -> Option<Bot> {
        if TERSE.iter().any(|terse| agent.starts_with(terse)) {
            return None;
        }
        if !agent.iter().any(|byte| matches!(byte, b' ' | b'(')) {
            let end = agent.iter().position(|&byte| byte == b'/').unwrap_or(agent.len());
            return Some(Bot::new(Class::Library, name(&agent[..end])));
        }
        if let Some(at) = self.word(agent) {
            let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let start = agent[..at].iter().rposition(|byte| !is_inside(byte)).map_or(0, |before| before + 1);
            let end =
                agent[at..].iter().position(|byte| !is_inside(byte)).map_or(agent.len(), |more| at + more);
            return Some(Bot::new(Class::Other, name(&agent[start..end])));
        }
        memmem::find(agent, b"://").map(|_| Bot::new(Class::Other, ""))
    }

    /// Where such a word is. `bot` ends there, and is no telephone's of Cubot.
    fn word(&self, agent: &[u8]) -> Option<usize> {
        let mut found = self.0.as_ref()?.find_iter(agent).filter(|found| {
            let (before, behind) = (&agent[..found.start()], agent.get(found.end()));
            let is_cubot = before.last_chunk::<2>().is_some_and(|last| last.eq_ignore_ascii_case(b"cu"));
            found.pattern().as_usize() > 0 || (!is_cubot && !behind.is_some_and(u8::is_ascii_alphabetic))
        });
        found.next().map(|found| found.start())
    }
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_NAME)]).into_owned()
}

#[cfg(test)]
#[path = "odd_test.rs"]
mod test;
