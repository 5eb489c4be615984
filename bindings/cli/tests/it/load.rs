//! SIGTERM while many ask: what the server says at its end is what the clients saw and the store holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::mpsc::{self, Sender},
    thread,
};

use rusqlite::Connection;
use trackside_tests::collector::Collector;

use crate::{
    place::Place,
    server::{LONG, Server, collect},
};

const PAGE: &str = "<h1>Hello</h1>";
const CLIENTS: usize = 4;
/// No client asks more often, whatever happens.
const MOST: usize = 20_000;
/// The signal comes after so many answers.
const ENOUGH: usize = 400;

/// What one client saw: how many requests it sent, and the targets that it had a whole answer to.
struct Seen {
    sent: usize,
    answered: BTreeSet<String>,
}

/// Asks one page after the other on connections that are kept alive, until nobody lets it in any more.
fn ask(client: usize, address: SocketAddr, answers: &Sender<()>) -> Seen {
    let mut seen = Seen { sent: 0, answered: BTreeSet::new() };
    while let Ok(stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut reader = BufReader::new(&stream);
        loop {
            assert!(seen.sent < MOST, "the server does not end");
            let query = format!("utm_content={client}-{}", seen.sent);
            let request = format!("GET /?{query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
            if (&stream).write_all(request.as_bytes()).is_err() {
                break;
            }
            seen.sent += 1;
            if answer(&mut reader).is_none() {
                break;
            }
            seen.answered.insert(query);
            // Nobody listens any more when the signal is out.
            answers.send(()).ok();
        }
    }
    seen
}

/// Reads an answer with the page; none if the connection ends before it is whole.
fn answer(reader: &mut impl BufRead) -> Option<()> {
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.ends_with('\n').then_some(line)
    };
    assert_eq!(next()?, "HTTP/1.1 200 OK\r\n");
    while next()? != "\r\n" {}
    let mut body = vec![0; PAGE.len()];
    reader.read_exact(&mut body).ok()?;
    assert_eq!(body, PAGE.as_bytes());
    Some(())
}

/// Serves with this configuration, ends it under load, and returns what the clients saw, and the lines.
fn end_under_load(place: &Place, configuration: &str) -> (Vec<Seen>, Vec<String>) {
    place.write("site/index.html", PAGE);
    place.write("my.toml", configuration);
    let mut server = Server::start(place, &["site", "--config", "my.toml"]);
    let lines = server.lines();
    let (answers, answered) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, answers) = (server.address, answers.clone());
            thread::spawn(move || ask(client, address, &answers))
        })
        .collect();
    for _ in 0..ENOUGH {
        answered.recv_timeout(LONG).unwrap();
    }
    server.signal("TERM");
    let seen = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let lines = collect(&lines);
    assert_eq!(server.wait().code(), Some(0));
    (seen, lines)
}

/// The numbers of the line that begins with `start`, each by the word after it.
fn book(lines: &[String], start: &str) -> BTreeMap<String, u64> {
    let line = lines.iter().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("{lines:?}"));
    // What stands in parentheses is a part of what stands before.
    let total: String = line.split('(').map(|part| part.rsplit(')').next().unwrap()).collect();
    let words: Vec<_> = total.split_whitespace().collect();
    let pairs = words.windows(2).filter_map(|pair| Some((pair[1].to_owned(), pair[0].parse().ok()?)));
    pairs.collect()
}

/// The queries of the hits in the store.
fn stored(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut select = connection.prepare("SELECT query FROM hit").unwrap();
    select.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_answer_is_in_the_store_and_in_the_totals() {
    let place = Place::new();
    let (clients, lines) = end_under_load(&place, "consent.policy = 'none'\n");
    let requests = book(&lines, "requests: ");
    let hits = book(&lines, "hits to sqlite: ");

    let stored = stored(&place.path("trackside.db"));
    let rows = stored.len() as u64;
    assert_eq!((requests["seen"], requests["tracked"], requests["skipped"]), (rows, rows, 0), "{requests:?}");
    assert_eq!((hits["offered"], hits["delivered"]), (rows, rows), "{hits:?}");
    assert!(lines.iter().any(|line| line == "left: nothing"));

    // Each request once, and every one that was answered.
    let distinct: BTreeSet<_> = stored.into_iter().collect();
    assert_eq!(distinct.len() as u64, rows);
    let answered: BTreeSet<_> = clients.iter().flat_map(|seen| seen.answered.clone()).collect();
    assert!(answered.len() >= ENOUGH);
    assert!(answered.is_subset(&distinct), "{:?}", answered.difference(&distinct).collect::<Vec<_>>());
    let sent: usize = clients.iter().map(|seen| seen.sent).sum();
    assert!(distinct.len() <= sent);
}

#[test]
fn what_a_collector_has_is_in_the_store_and_in_the_totals() {
    let place = Place::new();
    let collector = Collector::start().unwrap();
    let configuration = format!(
        "consent.policy = 'none'\ntrack.bots = 'keep'\nprivacy.path = 'full'\nshutdown = '20s'\n[[destination]]\n\
         type = 'sqlite'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\nurl = '{}'\n",
        collector.url("/collect")
    );
    let (clients, lines) = end_under_load(&place, &configuration);
    let (store, remote) = (book(&lines, "hits to sqlite: "), book(&lines, "hits to ga-v1: "));
    assert!(lines.iter().any(|line| line == "left: nothing"), "{lines:?}");

    let posted: Vec<_> = collector.requests().iter().map(|request| campaign(&request.body)).collect();
    let distinct: BTreeSet<_> = posted.iter().cloned().collect();
    assert_eq!(distinct.len(), posted.len(), "none came twice");
    let count = posted.len() as u64;
    assert_eq!((remote["offered"], remote["delivered"], remote["pending"]), (count, count, 0), "{remote:?}");
    let stored: BTreeSet<_> = stored(&place.path("trackside.db")).into_iter().collect();
    assert_eq!((store["delivered"], &stored), (count, &distinct), "both have the same");
    let answered: BTreeSet<_> = clients.iter().flat_map(|seen| seen.answered.clone()).collect();
    assert!(answered.len() >= ENOUGH && answered.is_subset(&distinct));
}

/// The query of the page that a form to ga-v1 tells of, by the campaign in it.
fn campaign(body: &[u8]) -> String {
    let body = str::from_utf8(body).unwrap();
    let content =
        body.split('&').find_map(|pair| pair.strip_prefix("cc=")).unwrap_or_else(|| panic!("{body}"));
    format!("utm_content={content}")
}

#[test]
fn a_collector_that_never_answers_does_not_keep_it_from_ending() {
    // The system lets connections in; nobody ever reads from them.
    let stalled = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    let configuration = format!(
        "consent.policy = 'none'\ntrack.bots = 'keep'\nshutdown = '2s'\n[[destination]]\ntype = 'sqlite'\n[[destination]]\n\
         type = 'ga-v1'\ntracking_id = 'UA-1-1'\nqueue.hits = 200\nurl = 'http://{}/collect'\n",
        stalled.local_addr().unwrap()
    );
    let (clients, lines) = end_under_load(&place, &configuration);
    let requests = book(&lines, "requests: ");
    let (store, collector) = (book(&lines, "hits to sqlite: "), book(&lines, "hits to ga-v1: "));

    let answered: usize = clients.iter().map(|seen| seen.answered.len()).sum();
    assert!(requests["tracked"] >= answered as u64 && answered >= ENOUGH);
    for hits in [&store, &collector] {
        assert_eq!(hits["offered"], requests["tracked"]);
        let ended = hits["delivered"] + hits["refused"] + hits["dropped"];
        assert_eq!(hits["offered"], ended + hits["pending"], "{hits:?}");
    }
    assert_eq!(store["delivered"], stored(&place.path("trackside.db")).len() as u64);
    assert_eq!((collector["delivered"], collector["refused"]), (0, 0));
    assert!(collector["dropped"] > 0 && collector["pending"] > 0, "{collector:?}");
    // At most 200 wait, which are given up, and few are in flight, which alone have not ended: the others found the queue
    // full.
    let left = book(&lines, "left: ");
    assert_eq!(collector["pending"], left["in"], "{lines:?}");
    assert!(left["queued,"] <= 200 && collector["dropped"] >= left["queued,"], "{lines:?}");
}
