//! `posthog` answers 200 to many keys that it does not know, as the cloud's receiving servers do not look them up.

use super::{Answer, Finding, Heard, Question, Test};
use crate::{ledger::Reason, protocol::Outcome};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    match (answer.status(), answer.outcome()) {
        (200..=299, Outcome::Delivered) if !is_own(answer) => {
            answer.foreign("https://eu.i.posthog.com/batch/").into()
        }
        (200..=299, Outcome::Delivered) => Heard::new([
            Finding::right("PostHog took the test hit"),
            Finding::unproven(
                "that `api_key` is a project's: PostHog answers 200 to keys that it does not know, too",
                format!("look into Activity, within a minute: {}", test.seen()),
            ),
        ]),
        (200..=299, Outcome::Refused(Reason::Quota)) => Finding::wrong(
            "PostHog keeps nothing: the project is over its quota of events",
            "see Settings, Billing, or wait for the next period",
        )
        .into(),
        (401, _) => Finding::wrong(
            format!("PostHog does not know the project of `api_key` (status 401){}", answer.says()),
            "copy the Project API key (`phc_…`) from Settings, Project; a personal one (`phx_…`) does not do, nor does one \
             of the other region: `url` begins with https://eu. for EU Cloud",
        )
        .into(),
        _ => answer.verdict().into(),
    }
}

/// `{"status": 1}`, or `{"status": "Ok"}`.
fn is_own(answer: &Answer<'_>) -> bool {
    let body = serde_json::from_slice::<serde_json::Value>(answer.body());
    body.is_ok_and(|body| body.get("status").is_some())
}
