//! The beacon of the server in C.

use trackside_tests::folder::Folder;

use super::program::Program;
use crate::kit::{rows, sqlite};

#[test]
fn pages_with_the_beacon_are_counted_by_its_reports() {
    let folder = Folder::new().unwrap();
    let store = folder.join("hits.db");
    let toml = format!("consent.policy = 'none'\nbeacon.path = '/t/'\n{}", sqlite(&store));
    let server = Program::start(&folder, &toml, 0);
    let browser = server.browser();

    let page = browser.get("/railway");
    assert!(page.is_untouched() && page.text().contains("<script defer src=\"/t/s.js\">"), "{}", page.text());
    let script = browser.get("/t/s.js");
    assert_eq!((script.status(), script.text().as_str()), (200, trackside::endpoint::beacon::SCRIPT));
    let own = [("sec-fetch-site", "same-origin")];
    let answer = browser.send("POST", "/t/?p=/railway&t=Along+the+old+railway", &own);
    assert_eq!((answer.status(), answer.header("cache-control")), (204, Some("private, no-store")));
    assert!(browser.cookie("trackside").is_some());
    assert_eq!(browser.send("GET", "/t/?p=/thanks", &own).header("content-type"), Some("image/gif"));
    let foreign = browser.send("POST", "/t/?p=/", &[("sec-fetch-site", "cross-site")]);
    assert_eq!(foreign.status(), 403);

    assert_eq!(server.asked(), 5);
    drop(browser);
    server.terminate();
    let requests = server.books().sum("requests");
    for (word, n) in [("tracked", 2), ("beacon", 1), ("endpoint", 1), ("cross-origin", 1)] {
        assert_eq!(requests[word], n, "{word}");
    }
    let rows = rows(&store);
    let seen: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.title.as_deref())).collect();
    assert_eq!(seen, [("/railway", Some("Along the old railway")), ("/thanks", None)]);
    assert!(rows[0].visitor.is_some() && rows[0].visitor == rows[1].visitor);
}
