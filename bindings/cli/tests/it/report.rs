//! `trackside report` on what a client made of paths.

use serde_json::{Value, json};

use crate::{client::exchange, place::Place, server::Server};

#[test]
fn paths_are_shown_decoded_and_harmless() {
    let place = Place::new();
    place.write("site/grüße.html", "<h1>Grüße</h1>");
    // Everything is counted here, found or not.
    place.write("my.toml", "visitor.identity = \"none\"\ntrack.status = [\"200\", \"404\"]\ntrack.content_types = [\"text/html\", \"text/plain\"]\n");
    let mut server = Server::start(&place, &["site", "--config", "my.toml"]);
    for (target, line) in [
        ("/gr%C3%BC%C3%9Fe.html", "GET /gr%C3%BC%C3%9Fe.html 200 tracked"),
        ("/%1b%5b2J", "GET /%1b%5b2J 404 tracked"),
        ("/%ff", "GET /%ff 404 tracked"),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (X11) Tests/1\r\nReferer: https://a.example/\u{9b}31m\r\nConnection: close\r\n\r\n"
        );
        exchange(server.address, &request);
        let printed = server.line();
        assert!(printed.ends_with(line), "{printed}");
    }
    server.stop();

    let table = place.run(&["report"]).out;
    assert!(table.contains("\nwithout_visitor          3\n"), "{table}");
    assert!(
        table.contains("\n\npages\n         1  /\\u{1b}[2J\n         1  /\\xff\n         1  /grüße.html\n"),
        "{table}"
    );
    assert!(table.contains("  https://a.example/\\u{9b}31m\n"), "{table}");
    let json = place.run(&["report", "--format", "json"]).out;
    assert!(json.contains("\"/%1b%5b2J\"") && json.contains("https://a.example/\\u009b31m"), "{json}");
    assert!(!json.contains('\u{9b}'), "{json}");
}

#[test]
fn a_period_and_a_store_are_chosen() {
    let place = Place::new();
    place.write(
        "my.toml",
        "visitor.identity = \"none\"\n[[destination]]\ntype = \"sqlite\"\npath = \"other.db\"\n",
    );
    let server = Server::start(&place, &["--config", "my.toml"]);
    exchange(
        server.address,
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (X11) Tests/1\r\nConnection: close\r\n\r\n",
    );
    server.stop();

    for (arguments, views) in [
        (&["--config", "my.toml"][..], 1),
        (&["--store", "other.db", "--since", "2026-01-01"], 1),
        (&["--store", "other.db", "--since", "1d"], 1),
        (&["--store", "other.db", "--since", "0m"], 0),
        (&["--store", "other.db", "--since", "9999-01-01"], 0),
    ] {
        let ran = place.run(&[&["report"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
        assert!(ran.out.starts_with(&format!("views           {views:>10}\n")), "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn bots_are_told_apart_by_operator_and_purpose() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    for agent in ["GPTBot/1.2", "GPTBot/1.3", "curl/8.5.0", "Mozilla/5.0 (X11) Tests/1"] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\nReferer: https://chatgpt.com/\r\n\
             Connection: close\r\n\r\n"
        );
        exchange(server.address, &request);
    }
    server.stop();
    let table = place.run(&["report"]).out;
    assert!(table.starts_with("views                    1\n"), "{table}");
    assert!(table.contains("\nbots                     3\n"), "{table}");
    assert!(table.contains("\n\nchannels\n         1  ai\n"), "{table}");
    assert!(
        table.contains("\n\nbots\n         2  ai, OpenAI, training, GPTBot\n         1  library, curl\n"),
        "{table}"
    );
}

#[test]
fn countries_are_told_by_their_views_and_the_table_has_the_first_twenty() {
    let place = Place::new();
    place.write(
        "my.toml",
        "visitor.identity = \"none\"\nproxy.trusted = [\"127.0.0.1\"]\ngeo.cdn = \"cloudflare\"\n",
    );
    let server = Server::start(&place, &["--config", "my.toml"]);
    let ask = |agent: &str, country: &str| {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\n{country}Connection: close\r\n\r\n"
        );
        exchange(server.address, &request);
    };
    let person = |country: &str| ask("Mozilla/5.0 (X11) Tests/1", &format!("CF-IPCountry: {country}\r\n"));
    ["SE", "DE", "SE", "de", "SE"].into_iter().for_each(person);
    for letter in 'A'..='T' {
        person(&format!("A{letter}"));
    }
    // What names no country, and who is no person.
    person("XX");
    person("Sweden");
    ask("Mozilla/5.0 (X11) Tests/1", "");
    ask("GPTBot/1.2", "CF-IPCountry: FR\r\n");
    server.stop();

    let once = |last: char| ('A'..=last).map(|letter| format!("A{letter}"));
    let table = place.run(&["report"]).out;
    let rows: String = once('R').map(|country| format!("         1  {country}\n")).collect();
    assert!(
        table.contains(&format!("\n\ncountries\n         3  SE\n         2  DE\n{rows}\nbots\n")),
        "{table}"
    );
    let json: Value = serde_json::from_str(&place.run(&["report", "--format", "json"]).out).unwrap();
    let row = |country: &str, views: u64| json!({"country": country, "views": views});
    let all: Vec<_> = [row("SE", 3), row("DE", 2)].into_iter().chain(once('T').map(|c| row(&c, 1))).collect();
    assert_eq!(json["countries"], json!(all));
}
