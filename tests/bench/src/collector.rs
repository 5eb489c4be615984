//! A receiver on the loopback interface, in a process of its own: it answers every request with 200 and
//! counts them. One thread a connection. It can be told to stall: then it answers nobody.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::clock;

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
        let text = ask(&self.url, "seen")?;
        let numbers: Vec<_> = text.split(' ').filter_map(|number| number.parse().ok()).collect();
        numbers.try_into().map_err(|_| io::Error::other(format!("the collector says {text:?}")))
    }
}

/// Has the collector at `url` take connections and answer none of their requests, from now on.
pub fn stall(url: &str) -> io::Result<()> {
    ask(url, "stall").map(drop)
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
    let seen = Arc::new(Seen::default());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = seen.clone();
            // A connection that breaks off is the client's affair.
            thread::spawn(move || answer(stream, &seen).ok());
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    bytes: AtomicU64,
    is_stalled: AtomicBool,
}

fn answer(mut stream: TcpStream, seen: &Seen) -> io::Result<()> {
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
        let asks = buffer.starts_with(b"GET /");
        if buffer.starts_with(b"GET /stall ") {
            seen.is_stalled.store(true, Ordering::Relaxed);
        } else if seen.is_stalled.load(Ordering::Relaxed) {
            loop {
                // Until its process ends.
                thread::park();
            }
        }
        let mut missing = content_length(&buffer[..head]).unwrap_or(0);
        let length = head + missing;
        let here = missing.min(filled - head);
        missing -= here;
        buffer.copy_within(head + here..filled, 0);
        filled -= head + here;
        while missing > 0 {
            let room = missing.min(buffer.len());
            let read = stream.read(&mut buffer[..room])?;
            if read == 0 {
                return Ok(());
            }
            missing -= read;
        }
        if asks {
            let [requests, bytes] = [&seen.requests, &seen.bytes].map(|n| n.load(Ordering::Relaxed));
            let text = format!("{requests} {bytes}");
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len())?;
        } else {
            seen.requests.fetch_add(1, Ordering::Relaxed);
            seen.bytes.fetch_add(length as u64, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"status\":1}")?;
        }
    }
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
    use super::content_length;

    #[test]
    fn the_length_is_found_in_any_case() {
        assert_eq!(content_length(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 42\r\n\r\n"), Some(42));
        assert_eq!(content_length(b"POST / HTTP/1.1\r\ncontent-length:7\r\n\r\n"), Some(7));
        assert_eq!(content_length(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"), None);
    }
}
