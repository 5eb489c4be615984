//! Nobody waits for whoever reads the output.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
};

use crate::{
    client::Client,
    place::Place,
    server::{LONG, Server},
};

#[test]
fn serving_goes_on_when_the_output_is_closed() {
    let place = Place::new();
    let mut server = Server::start(&place, &[]);
    server.close_output();
    let mut client = Client::new(server.address);
    for _ in 0..5 {
        assert_eq!(client.get("/").status(), 200);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(place.run(&["report"]).out.starts_with("views                    5\n"));
}

#[test]
fn serving_goes_on_when_nobody_reads_the_output() {
    let place = Place::new();
    let mut server = Server::start(&place, &[]);
    // More than a pipe and the queue of lines hold.
    let request = format!("HEAD /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(300));
    let requests = 3_000;
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            assert_ne!(answers.read_line(&mut line).unwrap(), 0);
            if line == "\r\n" {
                break;
            }
        }
    }
    drop((stream, answers));

    server.signal("INT");
    let lines = server.rest();
    assert_eq!(server.wait().code(), Some(0));
    let printed = lines.iter().filter(|line| line.contains(" HEAD /aaa")).count();
    let left_out: usize = lines
        .iter()
        .filter_map(|line| line.strip_prefix('(')?.split(' ').next()?.parse::<usize>().ok())
        .sum();
    assert!(left_out > 0);
    assert_eq!(printed + left_out, requests);
    assert_eq!(lines.iter().filter(|line| line.starts_with("requests: 3000 seen")).count(), 1);
}

#[test]
fn it_ends_though_nobody_reads_the_output() {
    let place = Place::new();
    let mut server = Server::start(&place, &[]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = format!("HEAD /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(300));
    stream.write_all(request.repeat(1_000).as_bytes()).unwrap();
    stream.write_all(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let place = Place::new();
    Server::start(&place, &[]).stop();
    for arguments in [&["report"][..], &["report", "--format", "json"], &["explain", "request"], &["--help"]]
    {
        place.write("request", "GET / HTTP/1.1\n");
        let mut child =
            place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!((child.wait().unwrap().code(), error.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
