//! An explanation as text.

use std::fmt;

use serde_json::to_string;

use super::{ExplainedHit, Explanation, Sending, escape, escape_json};

/// The explanation for a person to read. What a client has sent is made harmless for a terminal, and secrets
/// are `***`.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "verdict: {}", self.verdict)?;

        writeln!(f, "\nrules:")?;
        for ruling in &self.rules {
            let answer = ruling.reason.map_or("yes".to_owned(), |reason| format!("no ({reason})"));
            writeln!(f, "  {:<13} {answer:<18} {}", ruling.rule, escape(ruling.view.as_bytes()))?;
        }

        writeln!(f, "\nvisitor: {}", escape(self.visitor.as_bytes()))?;
        writeln!(f, "consent: {}", escape(self.consent.as_bytes()))?;
        match &self.notice {
            Some(notice) => writeln!(f, "notice: {}", escape(notice.text().as_bytes()))?,
            None => writeln!(f, "notice: not due")?,
        }

        let mut headers = self.verdict.headers().peekable();
        if headers.peek().is_some() {
            writeln!(f, "\nheaders to append:")?;
            for (name, value) in headers {
                writeln!(f, "  {name}: {}", escape(value.as_bytes()))?;
            }
        } else {
            writeln!(f, "\nheaders to append: none")?;
        }

        if self.hits.is_empty() {
            writeln!(f, "\nhits: none")?;
        }
        for ExplainedHit { hit, found, destinations, .. } in &self.hits {
            let record = to_string(hit).map_err(|_| fmt::Error)?;
            writeln!(f, "\nhit:\n  {}", escape_json(&record))?;
            let found = to_string(found).map_err(|_| fmt::Error)?;
            writeln!(f, "\nfound by the worker:\n  {}", escape_json(&found))?;
            for (name, sending) in destinations {
                write!(f, "\ndestination {}: ", escape(name.as_bytes()))?;
                write_sending(f, sending)?;
            }
        }
        Ok(())
    }
}

fn write_sending(f: &mut fmt::Formatter<'_>, sending: &Sending) -> fmt::Result {
    match sending {
        Sending::Refused(reason) => writeln!(f, "refuses the hit ({reason})"),
        Sending::Request(request) => {
            writeln!(f, "sends the request")?;
            writeln!(f, "  {} {}", request.method(), escape(request.shown_url().as_bytes()))?;
            for (name, value) in request.headers() {
                writeln!(f, "  {name}: {value}")?;
            }
            if request.payload().is_empty() {
                Ok(())
            } else {
                writeln!(f, "\n  {}", escape(request.payload()))
            }
        }
        Sending::Write => writeln!(f, "writes the hit"),
    }
}

#[cfg(test)]
#[path = "text_test.rs"]
mod test;
