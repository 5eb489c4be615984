//! What of a hit is shown unless all is asked for: when, where and how a page was called, and what kind of thing
//! happened. Paths, that of the referrer and names of events are shown as they were recorded.

use serde_json::{Map, Value};

/// What stands for what is not shown.
pub(super) const HIDDEN: &str = "hidden";

/// What is shown as it is. A field that is new some day is hidden until somebody has thought of it. The title and an
/// event's label and value are the host's or a form's free words: a search's `label` is its term.
const SHOWN: [&str; 17] = [
    "ads",
    "agent",
    "at",
    "category",
    "confined",
    "cookieless",
    "id",
    "kind",
    "language",
    "method",
    "name",
    "new",
    "path",
    "route",
    "secure",
    "site",
    "status",
];

/// Leaves these fields, the names in `query`, in the referrer's query and in `properties`, and of `place`
/// the country; hides all else.
pub(super) fn redact(hit: &mut Map<String, Value>) {
    for (name, value) in hit.iter_mut() {
        match name.as_str() {
            name if SHOWN.contains(&name) => {}
            "query" => *value = value.as_str().map_or(HIDDEN.into(), |query| pairs(query).into()),
            "referrer" => *value = value.as_str().map_or(HIDDEN.into(), |url| address(url).into()),
            "properties" => hide(value, &[]),
            "place" => hide(value, &["country"]),
            _ => *value = HIDDEN.into(),
        }
    }
}

/// Hides all values of an object but those of the names in `but`.
fn hide(object: &mut Value, but: &[&str]) {
    let Some(fields) = object.as_object_mut() else {
        *object = HIDDEN.into();
        return;
    };
    for (name, value) in fields {
        if !but.contains(&name.as_str()) {
            *value = HIDDEN.into();
        }
    }
}

/// The names of a query's pairs. What has no name is hidden as a whole.
fn pairs(query: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, "")) => format!("{name}="),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None if pair.is_empty() => String::new(),
        None => HIDDEN.to_owned(),
    };
    query.split('&').map(pair).collect::<Vec<_>>().join("&")
}

fn address(url: &str) -> String {
    match url.split_once('?') {
        Some((url, query)) => format!("{url}?{}", pairs(query)),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod test {
    use serde_json::{Map, Value, json};

    use super::redact;

    fn redacted(hit: Value) -> Value {
        let Value::Object(mut hit) = hit else { panic!("{hit}") };
        redact(&mut hit);
        Map::into(hit)
    }

    #[test]
    fn who_it_was_is_not_told_and_what_it_was_is() {
        let hit = json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "kind": "search", "at": 1, "site": "www.example.com",
            "path": "/find", "query": "q=anna&page=2&x=&bare&", "status": 200, "agent": "Mozilla/5.0",
            "referrer": "https://a.example/b?token=1&c", "ip": "203.0.113.0", "visitor": "v", "new": false,
            "first_visit": 2, "session": 3, "user_id": "u-42", "name": "search", "category": "site",
            "label": "anna", "value": 5, "properties": {"plan": "pro", "age": 7},
            "place": {"country": "SE", "region": "AB", "city": "Stockholm"},
        });
        let expected = json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "kind": "search", "at": 1, "site": "www.example.com",
            "path": "/find", "query": "q=hidden&page=hidden&x=&hidden&", "status": 200, "agent": "Mozilla/5.0",
            "referrer": "https://a.example/b?token=hidden&hidden", "ip": "hidden", "visitor": "hidden",
            "new": false, "first_visit": "hidden", "session": "hidden", "user_id": "hidden", "name": "search",
            "category": "site", "label": "hidden", "value": "hidden",
            "properties": {"plan": "hidden", "age": "hidden"},
            "place": {"country": "SE", "region": "hidden", "city": "hidden"},
        });
        assert_eq!(redacted(hit), expected);
    }

    #[test]
    fn what_nobody_has_thought_of_is_hidden() {
        let hit = json!({"title": "Dear Anna", "later": {"mail": "anna@a.example"}, "place": "at home", "kind": "page"});
        let expected = json!({"title": "hidden", "later": "hidden", "place": "hidden", "kind": "page"});
        assert_eq!(redacted(hit), expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_hidden_as_a_whole() {
        let hit = json!({"path": {"hex": "2fff"}, "query": {"hex": "ff"}, "referrer": {"hex": "fe"}});
        let expected = json!({"path": {"hex": "2fff"}, "query": "hidden", "referrer": "hidden"});
        assert_eq!(redacted(hit), expected);
    }
}
