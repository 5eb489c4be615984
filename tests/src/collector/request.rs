use std::io::{self, Read};

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

/// The next request of a connection; none if the client closed before it. `input` keeps what was read beyond it.
///
/// # Errors
///
/// If the connection fails.
pub fn read(stream: &mut impl Read, input: &mut Vec<u8>, connection: usize) -> io::Result<Option<Recorded>> {
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
