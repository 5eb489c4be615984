//! A receiver of your own, whole: its keys, its requests, its answers, and how it is checked.
//!
//! `cargo run -p trackside --example own_receiver` shows what it would be sent. The tests send it hits over a socket.

use std::{error::Error, str, sync::Arc};

use serde_json::json;
use trackside::{
    Annotations, Config, Headers, Hit, Reason, Request, Response, Tracker,
    config::Secret,
    explain::Sending,
    protocol::{
        self, Enriched, Key, Needs, Outcome, Outgoing, Protocol, ReceiverType, Tells, Values, WrongKey,
        check::{Answer, Finding, Heard, Question, Test},
    },
};

/// `tally`: counts paths, each once, and answers with the numbers of those that it throws away.
pub static TALLY: ReceiverType = ReceiverType::new("tally", KEYS, make).title("Tally").check(|_| &HIT);

static KEYS: &[Key] = &[
    // What waits in a spool is for this address and this counter alone.
    Key::url("url").required("where paths are counted").identity().doc("the counter's address"),
    Key::text("counter", "the counter's name, of a to z", |name| {
        name.bytes().all(|b| b.is_ascii_lowercase())
    })
    .required("the counter's name, such as \"shop\"")
    .identity()
    .doc("on its page, at the top"),
    Key::secret("token").required("the counter's token").doc("on its page, under Settings"),
];

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let token = values.secret("token").cloned().unwrap_or_default();
    Ok(Arc::new(Tally { url: format!("{}/{}", values.text("url"), values.text("counter")), token }))
}

#[derive(Debug)]
struct Tally {
    url: String,
    token: Secret,
}

const MOST: usize = 50;

impl Protocol for Tally {
    fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        needs.batch = MOST;
        // It knows a second copy by its id: what it may not have is sent again.
        needs.dedupe = true;
        needs.tells = Tells::Each;
        needs
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        if hit.path().is_empty() { Err(Reason::NoSite) } else { Ok(()) }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        out.secret_header("authorization", "Bearer ", &self.token);
        let batch = &batch[..batch.len().min(MOST)];
        let item = |it: &Enriched<'_>| {
            // A path may hold any bytes.
            let path = String::from_utf8_lossy(it.hit.path());
            json!({"id": it.hit.id().to_string(), "path": path, "name": it.hit.name()})
        };
        let hits: Vec<_> = batch.iter().map(item).collect();
        let body = json!({"hits": hits}).to_string();
        out.body().extend_from_slice(body.as_bytes());
        batch.len()
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        // 429 and its wait, 413, 5xx: as everywhere.
        match protocol::classify(status, headers) {
            Outcome::Delivered => refused(body),
            outcome => outcome,
        }
    }
}

/// Those whose numbers the answer has, one a line.
fn refused(body: &[u8]) -> Outcome {
    let numbers = str::from_utf8(body).unwrap_or_default().lines().map(str::parse);
    match numbers.collect::<Result<Vec<usize>, _>>() {
        Ok(numbers) if numbers.is_empty() => Outcome::Delivered,
        Ok(numbers) => Outcome::Partial(numbers.into_iter().map(|n| (n, Reason::Rejected)).collect()),
        // Not its answer: `url` is somebody else's.
        Err(_) => Outcome::Refused(Reason::Rejected),
    }
}

/// A check sends the test hit, and knows what this one's answers mean.
static HIT: Question = Question::hit(hear);

fn hear(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
    let finding = match answer.status() {
        402 => Finding::wrong("the counter's month is not paid for", "see Billing there"),
        _ => answer.verdict(),
    };
    finding.into()
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::builder()
        .receiver(&TALLY)
        .toml("consent.policy = 'none'")
        .toml("[[destination]]\ntype = 'tally'\nurl = 'http://tally.example'\ncounter = 'shop'\ntoken = 's3cret'")
        .build()?;
    let tracker = Tracker::open(config)?;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
    let headers = [("host", "www.example.com"), ("accept", "text/html"), ("user-agent", agent)];
    let response_headers = [("content-type", "text/html")];
    let request = Request::new("GET", "/news", &headers);
    let told = tracker.explain(&request, &Response::new(200, &response_headers), &Annotations::new());
    for (name, sending) in told.hits.iter().flat_map(|hit| &hit.destinations) {
        if let Sending::Request(request) = sending {
            println!("{name}: {request:?}");
        }
    }
    Ok(())
}
