//! Asking a receiver, question by question.

use std::time::Instant;

use trackside_core::{
    config::Destination,
    protocol::{
        Outgoing,
        check::{Answer, Finding, Test},
    },
};

use super::{Asked, Checked};
use crate::sinks::http::{Told, ask as send};

/// More than any receiver asks: one whose questions go round in a circle comes to an end.
const MOST: usize = 8;

pub(super) fn ask(test: &Test<'_>, destination: &Destination, until: Instant) -> Checked {
    let mut checked = Checked::default();
    let mut next = Some(test.first());
    while let Some(question) = next.take() {
        if checked.asked.len() == MOST || Instant::now() >= until {
            checked.findings.push(Finding::unproven(
                "what else was to be asked: the time is over",
                "give it more, by --timeout",
            ));
            break;
        }
        let mut request = Outgoing::new();
        question.ask(test, &mut request);
        match send(&request, &destination.http, until) {
            Ok(Told { status, headers, body }) => {
                let answer = Answer::new(test, &request, status, &headers, &body);
                let heard = question.hear(test, &answer);
                checked.findings.extend(heard.findings);
                next = heard.next;
            }
            Err(fault) => checked.findings.push(fault),
        }
        checked.asked.push(Asked { means: question.means(), request });
    }
    checked
}
