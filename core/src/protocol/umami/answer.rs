//! What Umami answers.

use serde::{Deserialize, de::IgnoredAny};

use super::{super::Outcome, MAX_HITS};
use crate::ledger::Reason;

/// To one hit.
pub(super) fn of_one(body: &[u8]) -> Outcome {
    match serde_json::from_slice(body).unwrap_or_default() {
        Answer { beep: Some(_), .. } => Outcome::Refused(Reason::BotThere),
        Answer { cache: Some(_), .. } => Outcome::Delivered,
        // Of a version before 2.16, whatever is configured.
        _ if is_token(body) => Outcome::Delivered,
        _ => Outcome::Refused(Reason::Rejected),
    }
}

/// To a batch. `has_cache`: whether the answer has one where a hit counts.
pub(super) fn of_batch(body: &[u8], has_cache: bool) -> Outcome {
    let Ok(Answers { size, details, cache }) = serde_json::from_slice(body) else {
        return match of_one(body) {
            // Nothing says that any was taken.
            Outcome::Delivered => Outcome::Refused(Reason::Rejected),
            refused => refused,
        };
    };
    let mut refused: Vec<_> = details.iter().map(|detail| (detail.index, detail.reason())).collect();
    if has_cache && cache.is_none() {
        // It took none: what it says nothing of were bots'.
        let is_told = |index: &usize| details.iter().any(|detail| detail.index == *index);
        let bots = (0..size.min(MAX_HITS)).filter(|index| !is_told(index));
        refused.extend(bots.map(|index| (index, Reason::BotThere)));
    }
    if refused.is_empty() { Outcome::Delivered } else { Outcome::Partial(refused) }
}

/// What Umami answers to one hit.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    /// To a bot.
    beep: Option<IgnoredAny>,
    /// A token, to one that it took.
    cache: Option<IgnoredAny>,
}

/// What Umami answers to a batch.
#[derive(Deserialize)]
struct Answers {
    /// How many hits it has read, by which the answer is known for Umami's.
    size: usize,
    /// Of each hit that it did not take, but for those of bots.
    details: Vec<Detail>,
    /// A token of the first hit that counts.
    #[serde(default)]
    cache: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Detail {
    index: usize,
    /// Has an `error`, which is an object with a `status` or a text.
    #[serde(default)]
    response: serde_json::Value,
}

impl Detail {
    fn reason(&self) -> Reason {
        match self.response.pointer("/error/status").and_then(serde_json::Value::as_u64) {
            Some(403) => Reason::FilteredThere,
            // It failed on the way, and would count a second copy.
            Some(500..=599) => Reason::Ambiguous,
            _ => Reason::Rejected,
        }
    }
}

/// Whether it is a JSON web token (RFC 7519) and nothing else.
fn is_token(body: &[u8]) -> bool {
    let is_word = |word: &[u8]| {
        !word.is_empty() && word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let words = body.trim_ascii().split(|b| *b == b'.');
    words.clone().count() == 3 && words.into_iter().all(is_word)
}
