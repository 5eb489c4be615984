//! The way to the receiver: compressed, through a proxy, stage by stage.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use flate2::read::GzDecoder;
use trackside_core::{
    config::{Compression, Http, Secret},
    protocol::{Outcome, Protocol},
};
use trackside_tests::{
    collector::{Answer, Collector},
    hits,
};
use trackside_transports::{sink::Sink, sinks};

use crate::{LIMIT, deliver, http::Lines};

fn http(change: impl FnOnce(&mut Http)) -> Http {
    let mut http = Http::from(LIMIT);
    change(&mut http);
    http
}

fn sink(lines: Lines, http: Http) -> Box<dyn Sink> {
    sinks::http::factory(Arc::new(lines) as Arc<dyn Protocol>, http)().unwrap()
}

#[test]
fn bodies_are_compressed_where_the_receiver_takes_it_or_the_operator_says_so() {
    let cases = [
        (Compression::Auto, false, false),
        (Compression::Auto, true, true),
        (Compression::Gzip, false, true),
        (Compression::None, true, false),
    ];
    for (compression, takes_gzip, is_compressed) in cases {
        let collector = Collector::start().unwrap();
        let http = http(|http| http.compression = compression);
        let mut sink = sink(Lines::to(&collector).with_gzip(takes_gzip), http);
        let many = hits::pages(50).unwrap();
        // Twice, for the buffer is used again.
        for _ in 0..2 {
            assert_eq!(deliver(&mut *sink, &many).outcome, Outcome::Delivered);
        }
        assert_eq!(deliver(&mut *sink, &many[..1]).outcome, Outcome::Delivered);
        let requests = collector.requests();
        let [first, second, short] = &requests[..] else { panic!("{requests:?}") };
        for request in [first, second] {
            let encoding = request.header("content-encoding");
            assert_eq!(encoding, is_compressed.then_some("gzip"), "{compression:?}");
            let length = request.body.len().to_string();
            assert_eq!(request.header("content-length"), Some(length.as_str()));
            let mut text = String::new();
            if is_compressed {
                GzDecoder::new(&request.body[..]).read_to_string(&mut text).unwrap();
                assert!(request.body.len() < text.len() / 2);
            } else {
                text = request.text();
            }
            assert_eq!(text.lines().count(), 50);
        }
        assert_eq!((short.header("content-encoding"), short.text().lines().count()), (None, 1), "too short");
        assert_eq!(collector.connections(), 1);
    }
}

/// A proxy that connects to one server, whatever it is asked for, and keeps what it is asked.
struct Tunnel {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// One that answers each CONNECT with `answer`, and where that is a 200 connects to `server`.
    fn start(server: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let seen = heads.clone();
        // It ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let seen = seen.clone();
                thread::spawn(move || serve(client, server, answer, &seen));
            }
        });
        Self { address, heads }
    }

    fn url(&self, userinfo: &str) -> Secret {
        Secret::new(format!("http://{userinfo}{}", self.address))
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    answer: &str,
    seen: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    seen.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    write!(client, "HTTP/1.1 {answer}\r\n\r\n")?;
    if !answer.starts_with("200") {
        return client.shutdown(Shutdown::Both);
    }
    let mut there = TcpStream::connect(server)?;
    let (mut from, mut to) = (client.try_clone()?, there.try_clone()?);
    let up = thread::spawn(move || io::copy(&mut from, &mut to).and_then(|_| to.shutdown(Shutdown::Write)));
    io::copy(&mut there, &mut client)?;
    client.shutdown(Shutdown::Both)?;
    up.join().unwrap()
}

#[test]
fn a_proxy_of_the_configuration_connects_and_the_connection_is_kept() {
    let collector = Collector::start().unwrap();
    let tunnel = Tunnel::start(collector.address(), "200 OK");
    // RFC 6761 §6.4: never resolves. So the proxy is told the name.
    let lines = Lines::to_url("http://receiver.invalid:8080/collect?key=".to_owned());
    let mut sink = sink(lines, http(|http| http.proxy = Some(tunnel.url("me:p%40ss@"))));
    let hits = hits::pages(3).unwrap();
    for _ in 0..3 {
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Delivered);
    }
    let heads = tunnel.heads();
    let [head] = &heads[..] else { panic!("one connection for all: {heads:?}") };
    assert!(head.starts_with("CONNECT receiver.invalid:8080 HTTP/1.1\r\n"), "{head}");
    // "me:p@ss"
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic bwu6cebzcw==\r\n"), "{head}");
    assert!(!head.contains("s3cret"), "the receiver's secret is not the proxy's: {head}");
    let requests = collector.requests();
    assert_eq!((requests.len(), collector.connections()), (3, 1));
    assert_eq!(requests[0].header("host"), Some("receiver.invalid:8080"));
    assert_eq!(requests[0].header("proxy-authorization"), None);
}

#[test]
fn what_the_proxy_never_let_through_can_be_tried_again() {
    let collector = Collector::start().unwrap();
    let hits = hits::pages(1).unwrap();
    for answer in ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway", "nonsense"] {
        let tunnel = Tunnel::start(collector.address(), answer);
        let mut sink = sink(Lines::to(&collector), http(|http| http.proxy = Some(tunnel.url(""))));
        assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Retry(None), "{answer}");
        assert_eq!(tunnel.heads().len(), 1, "{answer}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Secret::new(format!("http://{nobody}"));
    let mut sink = sink(Lines::to(&collector), http(|http| http.proxy = Some(proxy)));
    assert_eq!(deliver(&mut *sink, &hits).outcome, Outcome::Retry(None));
    assert_eq!(collector.connections(), 0);
}

#[test]
fn behind_a_proxy_too_what_was_sent_and_not_answered_is_unknown() {
    let collector = Collector::start().unwrap();
    let tunnel = Tunnel::start(collector.address(), "200 OK");
    let mut sink = sink(Lines::to(&collector), http(|http| http.proxy = Some(tunnel.url(""))));
    let hits = hits::pages(1).unwrap();
    for answer in [Answer::hang_up(), Answer::status(204)] {
        let expected = if tunnel.heads().is_empty() { Outcome::Unknown } else { Outcome::Delivered };
        collector.script([answer]);
        assert_eq!(deliver(&mut *sink, &hits).outcome, expected);
    }
}

#[test]
fn each_stage_has_a_time_out_within_that_of_the_whole() {
    let hits = hits::pages(1).unwrap();
    // The whole may take so long that a stage which were not bounded would hold up the test.
    let (short, mut long) = (Duration::from_millis(50), Http::from(Duration::from_secs(3_600)));
    long.stages.answer = short;

    let collector = Collector::start().unwrap();
    collector.script([Answer::status(200).held()]);
    let mut to_a_slow_one = sink(Lines::to(&collector), long.clone());
    assert_eq!(deliver(&mut *to_a_slow_one, &hits).outcome, Outcome::Unknown, "answer");
    collector.release();

    // A proxy that takes the connection and says nothing: no byte of the request was sent.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    long.proxy = Some(Secret::new(format!("http://{}", silent.local_addr().unwrap())));
    long.stages.connect = short;
    let mut through_a_silent_one = sink(Lines::to(&collector), long);
    assert_eq!(deliver(&mut *through_a_silent_one, &hits).outcome, Outcome::Retry(None), "connect");
    assert!(collector.wait_for(1, LIMIT));
    assert_eq!(collector.count(), 1);
    drop(silent);
}

#[test]
fn a_receiver_that_stops_reading_is_given_up_within_the_time_of_its_stage() {
    let mut http = Http::from(Duration::from_secs(3_600));
    http.stages.send = Duration::from_secs(1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/?", listener.local_addr().unwrap());
    let (begun, ended) = (mpsc::channel(), mpsc::channel::<()>());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 4];
        stream.read_exact(&mut first).unwrap();
        begun.0.send(first).unwrap();
        ended.1.recv().ok();
    });
    let mut sink = sink(Lines::to_url(url).padded(), http);
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Unknown);
    assert_eq!(&begun.1.recv().unwrap(), b"POST");
    drop(ended.0);
}

#[test]
fn a_proxy_that_is_none_is_an_error_that_does_not_show_it() {
    let protocol = Arc::new(Lines::to_url("http://127.0.0.1:1/?".to_owned()));
    let http = http(|http| http.proxy = Some(Secret::new("socks9://me:s3cret@127.0.0.1")));
    let error = sinks::http::factory(protocol as Arc<dyn Protocol>, http)().err().unwrap().to_string();
    assert_eq!(error, "the proxy of `proxy` is not a URL");
}
