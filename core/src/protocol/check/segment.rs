//! `segment` answers 200 to any write key; `rudderstack` looks it up.

use super::{Answer, Finding, Heard, Question, Test};
use crate::protocol::Outcome;

pub(in crate::protocol) static SEGMENT: Question = Question::hit(hear_segment);

pub(in crate::protocol) static RUDDERSTACK: Question = Question::hit(hear_rudderstack);

fn hear_segment(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    match (answer.status(), answer.outcome()) {
        (200..=299, _) if !says_success(answer) => answer.foreign("https://api.segment.io/v1/batch").into(),
        (200..=299, Outcome::Delivered) => Heard::new([
            Finding::right("Segment took the test hit"),
            Finding::unproven(
                "that `write_key` is a source's: Segment answers 200 to any",
                format!("look into Connections, Sources, (the source), Debugger: {}", test.seen()),
            ),
        ]),
        (200..=299, _) => Finding::wrong(
            format!("Segment answers {} and says that it failed{}", answer.status(), answer.says()),
            "compare `write_key` with Connections, Sources, (the source), Settings, API Keys",
        )
        .into(),
        _ => answer.verdict().into(),
    }
}

fn says_success(answer: &Answer<'_>) -> bool {
    let body = serde_json::from_slice::<serde_json::Value>(answer.body());
    body.is_ok_and(|body| body.get("success").is_some())
}

fn hear_rudderstack(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let says = answer.says();
    match (answer.status(), answer.outcome()) {
        (200..=299, _) if answer.is_page() => answer.foreign("https://data.example.com/v1/batch").into(),
        (200..=299, Outcome::Delivered) => {
            Finding::right("RudderStack took the test hit: it knows the source of the write key").into()
        }
        (401, _) => Finding::wrong(
            format!("RudderStack does not know a source of this `write_key` (status 401){says}"),
            "copy it from Connections, (the source), Setup; a new source takes some seconds to be known",
        )
        .into(),
        (404, _) => Finding::wrong(
            format!("RudderStack takes nothing here (status 404){says}"),
            "see that the source is switched on, and that `url` is the data plane's, with /v1/batch",
        )
        .into(),
        _ => answer.verdict().into(),
    }
}
