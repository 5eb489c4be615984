use std::{
    fmt,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded};

/// How many lines may wait to be read.
const LINES: usize = 1_024;

/// Prints lines from a thread of its own, so that nobody waits for whoever reads them: what is not read in
/// time is left out, and how much that was is told. A closed output is no failure.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    lines: Sender<Message>,
    left_out: Arc<AtomicU64>,
}

enum Message {
    Line(String),
    /// The last lines, and who waits for them.
    End(Option<String>, Sender<()>),
}

impl Printer {
    /// Prints to `out`.
    ///
    /// # Errors
    ///
    /// If no thread can be started.
    pub(crate) fn start(out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (lines, receiver) = bounded(LINES);
        let left_out = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&left_out);
        thread::Builder::new().name("printer".to_owned()).spawn(move || print(&receiver, &counter, out))?;
        Ok(Self { lines, left_out })
    }

    /// Prints `line`, or leaves it out.
    pub(crate) fn line(&self, line: String) {
        if self.lines.try_send(Message::Line(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Prints the `last` lines, which are left out only if nobody reads at all, and waits until everything
    /// is printed; both for at most `within`.
    pub(crate) fn end(&self, last: Option<String>, within: Duration) {
        let until = Instant::now() + within;
        let (done, ended) = bounded(1);
        if self.lines.send_deadline(Message::End(last, done), until).is_ok() {
            ended.recv_deadline(until).ok();
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => line.fmt(f),
            Self::End(last, _) => last.fmt(f),
        }
    }
}

fn print(lines: &Receiver<Message>, left_out: &AtomicU64, mut out: impl Write) {
    let mut write = |line: &str| {
        // A line that cannot be written was not wanted.
        writeln!(out, "{line}").and_then(|()| out.flush()).ok();
    };
    for message in lines {
        let missing = left_out.swap(0, Ordering::Relaxed);
        if missing > 0 {
            write(&format!("({missing} lines left out: they were not read in time)"));
        }
        match message {
            Message::Line(line) => write(&line),
            Message::End(last, done) => {
                if let Some(last) = last {
                    write(&last);
                }
                // Whoever waited has given up.
                done.send(()).ok();
            }
        }
    }
}

#[cfg(test)]
mod test {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex, mpsc},
        time::Duration,
    };

    use super::{LINES, Printer};

    const LONG: Duration = Duration::from_secs(60);

    /// An output whose first write waits until somebody reads.
    struct Blocked {
        began: mpsc::Sender<()>,
        reader: mpsc::Receiver<()>,
        text: Arc<Mutex<String>>,
    }

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.began.send(()).ok();
            // Ends as well when the reader is gone for good.
            self.reader.recv().ok();
            self.text.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_read_is_left_out_and_told() {
        let (began, has_begun) = mpsc::channel();
        let (read, reader) = mpsc::channel();
        let text = Arc::new(Mutex::new(String::new()));
        let printer = Printer::start(Blocked { began, reader, text: Arc::clone(&text) }).unwrap();

        printer.line("first".to_owned());
        has_begun.recv_timeout(LONG).unwrap();
        for n in 0..LINES + 5 {
            printer.line(n.to_string());
        }
        drop(read);
        printer.end(Some("last".to_owned()), LONG);

        let text = text.lock().unwrap();
        assert!(text.starts_with("first\n(5 lines left out: they were not read in time)\n0\n1\n"), "{text}");
        assert!(text.ends_with("\n1023\nlast\n"), "{text}");
    }

    #[test]
    fn nobody_waits_for_a_reader_that_never_comes() {
        let (began, has_begun) = mpsc::channel();
        let (_read, reader) = mpsc::channel();
        let text = Arc::new(Mutex::new(String::new()));
        let printer = Printer::start(Blocked { began, reader, text }).unwrap();
        printer.line("first".to_owned());
        has_begun.recv_timeout(LONG).unwrap();
        printer.end(None, Duration::ZERO);
    }

    #[test]
    fn a_closed_output_is_no_failure() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let printer = Printer::start(Closed).unwrap();
        printer.line("first".to_owned());
        printer.end(Some("last".to_owned()), LONG);
    }
}
