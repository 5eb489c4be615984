use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Request, Uri, header::CONTENT_ENCODING};
use trackside_core::{
    Reason,
    config::{Compression, Http},
    protocol::{Enriched, Outcome, Outgoing, Protocol},
};
#[cfg(feature = "tls")]
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

#[cfg(feature = "tls")]
use super::roots;
use super::{compress::Gzip, connect::connector, resolve::Remembering};
use crate::sink::{Delivery, Sink, SinkError};

/// How much of an answer is read.
const ANSWER: u64 = 64 * 1024;

/// How long a connection may have been idle and still be used. Below the shortest keep-alive of common
/// servers (gunicorn's 2 s): a request that crosses the server's closing is *unknown*, a fresh connection
/// costs a round trip.
const MAX_IDLE: Duration = Duration::from_millis(1_500);

/// The body is written in pieces of this size, and the time-out looked at before each.
const PIECE: usize = 32 * 1024;

const USER_AGENT: &str = concat!("trackside/", env!("CARGO_PKG_VERSION"));

pub(super) struct HttpSink {
    protocol: Arc<dyn Protocol>,
    agent: Agent,
    /// Whether the attempt has begun to write its request.
    wrote: Arc<AtomicBool>,
    out: Outgoing,
    /// Where bodies are compressed.
    gzip: Option<Gzip>,
    answer: Vec<u8>,
}

impl HttpSink {
    pub(super) fn open(protocol: Arc<dyn Protocol>, http: &Http) -> Result<Self, SinkError> {
        let mut out = Outgoing::new();
        protocol.encode(&[], 0, &mut out);
        speakable(&out)?;
        let wrote = Arc::new(AtomicBool::new(false));
        let proxy = http.proxy.as_ref().map(|proxy| {
            Proxy::new(proxy.reveal()).map_err(|_| SinkError::new("the proxy of `proxy` is not a URL"))
        });
        let proxy = proxy.transpose()?;
        let connector = connector(Arc::clone(&wrote), proxy.is_some());
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
        let compresses = match http.compression {
            Compression::Auto => protocol.needs().gzip,
            compression => compression == Compression::Gzip,
        };
        let gzip = compresses.then(Gzip::default);
        Ok(Self { protocol, agent, wrote, out, gzip, answer: Vec::new() })
    }

    /// Sends `out` and reads the answer; says whether a server failed, which may lie with what it was sent.
    fn attempt(&mut self) -> (Outcome, bool) {
        let mut request = Request::builder().method(self.out.method()).uri(self.out.url());
        for (name, value) in self.out.headers() {
            request = request.header(name, value);
        }
        self.wrote.store(false, Ordering::Relaxed);
        let plain = self.out.payload();
        let compressed = self.gzip.as_mut().and_then(|gzip| gzip.compressed(plain));
        if compressed.is_some() {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        let sent = match compressed.unwrap_or(plain) {
            // With a body of any length, even none, `content-length` would be sent.
            [] if matches!(self.out.method(), "GET" | "HEAD") => request.body(()).map(|r| self.agent.run(r)),
            payload => request.body(payload).map(|r| self.agent.run(r)),
        };
        match sent {
            Ok(Ok(response)) => {
                let (head, mut body) = response.into_parts();
                self.answer.clear();
                // One byte more than is kept: only who reads the end gets the connection back.
                let mut reader = body.as_reader().take(ANSWER + 1);
                if let Err(error) = reader.read_to_end(&mut self.answer) {
                    self.log("the answer broke off", &error.kind());
                }
                self.answer.truncate(ANSWER as usize);
                let status = head.status.as_u16();
                (self.protocol.classify(status, &head.headers, &self.answer), status >= 500)
            }
            Ok(Err(error)) => {
                self.log("no answer", &cause(&error));
                let has_written = self.wrote.load(Ordering::Relaxed);
                (if has_written { Outcome::Unknown } else { Outcome::Retry(None) }, false)
            }
            // Nothing that http would not send can be sent later either.
            Err(_) => {
                self.log("the request cannot be sent", &"not valid HTTP");
                (Outcome::Refused(Reason::Rejected), false)
            }
        }
    }

    fn log(&self, what: &str, cause: &dyn std::fmt::Display) {
        tracing::debug!(target: "trackside", url = %self.out.shown_url(), %cause, "{what}");
    }
}

impl Sink for HttpSink {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let taken = self.protocol.encode(batch, now, &mut self.out).clamp(1, batch.len().max(1));
        let (outcome, has_failed) = self.attempt();
        let delivery = Delivery::new(taken, outcome);
        if has_failed { delivery.answered() } else { delivery }
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
fn speakable(out: &Outgoing) -> Result<(), SinkError> {
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
