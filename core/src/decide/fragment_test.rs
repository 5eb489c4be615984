use super::{
    super::{Facts, scenario::Scenario},
    Asked, RULE, names_layer,
};
use crate::{Config, Reason, Request};

const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

fn asked(headers: &[(&str, &str)]) -> Asked {
    let config = Config::builder().toml("consent.policy = 'none'").build().unwrap();
    Facts::new(&config, &Request::new("GET", "/", &headers)).asked
}

#[test]
fn browsers_say_what_they_show_as_a_page() {
    assert_eq!(asked(&[("Sec-Fetch-Dest", " document ")]), Asked::Page("sec-fetch-dest"));
    for other in ["iframe", "frame", "embed", "object", "image", "script", "video", "", "Document", "x"] {
        let headers = [("SEC-FETCH-DEST", other), BROWSER, ("X-Inertia", "true")];
        assert_eq!(asked(&headers), Asked::Fragment("sec-fetch-dest"), "{other}");
    }
    // The first counts.
    let two = [("sec-fetch-dest", "document"), ("sec-fetch-dest", "image")];
    assert_eq!(asked(&two), Asked::Page("sec-fetch-dest"));
    // A name of that length that has its letter.
    assert_eq!(asked(&[("x-padding-door", "image")]), asked(&[]));
}

#[test]
fn what_scripts_fetch_for_themselves_is_no_page() {
    let empty = ("sec-fetch-dest", "empty");
    for mode in ["cors", "no-cors", "same-origin", "websocket"] {
        let headers = [empty, ("sec-fetch-mode", mode), BROWSER];
        assert_eq!(asked(&headers), Asked::Fragment("sec-fetch-dest"), "{mode}");
    }
    assert_eq!(asked(&[empty]), Asked::Fragment("sec-fetch-dest"));
    let download = [empty, ("sec-fetch-mode", "navigate")];
    assert_eq!(asked(&download), Asked::Page("sec-fetch-dest"));
}

#[test]
fn libraries_say_what_they_fetch() {
    for (headers, expected) in [
        (&[("Turbo-Frame", "cart")][..], Asked::Fragment("turbo-frame")),
        (&[("RSC", "1")], Asked::Fragment("rsc")),
        (&[("X-Livewire", "")], Asked::Fragment("x-livewire")),
        (&[("X-Livewire-Navigate", "")], Asked::Visit("x-livewire-navigate")),
        (&[("X-Inertia", "true")], Asked::Visit("x-inertia")),
        (
            &[("X-Inertia", "true"), ("X-Inertia-Partial-Component", "Cart")],
            Asked::Fragment("x-inertia-partial-component"),
        ),
        (&[("HX-Request", "true")], Asked::Fragment("hx-request")),
        (&[("HX-Request", "true"), ("HX-Boosted", "true")], Asked::Visit("hx-boosted")),
        (
            &[("HX-Request", "true"), ("HX-History-Restore-Request", "true")],
            Asked::Visit("hx-history-restore-request"),
        ),
        (&[("X-Up-Target", "main")], Asked::Visit("x-up-target")),
        (&[("X-Up-Target", "#cart")], Asked::Fragment("x-up-target")),
        (&[("X-PJAX", "true")], Asked::Visit("x-pjax")),
    ] {
        assert_eq!(asked(headers), expected);
        // As browsers mark a script's request, and as jQuery does.
        let marked: Vec<_> = [("sec-fetch-dest", "empty"), ("X-Requested-With", "XMLHttpRequest")]
            .into_iter()
            .chain(headers.iter().copied())
            .collect();
        assert_eq!(asked(&marked), expected);
    }
}

#[test]
fn turbo_drive_is_known_by_its_accept() {
    let turbo = ("accept", "text/html, application/xhtml+xml");
    let empty = ("sec-fetch-dest", "empty");
    assert_eq!(asked(&[turbo, empty]), Asked::Visit("accept"));
    assert_eq!(asked(&[turbo, empty, ("x-requested-with", "swup")]), Asked::Visit("accept"));
    assert_eq!(asked(&[turbo, empty, ("turbo-frame", "a")]), Asked::Fragment("turbo-frame"));
    let streams = ("accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml");
    assert_eq!(asked(&[streams, empty]), Asked::Fragment("sec-fetch-dest"));
    assert_eq!(asked(&[turbo, turbo, empty]), Asked::Fragment("sec-fetch-dest"));
}

#[test]
fn without_sec_fetch_dest_accept_must_allow_html() {
    for accept in ["text/html", "*/*", "text/*", "Application/XHTML+xml", "image/png, */*;q=0.1"] {
        assert_eq!(asked(&[("accept", accept)]), Asked::Page(""), "{accept}");
    }
    for accept in ["application/json", "image/avif,image/webp,image/*", "", "*/*;q=0", "text/css"] {
        assert_eq!(asked(&[("accept", accept)]), Asked::Fragment("accept"), "{accept}");
    }
    assert_eq!(asked(&[]), Asked::Page(""));
    assert_eq!(asked(&[("accept", "image/png"), ("accept", "text/html")]), Asked::Page(""));
}

#[test]
fn an_xml_http_request_is_told_from_an_app() {
    assert_eq!(
        asked(&[BROWSER, ("x-requested-with", "xmlhttprequest")]),
        Asked::Fragment("x-requested-with")
    );
    assert_eq!(asked(&[BROWSER, ("x-requested-with", "com.example.app")]), Asked::Page(""));
}

#[test]
fn unpoly_names_what_it_replaces() {
    for whole in ["body", "html", "main", ":main", ":layer", "[up-main]", "[up-main='root']", ".a , :main"] {
        assert!(names_layer(whole.as_bytes()), "{whole}");
    }
    for part in ["", ":none", "#main", ".body", "bodyx", "fieldset:has(#f)", "main .a"] {
        assert!(!names_layer(part.as_bytes()), "{part}");
    }
}

#[test]
fn parts_count_if_so_configured() {
    let headers = &[("host", "www.example.com"), ("hx-request", "true")][..];
    let ask = |config| Scenario { config, headers, ..Scenario::default() }.ask(&RULE);
    let (said, view) = ask("");
    assert_eq!(said, Err(Reason::Fragment));
    assert_eq!(view, "a part of a page (hx-request: `true`); counted: pages");
    let (said, view) = ask("track.fragments = true");
    assert_eq!(said, Ok(()));
    assert_eq!(view, "a part of a page (hx-request: `true`); counted: pages and parts");
    assert_eq!(ask("track.count = 'api'").0, Ok(()));
    assert_eq!(ask("track = { count = 'api', fragments = false }").0, Err(Reason::Fragment));
    let (said, view) = Scenario::default().ask(&RULE);
    assert_eq!(said, Ok(()));
    assert_eq!(view, "a page (as no header says otherwise); counted: pages");
}
