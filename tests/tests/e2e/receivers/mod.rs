//! Receivers that answer as their manuals say, silent refusals included: what they count themselves, the book of hits says,
//! and the observer is told.

mod ga;
mod goatcounter;
mod matomo;
mod own;
mod plausible;
mod posthog;
mod segment;
mod several;
mod snowplow;
mod umami;
mod webhook;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::Value as Json;
use trackside::{Reason, ledger::Hits};
use trackside_tests::collector::{Answer, Collector, Recorded};

use crate::kit::{Site, lost, pages, raise, turn};

/// A receiver that thinks, and counts what it takes and what it throws away.
struct Receiver {
    collector: Collector,
    counts: Arc<Mutex<Counts>>,
}

/// What a receiver counts itself.
#[derive(Debug, Default)]
struct Counts {
    taken: u64,
    /// By the reason that the book is to have for it.
    thrown: BTreeMap<Reason, u64>,
    /// The ids of what it took, where hits have one.
    ids: BTreeSet<String>,
}

impl Counts {
    fn throw(&mut self, n: usize, reason: Reason) {
        *self.thrown.entry(reason).or_default() += n as u64;
    }

    /// Takes what it does not have yet.
    fn take(&mut self, sent: &[Sent]) {
        self.taken += sent.iter().filter(|sent| self.ids.insert(sent.id.clone())).count() as u64;
    }
}

impl Receiver {
    fn new(think: impl Fn(&Recorded, &mut Counts) -> Answer + Send + Sync + 'static) -> Self {
        let counts = Arc::<Mutex<Counts>>::default();
        let own = Arc::clone(&counts);
        let collector = Collector::thinking(move |request| think(request, &mut own.lock().unwrap())).unwrap();
        Self { collector, counts }
    }

    /// Sends it these pages and events, all at once if it takes so many, and sees that the book has what it counted.
    fn sent(&self, keys: &str, path: &str, (numbers, events): What<'_>) -> Hits {
        let all = numbers.len() + events.len();
        self.delivered(&format!("batch = {{ hits = {all}, age = '1h' }}\n{keys}"), path, (numbers, events))
    }

    /// Sends it these pages and events, each by itself, and sees that the book has what it counted.
    fn sent_alone(&self, keys: &str, path: &str, what: What<'_>) -> Hits {
        self.delivered(keys, path, what)
    }

    fn delivered(&self, keys: &str, path: &str, (numbers, events): What<'_>) -> Hits {
        let url = self.collector.url(path);
        let site = Site::open_with(
            &own::TALLY,
            &format!("[[destination]]\nurl = '{url}'\nworkers = 1\n{keys}\n"),
            pages(),
        );
        let browser = site.browser();
        turn(&browser, numbers.iter().copied());
        raise(&browser, events.iter().copied());
        let hits = settled(&site);
        let counts = self.counts.lock().unwrap();
        assert_eq!((hits.delivered, &all_lost(&hits)), (counts.taken, &counts.thrown), "{counts:?} {hits:?}");
        assert_eq!(hits.offered, (numbers.len() + events.len()) as u64);
        hits
    }

    fn requests(&self) -> Vec<Recorded> {
        self.collector.requests()
    }
}

/// The numbers of pages, and the names of events.
type What<'a> = (&'a [u32], &'a [&'a str]);

/// What becomes of three page views in one request that is answered so, and that request.
fn three(keys: &str, path: &str, answer: Answer) -> (Hits, Recorded) {
    let collector = Collector::start().unwrap();
    collector.always(answer);
    // Three make a batch, and nothing else does.
    let batch = "batch = { hits = 3, age = '1h' }\nworkers = 1";
    let url = collector.url(path);
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\n{batch}\n{keys}\n"), pages());
    turn(&site.browser(), 0..3);
    let hits = settled(&site);
    let requests = collector.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    (hits, request.clone())
}

/// What became of all hits, of which the observer was told the same.
fn settled(site: &Site) -> Hits {
    let hits = site.settled().destinations[0].clone();
    assert_eq!(site.told_of_lost(), all_lost(&hits));
    hits
}

fn all_lost(hits: &Hits) -> BTreeMap<Reason, u64> {
    hits.refused.iter().chain(&hits.dropped).copied().collect()
}

/// What becomes of page views of which each goes in a request of its own and is answered so, in this order, and those
/// requests.
fn each(keys: &str, path: &str, answers: &[Answer]) -> (Hits, Vec<Recorded>) {
    let collector = Collector::start().unwrap();
    collector.script(answers.to_vec());
    let url = collector.url(path);
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\nworkers = 1\n{keys}\n"), pages());
    let browser = site.browser();
    for (n, _) in (0..).zip(answers) {
        turn(&browser, [n]);
    }
    (settled(&site), collector.requests())
}

fn json(request: &Recorded) -> Json {
    serde_json::from_slice(&request.body).unwrap()
}

/// A hit as its receiver reads it.
#[derive(Debug)]
struct Sent {
    id: String,
    /// Its page, or its name: what it asks for stands at the end.
    page: String,
}

/// The hits of a JSON request: the list at `list`, and in each the id and the page at these places.
fn hits_of(request: &Recorded, [list, id, page]: [&str; 3]) -> Vec<Sent> {
    let body = json(request);
    let text = |hit: &Json, place| hit.pointer(place).and_then(Json::as_str).unwrap_or_default().to_owned();
    let hits = body.pointer(list).unwrap().as_array().unwrap();
    hits.iter().map(|hit| Sent { id: text(hit, id), page: text(hit, page) }).collect()
}

/// What a hit asks for, by the number at the end of its page or name: `/page/403`, `add-403`. None asks for nothing.
fn asks(page: &str) -> u16 {
    let digits = page.len() - page.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    page[page.len() - digits..].parse().unwrap_or_default()
}

/// A receiver that takes two hits a request and none that asks for 413, and knows each by its id.
fn narrow(places: [&'static str; 3], taken: Answer) -> Receiver {
    Receiver::new(move |request, counts| {
        let sent = hits_of(request, places);
        if sent.len() <= 2 && sent.iter().all(|sent| asks(&sent.page) != 413) {
            counts.take(&sent);
            return taken.clone();
        }
        if sent.len() == 1 {
            counts.throw(1, Reason::TooLarge);
        }
        Answer::status(413)
    })
}

/// Sees that what is too large is halved until it fits, and that a hit that is too large alone is refused.
fn is_halved(keys: &str, path: &str, places: [&'static str; 3], taken: Answer) {
    let receiver = narrow(places, taken);
    let hits = receiver.sent(keys, path, (&[1, 2, 3, 413], &["add", "add-413", "remove"]));
    assert_eq!((hits.delivered, lost(&hits, Reason::TooLarge)), (5, 2), "{keys}: {hits:?}");
    assert_eq!(receiver.counts.lock().unwrap().ids.len(), 5);
}

/// Sees that all of a request is refused where it is answered so, and sent once.
fn is_refused(keys: &str, path: &str, answer: Answer, reason: Reason) {
    let receiver = Receiver::new(move |_, counts| {
        counts.throw(4, reason);
        answer.clone()
    });
    let hits = receiver.sent(keys, path, (&[1, 2], &["add", "remove"]));
    assert_eq!((lost(&hits, reason), receiver.requests().len()), (4, 1), "{keys}: {hits:?}");
}

/// Sees that all of a request is sent again, as it was, after each of these answers.
fn is_sent_again(keys: &str, path: &str, places: [&'static str; 3], answers: Vec<Answer>) {
    is_sent_until(Answer::status(200), keys, path, places, answers);
}

/// The same of a receiver that answers so to what it takes.
fn is_sent_until(taken: Answer, keys: &str, path: &str, places: [&'static str; 3], answers: Vec<Answer>) {
    let receiver = Receiver::new(move |request, counts| {
        counts.take(&hits_of(request, places));
        taken.clone()
    });
    let times = answers.len();
    receiver.collector.script(answers);
    let hits = receiver.sent(keys, path, (&[1, 2], &["add", "remove"]));
    assert_eq!((hits.delivered, hits.retries), (4, times as u64), "{keys}: {hits:?}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), times + 1, "{keys}");
    let ids =
        |request: &Recorded| hits_of(request, places).into_iter().map(|sent| sent.id).collect::<Vec<_>>();
    assert!(requests.iter().all(|request| ids(request) == ids(&requests[0])), "{keys}");
}

fn later(status: u16) -> Answer {
    Answer::status(status).header("retry-after", "0")
}
