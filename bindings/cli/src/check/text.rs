use std::fmt::Write;

use trackside::{Config, config::Mode};

use super::{Told, body, mode};
use crate::escape::escape;

/// What was found, for a person to read.
pub(super) fn render(config: &Config, told: &[Told<'_>], is_dry_run: bool) -> String {
    let mut out = String::new();
    if config.mode() != Mode::On {
        let mode = mode(config);
        // Writing to a text cannot fail, here and below.
        writeln!(
            out,
            "note: with mode = \"{mode}\" no hit is sent; what follows is what would be of \"on\"\n"
        )
        .ok();
    }
    for (n, told) in told.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        if is_dry_run { rehearsal(&mut out, told) } else { destination(&mut out, told) }
    }
    out
}

fn head(out: &mut String, told: &Told<'_>, says: &str) {
    let (name, kind) = (&told.destination.name, told.destination.receiver.kind());
    let of = if name == kind { String::new() } else { format!(" ({kind})") };
    writeln!(out, "destination {name}{of}: {says}").ok();
}

fn destination(out: &mut String, told: &Told<'_>) {
    head(out, told, told.grade().map_or("", |grade| grade.as_str()));
    for asked in &told.checked.asked {
        let (method, url) = (asked.request.method(), asked.request.shown_url());
        writeln!(out, "  asked: {method} {} ({})", escape(url.as_bytes()), asked.means.as_str()).ok();
    }
    findings(out, told);
}

fn findings(out: &mut String, told: &Told<'_>) {
    for finding in &told.checked.findings {
        writeln!(out, "  {}: {}", finding.grade().as_str(), escape(finding.what().as_bytes())).ok();
        if !finding.to_do().is_empty() {
            writeln!(out, "    to do: {}", escape(finding.to_do().as_bytes())).ok();
        }
    }
}

fn rehearsal(out: &mut String, told: &Told<'_>) {
    let Some(asked) = told.checked.asked.first() else {
        head(out, told, "would be sent nothing");
        return findings(out, told);
    };
    head(out, told, &format!("would be sent this ({})", asked.means.as_str()));
    let request = &asked.request;
    writeln!(out, "  {} {}", request.method(), escape(request.shown_url().as_bytes())).ok();
    for (name, value) in request.shown_headers() {
        writeln!(out, "  {name}: {}", escape(value.as_bytes())).ok();
    }
    let body = body(asked);
    if !body.is_empty() {
        writeln!(out, "\n  {}", escape(body.as_bytes())).ok();
    }
}
