//! The same exchange through the Rust library.

use std::{cell::OnceCell, net::IpAddr, sync::Arc};

use trackside_core::{
    Annotations, Config, Event, Reason, Value, judge,
    transport::{Recording, Submitted},
};
use trackside_transports::{Tracker, clock::Clock, entropy::Entropy};

use crate::{
    exchange::{Before, Verdict},
    parts,
    site::{CONFIGURATIONS, ENTROPY, NOW, configuration},
};

/// What a Rust program sees.
#[derive(Debug)]
pub struct Seen {
    /// What can be seen before it is finished.
    pub before: Before,
    /// The id of the visitor's snapshot.
    pub visitor: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// The hits, each as JSON.
    pub hits: Vec<String>,
}

/// What a Rust program makes of an exchange, and of an event that comes later. What is no annotation is
/// left out. None if the peer's address is none.
pub fn run(
    number: u8,
    request: &parts::Request<'_>,
    response: Option<&parts::Response<'_>>,
    later: Option<&parts::Event<'_>>,
) -> Option<Seen> {
    let (tracker, recording) = opened(number);
    let authority = Some(&*request.authority).filter(|authority| !authority.is_empty());
    let asked = trackside_core::Request::new(&request.method, &request.target, &request.headers)
        .with_authority(authority)
        .with_peer(peer(&request.peer)?)
        .with_secure(request.secure != 0)
        .with_resolved(request.resolved != 0);
    let exchange = tracker.begin(&asked);
    let before = Before {
        visitor: exchange.visitor_id().map(|id| id.to_string()),
        is_new: exchange.is_new(),
        notice: exchange.notice(&asked).map(|notice| (notice.text().to_owned(), notice.html())),
    };
    let visitor = exchange.visitor(&asked).expect("it is not over");
    let verdict = match response {
        None => {
            drop(exchange);
            judge::Verdict::skip(Reason::Abandoned)
        }
        Some(given) => {
            let answered = trackside_core::Response::new(given.status, &given.headers);
            exchange.finish(&asked, &answered, &annotations(&given.annotations))
        }
    };
    let headers = verdict.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let verdict = Verdict { reason: verdict.reason().map_or(0, Reason::number), headers: headers.collect() };
    if let Some(event) = later.and_then(event) {
        // What became of it is seen in the hits.
        let (Submitted::Queued | Submitted::Dropped(_)) = tracker.event(&visitor, &event);
    }
    let hits = recording.take().iter().map(|hit| serde_json::to_string(hit).expect("it is JSON")).collect();
    Some(Seen { before, visitor: visitor.id().map(|id| id.to_string()), verdict, hits })
}

/// A tracker, which is used again, and what it records.
fn opened(number: u8) -> (Tracker, Arc<Recording>) {
    thread_local! {
        static OPENED: [OnceCell<(Tracker, Arc<Recording>)>; CONFIGURATIONS.len()] =
            const { [const { OnceCell::new() }; CONFIGURATIONS.len()] };
    }
    let open = || {
        let config = Config::builder().toml(configuration(number)).build().expect("it is a configuration");
        let recording = Arc::new(Recording::new());
        let builder = Tracker::builder(config).clock(Arc::new(Still)).entropy(Arc::new(Still));
        let tracker = builder.transport(recording.clone()).open().expect("nothing of it is opened");
        (tracker, recording)
    };
    OPENED.with(|opened| opened[usize::from(number) % CONFIGURATIONS.len()].get_or_init(open).clone())
}

/// The peer's address, if there is any; None if it is no address.
pub fn peer(text: &[u8]) -> Option<Option<IpAddr>> {
    if text.is_empty() {
        return Some(None);
    }
    let address = str::from_utf8(text.split(|&byte| byte == b'%').next()?).ok()?;
    address.parse().ok().map(Some)
}

fn annotations<'a>(given: &'a [parts::Annotation<'_>]) -> Annotations<'a> {
    given.iter().fold(Annotations::new(), |all, one| match one {
        parts::Annotation::Title(it) => add(all, it.text(), Annotations::title),
        parts::Annotation::UserId(it) => add(all, it.text(), Annotations::user_id),
        parts::Annotation::Route(it) => add(all, it.text(), Annotations::route),
        parts::Annotation::Property(it) => {
            add(all, property(it), |all, (key, value)| all.property(key, value))
        }
        parts::Annotation::Event(it) => add(all, event(it), Annotations::event),
    })
}

fn add<A, T>(all: A, one: Option<T>, add: impl FnOnce(A, T) -> A) -> A {
    match one {
        Some(one) => add(all, one),
        None => all,
    }
}

fn property<'a>(given: &'a parts::Property<'_>) -> Option<(&'a str, Value<'a>)> {
    let value = match &given.value {
        parts::Value::Text(text) => Value::Text(text.text()?.into()),
        parts::Value::Number(number) => Value::Number(*number),
        parts::Value::Truth(byte) => Value::Truth(*byte != 0),
        parts::Value::None(_) => return None,
    };
    Some((given.key.text()?, value))
}

fn event<'a>(given: &'a parts::Event<'_>) -> Option<Event<'a>> {
    let mut event = Event::new(given.name.text()?);
    let (category, label) = (given.category.text()?, given.label.text()?);
    if !category.is_empty() {
        event = event.category(category);
    }
    if !label.is_empty() {
        event = event.label(label);
    }
    if let Some(value) = given.value {
        event = event.value(value);
    }
    given
        .properties
        .iter()
        .try_fold(event, |event, it| property(it).map(|(key, value)| event.property(key, value)))
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn micros(&self) -> u64 {
        NOW
    }
}

impl Entropy for Still {
    fn draw(&self) -> [u8; 64] {
        ENTROPY
    }
}
