//! A receiver on the loopback interface, in a process of its own: it answers every request with 200 and
//! counts them. One thread a connection. It can be told to stall: then it answers nobody; to leave for a while: then
//! nobody is there; and to count the hits in what it takes.

use std::{
    io::{self, Read, Write},
    mem,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{clock, tally::Tally};

/// A running collector, which ends with this handle.
pub struct Collector {
    child: Child,
    url: String,
}

impl Collector {
    /// Starts one, on the core `core` alone if that is given.
    pub fn start(core: Option<usize>) -> io::Result<Self> {
        Self::start_at(0, core)
    }

    /// As [`start`](Self::start), at this port, if it is not 0.
    pub fn start_at(port: u16, core: Option<usize>) -> io::Result<Self> {
        let core = core.map_or_else(|| "any".to_owned(), |core| core.to_string());
        let mut child = Command::new(std::env::current_exe()?)
            .args(["collector", &core, &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = [0; 2];
        child.stdout.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.read_exact(&mut port)?;
        Ok(Self { child, url: format!("http://127.0.0.1:{}", u16::from_le_bytes(port)) })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Requests answered so far, and their bytes.
    pub fn seen(&self) -> io::Result<[f64; 2]> {
        self.numbers("seen")
    }

    /// How many of the first `hits` have come, and how many copies too many of any.
    pub fn tally(&self, hits: usize) -> io::Result<[f64; 2]> {
        self.numbers(&format!("tally/{hits}"))
    }

    fn numbers(&self, what: &str) -> io::Result<[f64; 2]> {
        let text = ask(&self.url, what)?;
        let numbers: Vec<_> = text.split(' ').filter_map(|number| number.parse().ok()).collect();
        numbers.try_into().map_err(|_| io::Error::other(format!("the collector says {text:?}")))
    }
}

/// Has the collector at `url` take connections and answer none of their requests, from now on.
pub fn stall(url: &str) -> io::Result<()> {
    ask(url, "stall").map(drop)
}

/// Has the collector at `url` count, from now on, which hits it takes.
pub fn count(url: &str) -> io::Result<()> {
    ask(url, "count").map(drop)
}

/// Has the collector at `url` break all connections off and refuse others, for so long.
pub fn leave(url: &str, away: Duration) -> io::Result<()> {
    ask(url, &format!("leave/{}", away.as_millis())).map(drop)
}

fn ask(url: &str, what: &str) -> io::Result<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let answer = agent.get(format!("{url}/{what}")).call();
    answer.and_then(|mut answer| answer.body_mut().read_to_string()).map_err(ureq::Error::into_io)
}

impl Drop for Collector {
    fn drop(&mut self) {
        // It ends when nobody holds the other end of its standard input.
        drop(self.child.stdin.take());
        self.child.wait().expect("a child can be waited for");
    }
}

/// The collector's own process.
pub fn serve(core: Option<usize>, port: u16) -> io::Result<()> {
    if let Some(core) = core {
        clock::pin(core);
    }
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    io::stdout().write_all(&listener.local_addr()?.port().to_le_bytes())?;
    io::stdout().flush()?;
    let address = listener.local_addr()?;
    let seen = Arc::new(Seen::default());
    thread::spawn(move || receive(listener, address, &seen).expect("the port is still to be had"));
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

/// Takes connections, unless it is told to leave.
fn receive(mut listener: TcpListener, address: SocketAddr, seen: &Arc<Seen>) -> io::Result<()> {
    let mut open: Vec<TcpStream> = Vec::new();
    loop {
        let (stream, _) = listener.accept()?;
        let Some(away) = mem::take(&mut *lock(&seen.leaves)) else {
            open.push(stream.try_clone()?);
            let seen = Arc::clone(seen);
            // A connection that breaks off is the client's affair.
            thread::spawn(move || answer(stream, address, &seen).ok());
            continue;
        };
        drop((listener, stream));
        for stream in open.drain(..) {
            // Who has gone already need not be told.
            stream.shutdown(Shutdown::Both).ok();
        }
        thread::sleep(away);
        listener = TcpListener::bind(address)?;
    }
}

#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    bytes: AtomicU64,
    is_stalled: AtomicBool,
    /// For how long it is to leave, with the next connection.
    leaves: Mutex<Option<Duration>>,
    /// None: hits are not counted, which takes its time.
    tally: Mutex<Option<Tally>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seen {
    /// What is asked for by the path of a GET.
    fn tell(&self, path: &str) -> String {
        let number = |path: &str| path.split('/').next_back().and_then(|number| number.parse().ok());
        match path {
            "count" => *lock(&self.tally) = Some(Tally::default()),
            "stall" => self.is_stalled.store(true, Ordering::Relaxed),
            _ if path.starts_with("leave/") => *lock(&self.leaves) = number(path).map(Duration::from_millis),
            _ if path.starts_with("tally/") => {
                let hits = number(path).unwrap_or_default() as usize;
                return match &*lock(&self.tally) {
                    Some(tally) => format!("{} {}", tally.came(hits), tally.doubled()),
                    None => "it does not count".to_owned(),
                };
            }
            _ => {}
        }
        let [requests, bytes] = [&self.requests, &self.bytes].map(|n| n.load(Ordering::Relaxed));
        format!("{requests} {bytes}")
    }
}

fn answer(mut stream: TcpStream, address: SocketAddr, seen: &Seen) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 256 << 10];
    let mut filled = 0;
    loop {
        let head = loop {
            if let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            let read = stream.read(&mut buffer[filled..])?;
            if read == 0 {
                return Ok(());
            }
            filled += read;
        };
        let asked = asked(&buffer[..head]).map(|path| seen.tell(path));
        if asked.is_none() && seen.is_stalled.load(Ordering::Relaxed) {
            loop {
                // Until its process ends.
                thread::park();
            }
        }
        let mut missing = content_length(&buffer[..head]).unwrap_or(0);
        let length = head + missing;
        let here = missing.min(filled - head);
        missing -= here;
        let mut body = lock(&seen.tally).is_some().then(|| buffer[head..head + here].to_vec());
        buffer.copy_within(head + here..filled, 0);
        filled -= head + here;
        while missing > 0 {
            let room = missing.min(buffer.len());
            let read = stream.read(&mut buffer[..room])?;
            if read == 0 {
                return Ok(());
            }
            missing -= read;
            if let Some(body) = &mut body {
                body.extend_from_slice(&buffer[..read]);
            }
        }
        if let Some(text) = asked {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len())?;
            if lock(&seen.leaves).is_some() {
                // Who takes connections looks up with the next.
                TcpStream::connect(address)?;
            }
        } else {
            if let (Some(tally), Some(body)) = (&mut *lock(&seen.tally), body) {
                tally.add(&body);
            }
            seen.requests.fetch_add(1, Ordering::Relaxed);
            seen.bytes.fetch_add(length as u64, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"status\":1}")?;
        }
    }
}

/// The path of a GET, without its slash.
fn asked(head: &[u8]) -> Option<&str> {
    std::str::from_utf8(head.strip_prefix(b"GET /")?).ok()?.split(' ').next()
}

fn content_length(head: &[u8]) -> Option<usize> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked("content-length:".len())?;
        let number = name.eq_ignore_ascii_case(b"content-length:").then_some(value)?;
        std::str::from_utf8(number).ok()?.trim().parse().ok()
    })
}

#[cfg(test)]
mod test {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        sync::Arc,
        thread,
        time::Duration,
    };

    use super::{Seen, ask, asked, content_length, count, leave, receive};

    #[test]
    fn who_leaves_breaks_off_and_comes_back_with_the_same_count() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let seen = Arc::new(Seen::default());
        thread::spawn(move || receive(listener, address, &seen));
        count(&url).unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"POST / HTTP/1.1\r\ncontent-length: 14\r\n\r\n/hit-00000003/").unwrap();
        assert_ne!(client.read(&mut [0; 200]).unwrap(), 0, "it is answered");
        leave(&url, Duration::from_millis(50)).unwrap();
        assert_eq!(client.read(&mut [0; 200]).unwrap_or_default(), 0, "it is broken off");
        let back = (0..).find_map(|_| ask(&url, "tally/9").ok());
        assert_eq!(back.as_deref(), Some("1 0"));
    }

    #[test]
    fn what_it_is_told_stands_in_the_path_of_a_get() {
        assert_eq!(asked(b"GET /leave/3000 HTTP/1.1\r\nhost: x\r\n\r\n"), Some("leave/3000"));
        assert_eq!(asked(b"POST /leave/3000 HTTP/1.1\r\n\r\n"), None);
        let seen = Seen::default();
        assert_eq!((seen.tell("seen").as_str(), seen.tell("tally/9").as_str()), ("0 0", "it does not count"));
        seen.tell("count");
        if let Some(tally) = &mut *super::lock(&seen.tally) {
            tally.add(b"/hit-00000003/ /hit-00000003/ /hit-00000009/");
        }
        assert_eq!((seen.tell("tally/9").as_str(), seen.tell("tally/10").as_str()), ("1 1", "2 1"));
        seen.tell("leave/250");
        assert_eq!(super::lock(&seen.leaves).map(|away| away.as_millis()), Some(250));
    }

    #[test]
    fn the_length_is_found_in_any_case() {
        assert_eq!(content_length(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 42\r\n\r\n"), Some(42));
        assert_eq!(content_length(b"POST / HTTP/1.1\r\ncontent-length:7\r\n\r\n"), Some(7));
        assert_eq!(content_length(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"), None);
    }
}
