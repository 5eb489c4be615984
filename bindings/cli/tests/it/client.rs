//! A small HTTP client, which sends what it is told and keeps cookies.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::server::LONG;

pub(crate) struct Client {
    address: SocketAddr,
    cookie: Option<String>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, cookie: None }
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target, &[])
    }

    /// Asks as a browser would.
    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let cookie = self.cookie.as_ref().map_or(String::new(), |cookie| format!("Cookie: {cookie}\r\n"));
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let answer = exchange(
            self.address,
            &format!(
                "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nUser-Agent: Mozilla/5.0 (X11) Tests/1\r\nConnection: close\r\n{cookie}{more}\r\n"
            ),
        );
        if let Some(set_cookie) = answer.header("set-cookie") {
            self.cookie = set_cookie.split(';').next().map(str::to_owned);
        }
        answer
    }
}

/// Sends `request` on a connection of its own.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer(String::from_utf8_lossy(&answer).into_owned())
}

pub(crate) struct Answer(pub(crate) String);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).into_iter().next()
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub(crate) fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}
