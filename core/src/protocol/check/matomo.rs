//! `matomo` counts what it refused and does not say why. Where that was the test hit, it is sent again as a form without
//! the token, and so without what asks for one: what refuses that as well is the site.

use super::{Answer, Finding, Heard, Means, Question, Test};
use crate::protocol::{Outcome, Outgoing, matomo};

pub(in crate::protocol) static FIRST: Question = Question::hit(hear);

/// Asked where a hit with a token was refused.
static WITHOUT_TOKEN: Question = Question::new(Means::TestHit, ask_without_token, hear_without_token);

const EXAMPLE: &str = "https://stats.example.com/matomo.php";

fn ask_without_token(test: &Test<'_>, out: &mut Outgoing) {
    matomo::write_bare(test.values(), test.hit, test.now, out);
}

fn hear(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let has_token = test.values().secret("token").is_some();
    match (answer.status(), answer.outcome()) {
        (_, Outcome::Delivered) => taken(test, has_token),
        (_, Outcome::Partial(_)) | (400, _) if has_token => Heard::default().then(&WITHOUT_TOKEN),
        (_, Outcome::Partial(_)) | (400, _) => wrong_site(test, answer).into(),
        (200..=299, _) if memchr::memmem::find(answer.body(), b"\"success\"").is_some() => {
            answer.verdict().into()
        }
        (200..=299, _) => answer.foreign(EXAMPLE).into(),
        (500, _) => Finding::wrong(
            format!("Matomo fails by itself (status 500){}", answer.says()),
            "look into its log, and whether its database can be written",
        )
        .into(),
        (503, _) => Finding::wrong(
            format!("Matomo takes nothing (status 503){}", answer.says()),
            "see whether it is in maintenance, and whether `record_statistics` of its configuration is 1",
        )
        .into(),
        _ => answer.verdict().into(),
    }
}

fn hear_without_token(test: &Test<'_>, answer: &Answer<'_>) -> Heard {
    match answer.status() {
        200 | 204 => Finding::wrong(
            "Matomo refuses the test hit with the token, and takes it without: `token` is wrong, or may not write to the \
             site",
            "make one under Administration, Personal, Security, Auth tokens, as a user with write access to the site",
        )
        .into(),
        400 => wrong_site(test, answer).into(),
        _ => answer.verdict().into(),
    }
}

fn wrong_site(test: &Test<'_>, answer: &Answer<'_>) -> Finding {
    let site = test.values().number("site_id").unwrap_or_default();
    let says = if answer.status() == 400 { answer.says() } else { String::new() };
    Finding::wrong(
        format!("Matomo refuses the test hit for site {site}{says}"),
        "compare `site_id` with the numbers under Administration, Websites, Manage",
    )
}

fn taken(test: &Test<'_>, has_token: bool) -> Heard {
    let site = test.values().number("site_id").unwrap_or_default();
    let mut findings = vec![Finding::right(format!("Matomo took the test hit for site {site}"))];
    // Without a token, it is not told the address either.
    if has_token && test.hit.ip().is_some() {
        findings.push(Finding::right("Matomo took the token: it believes the visitor's address"));
    } else if has_token {
        findings.push(Finding::unproven(
            "that `token` is right: nothing of the test hit asks for one, as the destination is told no address",
            "compare it with Administration, Personal, Security, Auth tokens",
        ));
    }
    findings.push(Finding::unproven(
        "that it counts: Matomo does not tell of what it takes for a bot's or for another site's address, and with the \
         plugin QueuedTracking answers before it looks",
        "look into Visitors, Visits log, for the page `trackside check`",
    ));
    Heard::new(findings)
}
