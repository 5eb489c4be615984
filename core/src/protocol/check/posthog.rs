//! `posthog` answers 200 to many keys that it does not know, as the cloud's receiving servers do not look them up.

use super::{Answer, Finding, Heard, Question, Test};
use crate::{ledger::Reason, protocol::Outcome};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    match (answer.status(), answer.outcome()) {
        (200..=299, Outcome::Refused(Reason::Rejected)) => {
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
