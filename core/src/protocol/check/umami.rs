//! `umami` tells of each hit why it refuses it, and of the test hit whether it took it for a bot's, unless it goes in a
//! batch to a version before 3.0.2.

use serde_json::Value as Json;

use super::{Answer, Finding, Heard, Question, Test};
use crate::{
    ledger::Reason,
    protocol::{Outcome, common},
};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let is_batch = answer.body().trim_ascii_start().starts_with(b"{") && pointer(answer, "/size").is_some();
    // Of the only hit there is.
    let counts = !is_batch || pointer(answer, "/cache").is_some_and(|cache| !cache.is_null());
    let says = message(answer).map(|text| answer.quote(&text)).unwrap_or_else(|| answer.says());
    let refused = |reason| of_reason(test, answer, reason, &says);
    match (answer.status(), answer.outcome()) {
        (200..=299, Outcome::Refused(Reason::Rejected)) => {
            let end = if common::is_batch(test.values().text("url")) { "batch" } else { "send" };
            answer.foreign(&format!("https://umami.example.com/api/{end}")).into()
        }
        (200..=299, Outcome::Delivered) => taken(counts),
        (200..=299, Outcome::Partial(hits)) => {
            refused(hits.first().map_or(Reason::Rejected, |(_, reason)| *reason)).into()
        }
        (_, Outcome::Refused(reason @ (Reason::BotThere | Reason::FilteredThere))) => refused(reason).into(),
        (400, _) => refused(Reason::Rejected).into(),
        (404, _) if test.values().text("url").contains("/batch") => Finding::wrong(
            format!("nothing takes hits at `url` (status 404){says}"),
            "before version 2.17 Umami has no /api/batch: write /api/send, and the `version` that runs there; else \
             compare the host and the path before /api",
        )
        .into(),
        _ => answer.verdict().into(),
    }
}

/// `counts`: whether it says so.
fn taken(counts: bool) -> Heard {
    let right = Finding::right("Umami took the test hit: it knows the website");
    if counts {
        return right.into();
    }
    let unproven = Finding::unproven(
        "that it counts: of a batch Umami before 3.0.2 does not tell what it takes for a bot's",
        "look into the website's Realtime for the page /trackside-check",
    );
    Heard::new([right, unproven])
}

fn of_reason(test: &Test<'_>, answer: &Answer<'_>, reason: Reason, says: &str) -> Finding {
    match reason {
        Reason::BotThere => Finding::wrong(
            "Umami takes the test hit for a bot's, though it has a browser's agent",
            "see that no proxy before Umami changes the User-Agent of requests, and that `version` is the one that runs \
             there",
        ),
        Reason::FilteredThere => Finding::wrong(
            format!("Umami blocks the address (status 403){says}"),
            "see `IGNORE_IP` in Umami's environment, and whether a proxy before it answers",
        ),
        Reason::Ambiguous => Finding::wrong(format!("Umami fails by itself{says}"), "look into its own log"),
        _ => Finding::wrong(
            format!(
                "Umami refuses the test hit for website {} (status {}){says}",
                test.values().text("website"),
                answer.status()
            ),
            "compare `website` with the id under Settings, Websites, Edit, and `version` with the one that runs there",
        ),
    }
}

fn message(answer: &Answer<'_>) -> Option<String> {
    let paths =
        ["/details/0/response/error/message", "/details/0/response/error", "/error/message", "/error"];
    paths.iter().find_map(|path| pointer(answer, path)?.as_str().map(str::to_owned))
}

fn pointer(answer: &Answer<'_>, path: &str) -> Option<Json> {
    serde_json::from_slice::<Json>(answer.body()).ok()?.pointer(path).cloned()
}
