//! A receiver on the loopback interface: it records each request exactly, and answers as told, badly if
//! that is what a test wants.
//!
//! Each request takes the next answer of the script; once the script is through, each takes the standing
//! answer, which is 204 until [`Collector::always`] says otherwise. Connections are kept alive.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

/// A request as it came over the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// Which connection it came by, counted from 0 in the order of acceptance.
    pub connection: usize,
    /// The method.
    pub method: String,
    /// The target, with its query.
    pub target: String,
    /// Names and values in the order sent, names as they were spelt.
    pub headers: Vec<(String, String)>,
    /// The body, by its `Content-Length`.
    pub body: Vec<u8>,
}

impl Recorded {
    /// The first value of the header `name`, which compares without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The body as text, with U+FFFD in place of what is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the collector does with a request.
#[derive(Clone, Debug)]
pub struct Answer(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Held(Box<Kind>),
    HangUp,
    Raw(Vec<u8>),
    Unread,
    Whole { status: u16, headers: Vec<(String, String)>, body: Vec<u8>, then_close: bool },
}

impl Answer {
    /// An answer with `status` and an empty body.
    pub fn status(status: u16) -> Self {
        Self(Kind::Whole { status, headers: Vec::new(), body: Vec::new(), then_close: false })
    }

    /// With this header too.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Kind::Whole { headers, .. } = &mut self.0 {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        if let Kind::Whole { body, .. } = &mut self.0 {
            *body = bytes.into();
        }
        self
    }

    /// Then closes the connection, without having announced it: as a server does with an idle one.
    #[must_use]
    pub fn then_close(mut self) -> Self {
        if let Kind::Whole { then_close, .. } = &mut self.0 {
            *then_close = true;
        }
        self
    }

    /// Only once [`Collector::release`] is called.
    #[must_use]
    pub fn held(self) -> Self {
        Self(Kind::Held(Box::new(self.0)))
    }

    /// Reads the request and closes the connection.
    pub fn hang_up() -> Self {
        Self(Kind::HangUp)
    }

    /// Reads the request, writes these bytes and closes the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Raw(bytes.into()))
    }

    /// Closes the connection before reading a byte of the request, which is thus not recorded.
    pub fn unread() -> Self {
        Self(Kind::Unread)
    }
}

/// A running collector. Dropping it stops it.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    /// Keeps the port while it is down, when nobody listens there, from whoever asks for a free one.
    reserved: Option<Socket>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    script: VecDeque<Kind>,
    standing: Kind,
    requests: Vec<Recorded>,
    connections: usize,
    open: Vec<(usize, TcpStream)>,
    closed: usize,
    released: u64,
    held: usize,
    is_up: bool,
}

impl Collector {
    /// A collector on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no port can be had.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                script: VecDeque::new(),
                standing: Answer::status(204).0,
                requests: Vec::new(),
                connections: 0,
                open: Vec::new(),
                closed: 0,
                released: 0,
                held: 0,
                is_up: false,
            }),
            changed: Condvar::new(),
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut collector = Self { address, shared, acceptor: None, reserved: None };
        loop {
            collector.address.set_port(own_port());
            match collector.up() {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                up => return up.map(|()| collector),
            }
        }
    }

    /// Where it listens, also while it is down.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` address, and `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Appends to the script.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.lock().script.extend(answers.into_iter().map(|answer| answer.0));
    }

    /// The answer to each request once the script is through.
    pub fn always(&self, answer: Answer) {
        self.shared.lock().standing = answer.0;
    }

    /// Lets go every answer that is held now.
    pub fn release(&self) {
        self.shared.lock().released += 1;
        self.shared.changed.notify_all();
    }

    /// Stops listening, and closes every connection: from now on it refuses them.
    pub fn down(&mut self) {
        let open = {
            let mut state = self.shared.lock();
            state.is_up = false;
            std::mem::take(&mut state.open)
        };
        self.shared.changed.notify_all();
        if let Some(acceptor) = self.acceptor.take() {
            // Wakes the acceptor, which then sees that it is down.
            drop(TcpStream::connect(self.address));
            drop(acceptor.join());
            self.reserved = reserve(self.address).ok();
        }
        for (_, stream) in open {
            // Already closed by the other side is closed as well.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Listens again, at the same address. Does nothing if it is up.
    ///
    /// # Errors
    ///
    /// If the port is taken.
    pub fn up(&mut self) -> io::Result<()> {
        if self.acceptor.is_some() {
            return Ok(());
        }
        let listener = match self.reserved.take() {
            Some(socket) => {
                socket.listen(128)?;
                TcpListener::from(socket)
            }
            None => TcpListener::bind(self.address)?,
        };
        self.shared.lock().is_up = true;
        let shared = Arc::clone(&self.shared);
        self.acceptor = Some(thread::Builder::new().spawn(move || accept(&listener, &shared))?);
        Ok(())
    }

    /// The requests so far, in the order in which they were read to their end.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.clone()
    }

    /// How many requests there were so far.
    pub fn count(&self) -> usize {
        self.shared.lock().requests.len()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// Waits until `n` requests were read, for at most `limit`, and answers whether they were.
    pub fn wait_for(&self, n: usize, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.requests.len() >= n)
    }

    /// Waits until `n` requests are being held, for at most `limit`, and answers whether they are.
    pub fn wait_for_held(&self, n: usize, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.held >= n)
    }

    /// Waits until the collector has closed `n` connections, for at most `limit`, and answers whether it
    /// has.
    pub fn wait_for_closed(&self, n: usize, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.closed >= n)
    }

    fn wait_until(&self, limit: Duration, done: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.shared.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.down();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the next connection to be served is to be closed unread; if so, that is now done with.
    fn refuses(&mut self) -> bool {
        match self.script.front() {
            Some(Kind::Unread) => self.script.pop_front().is_some(),
            Some(_) => false,
            None => matches!(self.standing, Kind::Unread),
        }
    }
}

/// Below the ports that systems give to whoever asks for any, so that nobody gets it by chance while it is
/// being closed.
fn own_port() -> u16 {
    const PORTS: Range<u16> = 10_240..32_768;
    let random = RandomState::new().hash_one(());
    PORTS.start + (random % PORTS.len() as u64) as u16
}

fn reserve(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // As `TcpListener` does it: what is left of closed connections is no obstacle.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let mut state = shared.lock();
        if !state.is_up {
            return;
        }
        let Ok((stream, copy)) = stream.and_then(|stream| Ok((stream.try_clone()?, stream))) else {
            continue;
        };
        let connection = state.connections;
        state.connections += 1;
        state.open.push((connection, copy));
        drop(state);
        let of_thread = Arc::clone(shared);
        thread::spawn(move || {
            // A client that breaks off ends its connection and nothing else.
            drop(serve(&stream, connection, &of_thread));
            drop(stream);
            let mut state = of_thread.lock();
            state.open.retain(|(open, _)| *open != connection);
            state.closed += 1;
            of_thread.changed.notify_all();
        });
        shared.changed.notify_all();
    }
}

/// Serves one connection until either side closes it.
fn serve(mut stream: &TcpStream, connection: usize, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    loop {
        if shared.lock().refuses() {
            return Ok(());
        }
        let Some(request) = read(&mut stream, &mut input, connection)? else {
            return Ok(());
        };
        let mut answer = {
            let mut state = shared.lock();
            if state.refuses() {
                return Ok(());
            }
            state.requests.push(request);
            let standing = state.standing.clone();
            state.script.pop_front().unwrap_or(standing)
        };
        shared.changed.notify_all();
        while let Kind::Held(then) = answer {
            if !hold(shared) {
                return Ok(());
            }
            answer = *then;
        }
        match answer {
            Kind::Whole { status, headers, body, then_close } => {
                write(&mut stream, status, &headers, &body)?;
                if then_close {
                    return Ok(());
                }
            }
            Kind::Raw(bytes) => return stream.write_all(&bytes),
            Kind::HangUp | Kind::Held(_) | Kind::Unread => return Ok(()),
        }
    }
}

/// Waits for a release; false if the collector goes down first.
fn hold(shared: &Shared) -> bool {
    let mut state = shared.lock();
    let before = state.released;
    state.held += 1;
    shared.changed.notify_all();
    while state.is_up && state.released == before {
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state.held -= 1;
    state.is_up
}

/// The next request; none if the client closed before it.
fn read(stream: &mut impl Read, input: &mut Vec<u8>, connection: usize) -> io::Result<Option<Recorded>> {
    const END: &[u8] = b"\r\n\r\n";
    let head = loop {
        if let Some(end) = input.windows(END.len()).position(|window| window == END) {
            let head: Vec<u8> = input.drain(..end + END.len()).collect();
            break String::from_utf8_lossy(&head).into_owned();
        }
        if !more(stream, input)? {
            return Ok(None);
        }
    };
    let mut lines = head.split("\r\n");
    let mut line = lines.next().unwrap_or_default().splitn(3, ' ').map(str::to_owned);
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut request = Recorded {
        connection,
        method: line.next().unwrap_or_default(),
        target: line.next().unwrap_or_default(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while input.len() < length {
        if !more(stream, input)? {
            return Ok(None);
        }
    }
    request.body = input.drain(..length).collect();
    Ok(Some(request))
}

fn more(stream: &mut impl Read, input: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 16 * 1024];
    let n = stream.read(&mut chunk)?;
    input.extend_from_slice(&chunk[..n]);
    Ok(n > 0)
}

fn write(stream: &mut impl Write, status: u16, headers: &[(String, String)], body: &[u8]) -> io::Result<()> {
    let mut answer = format!("HTTP/1.1 {status} Status\r\n");
    for (name, value) in headers {
        answer += &format!("{name}: {value}\r\n");
    }
    // RFC 9110 §8.6: none with these.
    if !matches!(status, 204 | 304) {
        answer += &format!("content-length: {}\r\n", body.len());
    }
    answer += "\r\n";
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    stream.write_all(&answer)
}

#[cfg(test)]
#[path = "collector_test.rs"]
mod test;
