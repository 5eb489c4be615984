//! `plausible` answers 202 to everything that it understands, and says in a header what it threw away.

use http::HeaderName;
use serde_json::Value as Json;

use super::{Answer, Finding, Heard, Question, Test};
use crate::protocol::{Outcome, plausible::domain_of};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let domain = domain_of(test.values(), test.hit).to_owned();
    let finding = match (answer.status(), answer.outcome()) {
        (200..=299, Outcome::Delivered) if !is_own(answer) => {
            answer.foreign("https://plausible.io/api/event")
        }
        (_, Outcome::Delivered) => Finding::right(format!("Plausible took the test hit for `{domain}`")),
        (200..=299, _) => Finding::wrong(
            format!("Plausible answers {} and throws the test hit away{}", answer.status(), dropped(answer)),
            format!(
                "see that `{domain}` is in its list of sites, letter by letter (a new one takes half a minute), and that \
                 the site's shields let the page through"
            ),
        ),
        (400, _) => Finding::wrong(
            format!("Plausible refuses the test hit (status 400){}", answer.says()),
            "see what it says, and compare `domain` with its list of sites",
        ),
        _ => answer.verdict(),
    };
    finding.into()
}

fn dropped(answer: &Answer<'_>) -> String {
    const DROPPED: HeaderName = HeaderName::from_static("x-plausible-dropped");
    answer
        .header(&DROPPED)
        .map(|count| answer.quote(&format!("x-plausible-dropped {count}")))
        .unwrap_or_default()
}

/// `ok`, or as the manual has it an empty object.
fn is_own(answer: &Answer<'_>) -> bool {
    let body = answer.body().trim_ascii();
    answer.status() == 202 && !answer.is_page()
        || body == b"ok"
        || matches!(serde_json::from_slice(body), Ok(Json::Object(_)))
}
