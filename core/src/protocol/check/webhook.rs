//! `webhook`: what is rightly signed must be taken, and what is not should be refused.

use super::{Answer, Finding, Heard, Means, Question, Test};
use crate::{
    config::Secret,
    protocol::{Enriched, Outgoing, Protocol, webhook::Webhook},
};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

static FORGED: Question = Question::new(Means::ForgedHit, ask_forged, hear_forged);

/// The key of a signature that cannot be right: nobody has this one.
const FORGERS: &str = "whsec_dGhpcyBpcyBub3QgdGhlIHNlY3JldC4uLi4=";

fn ask_forged(test: &Test<'_>, out: &mut Outgoing) {
    // OK because the key is one: a test sees that it is.
    if let Some(webhook) = Webhook::new(test.values().text("url"), &Secret::new(FORGERS), false) {
        webhook.encode(&[Enriched::new(test.hit)], test.now, out);
    }
}

fn hear(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let (status, says) = (answer.status(), answer.says());
    if matches!(status, 400 | 401 | 403) {
        return Finding::wrong(
            format!("the webhook refuses the signed test hit (status {status}){says}"),
            "see that the same `secret` is there, that the signature is made of the body as it comes (before any \
             parser), and that both clocks are right",
        )
        .into();
    }
    let finding = answer.verdict();
    if finding.is_wrong() { finding.into() } else { Heard::from(finding).then(&FORGED) }
}

fn hear_forged(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let status = answer.status();
    let finding = match status {
        400..=499 => Finding::right(format!("the webhook refuses a wrong signature (status {status})")),
        200..=299 => Finding::unproven(
            format!(
                "that the webhook looks at signatures: it took a test hit with a wrong one (status {status})"
            ),
            "verify `webhook-signature` there, or whoever knows the address can send hits",
        ),
        _ => Finding::unproven(
            format!("that the webhook refuses a wrong signature: it answers with status {status}"),
            "let it answer with 401 to what it does not believe",
        ),
    };
    finding.into()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_forgers_key_makes_a_signature() {
        assert!(Webhook::new("https://a.example/", &Secret::new(FORGERS), false).is_some());
    }
}
