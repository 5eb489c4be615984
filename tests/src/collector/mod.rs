//! A receiver on the loopback interface: it records each request exactly, and answers as told, badly if
//! that is what a test wants.
//!
//! Each request takes the next answer of the script; once the script is through, each takes the standing
//! answer, which is 204 until [`Collector::always`] says otherwise, or one that is [thought](Collector::thinking) of when
//! the request is read. Connections are kept alive.

mod answer;
mod request;

use std::{
    collections::VecDeque,
    fmt,
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use self::answer::{Kind, write};
pub use self::{
    answer::Answer,
    request::{Recorded, read},
};

/// A running collector. Dropping it stops it.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    /// Keeps the port while it is down, when nobody listens there, from whoever asks for a free one.
    reserved: Option<Socket>,
}

/// The answer to a request.
type Think = dyn Fn(&Recorded) -> Answer + Send + Sync;

/// Serves one connection, of this number, until it is to be closed.
type Serve = dyn Fn(&TcpStream, usize) -> io::Result<()> + Send + Sync;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// In place of the script and the standing answer.
    serve: Option<Box<Serve>>,
    /// In place of the standing answer.
    think: Option<Box<Think>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
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
        Self::begin(None, None)
    }

    /// One that answers each request for which there is no script as `think` says, in place of a standing answer.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn thinking(think: impl Fn(&Recorded) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        Self::begin(None, Some(Box::new(think)))
    }

    /// One whose connections are served by `serve`, each on a thread of its own. It records no request, and answers
    /// none itself; an error closes the connection.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn serving(
        serve: impl Fn(&TcpStream, usize) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::begin(Some(Box::new(serve)), None)
    }

    fn begin(serve: Option<Box<Serve>>, think: Option<Box<Think>>) -> io::Result<Self> {
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
            serve,
            think,
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
            self.reserved = reserve_soon(self.address).ok();
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

/// A process that is being started has the listener, too, until it runs its own program.
fn reserve_soon(address: SocketAddr) -> io::Result<Socket> {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match reserve(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                thread::yield_now();
            }
            reserved => return reserved,
        }
    }
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
            drop(match &of_thread.serve {
                Some(serve) => serve(&stream, connection),
                None => {
                    let served = serve(&stream, connection, &of_thread);
                    // A child that was forked meanwhile may have it, too.
                    stream.shutdown(Shutdown::Write).ok();
                    served
                }
            });
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
        let (scripted, standing) = {
            let mut state = shared.lock();
            if state.refuses() {
                return Ok(());
            }
            state.requests.push(request.clone());
            (state.script.pop_front(), state.standing.clone())
        };
        shared.changed.notify_all();
        let think = || shared.think.as_ref().map_or(standing, |think| think(&request).0);
        let mut answer = scripted.unwrap_or_else(think);
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

#[cfg(test)]
mod test;
