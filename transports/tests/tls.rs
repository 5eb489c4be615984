//! Whom a destination believes that the receiver is who it says. The certificates under `tls/` are these tests' own,
//! with their key, and good until 2126.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "kit/mod.rs"]
mod kit;

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use kit::{LONG, hits};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use trackside_core::{
    Config,
    config::{Destination, Http, Policy, Secret},
    protocol::{self, Enriched, Outcome},
};
use trackside_transports::{
    Tracker,
    check::{self, Options},
    sink::Sink,
    sinks,
};
use ureq::tls::{PemItem, parse_pem};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

/// A receiver that takes everything, on a port of 127.0.0.1.
fn receiver() -> u16 {
    let pem = [fs::read(path("server.pem")).unwrap(), fs::read(path("server.key")).unwrap()].concat();
    let (mut certificates, mut key) = (Vec::new(), None);
    for item in parse_pem(&pem).map(Result::unwrap) {
        match item {
            PemItem::Certificate(certificate) => certificates.push(certificate.der().to_vec().into()),
            PemItem::PrivateKey(private) => key = PrivateKeyDer::try_from(private.der().to_vec()).ok(),
            _ => {}
        }
    }
    let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key.unwrap())
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    // It ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            thread::spawn(move || answer(StreamOwned::new(connection, stream)));
        }
    });
    port
}

fn answer(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>) -> io::Result<()> {
    let mut chunk = [0; 16 * 1_024];
    while stream.read(&mut chunk)? > 0 {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        stream.flush()?;
    }
    Ok(())
}

fn config(url: &str, ca: Option<&Path>) -> Config {
    let mut destination = Destination::ga_v1("UA-1-1").url(url).name("stats");
    if let Some(ca) = ca {
        destination = destination.ca(ca);
    }
    Config::builder().consent(Policy::None).destination(destination).build().unwrap()
}

fn sink(port: u16, ca: Option<&str>) -> Box<dyn Sink> {
    sink_through(None, port, ca)
}

fn sink_through(proxy: Option<&Tunnel>, port: u16, ca: Option<&str>) -> Box<dyn Sink> {
    let config = config(&format!("https://127.0.0.1:{port}/collect"), None);
    let protocol = protocol::of(&config.destinations()[0].receiver).unwrap();
    let mut http = Http::from(LONG);
    http.ca = ca.map(path);
    http.proxy = proxy.map(|proxy| Secret::new(format!("http://127.0.0.1:{}", proxy.port)));
    sinks::http::factory(protocol, http)().unwrap()
}

#[test]
fn the_receiver_is_believed_if_an_authority_of_the_file_vouches_for_it() {
    let port = receiver();
    let hits = hits(1);
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    let outcome = |ca| sink(port, ca).deliver(&batch, 1).outcome;
    assert_eq!(outcome(Some("ca.pem")), Outcome::Delivered);
    // No byte of a hit goes to one that is not who it says.
    assert_eq!(outcome(Some("other.pem")), Outcome::Retry(None));
    assert_eq!(outcome(None), Outcome::Retry(None));
}

/// A proxy that connects to a port of 127.0.0.1, whatever it is asked for, and keeps all that it is sent.
struct Tunnel {
    port: u16,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Tunnel {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, sent) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<u8>>>::default());
        let all = Arc::clone(&sent);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let all = Arc::clone(&all);
                thread::spawn(move || tunnel(stream, server, &all));
            }
        });
        Self { port, sent }
    }

    /// What came in, and of that what came before the first empty line.
    fn sent(&self) -> (Vec<u8>, String) {
        let sent = self.sent.lock().unwrap().clone();
        let text = String::from_utf8_lossy(&sent);
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        (sent, head)
    }
}

fn tunnel(mut client: TcpStream, server: u16, sent: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    sent.lock().unwrap().extend(head);
    let mut server = TcpStream::connect(("127.0.0.1", server))?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut back, mut out) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut back, &mut out));
    let mut chunk = [0; 16 * 1_024];
    loop {
        match client.read(&mut chunk)? {
            0 => return Ok(()),
            length => {
                sent.lock().unwrap().extend_from_slice(&chunk[..length]);
                server.write_all(&chunk[..length])?;
            }
        }
    }
}

#[test]
fn through_a_proxy_it_is_the_receiver_that_is_believed_and_the_proxy_reads_no_hit() {
    let port = receiver();
    let hits = hits(1);
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    for (ca, outcome) in [
        (Some("ca.pem"), Outcome::Delivered),
        (Some("other.pem"), Outcome::Retry(None)),
        (None, Outcome::Retry(None)),
    ] {
        let tunnel = Tunnel::to(port);
        let mut sink = sink_through(Some(&tunnel), port, ca);
        assert_eq!(sink.deliver(&batch, 1).outcome, outcome, "{ca:?}");
        if ca == Some("ca.pem") {
            assert_eq!(sink.deliver(&batch, 1).outcome, outcome, "once more");
        }
        let (sent, head) = tunnel.sent();
        assert!(head.starts_with(&format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")), "{head}");
        assert!(sent.len() > head.len() + 4, "TLS begins behind it");
        for plain in ["UA-1-1", "/collect", "www.example.com", "CONNECT"] {
            let count = sent.windows(plain.len()).filter(|bytes| *bytes == plain.as_bytes()).count();
            assert_eq!(count, usize::from(plain == "CONNECT"), "{plain}");
        }
    }
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_an_error_at_start() {
    let folder = std::env::temp_dir().join(format!("trackside-ca-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let broken = b"-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----\n";
    for (path, says) in [
        (folder.join("none.pem"), "it cannot be read ("),
        (folder.clone(), "it is no file"),
        (file("empty.pem", b""), "it holds no certificate; write the path of a file with one or more blocks"),
        (file("text.pem", b"Dear CA,"), "it holds no certificate"),
        (file("key.pem", &fs::read(self::path("server.key")).unwrap()), "it holds no certificate"),
        (file("broken.pem", broken), "it is not PEM"),
    ] {
        let error = Tracker::open(config("https://stats.example.com/collect", Some(&path))).err().unwrap();
        assert!(error.is_file());
        let told = error.to_string();
        let begins = format!("destination `stats`: ca `{}`: {says}", path.display());
        assert!(told.starts_with(&begins), "{told}");
    }
    assert!(Tracker::open(config("https://stats.example.com/collect", Some(&path("ca.pem")))).is_ok());
    fs::remove_dir_all(folder).unwrap();
}

/// What a check says of the receiver at `url`: its findings, and what to do.
fn checked(url: &str, ca: Option<&str>) -> Vec<(String, String)> {
    let config = config(url, ca.map(path).as_deref());
    let checked = check::check(&config, &config.destinations()[0], &Options::new(LONG));
    checked.findings.iter().map(|it| (it.what().to_owned(), it.to_do().to_owned())).collect()
}

#[test]
fn a_check_says_what_is_wrong_with_tls() {
    let port = receiver();
    let url = format!("https://127.0.0.1:{port}/collect");
    assert!(checked(&url, Some("ca.pem"))[0].0.contains("took the test hit"));
    for ca in [Some("other.pem"), None] {
        let [(what, to_do)] = &checked(&url, ca)[..] else { panic!() };
        assert!(
            what.starts_with(&format!(
                "nobody that is believed vouches for the certificate of 127.0.0.1:{port}"
            )),
            "{what}"
        );
        assert!(to_do.contains("name a file with its certificate as `ca`"), "{to_do}");
    }
    let [(what, to_do)] = &checked(&format!("https://localhost:{port}/collect"), Some("ca.pem"))[..] else {
        panic!()
    };
    assert!(what.starts_with(&format!("the certificate of localhost:{port} is for another name")), "{what}");
    assert!(to_do.starts_with("write the name that the certificate has"), "{to_do}");
    // Plain HTTP at a port for TLS.
    let [(what, to_do)] = &checked(&format!("http://127.0.0.1:{port}/collect"), None)[..] else { panic!() };
    assert!(what.starts_with(&format!("127.0.0.1:{port} closes")) || what.contains("is not HTTP"), "{what}");
    assert!(to_do.contains("https://"), "{to_do}");
}
