//! The contract for adapters, kept by a site on libmicrohttpd: `tests/adapters/site.c`.

#[path = "../../../adapters/client.rs"]
mod client;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Instant, SystemTime},
};

use serde_json::Value as Json;
use trackside_tests::folder::Folder;

use self::client::{Book, CONFIG, PATIENCE};
use super::{
    example,
    program::{Books, listening},
};

/// The site, while it runs.
struct Site {
    child: Child,
    /// Each line makes it print its books; none before its end.
    input: ChildStdin,
    out: BufReader<ChildStdout>,
    address: SocketAddr,
    /// Where its hits go, each a line.
    hits: PathBuf,
    /// How many of them are known.
    known: usize,
}

impl Site {
    fn start(folder: &Folder) -> Self {
        let (file, hits) = (folder.join("site.toml"), folder.join("hits.jsonl"));
        let destination = format!("[[destination]]\ntype = 'file'\npath = '{}'\n", hits.display());
        fs::write(&file, format!("{CONFIG}{destination}")).unwrap();
        let mut child = Command::new(example("site"))
            .arg(file)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut out = BufReader::new(out);
        let address = listening(&mut out).strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, input, out, address, hits, known: 0 }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "the site has ended");
        line.trim_end().to_owned()
    }

    /// Has it deliver what waits, and answers what its book of requests says.
    fn book(&mut self) -> Book {
        self.input.write_all(b"\n").unwrap();
        let mut lines = vec![self.line()];
        while lines.last().is_some_and(|line| !line.contains(": left: ")) {
            lines.push(self.line());
        }
        let mut skipped = Books::read(lines.into_iter()).sum("requests");
        let [tracked, ..] = ["tracked", "seen", "skipped"].map(|word| skipped.remove(word).unwrap());
        Book { tracked, skipped }
    }

    /// The hits that were delivered since it was asked last.
    fn hits(&mut self) -> Vec<Json> {
        // Until the first one there is no file.
        let text = fs::read_to_string(&self.hits).unwrap_or_default();
        let hits: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let new = hits[self.known..].to_vec();
        self.known = hits.len();
        new
    }

    /// Ends it, which must end well.
    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_site_in_c_keeps_the_contract() {
    let folder = Folder::new().unwrap();
    let mut site = Site::start(&folder);
    let mut due = Book::default();
    let scenarios = client::scenarios();
    for scenario in &scenarios {
        let name = scenario["name"].as_str().unwrap();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        if scenario["leaves"] == true {
            // Half of a body: libmicrohttpd hears of its client only while it reads or writes.
            let client = client::send(site.address, scenario, now, "Content-Length: 8\r\n\r\nhalf");
            assert_eq!(site.line(), "waiting", "{name}");
            client::reset(client);
        } else {
            client::compare(scenario, client::ask(site.address, scenario, now).as_ref());
        }
        due.add(scenario);
        let mut book = site.book();
        // Everything is counted before the head is sent; where there is none, somewhen.
        let until = Instant::now() + PATIENCE;
        while scenario["status"].is_null() && book.seen() < due.seen() {
            assert!(Instant::now() < until, "{name}: it is not counted");
            book = site.book();
        }
        assert_eq!(book, due, "{name}");
        client::compare_hits(scenario, &site.hits());
    }
    site.end();
    assert!(due.tracked >= 13 && due.skipped["abandoned"] == 2);
    // `cargo xtask c` looks for it.
    println!("scenarios: {}", scenarios.len());
}
