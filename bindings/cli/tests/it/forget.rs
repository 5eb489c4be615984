//! `trackside forget` deletes what is stored of one visitor or user, and nothing else.

use std::fs;

use crate::{client::exchange, place::Place, server::Server};

const ANNA: &str = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
const BELA: &str = "11111111-2222-4333-8444-555555555555";

fn visit(server: &Server, visitor: &str, agent: &str) {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\nCookie: trackside={visitor}\r\nConnection: close\r\n\r\n"
    );
    exchange(server.address, &request);
}

fn holds(place: &Place, text: &str) -> bool {
    let log = fs::read(place.path("trackside.db-wal")).unwrap_or_default();
    let bytes = [fs::read(place.path("trackside.db")).unwrap(), log].concat();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_visitor_is_deleted_by_id_or_by_cookie() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    for (visitor, agent) in [(ANNA, "Annas/1"), (ANNA, "Annas/2"), (BELA, "Belas/1")] {
        visit(&server, visitor, agent);
    }
    server.stop();
    assert!(holds(&place, "Annas/1"));

    let ran = place.run(&["forget", &format!("{ANNA}.1784714391.1784714391.1784714391")]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "trackside.db: 2 hits deleted\n"), "{}", ran.err);
    assert!(!holds(&place, "Annas/") && holds(&place, "Belas/1"));
    let ran = place.run(&["forget", ANNA]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "trackside.db: 0 hits deleted\n"));
    let ran = place.run(&["forget", BELA, "--store", "trackside.db"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "trackside.db: 1 hit deleted\n"));
    let report = place.run(&["report"]).out;
    assert!(report.starts_with("views                    0\n"), "{report}");
}

#[test]
fn a_user_is_deleted_hashed_or_not_and_what_is_out_of_reach_is_named() {
    let place = Place::new();
    place.write(
        "my.toml",
        "visitor = { identity = 'none', user_id = 'hashed', secret = '0123456789abcdef' }\n\
         destination = [{ type = 'sqlite', path = 'a.db' }, { type = 'file', name = 'log', path = '-' }]\n",
    );
    let server = Server::start(&place, &["--config", "my.toml"]);
    server.stop();
    let store = rusqlite::Connection::open(place.path("a.db")).unwrap();
    for (n, user) in ["u-42", "f8ced6349c7ea79a23c521ffffd84c00", "u-43"].into_iter().enumerate() {
        store
            .execute(
                "INSERT INTO hit (id, at, kind, site, path, visitor, user_id, secure, is_new)
                 VALUES (?1, 1, 'page', 'localhost', '/', x'5b2a9c0e54a04a369f0e3a2a7a1b9d11', ?2, 0, 0)",
                ([n as u8; 16], user),
            )
            .unwrap();
    }
    let ran = place.run(&["forget", "--user", "u-42", "--config", "my.toml"]);
    let told = format!(
        "a.db: 2 hits deleted\n\
         These visitors have other hits, which do not have that user id and are left:\n  {ANNA}  1\n\
         not in reach: what was sent to destination `log` (file)\n"
    );
    assert_eq!((ran.code, ran.out), (Some(0), told), "{}", ran.err);
    let left: String = store.query_row("SELECT user_id FROM hit", (), |row| row.get(0)).unwrap();
    assert_eq!(left, "u-43");
}

#[test]
fn what_cannot_be_done_is_told() {
    let place = Place::new();
    for (arguments, code, says) in [
        (&["forget", ANNA][..], 1, "there is no store trackside.db; nothing is deleted"),
        (&["forget", "u-42"], 2, "the id of a visitor is a UUID"),
        (&["forget", "--user", ""], 2, "an empty id is no user's"),
        (&["forget"], 2, "<ID>"),
    ] {
        if code == 2 {
            place.write("trackside.db", "");
        }
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    place.write("my.toml", "visitor.identity = 'none'\ndestination = [{ type = 'file', path = '-' }]");
    let ran = place.run(&["forget", ANNA, "--config", "my.toml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("has no destination of type sqlite"), "{}", ran.err);
}
