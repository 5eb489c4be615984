//! `snowplow`'s collector says at `/health` whether it is up, and takes whatever comes: what is wrong with a hit shows in
//! the bad rows.

use super::{Answer, Finding, Heard, Means, Question, Test};
use crate::protocol::Outgoing;

pub(in crate::protocol) static FIRST: Question = Question::new(Means::Health, ask_health, hear_health);

static HIT: Question = Question::hit(hear_hit);

const EXAMPLE: &str = "https://collector.example.com/com.snowplowanalytics.snowplow/tp2";

fn ask_health(test: &Test<'_>, out: &mut Outgoing) {
    out.start("GET", &format!("{}/health", origin(test.values().text("url"))));
}

/// Scheme and host of `url`.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    &url[..end]
}

fn hear_health(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let finding = if answer.is_success() && !answer.is_page() {
        Finding::right("the collector is up")
    } else {
        Finding::unproven(
            format!("that the collector is up: /health answers with status {}", answer.status()),
            "no harm is done if a proxy before it lets only hits through",
        )
    };
    Heard::from(finding).then(&HIT)
}

fn hear_hit(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let finding = answer.verdict_unless_page(EXAMPLE);
    if finding.is_wrong() {
        return finding.into();
    }
    let unproven = Finding::unproven(
        "that it is a good row: the collector answers 200 without looking inside",
        "look into the atomic events for the page /trackside-check, and into the bad rows (failed events) if it is not \
         there",
    );
    Heard::new([finding, unproven])
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_origin_is_what_stands_before_the_path() {
        for url in ["https://a.example:8080/x/tp2", "https://a.example:8080?x=/", "https://a.example:8080"] {
            assert_eq!(origin(url), "https://a.example:8080");
        }
        assert_eq!(origin("http://a/x/tp2"), "http://a");
    }
}
