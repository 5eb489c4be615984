//! `ga-v1` had a debug endpoint at Google; compatible collectors may have one, too, and are sent a test hit otherwise.

use serde::Deserialize;

use super::{Answer, Finding, Heard, Means, Question, Test, counterpart};
use crate::protocol::{Outgoing, Values, ga_v1::is_google};

static DEBUG: Question = Question::new(Means::Debug, ask, hear);

const COLLECT: &str = "/collect";

static HIT: Question = Question::hit(hear_hit);

/// Where `url` has no counterpart that is known, only a hit can tell: a collector may count whatever comes.
pub(in crate::protocol) fn first(values: &Values) -> &'static Question {
    if counterpart(values.text("url"), COLLECT).is_some() { &DEBUG } else { &HIT }
}

fn ask(test: &Test<'_>, out: &mut Outgoing) {
    test.encode(out);
    if let Some(at) = counterpart(test.values().text("url"), COLLECT) {
        out.insert_into_url(at, "/debug");
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parsed {
    hit_parsing_result: Vec<Parsing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parsing {
    valid: bool,
    #[serde(default)]
    parser_message: Vec<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    description: String,
    parameter: String,
}

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let parsed = serde_json::from_slice::<Parsed>(answer.body()).ok().filter(|_| answer.is_success());
    let Some(Parsed { hit_parsing_result }) = parsed else {
        if is_google(test.values().text("url")) {
            return gone().into();
        }
        // Whatever is wrong besides, the test hit meets it as well.
        return Heard::default().then(&HIT);
    };
    let mut findings: Vec<_> = hit_parsing_result
        .iter()
        .filter(|parsing| !parsing.valid)
        .map(|parsing| {
            let messages = parsing.parser_message.iter().map(|Message { description, parameter }| {
                if parameter.is_empty() { description.clone() } else { format!("{parameter}: {description}") }
            });
            let says = answer.quote(&messages.collect::<Vec<_>>().join("; "));
            Finding::wrong(
                format!("the debug endpoint refuses the test hit{says}"),
                "compare `tracking_id` and `version` with what the collector shows",
            )
        })
        .collect();
    let is_google = is_google(test.values().text("url"));
    if is_google {
        findings.push(gone());
    } else if findings.is_empty() {
        findings
            .push(Finding::right("the debug endpoint finds the test hit well-formed; nothing was counted"));
        if test.wants_hit() {
            return Heard { findings, next: Some(&HIT) };
        }
        findings.push(Finding::unproven(
            "that the collector knows `tracking_id`: it is not said to look at it here",
            "check with --hit, and look there for the page /trackside-check",
        ));
    }
    Heard::new(findings)
}

fn hear_hit(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let finding = answer.verdict_unless_page("https://stats.example.com/collect");
    if finding.is_wrong() {
        return finding.into();
    }
    let unproven = Finding::unproven(
        "that it counts: collectors of this protocol answer the same to hits that they throw away, and to a wrong \
         `tracking_id`",
        test.seen(),
    );
    Heard::new([finding, unproven])
}

fn gone() -> Finding {
    Finding::wrong(
        "Google has counted no hits of this protocol since July 2024",
        "write `type = \"ga4\"` and its keys, or as `url` a collector that still counts them",
    )
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn only_googles_own_is_googles() {
        for url in [
            "https://www.google-analytics.com/collect",
            "http://ssl.google-analytics.com:80/collect",
            "https://WWW.Google-Analytics.com./collect",
        ] {
            assert!(is_google(url), "{url}");
        }
        for url in ["https://google-analytics.com.example/collect", "https://x.example/?google-analytics.com"]
        {
            assert!(!is_google(url), "{url}");
        }
    }
}
