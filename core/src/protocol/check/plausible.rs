//! `plausible` answers 202 to everything that it understands, and says in a header what it threw away. By `X-Debug-Request`
//! it is asked which address it takes for the visitor's: a proxy before it may put in its own.

use std::{net::IpAddr, str};

use http::HeaderName;
use serde_json::Value as Json;

use super::{Answer, Finding, Heard, Means, Question, Test};
use crate::protocol::{Outcome, Outgoing, plausible::domain_of};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

/// Asked where a hit was taken.
static ADDRESS: Question = Question::new(Means::Address, ask_address, hear_address);

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let domain = domain_of(test.values(), test.hit).to_owned();
    let finding = match (answer.status(), answer.outcome()) {
        (200..=299, outcome) if answer.is_page() || outcome == Outcome::Delivered && !is_own(answer) => {
            answer.foreign("https://plausible.io/api/event")
        }
        (_, Outcome::Delivered) => {
            let taken = Finding::right(format!("Plausible took the test hit for `{domain}`"));
            return Heard::from(taken).then(&ADDRESS);
        }
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

fn ask_address(test: &Test<'_>, out: &mut Outgoing) {
    test.encode(out);
    out.header("x-debug-request", "true");
}

fn hear_address(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let told = test.hit().ip();
    let finding = match address(answer) {
        Some(seen) if Some(seen) == told => {
            Finding::right(format!("Plausible takes {seen} for the visitor's address, as it was told"))
        }
        Some(seen) => Finding::wrong(
            format!(
                "Plausible takes {seen} for the visitor's address: all with the same browser are one visitor"
            ),
            "let the proxy before it leave X-Forwarded-For as it is, and set none of X-Plausible-IP, CF-Connecting-IP and \
             B-Forwarded-For",
        ),
        None => Finding::unproven(
            format!(
                "which address Plausible takes for the visitor's: asked, it answers {} alone",
                answer.status()
            ),
            "see whether its reports have visitors of more than one country",
        ),
    };
    finding.into()
}

/// The first that the answer has.
fn address(answer: &Answer<'_>) -> Option<IpAddr> {
    let text = str::from_utf8(answer.body()).ok().filter(|_| answer.is_success() && !answer.is_page())?;
    text.split(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | ':')).find_map(|word| word.parse().ok())
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
