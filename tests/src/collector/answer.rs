use std::io::{self, Write};

/// What the collector does with a request.
#[derive(Clone, Debug)]
pub struct Answer(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
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

    /// Only once [`Collector::release`](super::Collector::release) is called.
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

pub(super) fn write(
    stream: &mut impl Write,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<()> {
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
