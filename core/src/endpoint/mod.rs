//! What trackside answers itself, beside the host: reports of page views from pages that a cache in front has
//! served ([`beacon`]), and forms by which visitors grant and withdraw their consent ([`mod@consent`]).
//!
//! An adapter asks [`answer`] before it begins an exchange. A request that is answered is no exchange: it is
//! neither begun nor finished nor shown to the host's handlers, and counts once, with the answer's
//! [reason](Answer::reason).

pub mod beacon;
pub mod consent;
mod parameters;
mod same_origin;

use std::borrow::Cow;

use self::same_origin::{is_same_origin, sender};
use crate::{
    Hit, Moment, Reason, Request,
    config::{Config, Mode},
    decide,
    visitor::DailyKey,
};

/// What trackside answers to a request of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "it is to be sent as it is"]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Cow<'static, [u8]>,
    reason: Option<Reason>,
}

impl Answer {
    /// An answer that no cache may keep, without a body.
    fn new(status: u16, reason: Option<Reason>) -> Self {
        let headers = vec![("Cache-Control", Cow::Borrowed("private, no-store"))];
        Self { status, headers, body: Cow::Borrowed(&[]), reason }
    }

    fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(mut self, content_type: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type).header("X-Content-Type-Options", "nosniff")
    }

    /// The status (RFC 9110 §15).
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers, in their order. There is no `Content-Length`, which servers set.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, &**value))
    }

    /// The body: often none.
    pub fn content(&self) -> &[u8] {
        &self.body
    }

    /// Why the request tells of no page view; none if it does, which is tracked.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The response, for hosts that speak `http`.
    pub fn into_response<B: From<Vec<u8>>>(self) -> http::Response<B> {
        let (head, body) = self.into_parts();
        head.map(|()| B::from(body.into_owned()))
    }

    /// The response's head, and its body.
    pub fn into_parts(self) -> (http::Response<()>, Cow<'static, [u8]>) {
        let mut head = http::Response::new(());
        // OK because every status here is one, and every header is made of what http can hold.
        *head.status_mut() = http::StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in &self.headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).ok();
            if let Some((name, value)) = name.zip(http::HeaderValue::from_str(value).ok()) {
                head.headers_mut().append(name, value);
            }
        }
        (head, self.body)
    }
}

/// The beginnings of the paths that trackside may answer: an adapter that has to copy a request before it can
/// ask [`answer`] need not for one whose path begins with none of them. There are none by default.
pub fn prefixes(config: &Config) -> impl Iterator<Item = &str> {
    let beacon = config.beacon.iter().map(|beacon| beacon.path.as_str());
    beacon.chain(config.consent_form.iter().map(|form| form.path.as_str()))
}

/// Answers a request, if it is one of trackside's own, and hands the hits of what it tells to `emit`, each once
/// per distinct `ip` policy of the destinations. None: the request is the host's.
///
/// `draw` gives the moment and the key of its day, as [`judge::begin`](crate::judge::begin) takes them; it is asked
/// only where there is something to count. All of the request's headers are read here, and
/// not [`REQUEST_HEADERS`](crate::REQUEST_HEADERS) alone.
///
/// ```
/// use trackside_core::{Config, Moment, Request, endpoint};
///
/// let config = Config::builder().toml("consent.policy = 'none'\nbeacon.path = '/t/'").build()?;
/// let headers = [("host", "www.example.com"), ("sec-fetch-site", "same-origin")];
/// let request = Request::new("POST", "/t/?p=/news/", &headers);
/// let draw = || (Moment::new(1_784_714_400_000_000, [7; 64]), None);
/// let mut hits = Vec::new();
/// let answer = endpoint::answer(&config, &request, draw, &mut |hit| hits.push(hit)).expect("it is ours");
/// assert_eq!(answer.status(), 204);
/// assert_eq!(hits[0].path(), b"/news/");
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
pub fn answer(
    config: &Config,
    request: &Request<'_>,
    draw: impl FnOnce() -> (Moment, Option<DailyKey>),
    emit: &mut dyn FnMut(Hit),
) -> Option<Answer> {
    if config.beacon.is_none() && config.consent_form.is_none() {
        return None;
    }
    let (path, query) = decide::path_and_query(request.target);
    let form = config
        .consent_form
        .as_ref()
        .and_then(|form| consent::answer(config, request, path.strip_prefix(form.path.as_bytes())?, query));
    let answer = form.or_else(|| {
        let rest = path.strip_prefix(config.beacon.as_ref()?.path.as_bytes())?;
        beacon::answer(config, request, rest, query, draw, emit)
    })?;
    Some(if request.method == b"HEAD" { Answer { body: Cow::Borrowed(&[]), ..answer } } else { answer })
}

/// The key by which `request` is one of trackside's own, and who sent it, for a person to read.
pub(crate) fn describe(config: &Config, request: &Request<'_>) -> String {
    let (path, _) = decide::path_and_query(request.target);
    let form = config.consent_form.as_ref().filter(|form| path.starts_with(form.path.as_bytes()));
    let key = if form.is_some() { "consent.path" } else { "beacon.path" };
    let is = if is_same_origin(config, request) { "is" } else { "is not" };
    format!("by {key}; the sender {is} the site itself ({})", sender(request))
}

/// An answer to what tells of nothing.
fn untold(config: &Config, status: u16, reason: Reason) -> Answer {
    let reason = if config.mode == Mode::Off { Reason::Off } else { reason };
    Answer::new(status, Some(reason))
}

/// A refusal, with its reason in words.
fn refuse(config: &Config, status: u16, reason: Reason, text: &'static str) -> Answer {
    untold(config, status, reason).body("text/plain; charset=utf-8", text.as_bytes())
}

/// Refuses a method, and names those that there are.
fn refuse_method(config: &Config, allow: &'static str) -> Answer {
    refuse(config, 405, Reason::Endpoint, "There is no such method here.\n").header("Allow", allow)
}

/// Refuses what another site makes a browser send; none for what the site's own pages send.
fn refuse_foreign(config: &Config, request: &Request<'_>) -> Option<Answer> {
    let text = "Only pages of this site may ask for this.\n";
    (!is_same_origin(config, request)).then(|| refuse(config, 403, Reason::CrossOrigin, text))
}

#[cfg(test)]
#[path = "endpoint_test.rs"]
mod test;
