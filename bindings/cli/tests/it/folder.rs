//! A folder of one's own: what is served of it, and what never is.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use crate::{
    client::Client,
    place::Place,
    server::{LONG, Server},
};

const SECRET: &str = "never to be seen";

#[test]
fn files_are_served_as_http_wants_it() {
    let place = Place::new();
    place.write("site/index.html", "<h1>Home</h1>");
    place.write("site/sub/index.html", "<h1>Sub</h1>");
    place.write("site/notes.txt", "0123456789");
    let server = Server::start(&place, &["site"]);
    assert!(server.greeting.contains("your pages have to tell their visitors"), "{}", server.greeting);

    let mut client = Client::new(server.address);
    let home = client.get("/");
    assert_eq!((home.status(), home.body()), (200, "<h1>Home</h1>"));
    assert_eq!(home.header("content-type"), Some("text/html"));
    assert!(home.header("set-cookie").is_some(), "{}", home.0);
    let modified = home.header("last-modified").unwrap();
    assert_eq!(client.send("GET", "/", &[("If-Modified-Since", modified)]).status(), 304);
    let tag = home.header("etag").unwrap();
    assert_eq!(client.send("GET", "/", &[("If-None-Match", tag)]).status(), 304);

    assert_eq!(client.get("/sub?a=b").header("location"), Some("/sub/?a=b"));
    assert_eq!(client.get("/sub/").body(), "<h1>Sub</h1>");
    let part = client.send("GET", "/notes.txt", &[("Range", "bytes=2-4")]);
    assert_eq!((part.status(), part.body()), (206, "234"));
    let head = client.send("HEAD", "/notes.txt", &[]);
    assert_eq!((head.status(), head.header("content-length"), head.body()), (200, Some("10"), ""));
    assert_eq!(client.send("DELETE", "/notes.txt", &[("Content-Length", "0")]).status(), 405);
    assert_eq!(client.get("/none").status(), 404);
    server.stop();
}

/// Served from its own folder, with everything in it that must stay there.
#[test]
fn what_is_private_is_not_served_in_any_disguise() {
    let place = Place::new();
    place.write("index.html", "<h1>Home</h1>");
    place.write(".env", SECRET);
    place.write(".git/config", SECRET);
    place.write("trackside.keys.new", SECRET);
    place.write("my.keys.new", SECRET);
    place.write("trackside-spool/1/segment", SECRET);
    place.write("ga4.secret", SECRET);
    let configuration = format!(
        "# {SECRET}\nconsent.policy = \"none\"\nvisitor.keys = \"my.keys\"\n[[destination]]\ntype = \"sqlite\"\n[[destination]]\n\
         type = \"file\"\npath = \"hits.jsonl\"\n[[destination]]\ntype = \"ga4\"\n\
         measurement_id = \"G-ABC123DEF4\"\napi_secret = \"file:ga4.secret\"\nip = \"full\"\n\
         url = \"http://127.0.0.1:9/\"\n"
    );
    place.write("my.toml", configuration);
    let mut server = Server::start(&place, &[".", "--config", "my.toml"]);

    // A hit, so that the store and its log are there.
    let mut client = Client::new(server.address);
    assert_eq!(client.get("/").status(), 200);
    assert!(server.line().ends_with("GET / 200 tracked"));
    assert!(place.path("my.keys").exists());

    let mut targets = vec![
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/%2egit/config",
        "/%2e%2e/",
        "/../",
        "/..%2f",
        "/./my.toml",
        "//my.toml",
        "///",
        "/trackside.db",
        "/TRACKSIDE.DB",
        "/Trackside.Db",
        "/track%73ide.db",
        "/trackside.db.",
        "/trackside.db%20",
        "/trackside.db/",
        "/trackside.db%00",
        "/trackside.db::$DATA",
        "/trackside.db-wal",
        "/trackside.db-shm",
        "/trackside.db-journal",
        "/TRACKSIDE.DB-WAL",
        "/hits.jsonl",
        "/my.keys",
        "/MY.KEYS",
        "/my.keys.new",
        "/trackside.keys",
        "/trackside.keys.new",
        "/trackside-spool/1/segment",
        "/ga4.secret",
        "/my.toml",
        "/MY.TOML",
        "/%6Dy.toml",
        "http://localhost/my.toml",
        "/sub/../my.toml",
        "/sub/%2e%2e/my.toml",
        "/none/..%5cmy.toml",
    ];
    #[cfg(unix)]
    {
        use std::{fs, os::unix::fs::symlink};
        for (name, target) in [
            ("link.db", "trackside.db"),
            ("git", ".git"),
            ("up", ".."),
            ("toml.html", "my.toml"),
            ("passwd", "/etc/passwd"),
        ] {
            symlink(target, place.path(name)).unwrap();
        }
        fs::hard_link(place.path("trackside.db"), place.path("hard.html")).unwrap();
        fs::hard_link(place.path("my.toml"), place.path("hard.txt")).unwrap();
        targets.extend([
            "/link.db",
            "/git/config",
            "/up/",
            "/toml.html",
            "/passwd",
            "/hard.html",
            "/hard.txt",
        ]);
    }
    for target in targets {
        let answer = client.get(target);
        assert!([400, 404].contains(&answer.status()), "{target}: {}", answer.0);
        assert!(!answer.0.contains(SECRET) && !answer.0.contains("SQLite format"), "{target}: {}", answer.0);
    }
    server.signal("KILL");
    server.wait();
}

/// What the default configuration made stays private with another one in force, and so does what that one names.
#[test]
fn what_another_configuration_left_is_not_served() {
    let place = Place::new();
    place.write("index.html", "<h1>Home</h1>");
    let private = [
        "trackside.db",
        "trackside.db-wal",
        "trackside.toml",
        "trackside-spool/1/segment",
        "my-spool/1/segment",
        "my.db",
        "my.toml",
    ];
    for name in &private[..5] {
        place.write(name, SECRET);
    }
    let configuration = "consent.policy = \"none\"\nspool.dir = \"my-spool\"\n[[destination]]\ntype = \"sqlite\"\n\
                         path = \"my.db\"\n";
    place.write("my.toml", format!("# {SECRET}\n{configuration}"));
    let server = Server::start(&place, &[".", "--config", "my.toml"]);
    let mut client = Client::new(server.address);
    assert_eq!(client.get("/").status(), 200);
    for name in private {
        let answer = client.get(&format!("/{name}"));
        assert_eq!(answer.status(), 404, "{name}: {}", answer.0);
    }
    server.stop();
}

#[test]
fn a_client_that_has_closed_its_side_gets_its_page() {
    let place = Place::new();
    // Files are read off the server's threads, so the end of the client's side is seen before the page is there.
    place.write("site/index.html", "<h1>Home</h1>");
    let mut server = Server::start(&place, &["site"]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(server.line().contains("tracked"));
}
