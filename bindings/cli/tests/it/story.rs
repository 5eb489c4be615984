//! The README's story: serve the sample site, look at it, stop, ask what was counted.

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, exchange},
    place::Place,
    server::Server,
};

#[test]
fn serve_visit_stop_report() {
    let place = Place::new();
    let mut server = Server::start(&place, &[]);
    assert!(server.greeting.contains("policy = \"notice\""), "{}", server.greeting);
    assert!(server.greeting.contains("configuration: built in"), "{}", server.greeting);

    // A person: the notice once, one cookie, a visit of some pages.
    let mut person = Client::new(server.address);
    let first = person.get("/");
    assert_eq!(first.status(), 200);
    let notice = "<aside class=\"notice\" aria-label=\"Notice\"><p>localhost uses a cookie to count visits.</p></aside>";
    assert!(first.body().contains(notice), "{}", first.0);
    assert!(first.header("set-cookie").unwrap().starts_with("trackside="), "{}", first.0);
    assert!(first.headers("cache-control").contains(&"private"), "{}", first.0);
    assert_eq!(first.header("etag"), None);

    let articles = person.get("/articles/");
    assert!(!articles.body().contains("class=\"notice\""), "{}", articles.0);
    assert_eq!(articles.header("set-cookie"), None);
    let home = person.get("/");
    let again = person.send("GET", "/", &[("If-None-Match", home.header("etag").unwrap())]);
    assert_eq!((again.status(), again.body()), (304, ""));
    assert_eq!(person.get("/feed.xml").header("content-type"), Some("application/atom+xml"));
    assert_eq!(person.get("/admin/").status(), 200);
    assert_eq!(person.get("/nowhere/").status(), 404);
    assert_eq!(person.get("/style.css").status(), 200);
    assert_eq!(person.get("/articles").header("location"), Some("/articles/"));
    assert_eq!(person.send("HEAD", "/about/", &[]).body(), "");
    assert_eq!(person.send("POST", "/", &[("Content-Length", "0")]).status(), 405);
    // A program that keeps no cookies.
    let referrer = [("Referer", "https://news.example.com/today?x=1")];
    assert_eq!(Client::new(server.address).send("GET", "/about/", &referrer).status(), 200);

    for expected in [
        "GET / 200 tracked",
        "GET /articles/ 200 tracked",
        "GET / 200 tracked",
        "GET / 304 tracked",
        "GET /feed.xml 200 skipped(content-type)",
        "GET /admin/ 200 skipped(ignored)",
        "GET /nowhere/ 404 skipped(status)",
        "GET /style.css 200 skipped(content-type)",
        "GET /articles 308 skipped(status)",
        "HEAD /about/ 200 skipped(method)",
        "POST / 405 skipped(method)",
        "GET /about/ 200 tracked",
    ] {
        let line = server.line();
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!(rest, expected);
        let is_time = |(at, c): (usize, char)| match at {
            2 | 5 => c == ':',
            8 => c == 'Z',
            _ => c.is_ascii_digit(),
        };
        assert!(time.len() == 9 && time.char_indices().all(is_time), "{line}");
    }

    let (lines, error) = server.stop();
    assert_eq!(
        lines,
        [
            "",
            "requests: 12 seen = 5 tracked + 7 skipped (method 2, ignored 1, status 2, content-type 2)",
            "hits to sqlite: 5 offered = 5 delivered + 0 refused + 0 dropped + 0 pending",
            "left: nothing",
        ]
    );
    assert_eq!(error, "");

    let report = place.run(&["report", "--since", "1h", "--format", "json"]);
    assert_eq!(report.code, Some(0), "{}", report.err);
    assert_eq!(
        serde_json::from_str::<Value>(&report.out).unwrap(),
        json!({
            "views": 5,
            "events": 0,
            "without_visitor": 0,
            "visitors": 1,
            "single_hit_ids": 1,
            "sessions": 2,
            "pages": [
                {"path": "/", "views": 3},
                {"path": "/about/", "views": 1},
                {"path": "/articles/", "views": 1},
            ],
            "referrers": [{"referrer": "https://news.example.com/today", "views": 1}],
            "statuses": [{"status": 200, "views": 4}, {"status": 304, "views": 1}],
            "channels": [{"channel": "direct", "views": 4}, {"channel": "referral", "views": 1}],
            "countries": [],
            "bots": [],
        })
    );
    let table = place.run(&["report"]).out;
    assert_eq!(
        table,
        "\
views                    5
visitors                 1
single_hit_ids           1
sessions                 2

pages
         3  /
         1  /about/
         1  /articles/

referrers
         1  https://news.example.com/today

channels
         4  direct
         1  referral

statuses
         4  200
         1  304
"
    );
}

#[test]
fn the_configuration_decides() {
    let place = Place::new();
    place.write("my.toml", "mode = \"off\"\nvisitor.identity = \"none\"\n");
    let mut server = Server::start(&place, &["--config", "my.toml"]);
    assert!(server.greeting.contains("configuration: my.toml"), "{}", server.greeting);
    assert!(server.greeting.contains("mode = \"off\""), "{}", server.greeting);
    let page = Client::new(server.address).get("/");
    assert_eq!((page.status(), page.header("set-cookie")), (200, None));
    assert!(server.line().ends_with(" GET / 200 skipped(off)"));
    let (lines, _) = server.stop();
    assert_eq!(lines[1], "requests: 1 seen = 0 tracked + 1 skipped (off 1)");
    assert!(!place.path("trackside.db").exists());
}

#[test]
fn the_environment_goes_over_it() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::spawn(command.env("TRACKSIDE__CONSENT__POLICY", "none"));
    assert!(server.greeting.contains("variables of the environment go over it"), "{}", server.greeting);
    assert!(server.greeting.contains("hits go to: sqlite (trackside.db)\n"), "{}", server.greeting);
    let page = Client::new(server.address).get("/");
    assert!(page.header("set-cookie").is_some());
    assert!(!page.body().contains("class=\"notice\""));
    server.stop();
}

#[test]
fn visitors_are_asked_and_may_change_their_mind() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut server = Server::spawn(command.env("TRACKSIDE__CONSENT__POLICY", "opt-in"));
    let send = |method: &str, target: &str, cookie: &str, more: &str| {
        exchange(
            server.address,
            &format!(
                "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\
                 Content-Length: 0\r\nReferer: http://localhost/about/\r\nCookie: {cookie}\r\n{more}\r\n"
            ),
        )
    };
    let own = "Origin: http://localhost\r\n";
    let asks = |page: &Answer| page.body().contains("<section class=\"trackside-consent\" role=\"region\"");

    // Asked on each page, and no cookie.
    for target in ["/", "/about/"] {
        let page = send("GET", target, "", "");
        assert!(asks(&page), "{}", page.0);
        assert_eq!(page.header("set-cookie"), None);
    }
    // Another site cannot answer for the visitor.
    let forged = send("POST", "/consent/grant", "", "Origin: http://evil.example\r\n");
    assert_eq!((forged.status(), forged.header("set-cookie")), (403, None));
    let granted = send("POST", "/consent/grant", "", own);
    assert_eq!((granted.status(), granted.header("location")), (303, Some("/about/")));
    let consent = granted.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(consent, "trackside_consent=granted");
    // Not asked any more, and counted with a cookie.
    let page = send("GET", "/", &consent, "");
    assert!(!asks(&page));
    let visitor = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(visitor.starts_with("trackside="), "{visitor}");
    // Withdrawn: the cookie goes, and the next page makes no new one.
    let withdrawn = send("POST", "/consent/withdraw", &format!("{consent}; {visitor}"), own);
    let cookies = withdrawn.headers("set-cookie");
    assert!(cookies[0].starts_with("trackside=;") && cookies[0].contains("Max-Age=0"), "{cookies:?}");
    assert!(cookies[1].starts_with("trackside_consent=denied;"), "{cookies:?}");
    let page = send("GET", "/", "trackside_consent=denied", "");
    assert!(!asks(&page));
    assert_eq!(page.header("set-cookie"), None);

    for expected in [
        "GET / 200 tracked",
        "GET /about/ 200 tracked",
        "POST /consent/grant 403 skipped(cross-origin)",
        "POST /consent/grant 303 skipped(endpoint)",
        "GET / 200 tracked",
        "POST /consent/withdraw 303 skipped(endpoint)",
        "GET / 200 tracked",
    ] {
        let line = server.line();
        assert!(line.ends_with(expected), "{line}, not {expected}");
    }
    server.stop();
}
