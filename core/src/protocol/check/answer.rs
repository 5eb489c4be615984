use std::{fmt, str};

use http::{
    HeaderName,
    header::{LOCATION, RETRY_AFTER},
};

use super::{Finding, Test, hidden::hidden};
use crate::{
    Headers,
    protocol::{
        Outcome, Outgoing,
        answer::{is_page, text},
    },
};

/// How much of an answer's words is told, in characters.
const MOST: usize = 300;

/// What a receiver answered to a question.
pub struct Answer<'a> {
    test: &'a Test<'a>,
    sent: &'a Outgoing,
    status: u16,
    headers: &'a dyn Headers,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The answer to `sent`. `body` may be cut off.
    pub fn new(
        test: &'a Test<'a>,
        sent: &'a Outgoing,
        status: u16,
        headers: &'a dyn Headers,
        body: &'a [u8],
    ) -> Self {
        Self { test, sent, status, headers, body }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status says that all is well.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of a header, if it has one that is UTF-8.
    pub fn header(&self, name: &HeaderName) -> Option<&'a str> {
        text(self.headers, name)
    }

    /// The body.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Whether the body is a page, of whatever else is at that address. A comment alone is none: Yandex answers with one.
    pub fn is_page(&self) -> bool {
        is_page(self.body)
    }

    /// What the pool would make of it.
    pub fn outcome(&self) -> Outcome {
        self.test.remote.protocol().classify(self.status, self.headers, self.body).of(1)
    }

    /// The beginning of `text`, which the receiver said, on one line, without what was secret in the request: `: ` and
    /// the words in quotes; empty if there are none.
    pub fn quote(&self, text: &str) -> String {
        let mut text = self.hidden(text).split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = text.char_indices().nth(MOST) {
            text.truncate(end);
            text.push('…');
        }
        if text.is_empty() { text } else { format!(": \"{text}\"") }
    }

    /// What the body says, as [`quote`](Self::quote) has it; nothing of a page.
    pub fn says(&self) -> String {
        match str::from_utf8(self.body) {
            Ok(text) if !self.is_page() => self.quote(text),
            _ => String::new(),
        }
    }

    /// What the status alone tells, as far as receivers agree on it; none if it says that all is well.
    pub fn fault(&self) -> Option<Finding> {
        let (name, status, says) = (self.test.title(), self.status, self.says());
        Some(match status {
            200..=299 => return None,
            300..=399 => {
                let to = self.header(&LOCATION).map(without_query).unwrap_or_default();
                let to = if to.is_empty() {
                    "another address".to_owned()
                } else {
                    format!("`{}`", self.hidden(to))
                };
                Finding::wrong(
                    format!("`url` leads on to {to} (status {status}), and redirects are not followed"),
                    "write the address where it ends as `url`",
                )
            }
            401 | 403 => {
                let keys = self.test.secret_keys();
                let way_out = match keys {
                    Some(keys) => {
                        format!("compare {keys} with what {name} shows, and what that may do there")
                    }
                    None => "see who may post to that address".to_owned(),
                };
                Finding::wrong(
                    format!("{name} does not let the test hit in (status {status}){says}"),
                    way_out,
                )
            }
            404 | 405 | 410 => Finding::wrong(
                format!("nothing takes hits at `url` (status {status}){says}"),
                "compare `url` with the one in the receiver's page of the guide, path included",
            ),
            408 | 425 | 429 => {
                let wait = self.header(&RETRY_AFTER).map(|wait| self.hidden(wait));
                let wait = wait.map(|wait| format!(", and asks to wait: {wait}")).unwrap_or_default();
                Finding::wrong(
                    format!("{name} takes nothing for the moment (status {status}){wait}{says}"),
                    "check again later; real hits wait by themselves",
                )
            }
            400..=499 => Finding::wrong(
                format!("{name} refuses the test hit (status {status}){says}"),
                "see what it says, and compare the destination's keys with what it shows",
            ),
            502..=504 => Finding::wrong(
                format!("{name} is not there for the moment (status {status}){says}"),
                "see whether it runs, and the log of the proxy before it; real hits wait by themselves",
            ),
            500..=599 => Finding::wrong(
                format!("{name} fails by itself (status {status}){says}"),
                "look into its own log",
            ),
            _ => Finding::wrong(
                format!("the answer has the status {status}, which says nothing"),
                "see what listens at `url`",
            ),
        })
    }

    /// What the answer to the test hit means, as [`classify`](crate::protocol::Protocol::classify) reads it: one
    /// finding, right or wrong.
    pub fn verdict(&self) -> Finding {
        if let Some(fault) = self.fault() {
            return fault;
        }
        let (name, status) = (self.test.title(), self.status);
        match self.outcome() {
            Outcome::Delivered => Finding::right(format!("{name} took the test hit (status {status})")),
            Outcome::Refused(reason) => self.refused(reason.code()),
            Outcome::Partial(refused) => match refused.first() {
                Some((_, reason)) => self.refused(reason.code()),
                None => Finding::right(format!("{name} took the test hit (status {status})")),
            },
            _ => Finding::wrong(
                format!("{name} did not take the test hit (status {status}){}", self.says()),
                "see what it says, and check again later",
            ),
        }
    }

    fn refused(&self, reason: &str) -> Finding {
        Finding::wrong(
            format!(
                "{} answers {} and throws the test hit away, refused({reason}){}",
                self.test.title(),
                self.status,
                self.says()
            ),
            "see what it says, and compare the destination's keys with what it shows",
        )
    }

    /// The verdict, of a receiver that answers with no page: then it is not at `url`, which is one such as `example`.
    pub(super) fn verdict_unless_page(&self, example: &str) -> Finding {
        if self.is_success() && self.is_page() { self.foreign(example) } else { self.verdict() }
    }

    /// What is wrong where the answer is not the receiver's.
    pub(super) fn foreign(&self, example: &str) -> Finding {
        let (name, status) = (self.test.title(), self.status);
        Finding::wrong(
            format!("what answers at `url` is not {name} (status {status}){}", self.says()),
            format!("write the address of {name} as `url`, such as \"{example}\""),
        )
    }

    /// `text` with `***` in place of what was secret in the request, however it is spelt.
    fn hidden(&self, text: &str) -> String {
        hidden(text, self.test.secrets().chain(self.sent.secrets()))
    }
}

/// Shows the status: all else may hold secrets.
impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A query may be a copy of the request's.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}
