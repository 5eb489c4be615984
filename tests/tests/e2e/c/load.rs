//! A process for each worker, forked once the tracker was open.

use std::{
    collections::BTreeSet,
    sync::mpsc::{self, Sender},
    thread,
};

use trackside_tests::{
    collector::{Answer, Collector},
    folder::Folder,
};

use super::{
    is_part,
    program::{Books, Program},
    sent, stored,
};
use crate::kit::{Browser, LIMIT, Row, ga_v1, rows, sqlite};

const WORKERS: usize = 4;
const CLIENTS: usize = 8;
/// What one client asks in peace.
const PAGES: usize = 100;
/// The signal comes after so many answers.
const ENOUGH: usize = 400;
/// No client asks more often, whatever happens.
const MOST: usize = 50_000;

fn configuration(store: &std::path::Path, collector: &Collector) -> String {
    format!("consent.policy = 'none'\n{}{}", sqlite(store), ga_v1(collector))
}

/// Asks for a page of its own, and reads the answer to its end; none if there is none.
fn ask(browser: &Browser, client: usize, n: usize) -> Option<String> {
    let query = format!("utm_content={client}-{n}");
    let mut answer = browser.open("GET", &format!("/railway?{query}"), &[]).ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    assert!(answer.status() == 200 && text.ends_with("</footer>\n"), "{text}");
    Some(query)
}

/// The targets that one client asked for, and those of them that it had a whole answer to.
struct Seen {
    asked: BTreeSet<String>,
    answered: BTreeSet<String>,
}

/// Asks until nobody answers any more.
fn ask_on(browser: &Browser, client: usize, answers: &Sender<()>) -> Seen {
    let mut seen = Seen { asked: BTreeSet::new(), answered: BTreeSet::new() };
    for n in 0..MOST {
        seen.asked.insert(format!("utm_content={client}-{n}"));
        let Some(query) = ask(browser, client, n) else { return seen };
        seen.answered.insert(query);
        // Nobody listens any more when the signal is out.
        answers.send(()).ok();
    }
    panic!("the server does not end");
}

/// Ends it while all clients ask. Returns what they saw, and the books.
fn end_under_load(server: Program) -> (Seen, Books) {
    let (answers, answered) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (browser, answers) = (server.browser(), answers.clone());
            thread::spawn(move || ask_on(&browser, client, &answers))
        })
        .collect();
    for _ in 0..ENOUGH {
        answered.recv_timeout(LIMIT).unwrap();
    }
    server.terminate();
    // It lets go of its port when the last process is through, and then the last client is told.
    let books = server.books();
    let mut all = Seen { asked: BTreeSet::new(), answered: BTreeSet::new() };
    for client in clients {
        let seen = client.join().unwrap();
        all.asked.extend(seen.asked);
        all.answered.extend(seen.answered);
    }
    assert!(all.answered.len() >= ENOUGH);
    (all, books)
}

/// What the rows say is what the clients saw: each request that was answered, once, and no other than was asked.
fn agree(seen: &Seen, books: &Books, rows: &[Row]) {
    let queries: BTreeSet<_> = rows.iter().map(|row| row.query.clone().unwrap()).collect();
    assert_eq!(queries.len(), rows.len(), "something was counted twice");
    assert!(seen.answered.is_subset(&queries), "{:?}", seen.answered.difference(&queries));
    assert!(queries.is_subset(&seen.asked), "{:?}", queries.difference(&seen.asked));
    let (requests, hits) = (books.sum("requests"), books.sum("hits to sqlite"));
    let count = rows.len() as u64;
    assert_eq!((requests["seen"], requests["tracked"]), (count, count), "{requests:?}");
    assert_eq!((hits["offered"], hits["delivered"]), (count, count), "{hits:?}");
}

/// What the collector was sent is what the books say: all that was delivered, and perhaps what nobody answered in time.
/// Nothing came twice, and nothing else was given up. Returns how many nobody answered.
fn sent_as_told(collector: &Collector, books: &Books, rows: &[Row]) -> u64 {
    let (hits, sent) = (books.sum("hits to ga-v1"), sent(collector));
    assert_eq!(hits["offered"], rows.len() as u64);
    assert!(is_part(&sent, &stored(rows)), "something was sent twice");
    let of = |reason| hits.get(reason).copied().unwrap_or_default();
    // The store's are all there.
    let in_flight = books.sum("left")["in-flight"];
    assert_eq!((hits["refused"], hits["pending"]), (0, in_flight), "{hits:?}");
    assert_eq!(hits["dropped"], of("ambiguous") + of("shutdown") + of("queue-full"), "{hits:?}");
    let unanswered = of("ambiguous") + in_flight;
    let least = hits["delivered"];
    assert!((least..=least + unanswered).contains(&(sent.len() as u64)), "{} sent: {hits:?}", sent.len());
    unanswered
}

#[test]
fn every_worker_counts_and_nothing_is_lost_or_doubled() {
    let folder = Folder::new().unwrap();
    let store = folder.join("hits.db");
    let collector = Collector::start().unwrap();
    let server = Program::start(&folder, &configuration(&store, &collector), WORKERS);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let browser = server.browser();
            thread::spawn(move || (0..PAGES).all(|n| ask(&browser, client, n).is_some()))
        })
        .collect();
    assert!(clients.into_iter().all(|client| client.join().unwrap()));
    server.terminate();

    let books = server.books();
    assert_eq!(books.processes(), WORKERS + 1);
    let all = (CLIENTS * PAGES) as u64;
    let requests = books.sum("requests");
    assert_eq!((requests["seen"], requests["tracked"]), (all, all));
    let (kept, posted) = (books.sum("hits to sqlite"), books.sum("hits to ga-v1"));
    assert_eq!((kept["offered"], kept["delivered"]), (all, all), "{kept:?}");
    let rows = rows(&store);
    assert_eq!(rows.len() as u64, all);
    // Where a slow machine did not answer in time, nothing is sent again.
    assert_eq!(posted["delivered"] + sent_as_told(&collector, &books, &rows), all, "{posted:?}");
    // A client keeps its cookie, whichever process answers.
    let visitors: BTreeSet<_> = rows.iter().map(|row| row.visitor.unwrap()).collect();
    assert_eq!((visitors.len(), rows.iter().filter(|row| row.is_new).count()), (CLIENTS, CLIENTS));
}

#[test]
fn a_signal_under_load_loses_nothing() {
    let folder = Folder::new().unwrap();
    let store = folder.join("hits.db");
    let collector = Collector::start().unwrap();
    let server = Program::start(&folder, &configuration(&store, &collector), WORKERS);
    let (seen, books) = end_under_load(server);

    assert_eq!(books.processes(), WORKERS + 1);
    let rows = rows(&store);
    agree(&seen, &books, &rows);
    // Where a slow machine took longer than the five seconds of `close`, the books say what was given up.
    sent_as_told(&collector, &books, &rows);
}

#[test]
fn what_a_stalled_collector_did_not_take_is_in_the_books() {
    let folder = Folder::new().unwrap();
    let store = folder.join("hits.db");
    let collector = Collector::start().unwrap();
    collector.always(Answer::status(204).held());
    // No attempt of theirs ends by itself.
    let toml = format!("{}queue.hits = 50\ntimeout = '1h'\n", configuration(&store, &collector));
    let server = Program::start(&folder, &toml, WORKERS);
    let (seen, books) = end_under_load(server);

    let rows = rows(&store);
    agree(&seen, &books, &rows);
    let (hits, sent) = (books.sum("hits to ga-v1"), sent(&collector));
    // Whatever reached the collector was in flight to the end.
    assert_eq!(sent_as_told(&collector, &books, &rows), sent.len() as u64, "{hits:?}");
    assert!(!sent.is_empty() && hits["delivered"] == 0, "{hits:?}");
    assert!(hits["queue-full"] > 0 && hits["shutdown"] > 0, "{hits:?}");
}
