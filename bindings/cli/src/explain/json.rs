use serde_json::{Value, json};
use trackside::explain::{Explanation, Sending};

use crate::escape::escape_json;

/// The explanation for a program to read, as `explain --help` describes it.
pub(super) fn render(explanation: &Explanation, notes: &[String]) -> serde_json::Result<String> {
    let rules = explanation.rules.iter().map(|ruling| {
        let reason = ruling.reason.map(|reason| reason.code());
        json!({"rule": ruling.rule, "ok": reason.is_none(), "reason": reason, "view": ruling.view})
    });
    let hits = explanation.hits.iter().map(|explained| {
        let destinations: Vec<_> =
            explained.destinations.iter().map(|(name, sending)| destination(name, sending)).collect();
        json!({"hit": explained.hit, "found": explained.found, "destinations": destinations})
    });
    let verdict = &explanation.verdict;
    let document = json!({
        "verdict": {"tracked": verdict.is_tracked(), "reason": verdict.reason().map(|reason| reason.code())},
        "rules": rules.collect::<Vec<_>>(),
        "visitor": explanation.visitor,
        "notice": explanation.notice.as_ref().map(|n| json!({"text": n.text(), "html": n.html()})),
        "headers": verdict.headers().collect::<Vec<_>>(),
        "notes": notes,
        "hits": hits.collect::<Vec<_>>(),
    });
    Ok(escape_json(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn destination(name: &str, sending: &Sending) -> Value {
    match sending {
        Sending::Refused(reason) => json!({"name": name, "refused": reason.code()}),
        Sending::Request(request) => json!({"name": name, "request": {
            "method": request.method(),
            "url": request.shown_url(),
            "headers": request.headers(),
            "body": bytes(request.payload()),
        }}),
        Sending::Write => json!({"name": name, "written": true}),
        other => json!({"name": name, "other": format!("{other:?}")}),
    }
}

fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({"hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()}),
    }
}
