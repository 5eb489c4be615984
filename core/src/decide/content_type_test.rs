use super::{super::scenario::Scenario, RULE, accepts, wants_html};
use crate::{Config, Reason, Request, decide::Facts};

/// What the rule makes of a response whose headers these are.
fn answered(headers: &[(&str, &str)]) -> (Result<(), Reason>, String) {
    Scenario { response: Some((200, headers)), ..Scenario::default() }.ask(&RULE)
}

#[test]
fn the_media_type_must_be_listed() {
    for (content_type, said) in [
        ("text/html", Ok(())),
        ("Text/HTML ; charset=utf-8", Ok(())),
        ("application/xhtml+xml", Ok(())),
        ("text/plain", Err(Reason::ContentType)),
        ("text/html+x", Err(Reason::ContentType)),
        ("x;text/html", Err(Reason::ContentType)),
    ] {
        assert_eq!(answered(&[("content-type", content_type)]).0, said, "{content_type}");
    }
    let (said, view) = answered(&[("content-type", "Image/PNG;x=1")]);
    assert_eq!(said, Err(Reason::ContentType));
    assert_eq!(view, "`Image/PNG`; counted: text/html, application/xhtml+xml");
}

#[test]
fn a_response_without_a_type_is_judged_by_the_request() {
    let ask = |headers: &[(&str, &str)], given: &[(&str, &str)]| {
        Scenario { headers, response: Some((304, given)), ..Scenario::default() }.ask(&RULE)
    };
    for (headers, said, seen) in [
        (&[("accept", "text/html")][..], Ok(()), "Sec-Fetch-Dest (none), else Accept (`text/html`)"),
        (&[("accept", "*/*")], Err(Reason::ContentType), "Sec-Fetch-Dest (none), else Accept (`*/*`)"),
        (&[], Err(Reason::ContentType), "Sec-Fetch-Dest (none), else Accept (none)"),
        (&[("sec-fetch-dest", "document")], Ok(()), "Sec-Fetch-Dest (`document`), else Accept (none)"),
        (
            &[("sec-fetch-dest", "image"), ("accept", "text/html")],
            Err(Reason::ContentType),
            "Sec-Fetch-Dest (`image`), else Accept (`text/html`)",
        ),
    ] {
        // An empty type counts as none.
        for given in [&[][..], &[("content-type", "")], &[("content-type", " ; charset=utf-8")]] {
            let (answer, view) = ask(headers, given);
            assert_eq!(answer, said, "{headers:?}");
            assert!(view.contains(seen), "{view}");
        }
    }
}

#[test]
fn an_api_may_answer_with_any_type() {
    let ask = |headers| {
        Scenario { config: "track.count = 'api'", response: Some((200, headers)), ..Scenario::default() }
            .ask(&RULE)
    };
    let typed = ask(&[("content-type", "application/json")]);
    assert_eq!(typed, (Ok(()), "`application/json`; counted: any".to_owned()));
    assert_eq!(ask(&[]).0, Ok(()));
}

#[test]
fn while_there_is_no_response_nothing_is_held_against_it() {
    assert_eq!(Scenario { headers: &[], ..Scenario::default() }.ask(&RULE).0, Ok(()));
}

fn names_html(accept: &str) -> Option<bool> {
    let headers = [("accept", accept)];
    accepts(&Request::new("GET", "/", &headers), |media| media == b"text/html")
}

#[test]
fn accept_names_a_type() {
    assert_eq!(names_html("text/html,application/xml;q=0.9,*/*;q=0.8"), Some(true));
    assert_eq!(names_html("image/png, text/html;level=1;q=0.1"), Some(true));
    assert_eq!(names_html("*/*"), Some(false));
    assert_eq!(names_html("text/*"), Some(false));
    assert_eq!(names_html("text/html;q=0"), Some(false));
    assert_eq!(names_html("text/html;q=0.000, */*"), Some(false));
    assert_eq!(names_html(""), Some(false));
    // A weight is a number from 0 to 1 with up to three decimals.
    assert_eq!(names_html("text/html; Q = 0."), Some(false));
    assert_eq!(names_html("text/html;q=0.001"), Some(true));
    assert_eq!(names_html("text/html;q=1.0"), Some(true));
    assert_eq!(names_html("text/html;level=0"), Some(true));
}

#[test]
fn a_notice_can_be_shown_where_html_may_come() {
    let config = Config::builder().toml("consent.policy = 'notice'").build().unwrap();
    let wants_all = |headers: &[(&str, &str)]| {
        let request = Request::new("GET", "/", &headers);
        wants_html(&Facts::new(&config, &request))
    };
    let wants = |name: &str, value: &str| wants_all(&[(name, value)]);
    assert!(wants("host", "a"));
    assert!(wants("accept", "*/*"));
    assert!(wants("accept", "application/xhtml+xml"));
    assert!(wants("sec-fetch-dest", "document"));
    assert!(!wants("sec-fetch-dest", "iframe"));
    assert!(!wants("accept", "application/json"));
    assert!(!wants("accept", "*/*;q=0"));
    assert!(wants_all(&[("accept", "text/html"), ("accept", "image/png")]));
    // What Turbo sends, and what another script does.
    let turbo = ("accept", "text/html, application/xhtml+xml");
    assert!(wants_all(&[("sec-fetch-dest", "empty"), turbo]));
    assert!(wants_all(&[("sec-fetch-dest", "empty"), ("accept", "*/*"), ("hx-boosted", "true")]));
    assert!(!wants_all(&[("sec-fetch-dest", "empty"), ("accept", "application/json"), ("x-pjax", "true")]));
    assert!(!wants_all(&[("sec-fetch-dest", "empty"), ("accept", "text/html")]));
}

#[test]
fn a_visit_by_script_may_be_answered_with_any_type() {
    let headers = &[("host", "www.example.com"), ("x-inertia", "true")][..];
    let response = Some((200, &[("content-type", "application/json")][..]));
    let (said, view) = Scenario { headers, response, ..Scenario::default() }.ask(&RULE);
    assert_eq!((said, view.as_str()), (Ok(()), "any, as a script asked for the page"));
}
