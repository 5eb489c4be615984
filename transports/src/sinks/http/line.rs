//! One request and its answer, as the sink and the check have them.

#[cfg(feature = "tls")]
use std::sync::Arc;
use std::{io::Read, time::Duration};

use http::{HeaderMap, Request, Uri, header::CONTENT_ENCODING};
use trackside_core::{config::Http, protocol::Outgoing};
#[cfg(feature = "tls")]
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

#[cfg(feature = "tls")]
use super::roots;
use super::{
    connect::connector,
    progress::{Progress, Reached},
    resolve::Remembering,
};
use crate::sink::SinkError;

/// How much of an answer is read.
const ANSWER: u64 = 64 * 1024;

/// How long a connection may have been idle and still be used. Below the shortest keep-alive of common
/// servers (gunicorn's 2 s): a request that crosses the server's closing is *unknown*, a fresh connection
/// costs a round trip.
const MAX_IDLE: Duration = Duration::from_millis(1_500);

/// The body is written in pieces of this size, and the time-out looked at before each.
const PIECE: usize = 32 * 1024;

const USER_AGENT: &str = concat!("trackside/", env!("CARGO_PKG_VERSION"));

/// The way to a receiver, with a connection that is kept alive.
pub(super) struct Line {
    agent: Agent,
    progress: Progress,
    answer: Vec<u8>,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Nothing that http would send.
    Invalid,
    /// The attempt came as far as [`Line::has_reached`] says.
    Failed(ureq::Error),
}

/// What the receiver answered; its body is in the line.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// How its body ended, if that was not its end.
    pub(super) broke_off: Option<std::io::ErrorKind>,
}

impl Line {
    /// The way that `http` describes.
    pub(super) fn open(http: &Http) -> Result<Self, SinkError> {
        let progress = Progress::default();
        let proxy = http.proxy.as_ref().map(|proxy| {
            Proxy::new(proxy.reveal()).map_err(|_| SinkError::new("the proxy of `proxy` is not a URL"))
        });
        let proxy = proxy.transpose()?;
        let connector = connector(progress.clone(), proxy.is_some());
        let stages = &http.stages;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy)
            .user_agent(USER_AGENT)
            .timeout_global(Some(http.timeout))
            .timeout_resolve(Some(stages.resolve))
            .timeout_connect(Some(stages.connect))
            .timeout_send_request(Some(stages.send))
            .timeout_send_body(Some(stages.send))
            .timeout_recv_response(Some(stages.answer))
            .timeout_recv_body(Some(stages.answer))
            .output_buffer_size(PIECE)
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(1);
        #[cfg(feature = "tls")]
        let config = config.tls_config(tls(http)?);
        let agent = Agent::with_parts(config.build(), connector, <Remembering>::default());
        Ok(Self { agent, progress, answer: Vec::new() })
    }

    /// Sends `out`, with `compressed` in place of its body if there is that, and reads the answer.
    pub(super) fn send(&mut self, out: &Outgoing, compressed: Option<&[u8]>) -> Result<Answered, NoAnswer> {
        let mut request = Request::builder().method(out.method()).uri(out.url());
        for (name, value) in out.headers() {
            request = request.header(name, value);
        }
        self.progress.begin();
        if compressed.is_some() {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        let sent = match compressed.unwrap_or(out.payload()) {
            // With a body of any length, even none, `content-length` would be sent.
            [] if matches!(out.method(), "GET" | "HEAD") => request.body(()).map(|r| self.agent.run(r)),
            payload => request.body(payload).map(|r| self.agent.run(r)),
        };
        let response = sent.map_err(|_| NoAnswer::Invalid)?.map_err(NoAnswer::Failed)?;
        let (head, mut body) = response.into_parts();
        self.answer.clear();
        // One byte more than is kept: only who reads the end gets the connection back.
        let mut reader = body.as_reader().take(ANSWER + 1);
        let broke_off = reader.read_to_end(&mut self.answer).err().map(|error| error.kind());
        self.answer.truncate(ANSWER as usize);
        Ok(Answered { status: head.status.as_u16(), headers: head.headers, broke_off })
    }

    /// The body of the last answer.
    pub(super) fn body(&self) -> &[u8] {
        &self.answer
    }

    /// Whether the last attempt came so far.
    pub(super) fn has_reached(&self, reached: Reached) -> bool {
        self.progress.has_reached(reached)
    }
}

/// Whom to believe that the receiver is who it says.
#[cfg(feature = "tls")]
fn tls(http: &Http) -> Result<TlsConfig, SinkError> {
    let roots = match &http.ca {
        None => RootCerts::WebPki,
        Some(path) => {
            let read = roots::read(path);
            let certificates =
                read.map_err(|why| SinkError::new(format!("ca `{}`: {why}", path.display())))?;
            RootCerts::Specific(Arc::new(certificates))
        }
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

/// Whether this build can send to the URL of `out`, and what is in its headers.
pub(super) fn speakable(out: &Outgoing) -> Result<(), SinkError> {
    let url = out.shown_url();
    let uri: Uri = out.url().parse().map_err(|_| SinkError::new(format!("`{url}` is not a URL")))?;
    if uri.host().is_none_or(str::is_empty) {
        return Err(SinkError::new(format!("`{url}` names no host")));
    }
    match uri.scheme_str() {
        Some("http") => writable(out),
        Some("https") if cfg!(feature = "tls") => writable(out),
        Some("https") => Err(SinkError::new(format!(
            "`{url}` needs TLS, which this build is without: build with the feature `tls`"
        ))),
        _ => Err(SinkError::new(format!("`{url}` begins with neither http:// nor https://"))),
    }
}

/// Whether the headers of `out`, in which tokens are, can be sent.
fn writable(out: &Outgoing) -> Result<(), SinkError> {
    // http would take what ureq does not: bytes outside ASCII.
    let is_odd = |value: &str| value.bytes().any(|byte| !matches!(byte, b'\t' | b' '..=b'~'));
    match out.headers().find(|(_, value)| is_odd(value)) {
        None => Ok(()),
        Some((name, _)) => Err(SinkError::new(format!(
            "`{}` cannot be sent the header `{name}`: the token or key that is configured for it has a character \
             that is no printable ASCII",
            out.shown_url()
        ))),
    }
}

/// What may be logged of `error`: some of ureq's errors hold the URL, and that holds secrets.
pub(super) fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "host not found".to_owned(),
        ureq::Error::Io(error) => error.kind().to_string(),
        ureq::Error::Protocol(_) => "not HTTP".to_owned(),
        #[cfg(feature = "tls")]
        ureq::Error::Rustls(error) => error.to_string(),
        ureq::Error::Timeout(stage) => format!("time-out ({stage})"),
        _ => "failed".to_owned(),
    }
}
