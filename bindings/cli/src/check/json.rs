use serde_json::{Value, json};
use trackside::{Config, check::Asked};

use super::{Told, body, mode};
use crate::escape::escape_json;

/// What was found, for a program to read, as `check --help` describes it.
pub(super) fn render(config: &Config, told: &[Told<'_>], is_dry_run: bool) -> serde_json::Result<String> {
    let destinations: Vec<_> = told.iter().map(|told| destination(told, is_dry_run)).collect();
    let warnings: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
    let document = json!({"mode": mode(config), "warnings": warnings, "destinations": destinations});
    Ok(escape_json(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn destination(told: &Told<'_>, is_dry_run: bool) -> Value {
    let asked: Vec<_> = told.checked.asked.iter().map(|asked| request(asked, is_dry_run)).collect();
    let findings = told.checked.findings.iter().map(
        |finding| json!({"grade": finding.grade().as_str(), "what": finding.what(), "to_do": finding.to_do()}),
    );
    json!({
        "name": told.destination.name,
        "type": told.destination.receiver.kind(),
        "grade": told.grade().map(|grade| grade.as_str()),
        "asked": asked,
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn request(asked: &Asked, is_dry_run: bool) -> Value {
    let request = &asked.request;
    let mut row =
        json!({"means": asked.means.code(), "method": request.method(), "url": request.shown_url()});
    if is_dry_run {
        row["headers"] = request.shown_headers().map(|(name, value)| json!([name, value])).collect();
        row["body"] = body(asked).into();
    }
    row
}
