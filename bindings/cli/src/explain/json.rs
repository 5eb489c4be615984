use serde_json::{Map, Value, json};
use trackside::{
    endpoint::Answer,
    explain::{Client, Explanation, Page, Sending},
};

use crate::escape::escape_json;

/// The explanation for a program to read, as `explain --help` describes it.
pub(super) fn render(explanation: &Explanation, notes: &[String]) -> serde_json::Result<String> {
    let hits = explanation.hits.iter().map(|explained| {
        let destinations: Vec<_> =
            explained.destinations.iter().map(|(name, sending)| destination(name, sending)).collect();
        json!({"hit": explained.hit, "found": explained.found, "destinations": destinations})
    });
    let verdict = &explanation.verdict;
    let mut document = json!({
        "verdict": {"tracked": verdict.is_tracked(), "reason": verdict.reason().map(|reason| reason.code())},
        "answer": explanation.answer.as_ref().map(|given| answer(given, &explanation.answered)),
        "client": client(&explanation.client),
        "headers": verdict.headers().collect::<Vec<_>>(),
        "notes": notes,
        "hits": hits.collect::<Vec<_>>(),
    });
    if let (Some(document), Some(explained)) = (document.as_object_mut(), &explanation.page) {
        document.extend(page(explained));
    }
    Ok(escape_json(&serde_json::to_string_pretty(&document)?) + "\n")
}

fn page(page: &Page) -> Map<String, Value> {
    let rules = page.rules.iter().map(|ruling| {
        let reason = ruling.reason.map(|reason| reason.code());
        json!({"rule": ruling.rule, "ok": reason.is_none(), "reason": reason, "view": ruling.view})
    });
    let voices = page.voices.iter().map(|voice| json!({"source": voice.source, "view": voice.view}));
    [
        ("asked", page.asked.as_str().into()),
        ("rules", rules.collect()),
        ("visitor", page.visitor.as_str().into()),
        ("consent", json!({"outcome": page.consent, "voices": voices.collect::<Vec<_>>()})),
        ("notice", page.notice.as_ref().map(|n| json!({"text": n.text(), "html": n.html()})).into()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .collect()
}

fn client(client: &Client) -> Value {
    let hops = client.hops.iter().map(
        |hop| json!({"source": hop.source, "entry": hop.entry, "trusted": hop.is_trusted, "view": hop.view}),
    );
    json!({
        "hops": hops.collect::<Vec<_>>(),
        "unread": client.unread,
        "address": client.address,
        "secure": client.is_secure,
        "secure_by": client.scheme_source,
        "host": client.host,
        "host_by": client.host_source,
    })
}

fn answer(answer: &Answer, why: &str) -> Value {
    json!({
        "why": why,
        "status": answer.status(),
        "headers": answer.headers().collect::<Vec<_>>(),
        "body": bytes(answer.content()),
    })
}

fn destination(name: &str, sending: &Sending) -> Value {
    match sending {
        Sending::Refused(reason) => json!({"name": name, "refused": reason.code()}),
        Sending::Request(request) => json!({"name": name, "request": {
            "method": request.method(),
            "url": request.shown_url(),
            "headers": request.shown_headers().collect::<Vec<_>>(),
            "body": bytes(&request.shown_payload()),
        }}),
        Sending::Write => json!({"name": name, "written": true}),
        Sending::WriteChanged(hit) => json!({"name": name, "written": hit}),
        other => json!({"name": name, "other": format!("{other:?}")}),
    }
}

fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({"hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()}),
    }
}
