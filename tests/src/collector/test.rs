#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::Read as _;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

fn get(collector: &Collector, target: &str) -> String {
    let mut stream = TcpStream::connect(collector.address()).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_is_recorded_exactly() {
    let collector = Collector::start().unwrap();
    let mut stream = TcpStream::connect(collector.address()).unwrap();
    let request =
        b"POST /a?b=%20 HTTP/1.1\r\nHost: x\r\nX-Odd:  two  words \r\ncontent-length: 3\r\n\r\n\xff\r\n";
    // In two pieces, and a second request behind it.
    stream.write_all(&request[..20]).unwrap();
    stream.write_all(&[&request[20..], b"GET / HTTP/1.1\r\n\r\n"].concat()).unwrap();
    assert!(collector.wait_for(2, LIMIT));
    let [first, second] = collector.requests().try_into().unwrap();
    assert_eq!((first.method.as_str(), first.target.as_str()), ("POST", "/a?b=%20"));
    assert_eq!(first.header("x-odd"), Some("two  words"));
    assert_eq!(first.body, b"\xff\r\n");
    assert_eq!((second.method.as_str(), second.connection), ("GET", 0));
    assert_eq!(collector.connections(), 1);
}

#[test]
fn the_script_comes_before_the_standing_answer() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(503).header("Retry-After", "7"), Answer::status(200).body("{}")]);
    assert_eq!(get(&collector, "/"), "HTTP/1.1 503 Status\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(get(&collector, "/"), "HTTP/1.1 200 Status\r\ncontent-length: 2\r\n\r\n{}");
    assert_eq!(get(&collector, "/"), "HTTP/1.1 204 Status\r\n\r\n");
    collector.always(Answer::raw("nonsense"));
    assert_eq!(get(&collector, "/"), "nonsense");
    collector.always(Answer::hang_up());
    assert_eq!(get(&collector, "/"), "");
    assert_eq!(collector.count(), 5);
}

#[test]
fn an_unread_request_is_not_recorded() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::unread()]);
    let mut stream = TcpStream::connect(collector.address()).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(collector.wait_for_closed(1, LIMIT));
    assert_eq!((collector.count(), collector.connections()), (0, 1));
}

#[test]
fn a_held_answer_waits_for_its_release() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(200).held()]);
    thread::scope(|scope| {
        let client = scope.spawn(|| get(&collector, "/"));
        assert!(collector.wait_for_held(1, LIMIT));
        assert!(!client.is_finished());
        collector.release();
        assert!(client.join().unwrap().starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn it_goes_down_and_comes_back_at_the_same_address() {
    let mut collector = Collector::start().unwrap();
    collector.script([Answer::status(200).held()]);
    let mut stream = TcpStream::connect(collector.address()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(collector.wait_for_held(1, LIMIT));
    collector.down();
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    assert!(TcpStream::connect(collector.address()).is_err());
    collector.up().unwrap();
    assert!(get(&collector, "/").starts_with("HTTP/1.1 204 "));
    assert_eq!(collector.count(), 2);
}

#[test]
fn an_answer_may_depend_on_the_request() {
    let collector = Collector::thinking(|request| Answer::status(200).body(request.target.as_str())).unwrap();
    collector.script([Answer::status(503)]);
    assert!(get(&collector, "/a").starts_with("HTTP/1.1 503 "), "the script comes first");
    assert!(get(&collector, "/b").ends_with("\r\n\r\n/b"));
    assert_eq!(collector.count(), 2);
}

#[test]
fn a_test_may_serve_connections_itself() {
    let collector = Collector::serving(|mut stream, connection| {
        let request = read(&mut stream, &mut Vec::new(), connection)?.unwrap();
        write!(stream, "{} on {connection}", request.target)
    })
    .unwrap();
    assert_eq!((get(&collector, "/a"), get(&collector, "/b")), ("/a on 0".to_owned(), "/b on 1".to_owned()));
    assert_eq!((collector.count(), collector.connections()), (0, 2));
}
