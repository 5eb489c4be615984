//! Why there is no answer, in plain words: at which stage the attempt failed, and what to do about it.

use std::{
    io::{self, ErrorKind},
    time::Duration,
};

use http::Uri;
use trackside_core::{config::Http, protocol::check::Finding};
use ureq::{Error, Timeout};

use super::{
    line::{Line, NoAnswer, cause},
    progress::Reached,
};

/// Where a request goes, for people: nothing of it is secret.
pub(super) struct Way {
    /// The receiver's host and port.
    receiver: Place,
    /// Those of the proxy, if there is one.
    proxy: Option<Place>,
    timeout: Duration,
}

struct Place {
    host: String,
    port: u16,
    /// The key that names it.
    key: &'static str,
    /// What it is.
    what: &'static str,
}

impl Way {
    /// The way to `url` that `http` describes.
    pub(super) fn new(url: &str, http: &Http) -> Self {
        let proxy = http.proxy.as_ref().map(|proxy| Place::of(proxy.reveal(), "proxy", "the proxy"));
        Self { receiver: Place::of(url, "url", "the receiver"), proxy, timeout: http.timeout }
    }

    /// What is wrong, after an attempt on `line` had no answer.
    pub(super) fn fault(&self, line: &Line, no_answer: &NoAnswer) -> Finding {
        let error = match no_answer {
            NoAnswer::Failed(error) => error,
            NoAnswer::Invalid => {
                return Finding::wrong(
                    "the request cannot be sent: a key holds what HTTP does not allow",
                    "see that no secret holds blanks or line ends, as a file with more than one line would give it",
                );
            }
        };
        match &self.proxy {
            _ if line.has_reached(Reached::Ready) => self.no_answer(error),
            _ if line.has_reached(Reached::Receiver) => self.no_tls(error),
            Some(proxy) if line.has_reached(Reached::Proxy) => self.no_tunnel(proxy, error),
            Some(proxy) => proxy.no_connection(error, self.timeout),
            None => self.receiver.no_connection(error, self.timeout),
        }
    }

    /// The answer broke off.
    pub(super) fn no_end(&self, kind: ErrorKind) -> Finding {
        Finding::wrong(
            format!("{} breaks off in the midst of its answer ({kind})", self.receiver.shown()),
            "see its own log, and that of a proxy before it; if it is only slow, raise `timeout` of the destination",
        )
    }

    /// The proxy is there and does not connect to the receiver.
    fn no_tunnel(&self, proxy: &Place, error: &Error) -> Finding {
        let (proxy, receiver) = (proxy.shown(), self.receiver.shown());
        let status = match error {
            // `proxy server responded 407/407`.
            Error::ConnectProxyFailed(told) => {
                told.rsplit('/').next().and_then(|status| status.parse::<u16>().ok())
            }
            _ => None,
        };
        let (what, to_do) = match status {
            Some(407) => (
                format!("the proxy {proxy} asks who you are (status 407)"),
                "write user and password into `proxy`, as http://user:password@proxy.example:3128; if they are there, \
                 they are wrong"
                    .to_owned(),
            ),
            Some(502..=504) => (
                format!("the proxy {proxy} cannot reach {receiver} (status {})", status.unwrap_or_default()),
                "compare host and port in `url`, and see whether the receiver can be reached from the proxy's machine"
                    .to_owned(),
            ),
            Some(status) => (
                format!("the proxy {proxy} does not connect to {receiver} (status {status})"),
                format!("let the proxy allow CONNECT to {receiver}, or name another `proxy`"),
            ),
            None if is_timeout(error) => (
                format!("the proxy {proxy} does not connect to {receiver} within {:?}", self.timeout),
                "see whether the proxy can reach the receiver, and whether it is one that knows CONNECT".to_owned(),
            ),
            None => (
                format!("what listens at {proxy} is no proxy that knows CONNECT ({})", cause(error)),
                "compare `proxy` with the proxy's own address and port".to_owned(),
            ),
        };
        Finding::wrong(what, to_do)
    }

    /// Connected, and no TLS comes about.
    fn no_tls(&self, error: &Error) -> Finding {
        let receiver = self.receiver.shown();
        let told = told(error);
        let is = |word: &str| told.contains(word);
        let (what, to_do) = if is("UnknownIssuer") || is("BadSignature") || is("UnsupportedCertVersion") {
            (
                format!("nobody that is believed vouches for the certificate of {receiver} ({told})"),
                "if the authority is your own, or a proxy's that looks into TLS, name a file with its certificate as `ca`; \
                 else let the server send the whole chain"
                    .to_owned(),
            )
        } else if is("NotValidForName") || is("not valid for name") {
            (
                format!("the certificate of {receiver} is for another name ({told})"),
                "write the name that the certificate has into `url`, or give the server one for this name"
                    .to_owned(),
            )
        } else if is("Expired") || is("expired") {
            (
                format!("the certificate of {receiver} has expired ({told})"),
                "let the server renew it, and see that this machine's clock is right".to_owned(),
            )
        } else if is("NotValidYet") || is("not valid yet") {
            (
                format!("the certificate of {receiver} is not valid yet ({told})"),
                "see that this machine's clock is right".to_owned(),
            )
        } else if is("InvalidContentType") || is("corrupt message") {
            (
                format!("{receiver} does not speak TLS at this port ({told})"),
                "write http:// in `url`, or the port at which it speaks TLS".to_owned(),
            )
        } else if is_timeout(error) {
            (
                format!("{receiver} does not finish the TLS handshake within {:?}", self.timeout),
                "see that it speaks TLS at this port; a firewall may hold it up".to_owned(),
            )
        } else {
            (
                format!("no TLS connection to {receiver} comes about ({told})"),
                "see that it speaks TLS 1.2 or 1.3 at this port, and asks for no client's certificate"
                    .to_owned(),
            )
        };
        Finding::wrong(what, to_do)
    }

    /// The connection is there, and no answer comes.
    fn no_answer(&self, error: &Error) -> Finding {
        let receiver = self.receiver.shown();
        match error {
            _ if is_timeout(error) => Finding::wrong(
                format!("{receiver} is there and does not answer within {:?}", self.timeout),
                "see whether it is overloaded or waits for something of its own; if it is only slow, raise `timeout` of \
                 the destination, and --timeout here",
            ),
            Error::Io(_) => Finding::wrong(
                format!("{receiver} closes the connection without an answer ({})", cause(error)),
                "see what listens at this port, whether it wants https://, and its own log",
            ),
            _ => Finding::wrong(
                format!("what {receiver} answers is not HTTP ({})", cause(error)),
                "see what listens at this port, and whether it wants https://",
            ),
        }
    }
}

impl Place {
    fn of(url: &str, key: &'static str, what: &'static str) -> Self {
        let uri: Uri = url.parse().unwrap_or_default();
        let port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        Self {
            host: uri.host().unwrap_or_default().to_owned(),
            port: uri.port_u16().unwrap_or(port),
            key,
            what,
        }
    }

    fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// There is no way even to here.
    fn no_connection(&self, error: &Error, timeout: Duration) -> Finding {
        let Self { host, key, what, .. } = self;
        let shown = self.shown();
        match error {
            Error::HostNotFound | Error::Timeout(Timeout::Resolve) => Finding::wrong(
                format!("{what}'s name `{host}` is not resolved"),
                format!("compare the host in `{key}`; if it is right, this machine's DNS does not know it"),
            ),
            Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => Finding::wrong(
                format!("{what} refuses connections: nobody listens at {shown}"),
                format!("compare host and port in `{key}`, and see whether {what} runs"),
            ),
            _ if is_timeout(error) => Finding::wrong(
                format!("{what} at {shown} does not let anybody connect within {timeout:?}"),
                format!(
                    "see that a firewall lets this machine out to {shown}; compare host and port in `{key}`"
                ),
            ),
            Error::Io(error) if is_name(error) => Finding::wrong(
                format!("{what}'s name `{host}` is not resolved"),
                format!("compare the host in `{key}`; if it is right, this machine's DNS does not know it"),
            ),
            _ => Finding::wrong(
                format!("{what} at {shown} cannot be reached ({})", cause(error)),
                format!("see that there is a way from this machine to {host}; compare it with `{key}`"),
            ),
        }
    }
}

/// Whether the system's resolver failed: it has no kind of its own.
fn is_name(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && error.to_string().contains("lookup address")
}

fn is_timeout(error: &Error) -> bool {
    match error {
        Error::Timeout(_) => true,
        Error::Io(error) => matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock),
        _ => false,
    }
}

/// What TLS says: its errors come as those of a connection, and hold names of certificates at most.
fn told(error: &Error) -> String {
    match error {
        Error::Io(error) if error.get_ref().is_some() => error.to_string(),
        _ => cause(error),
    }
}
