//! Reads the head of a raw HTTP/1 request (RFC 9112 §2.1).

use http::{HeaderValue, Uri};
use httparse::{EMPTY_HEADER, Error, Status};

/// How many bytes are read: more than any server takes.
pub(super) const LIMIT: usize = 8 << 20;

/// What hyper takes unless told otherwise: headers, and bytes of a head.
const HYPER_HEADERS: usize = 100;
const HYPER_BYTES: usize = 8_192 + 4_096 * 100;

/// The head of a request.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: Vec<(&'a str, &'a [u8])>,
    /// What a person should know about it.
    pub(super) notes: Vec<String>,
}

/// Reads the head that `bytes` begins with; the body behind it does not count. The lines' ends may be
/// missing where the input ends: they are added.
pub(super) fn parse(bytes: &mut Vec<u8>) -> Result<Head<'_>, String> {
    let is_cut = bytes.len() > LIMIT;
    if !is_cut {
        bytes.extend_from_slice(b"\n\n");
    }
    let bytes = bytes.as_slice();
    let mut slots = HYPER_HEADERS;
    loop {
        let mut headers = vec![EMPTY_HEADER; slots];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            // A header takes three bytes at least.
            Err(Error::TooManyHeaders) if slots < bytes.len() => slots = (slots * 8).min(bytes.len()),
            Err(error) => return Err(told(error)),
            Ok(Status::Partial) if is_cut => {
                return Err(format!("the head of the request is longer than {LIMIT} bytes"));
            }
            Ok(Status::Partial) => return Err(NO_REQUEST.to_owned()),
            Ok(Status::Complete(length)) => {
                let (Some(method), Some(target)) = (request.method, request.path) else {
                    return Err(NO_REQUEST.to_owned());
                };
                let headers: Vec<_> = request.headers.iter().map(|h| (h.name, h.value)).collect();
                let notes = notes(target, &headers, length);
                return Ok(Head { method, target, headers, notes });
            }
        }
    }
}

const NO_REQUEST: &str = "there is no HTTP/1 request; it begins with a line such as `GET / HTTP/1.1`";

fn told(error: Error) -> String {
    let (what, right) = match error {
        Error::HeaderName => ("a header's name", "a token (RFC 9110 §5.6.2), followed by a colon at once"),
        Error::HeaderValue => ("a header's value", "without control characters"),
        Error::NewLine => ("the end of a line", "LF or CRLF"),
        Error::Token => ("the request line", "`METHOD TARGET HTTP/1.1`, the target without blanks"),
        Error::Version => ("the version", "HTTP/1.0 or HTTP/1.1"),
        other => return format!("this is no HTTP/1 request: {other}"),
    };
    format!("this is no HTTP/1 request: {what} is wrong; right is: {right}")
}

/// Why a server on hyper would answer by itself, so that the request would never be judged.
fn notes(target: &str, headers: &[(&str, &[u8])], length: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let mut refused = |why: String| notes.push(format!("a server on hyper would refuse this request: {why}"));
    if let Err(error) = target.parse::<Uri>() {
        refused(format!("its target is none ({error})"));
    }
    if headers.len() > HYPER_HEADERS {
        refused(format!("it has {} headers, more than {HYPER_HEADERS}", headers.len()));
    }
    if let Some((name, _)) = headers.iter().find(|(_, value)| HeaderValue::from_bytes(value).is_err()) {
        refused(format!("the value of its header `{name}` holds control characters"));
    }
    if length > HYPER_BYTES {
        refused(format!("its head has {length} bytes, more than {HYPER_BYTES}"));
    }
    notes
}

#[cfg(test)]
mod test {
    use super::{LIMIT, parse};

    fn error(bytes: &[u8]) -> String {
        parse(&mut bytes.to_vec()).unwrap_err()
    }

    #[test]
    fn lines_may_end_with_lf_or_crlf_and_the_last_without() {
        for text in [
            "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: y\r\n\r\n",
            "GET /a?b HTTP/1.1\nHost: x\nAccept: y\n\n",
            "GET /a?b HTTP/1.1\nHost: x\nAccept: y\n",
            "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: y",
            "\r\nGET /a?b HTTP/1.1\nHost: x\nAccept: y\n\nGET /body HTTP/1.1\nNot: this\n\n",
        ] {
            let mut bytes = text.as_bytes().to_vec();
            let head = parse(&mut bytes).unwrap();
            assert_eq!((head.method, head.target), ("GET", "/a?b"), "{text:?}");
            assert_eq!(head.headers, [("Host", b"x".as_slice()), ("Accept", b"y".as_slice())], "{text:?}");
            assert!(head.notes.is_empty(), "{:?}", head.notes);
        }
    }

    #[test]
    fn what_is_no_request_is_told() {
        assert!(error(b"").contains("there is no HTTP/1 request"));
        assert!(error(b"\n\n\n").contains("there is no HTTP/1 request"));
        assert!(error(b"GET /\n").contains("request"));
        assert!(error(b"GET /a b HTTP/1.1\n").contains("the version"));
        assert!(error(b"GET / HTTP/2\n").contains("the version"));
        assert!(error(b"G\0T / HTTP/1.1\n").contains("the request line"));
        assert!(error(b"GET / HTTP/1.1\nHo st: x\n").contains("a header's name"));
        assert!(error(b"GET / HTTP/1.1\nHost: \0\n").contains("a header's value"));
    }

    #[test]
    fn many_headers_are_read_and_told() {
        let mut bytes = b"GET / HTTP/1.1\n".to_vec();
        for _ in 0..10_000 {
            bytes.extend_from_slice(b"Cookie: a=b\n");
        }
        let head = parse(&mut bytes).unwrap();
        assert_eq!(head.headers.len(), 10_000);
        assert_eq!(
            head.notes,
            ["a server on hyper would refuse this request: it has 10000 headers, more than 100"]
        );
    }

    #[test]
    fn what_hyper_would_refuse_is_told() {
        let mut bytes = format!("GET /{} HTTP/1.1\n", "a".repeat(70_000)).into_bytes();
        let head = parse(&mut bytes).unwrap();
        assert_eq!(head.notes.len(), 1);
        assert!(head.notes[0].contains("its target is none"), "{:?}", head.notes);

        let mut bytes = format!("GET / HTTP/1.1\nCookie: {}\n", "a".repeat(420_000)).into_bytes();
        let head = parse(&mut bytes).unwrap();
        assert!(head.notes[0].contains("more than 417792"), "{:?}", head.notes);
    }

    #[test]
    fn a_head_without_end_is_refused() {
        let mut bytes = b"GET / HTTP/1.1\nCookie: ".to_vec();
        bytes.resize(LIMIT + 1, b'a');
        assert!(parse(&mut bytes).unwrap_err().contains("longer than 8388608 bytes"));
    }
}
