use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use trackside_core::{
    Headers, Reason,
    config::Secret,
    hit::Hit,
    protocol::{Enriched, Needs, Outcome, Outgoing, Protocol},
};
use trackside_tests::{
    collector::{Answer, Collector},
    hits,
};
use trackside_transports::{sink::Sink, sinks};

use crate::{LIMIT, deliver, file::alone};

/// Posts JSON lines, at most 100 hits a request, and keeps each answer that it is asked to classify.
#[derive(Debug)]
pub(crate) struct Lines {
    url: String,
    takes_gzip: bool,
    /// What is done to each request in the end.
    end: fn(&mut Outgoing),
    answers: Mutex<Vec<Seen>>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Seen {
    status: u16,
    retry_after: Option<Vec<u8>>,
    body: Vec<u8>,
}

impl Lines {
    pub(crate) fn to(collector: &Collector) -> Self {
        Self::to_url(collector.url("/collect?key="))
    }

    pub(crate) fn to_url(url: String) -> Self {
        Self { url, takes_gzip: false, end: |_| {}, answers: Mutex::new(Vec::new()) }
    }

    /// Says whether the receiver takes gzip.
    pub(crate) fn with_gzip(self, takes_gzip: bool) -> Self {
        Self { takes_gzip, ..self }
    }

    /// With more bytes behind them than the system keeps of a connection that nobody reads.
    pub(crate) fn padded(self) -> Self {
        Self { end: |out| out.body().resize(64 << 20, b'\n'), ..self }
    }

    /// With a header that would inject another.
    fn broken(self) -> Self {
        Self { end: |out| out.header("x-evil", "a\r\nb: c"), ..self }
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.answers.lock().unwrap()
    }
}

impl Protocol for Lines {
    fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        needs.gzip = self.takes_gzip;
        needs
    }

    fn admit(&self, _: &Hit) -> Result<(), Reason> {
        Ok(())
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.push_secret(&Secret::new("s3cret"));
        out.header("content-type", "application/jsonl");
        let taken = &batch[..batch.len().min(100)];
        for enriched in taken {
            serde_json::to_writer(&mut *out.body(), enriched.hit).unwrap();
            out.body().push(b'\n');
        }
        // Not at the start already, when an empty batch is looked at.
        if !taken.is_empty() {
            (self.end)(out);
        }
        taken.len()
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        let mut retry_after = None;
        headers.each(&"retry-after".parse().unwrap(), &mut |value| retry_after = Some(value.to_vec()));
        self.answers().push(Seen { status, retry_after, body: body.to_vec() });
        match status {
            200..=299 => Outcome::Delivered,
            413 => Outcome::Split,
            429 | 503 => Outcome::Retry(None),
            500..=599 => Outcome::Unknown,
            _ => Outcome::Refused(Reason::Rejected),
        }
    }
}

fn sink(protocol: &Arc<Lines>, timeout: Duration) -> Box<dyn Sink> {
    sinks::http::factory(Arc::clone(protocol) as Arc<dyn Protocol>, timeout)().unwrap()
}

fn sink_to(collector: &Collector) -> (Arc<Lines>, Box<dyn Sink>) {
    let protocol = Arc::new(Lines::to(collector));
    let sink = sink(&protocol, LIMIT);
    (protocol, sink)
}

#[test]
fn the_request_is_the_protocols() {
    let collector = Collector::start().unwrap();
    let (_, mut sink) = sink_to(&collector);
    let hits = hits::pages(120).unwrap();
    assert_eq!(deliver(&mut *sink, &hits).taken, 100);
    let [request] = collector.requests().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/collect?key=s3cret"));
    assert_eq!(request.text().lines().count(), 100);
    assert_eq!(request.header("host"), Some(collector.address().to_string().as_str()));
    assert_eq!(request.header("content-type"), Some("application/jsonl"));
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    assert_eq!(request.header("user-agent"), Some(concat!("trackside/", env!("CARGO_PKG_VERSION"))));
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "user-agent"]);
}

#[test]
fn every_answer_goes_to_the_protocol_and_the_connection_is_kept() {
    let collector = Collector::start().unwrap();
    let (protocol, mut sink) = sink_to(&collector);
    let hits = hits::pages(1).unwrap();
    let answers: [(Answer, Outcome); 8] = [
        (Answer::status(200).body("{}"), Outcome::Delivered),
        (Answer::status(204), Outcome::Delivered),
        (Answer::status(302).header("location", "/elsewhere"), Outcome::Refused(Reason::Rejected)),
        (Answer::status(404).body("no such page"), Outcome::Refused(Reason::Rejected)),
        (Answer::status(413), Outcome::Split),
        (Answer::status(429).header("retry-after", "7"), Outcome::Retry(None)),
        (Answer::status(500), Outcome::Unknown),
        (Answer::status(503), Outcome::Retry(None)),
    ];
    for (answer, outcome) in answers {
        collector.script([answer]);
        assert_eq!(deliver(&mut *sink, &hits).outcome, outcome);
    }
    let seen = |status, retry_after: Option<&[u8]>, body: &[u8]| Seen {
        status,
        retry_after: retry_after.map(<[u8]>::to_vec),
        body: body.to_vec(),
    };
    assert_eq!(
        *protocol.answers(),
        [
            seen(200, None, b"{}"),
            seen(204, None, b""),
            seen(302, None, b""),
            seen(404, None, b"no such page"),
            seen(413, None, b""),
            seen(429, Some(b"7"), b""),
            seen(500, None, b""),
            seen(503, None, b""),
        ]
    );
    // No redirect was followed, and nothing was sent twice.
    assert_eq!((collector.count(), collector.connections()), (8, 1));
}

#[test]
fn of_a_long_answer_the_first_64_kib_are_read() {
    let collector = Collector::start().unwrap();
    let (protocol, mut sink) = sink_to(&collector);
    let hits = hits::pages(1).unwrap();
    for (length, read, connections) in
        [(65_536, 65_536, 1), (1 << 20, 65_536, 1), (1, 1, 2), (65_537, 65_536, 2), (2, 2, 3)]
    {
        collector.script([Answer::status(200).body(vec![b'x'; length])]);
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
        assert_eq!(protocol.answers().last().unwrap().body.len(), read);
        // What is left unread costs the connection, and nothing else does.
        assert_eq!(collector.connections(), connections, "after {length} bytes");
    }
}

#[test]
fn a_body_that_breaks_off_leaves_what_the_status_says() {
    let collector = Collector::start().unwrap();
    let (protocol, mut sink) = sink_to(&collector);
    collector.script([Answer::raw("HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\npartly")]);
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Retry(None));
    assert_eq!(protocol.answers().last().unwrap().body, b"partly");
}

#[test]
fn without_an_answer_it_is_unknown_what_happened() {
    let collector = Collector::start().unwrap();
    let (protocol, mut sink) = sink_to(&collector);
    let hits = hits::pages(1).unwrap();
    for answer in [
        Answer::hang_up(),
        Answer::unread(),
        Answer::raw("nonsense\r\n\r\n"),
        Answer::raw("HTTP/1.1 200 OK\r\nhalf-a-hea"),
        Answer::raw(vec![b'x'; 1 << 20]),
        Answer::raw([b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".repeat(100_000)].concat()),
    ] {
        collector.script([answer.clone()]);
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Unknown, "{answer:?}");
    }
    assert_eq!(*protocol.answers(), []);
    // The sink is none the worse for it.
    assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
}

/// Long enough for any machine to connect and write in.
const TIME_OUT: Duration = Duration::from_secs(1);

#[test]
fn a_time_out_after_the_request_is_unknown() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(200).held()]);
    let protocol = Arc::new(Lines::to(&collector));
    let mut sink = sink(&protocol, TIME_OUT);
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Unknown);
    assert!(collector.wait_for(1, LIMIT));
}

#[test]
fn a_server_that_stops_reading_is_given_up_as_unknown() {
    // Its backlog takes the connection, and its buffers the beginning of the request.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/?", listener.local_addr().unwrap());
    let protocol = Arc::new(Lines::to_url(url).padded());
    let mut sink = sink(&protocol, TIME_OUT);
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Unknown);
    drop(listener);
}

#[test]
fn a_refused_connection_can_be_tried_again() {
    let mut collector = Collector::start().unwrap();
    let (_, mut sink) = sink_to(&collector);
    let hits = hits::pages(1).unwrap();
    collector.down();
    assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Retry(None));
    collector.up().unwrap();
    assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
    // The connection is open and unused when the server goes.
    collector.down();
    assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Retry(None));
    assert_eq!(collector.count(), 1);
}

#[test]
fn a_name_that_does_not_resolve_can_be_tried_again() {
    // RFC 6761 §6.4: never resolves.
    let protocol = Arc::new(Lines::to_url("http://collector.invalid/?key=".to_owned()));
    let mut sink = sink(&protocol, LIMIT);
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Retry(None));
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_not_used() {
    let collector = Collector::start().unwrap();
    let (_, mut sink) = sink_to(&collector);
    let hits = hits::pages(1).unwrap();
    for n in 1..=20 {
        collector.script([Answer::status(200).body("ok").then_close()]);
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered, "attempt {n}");
        assert!(collector.wait_for_closed(n, LIMIT));
    }
    assert_eq!((collector.count(), collector.connections()), (20, 20));
}

#[test]
fn an_answer_nobody_asked_for_costs_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/?", listener.local_addr().unwrap());
    let protocol = Arc::new(Lines::to_url(url));
    std::thread::scope(|scope| {
        let server = scope.spawn(|| {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"}\n") {
                    let mut chunk = [0; 4096];
                    let n = stream.read(&mut chunk).unwrap();
                    assert!(n > 0);
                    request.extend_from_slice(&chunk[..n]);
                }
                // The second answer would be taken for that of the next request.
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer.repeat(2).as_bytes()).unwrap();
                // Until the client closes.
                assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0);
            }
        });
        let mut sink = sink(&protocol, LIMIT);
        let hits = hits::pages(1).unwrap();
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
        drop(sink);
        server.join().unwrap();
    });
}

#[test]
fn a_request_that_is_not_http_is_refused() {
    let collector = Collector::start().unwrap();
    let protocol = Arc::new(Lines::to_url(collector.url("/?")).broken());
    let mut sink = sink(&protocol, LIMIT);
    let delivery = deliver(&mut *sink, &hits::pages(1).unwrap());
    assert_eq!((delivery.taken, delivery.outcome), (1, Outcome::Refused(Reason::Rejected)));
    assert_eq!(collector.connections(), 0);
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    // In a process of its own, since the environment belongs to all tests.
    const CHILD: &str = "TRACKSIDE_TEST_PROXIED_URL";
    if let Ok(url) = std::env::var(CHILD) {
        let mut sink = sink(&Arc::new(Lines::to_url(url)), LIMIT);
        assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Delivered);
        return;
    }
    let collector = Collector::start().unwrap();
    let proxy = Collector::start().unwrap();
    let status = alone("http::a_proxy_of_the_environment_is_not_used")
        .env(CHILD, collector.url("/?"))
        .env("HTTP_PROXY", proxy.url(""))
        .env("http_proxy", proxy.url(""))
        .env("ALL_PROXY", proxy.url(""))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!((collector.count(), proxy.connections()), (1, 0));
}
