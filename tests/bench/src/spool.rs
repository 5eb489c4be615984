//! What the queue on disk costs a request, and how fast a backlog is delivered from it.

use std::{
    cell::Cell,
    error::Error,
    fs::{self, File},
    io,
    net::TcpListener,
    os::unix::fs::FileExt,
    path::Path,
    str::FromStr,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock::Load,
    collector::Collector,
    job,
    ours::{Ours, PATIENCE, Setup, folder},
    report::{Limit, Row, Series},
    suite::Effort,
};

/// Nobody listens there: connections are refused at once.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// The threads that write at once.
const THREADS: [usize; 4] = [1, 2, 4, 8];

/// Rounds, and the requests of each: all are delivered before the next begins. Where there are more threads than
/// cores, writes that are interrupted look like those to a slow disk, and for a while hits stay in memory: in short
/// rounds these are few, and the median is of hits that were written.
const ROUNDS: [&str; 2] = ["8", "8000"];

/// How large a frame of [`ours`](crate::ours)' page view is.
const FRAME: usize = 462;

const GIB: f64 = (1_u64 << 30) as f64;

/// A tracked request that writes its hit to the disk, beside one that queues it in memory. The floor is what one write
/// of as many bytes adds to the latter, to a file that no other thread writes: less than that no library can do whose
/// hits outlive its process. (In a loop of its own, where the system's code stays in the processor's caches, a write
/// takes half as long.)
pub fn cost(effort: Effort) -> io::Result<Vec<Row>> {
    let collector = Collector::start(None)?;
    let mut rows = Vec::new();
    for threads in THREADS.map(|threads| threads.to_string()) {
        let [mut alone, mut write, mut memory, mut disk] = [const { Series::new() }; 4];
        for _ in 0..effort.runs {
            let everybody = [
                ("write", &mut alone),
                ("write+to=ga4,queue=65536", &mut write),
                ("to=ga4,queue=65536", &mut memory),
                ("to=ga4,queue=65536,spool=always", &mut disk),
            ];
            for (who, p50) in everybody {
                let words = ["request", who, collector.url(), "threads", &threads, ROUNDS[0], ROUNDS[1]];
                p50.push(job::run::<2>(&words)?[0] / 1e3);
            }
        }
        let (more, least) = (disk.minus(&memory), write.minus(&memory));
        rows.push(Row {
            figure: format!(
                "tracked request, spool = always, {threads} threads, p50, µs; floor: a write alone"
            ),
            goal: "",
            floor: Some(alone),
            ours: disk,
            peer: Some(("in memory".to_owned(), memory)),
            limits: Vec::new(),
        });
        rows.push(Row {
            figure: format!("the same, {threads} threads: more than in memory; floor: one write more"),
            goal: "G12",
            floor: Some(least),
            ours: more,
            peer: None,
            limits: vec![Limit::AtMost(0.5)],
        });
    }
    Ok(rows)
}

/// A backlog that another process left, to a receiver that is back.
pub fn backlog(effort: Effort) -> io::Result<Vec<Row>> {
    let [mut rate, mut first, mut whole] = [const { Series::new() }; 3];
    for _ in 0..effort.backlogs {
        let words = ["backlog", &effort.backlog.to_string()];
        let [hits, begun, seconds, bytes] = job::run::<4>(&words)?;
        rate.push(hits / seconds);
        first.push(begun * 1e3);
        // Where it is a smaller one, as many times as long.
        whole.push(seconds * GIB / bytes);
    }
    let row = |figure: &str, ours| Row {
        figure: figure.to_owned(),
        goal: "",
        floor: None,
        ours,
        peer: None,
        limits: Vec::new(),
    };
    Ok(vec![
        row("backlog: from opening the tracker to the first hit delivered, ms", first),
        row("backlog: hits/s", rate),
        row("backlog: 1 GiB on the disk, s", whole),
    ])
}

/// The job of [`backlog`]: how many hits were delivered, after how many seconds the first and after how many the last,
/// and how many bytes they had on the disk.
pub fn deliver_backlog(bytes: u64) -> Result<String, Box<dyn Error>> {
    // It is delivered where it was meant to go alone: to a port where nobody listens yet.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let setup = Setup::from_str("to=ga4,spool=always")?;
    let before = Ours::open(&setup, &url)?;
    let disk = folder()?.join("spool");
    let mut size = 0;
    while size < bytes {
        for _ in 0..10_000 {
            before.one();
        }
        size = size_of(&disk)?;
    }
    // As long as it is given it would try, and what it holds on the disk stays there anyway.
    let left = before.leave(Duration::from_secs(1))?;
    drop(before);

    let _collector = Collector::start_at(port, None)?;
    let begin = Instant::now();
    let after = Ours::open(&setup, &url)?;
    let mut first = None;
    loop {
        let (book, elapsed) = (after.book(), begin.elapsed());
        // Its own are first.
        if book.delivered > book.offered {
            first.get_or_insert(elapsed);
        }
        // Flush and close wait for what was submitted, and this was submitted to another.
        if book.delivered == book.offered + left.spooled {
            break;
        }
        if elapsed > 5 * PATIENCE {
            return Err(format!("{left:?}, and after {elapsed:?} {book:?}").into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    let (first, last) = (first.unwrap_or_default(), begin.elapsed());
    after.leave(PATIENCE)?;
    Ok(format!("{} {} {} {size}", left.spooled, first.as_secs_f64(), last.as_secs_f64()))
}

/// How many bytes the files below `folder` have.
fn size_of(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        size += if entry.file_type()?.is_dir() { size_of(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(size)
}

/// The floor: each thread writes to a file of its own.
pub struct Write(Vec<(File, AtomicU64)>);

impl Write {
    pub fn open() -> io::Result<Self> {
        let folder = folder()?;
        let most = THREADS.into_iter().max().unwrap_or(1);
        let open = |n| Ok((File::create(folder.join(format!("{n}.seg")))?, AtomicU64::new(0)));
        (0..most).map(open).collect::<io::Result<_>>().map(Self)
    }
}

impl Load for Write {
    fn one(&self) {
        /// As large as a segment; then it begins anew.
        const MOST: u64 = 8 << 20;
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        thread_local!(static NUMBER: Cell<usize> = Cell::new(STARTED.fetch_add(1, Relaxed)));
        let (file, end) = &self.0[NUMBER.get() % self.0.len()];
        // OK to load and store: no other thread has this file.
        let at = end.load(Relaxed);
        end.store((at + FRAME as u64) % MOST, Relaxed);
        file.write_all_at(&[b'x'; FRAME], at).expect("there is room on the disk");
    }

    fn settle(&self) {}
}

/// A request that is queued in memory, and one write besides.
pub struct Both(pub Ours, pub Write);

impl Load for Both {
    fn one(&self) {
        self.0.one();
        self.1.one();
    }

    fn settle(&self) {
        self.0.settle();
    }
}
