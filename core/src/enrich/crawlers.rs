//! The list of crawlers: regular expressions, nearly all of which are plain texts.

use std::{borrow::Cow, fmt};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::{Bot, Class};

static LIST: &str = include_str!("lists/crawlers.tsv");

/// Bounds on a list of the operator's own, so that it costs neither memory nor time without end.
const MAX_PATTERNS: usize = 20_000;
const MAX_PATTERN: usize = 1_000;
const MAX_COMPILED: usize = 4 << 20;

/// Which of the patterns an agent has: the plain texts in one walk, the others in another. Neither goes back in
/// the agent, whatever is in it.
#[derive(Debug, Default)]
pub(super) struct Crawlers {
    rows: Vec<(Cow<'static, str>, Class)>,
    texts: Option<AhoCorasick>,
    text_rows: Vec<usize>,
    patterns: Option<RegexSet>,
    pattern_rows: Vec<usize>,
}

impl Crawlers {
    /// The list that came with this version. Were it broken there would be none; a test shows that it is not.
    pub(super) fn built_in() -> Self {
        let rows = LIST.lines().filter_map(|line| {
            let mut columns = line.splitn(3, '\t');
            let (name, class, pattern) = (columns.next()?, columns.next()?, columns.next()?);
            Some((Cow::Borrowed(name), Class::of_code(class)?, pattern))
        });
        Self::compile(rows).unwrap_or_default()
    }

    pub(super) fn of_json(json: &str) -> Result<Self, ListError> {
        let entries: Vec<Entry> = serde_json::from_str(json).map_err(|error| ListError(error.to_string()))?;
        if entries.len() > MAX_PATTERNS {
            return Err(ListError(format!(
                "{} patterns are too many: at most {MAX_PATTERNS}",
                entries.len()
            )));
        }
        if let Some(long) = entries.iter().position(|entry| entry.pattern.len() > MAX_PATTERN) {
            return Err(ListError(format!("pattern {long} is longer than {MAX_PATTERN} bytes")));
        }
        Self::compile(entries.iter().map(|entry| {
            let class = entry.tags.iter().find_map(|tag| class_of(tag)).unwrap_or(Class::Other);
            (Cow::Owned(name_of(&entry.pattern)), class, entry.pattern.as_str())
        }))
    }

    fn compile<'a>(
        list: impl Iterator<Item = (Cow<'static, str>, Class, &'a str)>,
    ) -> Result<Self, ListError> {
        let mut crawlers = Self::default();
        let (mut texts, mut patterns) = (Vec::new(), Vec::new());
        for (row, (name, class, pattern)) in list.enumerate() {
            crawlers.rows.push((name, class));
            match plain(pattern) {
                // It would be everybody's.
                Some(text) if text.is_empty() => return Err(ListError(format!("pattern {row} is empty"))),
                Some(text) => {
                    texts.push(text);
                    crawlers.text_rows.push(row);
                }
                None => {
                    patterns.push(pattern);
                    crawlers.pattern_rows.push(row);
                }
            }
        }
        let texts = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(texts);
        let patterns = RegexSetBuilder::new(patterns)
            .unicode(false)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .build();
        crawlers.texts = Some(texts.map_err(|error| ListError(error.to_string()))?);
        crawlers.patterns = Some(patterns.map_err(|error| ListError(error.to_string()))?);
        Ok(crawlers)
    }

    /// The first of the list whose pattern is in `agent`.
    pub(super) fn find(&self, agent: &[u8]) -> Option<Bot> {
        let texts = self.texts.iter().flat_map(|texts| texts.find_overlapping_iter(agent));
        let texts = texts.filter_map(|found| self.text_rows.get(found.pattern().as_usize()));
        let patterns = self.patterns.iter().flat_map(|patterns| patterns.matches(agent));
        let patterns = patterns.filter_map(|found| self.pattern_rows.get(found));
        let (name, class) = self.rows.get(*texts.chain(patterns).min()?)?;
        Some(Bot::new(*class, name.clone()))
    }
}

#[derive(Deserialize)]
struct Entry {
    pattern: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// The words of crawler-user-agents.
fn class_of(tag: &str) -> Option<Class> {
    Some(match tag {
        "academic" => Class::Academic,
        "advertising" => Class::Ads,
        "ai-crawler" => Class::Ai,
        "archiver" => Class::Archive,
        "browser-automation" => Class::Automation,
        "feed-reader" => Class::Feed,
        "http-library" => Class::Library,
        "monitoring" => Class::Monitor,
        "scanner" => Class::Scanner,
        "search-engine" => Class::Search,
        "seo" => Class::Seo,
        "social-preview" => Class::Preview,
        _ => return None,
    })
}

/// The text that `pattern` stands for, if it stands for one alone.
fn plain(pattern: &str) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next()? {
                escaped if escaped.is_ascii_alphanumeric() => return None,
                escaped => text.push(escaped),
            },
            '^' | '$' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

/// What a pattern of the operator's own list is called.
fn name_of(pattern: &str) -> String {
    let name = plain(pattern).unwrap_or_else(|| pattern.replace(['\\', '^', '$'], ""));
    name.trim_end_matches(['/', ' ']).to_owned()
}

/// A list that cannot be used.
#[derive(Debug)]
pub struct ListError(String);

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ListError {}

#[cfg(test)]
#[path = "crawlers_test.rs"]
mod test;
