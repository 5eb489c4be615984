//! A running `trackside serve`.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::place::Place;

/// Nothing here takes that long; the slowest machine ends in time.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    /// None when its end has been waited for.
    child: Option<Child>,
    id: u32,
    error: ChildStderr,
    pub(crate) address: SocketAddr,
    /// What it said before it listened.
    pub(crate) greeting: String,
    out: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts it on a free port, and waits until it listens.
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::spawn(&mut place.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            id: child.id(),
            error: child.stderr.take().unwrap(),
            child: Some(child),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            greeting: String::new(),
            out: None,
        };
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                let error = server.error();
                panic!("it ended: {}{error}", server.greeting);
            }
            if let Some(rest) = line.strip_prefix("listening on http://") {
                server.address = rest.split('/').next().unwrap().parse().unwrap();
                // The empty line after the greeting.
                out.read_line(&mut String::new()).unwrap();
                server.out = Some(out);
                return server;
            }
            server.greeting.push_str(&line);
        }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.as_mut().unwrap().read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Stops reading what it prints, and closes that.
    pub(crate) fn close_output(&mut self) {
        self.out = None;
    }

    pub(crate) fn signal(&self, name: &str) {
        let command = format!("kill -s {name} {}", self.id);
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let (send, ended) = mpsc::channel();
        thread::spawn(move || send.send(child.wait().unwrap()));
        ended.recv_timeout(LONG).unwrap_or_else(|_| {
            self.signal("KILL");
            panic!("it does not end");
        })
    }

    /// Ends it by SIGTERM. Returns the lines that it has still printed, and what it said on standard error.
    pub(crate) fn stop(mut self) -> (Vec<String>, String) {
        self.signal("TERM");
        let lines = self.rest();
        let status = self.wait();
        let error = self.error();
        assert_eq!(status.code(), Some(0), "{error}");
        (lines, error)
    }

    /// What it says on standard error until it ends.
    fn error(&mut self) -> String {
        let mut error = String::new();
        self.error.read_to_string(&mut error).unwrap();
        error
    }

    /// The lines to come, read as they come.
    pub(crate) fn lines(&mut self) -> Receiver<String> {
        let (send, lines) = mpsc::channel();
        let out = self.out.take().unwrap();
        thread::spawn(move || {
            for line in out.lines() {
                if send.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        lines
    }

    /// The lines to come until it closes its output.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        collect(&self.lines())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// All of `lines`, to their end.
pub(crate) fn collect(lines: &Receiver<String>) -> Vec<String> {
    let mut rest = Vec::new();
    loop {
        match lines.recv_timeout(LONG) {
            Ok(line) => rest.push(line),
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("it prints no more and does not end: {rest:?}"),
        }
    }
}
