//! The first signal ends the server in order, the second at once.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use crate::{
    place::Place,
    server::{LONG, Server},
};

/// A download that nobody reads: a request under way for ever. The file is larger than all buffers.
fn hanging(place: &Place, shutdown: &str) -> (Server, TcpStream) {
    std::fs::create_dir_all(place.path("site")).unwrap();
    File::create(place.path("site/large.bin")).unwrap().set_len(32 << 20).unwrap();
    place.write("my.toml", format!("visitor.identity = \"none\"\nshutdown = \"{shutdown}\"\n"));
    let server = Server::start(place, &["site", "--config", "my.toml"]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 15]).unwrap();
    (server, stream)
}

/// A connection that asks for nothing. It is closed when nobody is let in any more.
struct Idle(TcpStream);

impl Idle {
    fn at(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Self(stream)
    }

    /// Waits until the first signal has done its work.
    fn wait_until_closed(mut self) {
        match self.0.read(&mut [0]) {
            // One that the server had not accepted yet is reset.
            Ok(read) => assert_eq!(read, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

#[test]
fn the_second_signal_ends_it_at_once() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        let (mut server, _stream) = hanging(&place, "1h");
        let idle = Idle::at(&server);
        server.signal("INT");
        idle.wait_until_closed();
        server.signal(name);
        assert_eq!(server.wait().code(), Some(code));
    }
}

#[test]
fn requests_under_way_get_their_deadline() {
    let place = Place::new();
    let (mut server, _stream) = hanging(&place, "100ms");
    server.signal("TERM");
    let lines = server.rest();
    assert_eq!(server.wait().code(), Some(0));
    let seen = "requests: 1 seen = 0 tracked + 1 skipped (content-type 1)";
    assert!(lines.iter().any(|line| line == seen), "{lines:?}");
}

#[test]
fn a_download_under_way_is_ended_in_order() {
    let place = Place::new();
    let (mut server, mut stream) = hanging(&place, "1h");
    let idle = Idle::at(&server);
    server.signal("INT");
    idle.wait_until_closed();
    let mut rest = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => rest += n,
        }
    }
    assert!(rest > 32 << 20, "{rest}");
    assert_eq!(server.wait().code(), Some(0));
}
