use std::fmt::{self, Write};

use serde_json::to_string;
use trackside::explain::{ExplainedHit, Explanation, Sending};

use crate::escape::{escape, escape_json};

/// The explanation for a person to read.
pub(super) fn render(explanation: &Explanation, notes: &[String]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    write(&mut out, explanation, notes).ok();
    out
}

fn write(out: &mut String, explanation: &Explanation, notes: &[String]) -> fmt::Result {
    for note in notes {
        writeln!(out, "note: {}\n", escape(note.as_bytes()))?;
    }
    writeln!(out, "verdict: {}", explanation.verdict)?;

    writeln!(out, "\nrules:")?;
    for ruling in &explanation.rules {
        let answer = ruling.reason.map_or("yes".to_owned(), |reason| format!("no ({reason})"));
        writeln!(out, "  {:<13} {answer:<18} {}", ruling.rule, escape(ruling.view.as_bytes()))?;
    }

    writeln!(out, "\nvisitor: {}", escape(explanation.visitor.as_bytes()))?;
    match &explanation.notice {
        Some(notice) => writeln!(out, "notice: {}", escape(notice.text().as_bytes()))?,
        None => writeln!(out, "notice: not due")?,
    }

    let mut headers = explanation.verdict.headers().peekable();
    if headers.peek().is_some() {
        writeln!(out, "\nheaders to append:")?;
        for (name, value) in headers {
            writeln!(out, "  {name}: {}", escape(value.as_bytes()))?;
        }
    } else {
        writeln!(out, "\nheaders to append: none")?;
    }

    if explanation.hits.is_empty() {
        writeln!(out, "\nhits: none")?;
    }
    for ExplainedHit { hit, destinations, .. } in &explanation.hits {
        let record = to_string(hit).map_err(|_| fmt::Error)?;
        writeln!(out, "\nhit:\n  {}", escape_json(&record))?;
        for (name, sending) in destinations {
            write!(out, "\ndestination {}: ", escape(name.as_bytes()))?;
            write_sending(out, sending)?;
        }
    }
    Ok(())
}

fn write_sending(out: &mut String, sending: &Sending) -> fmt::Result {
    match sending {
        Sending::Refused(reason) => writeln!(out, "refuses the hit ({reason})"),
        Sending::Request(request) => {
            writeln!(out, "sends the request")?;
            writeln!(out, "  {} {}", request.method(), escape(request.shown_url().as_bytes()))?;
            for (name, value) in request.headers() {
                writeln!(out, "  {name}: {value}")?;
            }
            if request.payload().is_empty() {
                Ok(())
            } else {
                writeln!(out, "\n  {}", escape(request.payload()))
            }
        }
        Sending::Write => writeln!(out, "writes the hit"),
        other => writeln!(out, "{other:?}"),
    }
}

#[cfg(test)]
#[path = "text_test.rs"]
mod test;
