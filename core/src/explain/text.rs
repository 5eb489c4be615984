//! An explanation as text.

use std::fmt;

use serde_json::to_string;

use super::{Client, ExplainedHit, Explanation, Hop, Sending, Voice, escape, escape_json};
use crate::endpoint::Answer;

/// The explanation for a person to read. What a client has sent is made harmless for a terminal, and secrets
/// are `***`.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "verdict: {}", self.verdict)?;
        if let Some(answer) = &self.answer {
            write_answer(f, answer, &self.answered)?;
        }
        if let Some(page) = &self.page {
            if self.answer.is_some() {
                writeln!(f, "\nreported page: {}", page.asked)?;
            }
            writeln!(f, "\nrules:")?;
            for ruling in &page.rules {
                let answer = ruling.reason.map_or("yes".to_owned(), |reason| format!("no ({reason})"));
                writeln!(f, "  {:<13} {answer:<18} {}", ruling.rule, escape(ruling.view.as_bytes()))?;
            }
        }
        write_client(f, &self.client)?;
        if let Some(page) = &self.page {
            writeln!(f, "\nvisitor: {}", escape(page.visitor.as_bytes()))?;
            writeln!(f, "\nconsent: {}", escape(page.consent.as_bytes()))?;
            for Voice { source, view } in &page.voices {
                writeln!(f, "  {:<18} {}", escape(source.as_bytes()), escape(view.as_bytes()))?;
            }
            match &page.notice {
                Some(notice) => writeln!(f, "\nnotice: {}", escape(notice.text().as_bytes()))?,
                None => writeln!(f, "\nnotice: not due")?,
            }
        }
        if self.answer.is_none() {
            let mut headers = self.verdict.headers().peekable();
            let none = if headers.peek().is_none() { " none" } else { "" };
            writeln!(f, "\nheaders to append:{none}")?;
            for (name, value) in headers {
                writeln!(f, "  {name}: {}", escape(value.as_bytes()))?;
            }
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

fn write_answer(f: &mut fmt::Formatter<'_>, answer: &Answer, why: &str) -> fmt::Result {
    writeln!(f, "\nanswered by trackside: {}, {}", answer.status(), escape(why.as_bytes()))?;
    for (name, value) in answer.headers() {
        writeln!(f, "  {name}: {}", escape(value.as_bytes()))?;
    }
    let is_text = answer.headers().any(|(_, value)| value.starts_with("text/plain"));
    match answer.content() {
        [] => Ok(()),
        body if !is_text => writeln!(f, "\n  (a body of {} bytes)", body.len()),
        body => writeln!(f, "\n  {}", escape(body.trim_ascii_end())),
    }
}

fn write_client(f: &mut fmt::Formatter<'_>, client: &Client) -> fmt::Result {
    writeln!(f, "\nclient:")?;
    for Hop { source, entry, view, .. } in &client.hops {
        let entry = if entry.is_empty() { String::new() } else { format!("{}: ", escape(entry.as_bytes())) };
        writeln!(f, "  {source:<18} {entry}{view}")?;
    }
    if client.unread > 0 {
        writeln!(f, "  {:<18} {} more, which anybody may have written", "", client.unread)?;
    }
    let address = client.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    writeln!(f, "  {:<18} {address}", "address")?;
    let scheme = if client.is_secure { "https" } else { "http" };
    writeln!(f, "  {:<18} {scheme}, by {}", "scheme", client.scheme_source)?;
    let host = client.host.as_deref().unwrap_or("none that is valid");
    writeln!(f, "  {:<18} {host}, by {}", "host", client.host_source)
}

fn write_sending(f: &mut fmt::Formatter<'_>, sending: &Sending) -> fmt::Result {
    match sending {
        Sending::Refused(reason) => writeln!(f, "refuses the hit ({reason})"),
        Sending::Request(request) => {
            writeln!(f, "sends the request")?;
            writeln!(f, "  {} {}", request.method(), escape(request.shown_url().as_bytes()))?;
            for (name, value) in request.shown_headers() {
                writeln!(f, "  {name}: {value}")?;
            }
            if request.payload().is_empty() {
                Ok(())
            } else {
                writeln!(f, "\n  {}", escape(&request.shown_payload()))
            }
        }
        Sending::Write => writeln!(f, "writes the hit"),
        Sending::WriteChanged(hit) => {
            let record = to_string(hit).map_err(|_| fmt::Error)?;
            writeln!(f, "writes the hit, changed\n  {}", escape_json(&record))
        }
    }
}

#[cfg(test)]
#[path = "text_test.rs"]
mod test;
