//! `trackside serve --metrics`: the books for Prometheus, and where they are not given out.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::Stdio,
};

use crate::{
    client::{Answer, exchange},
    place::Place,
    server::Server,
};

fn ask(address: SocketAddr, method: &str, target: &str) -> Answer {
    exchange(
        address,
        &format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nUser-Agent: Mozilla/5.0 (X11) Tests/1\r\n\
             Connection: close\r\n\r\n"
        ),
    )
}

/// Where the metrics are, as the greeting has it.
fn metrics_of(server: &Server) -> SocketAddr {
    let line = server.greeting.lines().find_map(|line| line.strip_prefix("metrics: http://"));
    let line = line.unwrap_or_else(|| panic!("no metrics in: {}", server.greeting));
    line.strip_suffix("/metrics").unwrap().parse().unwrap()
}

#[test]
fn the_books_are_given_out_at_an_address_of_their_own() {
    let place = Place::new();
    let mut server = Server::start(&place, &["--metrics", "127.0.0.1:0"]);
    let metrics = metrics_of(&server);
    assert_ne!(metrics, server.address);
    for target in ["/", "/articles/", "/nowhere"] {
        ask(server.address, "GET", target);
        // It has been counted when its line is there.
        server.line();
    }
    let answer = ask(metrics, "GET", "/metrics");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "# TYPE trackside_requests_total counter",
        "trackside_requests_total{outcome=\"tracked\"} 2",
        "trackside_requests_total{outcome=\"skipped\",reason=\"status\"} 1",
        "trackside_hits_offered_total{destination=\"sqlite\"} 2",
    ] {
        assert!(answer.0.contains(&format!("\n{line}\n")), "{line} in {}", answer.0);
    }
    // Nothing else is there, and it takes part in no counting.
    for (method, target, status) in
        [("GET", "/", 404), ("GET", "/metrics/", 404), ("POST", "/metrics", 405), ("HEAD", "/metrics", 200)]
    {
        assert_eq!(ask(metrics, method, target).status(), status, "{method} {target}");
    }
    assert_eq!(ask(server.address, "GET", "/metrics").status(), 404, "not where the pages are");
    let again = ask(metrics, "GET", "/metrics").0;
    assert!(again.contains("trackside_requests_total{outcome=\"skipped\",reason=\"status\"} 2\n"), "{again}");
    let (lines, error) = server.stop();
    assert!(lines.iter().any(|line| line.starts_with("requests: 4 seen")), "{lines:?}");
    assert_eq!(error, "");
    assert!(TcpStream::connect(metrics).is_err(), "it ends with the server");
}

#[test]
fn without_the_flag_there_are_none() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    assert!(!server.greeting.contains("metrics"), "{}", server.greeting);
    assert_eq!(ask(server.address, "GET", "/metrics").status(), 404);
    server.stop();
}

#[test]
fn an_address_that_cannot_be_had_is_told_with_its_flag() {
    let place = Place::new();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    let run = |address: &str| {
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0", "--metrics", address]);
        let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = run(&taken);
    assert!(code == Some(1) && error.contains("is in use") && error.contains("--metrics"), "{error}");
    let (code, error) = run("nonsense");
    assert!(code == Some(2) && error.contains("--metrics nonsense is no address"), "{error}");
}
