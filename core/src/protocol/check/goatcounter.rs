//! `goatcounter` says of each hit what is wrong with it, and of its token.

use serde_json::Value as Json;

use super::{Answer, Finding, Heard, Question, Test};
use crate::protocol::Outcome;

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

fn hear(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let says = message(answer).map(|text| answer.quote(&text)).unwrap_or_else(|| answer.says());
    let status = answer.status();
    let finding = match (status, answer.outcome()) {
        (200..=299, Outcome::Partial(_)) => Finding::wrong(
            "GoatCounter ignores the address of the test hit",
            "see Settings, Ignore IPs, there; `filter = false` counts these addresses, too",
        ),
        (200..=299, _) if answer.is_page() => answer.foreign("https://mysite.goatcounter.com/api/v0/count"),
        (200..=299, Outcome::Delivered) => {
            Finding::right("GoatCounter took the test hit: the token may count page views")
        }
        (401 | 403, _) => Finding::wrong(
            format!("GoatCounter does not take `token` (status {status}){says}"),
            "make one under (your name), API, with the permission `Record pageviews`, on the site that `url` names",
        ),
        (400, _) => Finding::wrong(
            format!("GoatCounter refuses the test hit (status 400){says}"),
            "see what it says; if it is about a field of the hit, it is a mistake of trackside's: please report it",
        ),
        _ => answer.verdict(),
    };
    finding.into()
}

/// What it says of the one hit, or of the whole.
fn message(answer: &Answer<'_>) -> Option<String> {
    let body: Json = serde_json::from_slice(answer.body()).ok()?;
    let of_hit = body.get("errors").and_then(|errors| errors.as_object()?.values().next().cloned());
    let text = of_hit.as_ref().or_else(|| body.get("error"))?;
    Some(text.as_str().map_or_else(|| text.to_string(), str::to_owned))
}
