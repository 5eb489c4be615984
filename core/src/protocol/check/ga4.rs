//! `ga4` has a debug endpoint, which validates and counts nothing. It looks neither at the data stream nor at its
//! secret, and the endpoint that counts answers 204 to whatever it throws away: whether those two are right shows in
//! Analytics alone.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, Finding, Heard, Means, Question, Test, counterpart};
use crate::protocol::{Outgoing, Values};

static DEBUG: Question = Question::new(Means::Debug, ask_debug, hear_debug);

static HIT: Question = Question::new(Means::TestHit, ask_hit, hear_hit);

const COLLECT: &str = "/mp/collect";

/// Where `url` has no counterpart that is known, only a hit can tell.
pub(in crate::protocol) fn first(values: &Values) -> &'static Question {
    if counterpart(values.text("url"), COLLECT).is_some() { &DEBUG } else { &HIT }
}

fn ask_debug(test: &Test<'_>, out: &mut Outgoing) {
    test.encode(out);
    if let Some(at) = counterpart(test.values().text("url"), COLLECT) {
        out.insert_into_url(at, "/debug");
    }
    edit(out, |body| body["validation_behavior"] = json!("ENFORCE_RECOMMENDATIONS"));
}

/// Marked so that DebugView shows it.
fn ask_hit(test: &Test<'_>, out: &mut Outgoing) {
    test.encode(out);
    edit(out, |body| body["events"][0]["params"]["debug_mode"] = json!(1));
}

fn edit(out: &mut Outgoing, change: impl FnOnce(&mut Json)) {
    // OK because the protocol writes JSON; a body that is none is sent as it is.
    if let Ok(mut body) = serde_json::from_slice(out.payload()) {
        change(&mut body);
        *out.body() = body.to_string().into_bytes();
    }
}

#[derive(Deserialize)]
struct Validated {
    #[serde(rename = "validationMessages")]
    messages: Vec<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    field_path: String,
    description: String,
    validation_code: String,
}

fn hear_debug(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let validated = serde_json::from_slice::<Validated>(answer.body()).ok().filter(|_| answer.is_success());
    let Some(Validated { messages }) = validated else {
        // A server-side container has none, for one.
        if answer.is_success() || answer.status() == 404 {
            let unproven = Finding::unproven(
                format!(
                    "what Google's debug endpoint says: there is none beside `url` (status {})",
                    answer.status()
                ),
                "where `url` is a server of your own that hands hits on, none is needed: a test hit is sent instead",
            );
            return Heard::from(unproven).then(&HIT);
        }
        return answer.verdict().into();
    };
    if messages.is_empty() {
        let right =
            Finding::right("Google's debug endpoint finds the test hit well-formed; nothing was counted");
        let heard = Heard::new([right]);
        return if test.wants_hit() {
            heard.then(&HIT)
        } else {
            Heard::new(heard.findings.into_iter().chain([unproven()]))
        };
    }
    Heard::new(messages.iter().map(|message| {
        let Message { field_path, description, validation_code } = message;
        let field = if field_path.is_empty() { String::new() } else { answer.quote(field_path) + " " };
        let says = answer.quote(&format!("{description} ({validation_code})"));
        Finding::wrong(
            format!("Google's debug endpoint refuses the test hit{field}{says}"),
            "compare `measurement_id` and `api_secret` with Admin, Data streams; if it is about anything else, it is a \
             mistake of trackside's: please report it",
        )
    }))
}

fn hear_hit(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let finding = answer.verdict_unless_page("https://www.google-analytics.com/mp/collect");
    if finding.is_wrong() { finding.into() } else { Heard::new([finding, shown()]) }
}

fn unproven() -> Finding {
    Finding::unproven(
        "that `measurement_id` and `api_secret` are right: Google does not look at them here, and answers 204 to wrong \
         ones, too",
        "compare both with Admin, Data streams, (the stream), Measurement Protocol API secrets; then check with --hit \
         and look into Admin, DebugView",
    )
}

fn shown() -> Finding {
    Finding::unproven(
        "that the test hit counts: Google answers the same to a wrong `measurement_id` or `api_secret`",
        "look into Admin, DebugView, for a page_view of the page /trackside-check, within a few minutes; if there is \
         none, compare both with Admin, Data streams, (the stream), Measurement Protocol API secrets",
    )
}
