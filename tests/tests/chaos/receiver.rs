//! A receiver that does to each request what its seed says, badly more often than not, and writes down what it did.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::TcpStream,
    sync::{
        Arc, Condvar, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use socket2::SockRef;
use trackside_tests::collector::{Collector, read};

use crate::{random::Random, retry_after::RetryAfter};

/// What is done to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Not a byte is read, nor answered.
    Deaf,
    /// Bytes that are no answer, or one that contradicts itself.
    Garbage,
    /// Processed or not, and never a byte of an answer.
    HangUp,
    /// Some 1xx, and then nothing else.
    Informed,
    /// Processed or not; the connection stays open and silent.
    Mute,
    /// An answer with a body that nobody wants: endless, or one that unfolds.
    Oversized,
    Redirect,
    Refuse,
    /// The connection is reset when a part of the request has been read.
    ResetMidRequest,
    /// Processed, and reset in the middle of the answer.
    ResetMidResponse,
    /// Processed or not, by the status nobody can tell.
    ServerError,
    /// Byte by byte, in time or not.
    Slow,
    TooLarge,
    /// Not processed, and to be sent again.
    TryAgain,
    /// Reset before anything is read.
    Unread,
}

impl Fault {
    pub(crate) const ALL: [Self; 15] = [
        Self::Deaf,
        Self::Garbage,
        Self::HangUp,
        Self::Informed,
        Self::Mute,
        Self::Oversized,
        Self::Redirect,
        Self::Refuse,
        Self::ResetMidRequest,
        Self::ResetMidResponse,
        Self::ServerError,
        Self::Slow,
        Self::TooLarge,
        Self::TryAgain,
        Self::Unread,
    ];
}

/// What may happen at a receiver.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) faults: Vec<Fault>,
    /// So many of a hundred requests meet one.
    pub(crate) percent: usize,
    /// After which the client gives an attempt up.
    pub(crate) patience: Duration,
}

/// What the receiver did about an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Did {
    pub(crate) hits: Vec<u64>,
    pub(crate) fault: Option<Fault>,
    pub(crate) is_processed: bool,
    /// When it is to be sent again, if it is and the receiver says so.
    pub(crate) asked: Option<RetryAfter>,
}

/// How often each hit was processed.
pub(crate) fn processed(did: &BTreeMap<u64, Did>) -> BTreeMap<u64, u64> {
    let mut processed = BTreeMap::new();
    for hit in did.values().filter(|did| did.is_processed).flat_map(|did| &did.hits) {
        *processed.entry(*hit).or_default() += 1;
    }
    processed
}

/// A receiver of lines: the number of the attempt, and then one hit a line.
pub(crate) struct Receiver {
    collector: Mutex<Collector>,
    shared: Arc<Shared>,
    url: String,
}

struct Shared {
    seed: u64,
    profile: Profile,
    is_well: AtomicBool,
    drawn: AtomicU64,
    faults: AtomicU64,
    did: Mutex<BTreeMap<u64, Did>>,
    /// Attempts that came more than once.
    repeated: AtomicU64,
    /// Raised when nothing is to be held up any more.
    over: (Mutex<bool>, Condvar),
}

impl Receiver {
    pub(crate) fn start(seed: u64, profile: Profile) -> Self {
        let shared = Arc::new(Shared {
            seed,
            profile,
            is_well: AtomicBool::new(false),
            drawn: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            did: Mutex::default(),
            repeated: AtomicU64::new(0),
            over: (Mutex::new(false), Condvar::new()),
        });
        let serving = Arc::clone(&shared);
        let collector =
            Collector::serving(move |stream, connection| serving.serve(stream, connection)).unwrap();
        let url = collector.url("/collect");
        Self { collector: Mutex::new(collector), shared, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Refuses connections, and breaks off those there are, for so long.
    pub(crate) fn flap(&self, pause: Duration) {
        let mut collector = self.collector.lock().unwrap();
        collector.down();
        self.shared.faults.fetch_add(1, SeqCst);
        self.shared.hold(pause);
        collector.up().unwrap();
    }

    /// From now on it takes what comes, whatever became of it before.
    pub(crate) fn heal(&self) {
        self.shared.is_well.store(true, SeqCst);
        *self.shared.over.0.lock().unwrap() = true;
        self.shared.over.1.notify_all();
        self.flap(Duration::ZERO);
    }

    pub(crate) fn faults(&self) -> u64 {
        self.shared.faults.load(SeqCst)
    }

    /// What it did about each attempt, once nobody is at it any more.
    pub(crate) fn close(&self) -> BTreeMap<u64, Did> {
        let mut collector = self.collector.lock().unwrap();
        collector.down();
        let connections = collector.connections();
        assert!(collector.wait_for_closed(connections, Duration::from_secs(60)));
        assert_eq!(self.shared.repeated.load(SeqCst), 0, "an attempt is one request");
        self.shared.did.lock().unwrap().clone()
    }
}

impl Shared {
    fn draw(&self) -> (Option<Fault>, Random) {
        let mut random = Random::of(self.seed, 1 + self.drawn.fetch_add(1, SeqCst));
        let is_well = self.is_well.load(SeqCst) || self.profile.faults.is_empty();
        let is_fault = random.percent(self.profile.percent) && !is_well;
        (is_fault.then(|| *random.one_of(&self.profile.faults)), random)
    }

    /// Waits, unless it is over.
    fn hold(&self, pause: Duration) {
        let over = self.over.0.lock().unwrap();
        drop(self.over.1.wait_timeout_while(over, pause, |over| !*over).unwrap());
    }

    fn serve(&self, mut stream: &TcpStream, connection: usize) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut input = Vec::new();
        loop {
            let (fault, mut random) = self.draw();
            let before = match fault {
                Some(Fault::Deaf) => Some(0),
                Some(Fault::ResetMidRequest) => Some(random.within(1..400)),
                Some(Fault::Unread) => Some(0),
                _ => None,
            };
            if let (Some(before), Some(fault)) = (before, fault) {
                // Its first byte tells that there is a request.
                let mut first = vec![0; before.max(1)];
                let came = if before == 0 { stream.peek(&mut first)? } else { stream.read(&mut first)? };
                if came == 0 {
                    return Ok(());
                }
                self.faults.fetch_add(1, SeqCst);
                if fault == Fault::Deaf {
                    self.hold(self.profile.patience * 2);
                }
                return reset(stream);
            }
            let Some(request) = read(&mut stream, &mut input, connection)? else {
                return Ok(());
            };
            let body = match request.header("content-encoding") {
                None => request.text(),
                Some(_) => {
                    let mut text = String::new();
                    GzDecoder::new(&request.body[..]).read_to_string(&mut text)?;
                    text
                }
            };
            let mut numbers = body.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap());
            let attempt: u64 = numbers.next().unwrap();
            let hits = numbers.collect();
            // Whoever is held up keeps no more of it in memory than it has to.
            drop((body, request));
            let is_processed = match fault {
                None => true,
                Some(Fault::HangUp | Fault::Mute | Fault::ServerError) => random.percent(50),
                Some(Fault::Redirect | Fault::Refuse | Fault::TooLarge | Fault::TryAgain) => false,
                Some(_) => true,
            };
            let asked = (fault == Some(Fault::TryAgain)).then(|| RetryAfter::draw(&mut random));
            let did = Did { hits, fault, is_processed, asked };
            let before = self.did.lock().unwrap().insert(attempt, did);
            self.repeated.fetch_add(u64::from(before.is_some()), SeqCst);
            self.faults.fetch_add(u64::from(fault.is_some()), SeqCst);
            let is_kept = match fault {
                None => answer(stream, 204, "", b"")?,
                Some(Fault::TryAgain) => {
                    let header = asked.map_or_else(String::new, RetryAfter::header);
                    answer(stream, *random.one_of(&[408, 425, 429, 503]), &header, b"later")?
                }
                Some(fault) => self.answer(stream, fault, &mut random)?,
            };
            if !is_kept {
                return Ok(());
            }
        }
    }

    /// Answers badly; says whether the connection is kept.
    fn answer(&self, mut stream: &TcpStream, fault: Fault, random: &mut Random) -> io::Result<bool> {
        let patience = self.profile.patience;
        match fault {
            Fault::Deaf | Fault::HangUp | Fault::ResetMidRequest | Fault::TryAgain | Fault::Unread => {
                Ok(false)
            }
            Fault::Mute => {
                self.hold(patience * 2);
                Ok(false)
            }
            Fault::Garbage => stream.write_all(GARBAGE[random.below(GARBAGE.len())]).map(|()| false),
            Fault::Informed => {
                for _ in 0..random.within(1..5) {
                    let head =
                        *random.one_of(&["100 Continue", "102 Wait", "103 Hints\r\nlink: </a>", "199 Odd"]);
                    write!(stream, "HTTP/1.1 {head}\r\n\r\n")?;
                }
                // With an answer behind it, it is a good one.
                if random.percent(50) { answer(stream, 200, "", b"ok") } else { Ok(false) }
            }
            Fault::Oversized => match random.below(3) {
                0 => answer(stream, 200, "", &vec![b'x'; random.within(60_000..400_000)]),
                1 => answer(stream, 200, "content-encoding: gzip\r\n", bomb()),
                _ => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
                    (0..100).try_for_each(|_| write!(stream, "1000\r\n{}\r\n", "y".repeat(0x1000)))?;
                    Ok(false)
                }
            },
            Fault::Redirect => {
                let status = *random.one_of(&[301, 302, 303, 307, 308]);
                answer(stream, status, "location: /collect\r\n", b"elsewhere")
            }
            Fault::Refuse => {
                answer(stream, *random.one_of(&[101, 400, 401, 403, 404, 410, 422, 451]), "", b"no")
            }
            Fault::ResetMidResponse => {
                let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
                stream.write_all(&whole[..random.below(whole.len())])?;
                reset(stream).map(|()| false)
            }
            Fault::ServerError => {
                answer(stream, *random.one_of(&[500, 501, 502, 504, 507, 599, 999]), "", b"oh")
            }
            Fault::Slow => {
                let each = patience / random.within(20..120) as u32;
                for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes" {
                    stream.write_all(&[*byte])?;
                    self.hold(each);
                }
                Ok(true)
            }
            Fault::TooLarge => answer(stream, 413, "", b""),
        }
    }
}

/// None of them says that the request was not processed.
const GARBAGE: &[&[u8]] = &[
    b"\0\0\0\0\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 20",
    b"HTTP/9.9 204 Odd\r\n\r\n",
    b"HTTP/1.1 999999 Much\r\n\r\n",
    b"HTTP/1.1 -200 Less\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\ncontent-length: banana\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 20\r\n\r\nxx",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nnone\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"HTTP/1.1 200 OK\r\nno-colon-at-all\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.9\r\n",
];

/// Answers, and says that the connection is kept.
fn answer(mut stream: &TcpStream, status: u16, headers: &str, body: &[u8]) -> io::Result<bool> {
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let mut bytes = format!("HTTP/1.1 {status} Status\r\n{headers}{length}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).map(|()| true)
}

/// The other side is told that the connection is gone, not that it has ended.
fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// Makes what is made once.
pub(crate) fn prepare() {
    bomb();
}

/// Some kilobytes that unfold to 16 MiB.
fn bomb() -> &'static [u8] {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    BOMB.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        (0..256).for_each(|_| encoder.write_all(&[0; 64 << 10]).unwrap());
        encoder.finish().unwrap()
    })
}
