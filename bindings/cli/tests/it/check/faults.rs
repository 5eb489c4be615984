//! What stands between: names, connections, TLS, proxies, and time.

use std::{io::Write, net::TcpStream};

use trackside_tests::collector::{Answer, Collector, Recorded, read};

use super::{Bench, Said};

const RUDDERSTACK: &str = "write_key = 'SECRET'\nurl = ";

fn bench(url: &str, more: &str) -> Bench {
    Bench::new("rudderstack", &format!("{RUDDERSTACK}'{url}'\n{more}"))
}

fn said(bench: &Bench) -> Said {
    Said::of(bench.run(&["--format", "json"]))
}

/// A proxy that connects to nobody, and answers requests as `answer` says, which is handed what it was told.
pub(super) fn tunnel(answer: impl Fn(&Recorded) -> String + Send + Sync + 'static) -> Collector {
    let serve = move |mut stream: &TcpStream, n: usize| {
        let mut input = Vec::new();
        if read(&mut stream, &mut input, n)?.is_some_and(|head| head.method == "CONNECT") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            if let Some(request) = read(&mut stream, &mut input, n)? {
                stream.write_all(answer(&request).as_bytes())?;
            }
        }
        Ok(())
    };
    Collector::serving(serve).unwrap()
}

#[test]
fn a_name_that_nobody_knows() {
    said(&bench("https://no-such-host.invalid/v1/batch", "")).has(&[
        "wrong | the receiver's name `no-such-host.invalid` is not resolved | compare the host in `url` … DNS",
    ]);
}

#[test]
fn a_port_at_which_nobody_listens() {
    let mut bench = bench("URL/v1/batch", "");
    bench.collector.down();
    let address = bench.collector.address();
    said(&bench).has(&[&format!(
        "wrong | the receiver refuses connections: nobody listens at {address} | compare host and port in `url`"
    )]);
}

#[test]
fn a_port_without_tls() {
    let plain = |mut stream: &TcpStream, _| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let receiver = Collector::serving(plain).unwrap();
    let url = receiver.url("/v1/batch").replace("http:", "https:");
    said(&bench(&url, "")).has(&["wrong … does not speak TLS at this port … write http://"]);
}

#[test]
fn certificates_that_cannot_be_read() {
    let bench = bench("https://127.0.0.1:1/v1/batch", "ca = 'none.pem'");
    said(&bench).has(&["wrong | ca `none.pem`: it cannot be read"]);
}

#[test]
fn no_answer_in_time() {
    let bench = bench("URL/v1/batch", "timeout = '1s'");
    bench
        .check([Answer::status(200).held()], &[])
        .has(&["wrong … is there and does not answer within 1s … raise `timeout`"]);
    // All destinations at once, within the time that is given for all.
    bench.configure("", "rudderstack", &format!("{RUDDERSTACK}'URL/v1/batch'"));
    bench.check([Answer::status(200).held()], &["--timeout", "1s"]).has(&["wrong … does not answer within "]);
}

#[test]
fn a_connection_that_is_closed() {
    let bench = bench("URL/v1/batch", "");
    bench.check([Answer::hang_up()], &[]).has(&["wrong … closes the connection without an answer"]);
    bench
        .check([Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nOK")], &[])
        .has(&["wrong … breaks off in the midst of its answer"]);
    bench.check([Answer::raw("+OK ready\r\n\r\n")], &[]).has(&["wrong … is not HTTP … https://"]);
}

#[test]
fn a_redirect_is_not_followed() {
    let bench = bench("URL/v1/batch", "");
    let moved = Answer::status(308).header("location", &bench.collector.url("/elsewhere?key=1"));
    let to = bench.collector.url("/elsewhere");
    bench
        .check([moved], &[])
        .has(&[&format!("wrong | `url` leads on to `{to}` (status 308) … write the address where it ends")]);
}

#[test]
fn a_proxy_that_is_not_there_or_does_not_connect() {
    let mut proxy = Collector::start().unwrap();
    let address = proxy.address();
    let keys = format!("proxy = 'http://anna:hunter2@{address}'");
    let bench = bench("http://receiver.example/v1/batch", &keys);
    for (status, says) in [
        (407, "asks who you are (status 407) | write user and password into `proxy`"),
        (403, "does not connect to receiver.example:80 (status 403) | let the proxy allow CONNECT"),
        (502, "cannot reach receiver.example:80 (status 502) | compare host and port in `url`"),
    ] {
        proxy.always(Answer::status(status));
        let said = said(&bench);
        said.has(&[&format!("wrong | the proxy {address} … {says}")]);
        assert!(!said.ran.out.contains("hunter2") && !said.ran.err.contains("hunter2"), "{}", said.ran.out);
    }
    assert_eq!(proxy.requests()[0].method, "CONNECT");
    proxy.always(Answer::raw("+OK ready\r\n\r\n"));
    said(&bench).has(&[&format!("wrong | what listens at {address} is no proxy … compare `proxy`")]);
    proxy.down();
    said(&bench).has(&[&format!(
        "wrong | the proxy refuses connections: nobody listens at {address} | compare host and port in `proxy`"
    )]);
    bench.configure(
        "",
        "rudderstack",
        &format!("{RUDDERSTACK}'http://receiver.example/'\nproxy = 'http://no-such-proxy.invalid:3128'"),
    );
    said(&bench).has(&[
        "wrong | the proxy's name `no-such-proxy.invalid` is not resolved | compare the host in `proxy`",
    ]);
}

#[test]
fn through_a_proxy_all_is_as_without() {
    let proxy = tunnel(|request| {
        let status = if request.target == "/v1/batch" { "200 OK" } else { "404 Not Found" };
        format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nOK")
    });
    let keys = format!("proxy = '{}'", proxy.url(""));
    said(&bench("http://receiver.example/v1/batch", &keys)).has(&["right | RudderStack took the test hit"]);
    said(&bench("http://receiver.example/v2/batch", &keys))
        .has(&["wrong | RudderStack takes nothing here (status 404)"]);
}
