//! The judge: what becomes of a request, as pure functions of what they are given.

use std::{fmt, sync::Arc};

use uuid::Uuid;

pub use crate::proxy::overlooked_proxy;
use crate::{
    Annotations, Event, Hit, Moment, Reason, Request, Response,
    config::{Config, Mode},
    decide::{self, Asked, Facts, Lengths},
    hit::{self, Draft, Joined, Kind, Place},
    proxy::Remembered,
    visitor::{
        self, Caching, Caller, Cookies, DailyKey, Notice, Owner, Visitor,
        consent::{Consent, Footing},
        scripts,
    },
};

/// A request that has begun and is not finished: small, and without a copy of the request. Its `Debug` names nobody.
#[derive(Clone)]
#[must_use = "an exchange is to be finished"]
pub struct Exchange {
    /// When it began, and what its ids are made of.
    moment: Moment,
    skipped: Option<Reason>,
    caller: Caller,
    /// Whether its events are sent, though its page view may be skipped.
    has_events: bool,
    asked: Asked,
    lengths: Lengths,
    /// What trusted proxies tell of the request, and scripts in the browser of the visitor; seldom there, and not to be
    /// copied with the rest.
    arrival: Option<Arc<Remembered>>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("skipped", &self.skipped).finish_non_exhaustive()
    }
}

impl Exchange {
    /// The visitor's id. That of a new visitor is recorded only if the response can carry its cookie.
    pub fn visitor_id(&self) -> Option<Uuid> {
        self.caller.id()
    }

    /// Whether the visitor came without a valid cookie and would be given one.
    pub fn is_new(&self) -> bool {
        self.caller.is_new()
    }

    /// Whether the notice is to be shown: on the visitor's first page, or with `consent.policy = "opt-in"` on
    /// every page until there is an answer.
    pub fn is_notice_due(&self) -> bool {
        self.caller.is_notice_due()
    }

    /// What the visitor has allowed, whoever said so.
    pub fn consent(&self) -> Consent {
        self.caller.standing.consent
    }

    /// Says what the visitor has allowed: the last word on what is not [`Choice::Unknown`], which leaves things as
    /// they are. It counts for all that is asked of the exchange afterwards, and for what
    /// [`finish`] records. The answer is not kept for the next request: for that there are
    /// [`grant`](visitor::consent::grant) and [`withdraw`](visitor::consent::withdraw).
    ///
    /// [`Choice::Unknown`]: visitor::consent::Choice::Unknown
    pub fn set_consent(&mut self, config: &Config, consent: Consent) {
        self.caller.allow(config, consent);
    }

    /// Why the request will be skipped, if that is known already.
    pub fn skipped(&self) -> Option<Reason> {
        self.skipped.or_else(|| decide::allows(self.caller.standing.footing).err())
    }

    fn sends_events(&self) -> bool {
        self.has_events && self.caller.standing.footing != Footing::Skip
    }

    /// Gives the visitor no id, if it came without: it cannot be told of the cookie.
    pub(crate) fn hand_out_nothing(&mut self) {
        self.caller.hand_out_nothing();
    }

    /// What is known of the request that `begin` took.
    fn facts<'a>(&'a self, config: &'a Config, request: &'a Request<'a>) -> Facts<'a> {
        Facts::again(
            config,
            request,
            self.asked,
            self.lengths,
            self.arrival.as_ref().map(|arrival| arrival.lend()),
        )
    }

    /// Where the client is, if that may be recorded of it.
    fn place(&self) -> Option<&Place> {
        let place = self.arrival.as_ref()?.place()?;
        (!self.caller.standing.is_anonymous()).then_some(place)
    }

    /// What scripts in the browser call the visitor, if that may be recorded of it.
    fn joined(&self) -> Option<&Joined> {
        let joined = self.arrival.as_ref()?.joined();
        (!joined.is_empty() && scripts::may_join(&self.caller)).then_some(joined)
    }

    /// Whether there is more to its hits than what their drafts have.
    fn completes_hits(&self) -> bool {
        self.arrival.as_ref().is_some_and(|arrival| arrival.completes_hits())
    }

    fn seconds(&self) -> u64 {
        self.moment.seconds()
    }
}

/// What becomes of an exchange.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use = "the headers are to be appended to the response"]
pub struct Verdict {
    reason: Option<Reason>,
    /// Boxed, as it is seldom there: so a verdict is two words.
    appended: Option<Box<Appended>>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Appended {
    set_cookie: String,
    is_private: bool,
}

impl Verdict {
    /// A verdict that skips, for `reason`.
    pub fn skip(reason: Reason) -> Self {
        Self { reason: Some(reason), appended: None }
    }

    /// Whether the page view counts.
    pub fn is_tracked(&self) -> bool {
        self.reason.is_none()
    }

    /// Why it does not.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Whether there are headers to append.
    #[inline]
    pub fn has_headers(&self) -> bool {
        self.appended.is_some()
    }

    /// The headers to append to the response, beside whatever it has of the same name.
    #[inline]
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.appended.iter().flat_map(|appended| {
            let private = appended.is_private.then_some(("Cache-Control", "private"));
            [Some(("Set-Cookie", appended.set_cookie.as_str())), private].into_iter().flatten()
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            None => f.write_str("tracked"),
            Some(reason) => write!(f, "skipped({reason})"),
        }
    }
}

/// Looks at a request that has come. `key` is that of the moment's UTC day: without it nobody takes a cookieless
/// id.
///
/// ```
/// use trackside_core::{Annotations, Config, Moment, Request, Response, judge};
///
/// let config = Config::builder().toml("consent.policy = 'none'").build()?;
/// let headers = [("host", "www.example.com"), ("accept", "text/html")];
/// let request = Request::new("GET", "/news/", &headers);
/// let exchange = judge::begin(&config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
/// assert!(exchange.is_new());
///
/// let headers = [("content-type", "text/html")];
/// let response = Response::new(200, &headers);
/// let mut hits = Vec::new();
/// let verdict =
///     judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut |hit| hits.push(hit));
/// assert!(verdict.is_tracked());
/// assert_eq!(hits[0].path(), b"/news/");
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
pub fn begin(config: &Config, request: &Request<'_>, moment: Moment, key: Option<&DailyKey>) -> Exchange {
    if config.mode == Mode::Off {
        let caller = Caller::nobody(config);
        let (skipped, lengths) = (Some(Reason::Off), Lengths::default());
        let asked = Asked::Page("");
        return Exchange { moment, skipped, caller, has_events: false, asked, lengths, arrival: None };
    }
    let mut cookies = Cookies::default();
    let facts = Facts::with_cookies(config, request, |value| cookies.read(config, value, moment.seconds()));
    let skipped = decide::ask(decide::BEGIN, &facts).err();
    let counts = skipped.is_none();
    let has_events = counts || decide::events_count(&facts);
    let caller = Caller::of(&facts, &cookies, &moment, key, [counts, has_events]);
    let (asked, lengths) = (facts.asked, facts.lengths());
    let mut arrival = facts.remembered();
    if !config.script_cookies.is_empty() {
        arrival = join(&facts, &caller, moment.seconds(), arrival);
    }
    Exchange { moment, skipped, caller, has_events, asked, lengths, arrival }
}

/// `arrival`, with what scripts in the browser call the visitor, if the visitor allows that it is read.
#[cold] // Few configurations ask for it.
#[inline(never)]
fn join(
    facts: &Facts<'_>,
    caller: &Caller,
    now: u64,
    arrival: Option<Arc<Remembered>>,
) -> Option<Arc<Remembered>> {
    if !scripts::may_join(caller) {
        return arrival;
    }
    let joined = scripts::joined(facts.config, facts.request, now);
    if joined.is_empty() {
        return arrival;
    }
    Some(arrival.unwrap_or_else(|| facts.remember()).with_joined(joined))
}

/// The notice for an exchange on which it is due. Takes the request that `begin` took.
pub fn notice(config: &Config, exchange: &Exchange, request: &Request<'_>) -> Option<Notice> {
    if !exchange.is_notice_due() {
        return None;
    }
    exchange.caller.notice(config, exchange.facts(config, request).site())
}

/// Judges an exchange whose response head is known, and hands its hits to `emit`: the page view, if it is
/// tracked, then what `track.downloads`, `track.not_found` and `track.search` make of the exchange, then the events, each
/// once per distinct `ip` policy of the destinations. Takes the request that `begin` took.
pub fn finish(
    config: &Config,
    exchange: Exchange,
    request: &Request<'_>,
    response: &Response<'_>,
    annotations: &Annotations<'_>,
    emit: &mut dyn FnMut(Hit),
) -> Verdict {
    end(config, &exchange, request, response, annotations, emit)
}

/// [`finish`], for whoever keeps the exchange when it is over. Called twice for one exchange, it hands out its hits
/// twice.
pub fn end(
    config: &Config,
    exchange: &Exchange,
    request: &Request<'_>,
    response: &Response<'_>,
    annotations: &Annotations<'_>,
    emit: &mut dyn FnMut(Hit),
) -> Verdict {
    let skipped = exchange.skipped();
    if skipped.is_some() && annotations.events.is_empty() {
        return Verdict { reason: skipped, appended: None };
    }
    let mut completed;
    let emit: &mut (dyn FnMut(Hit) + '_) = if exchange.completes_hits() {
        completed = |hit: Hit| emit(hit.completed(exchange.place(), exchange.joined()));
        &mut completed
    } else {
        emit
    };
    let now = exchange.seconds();
    let mut facts = exchange.facts(config, request);
    (facts.response, facts.has_beacon, facts.now) = (Some(response), annotations.beacon, now);
    let reason = skipped.or_else(|| decide::ask(decide::FINISH, &facts).err());
    let is_tracked = reason.is_none();
    let is_cookie_due = is_tracked
        && visitor::hands_out_ids(config)
        && exchange.caller.needs_cookie(config, now)
        && takes_cookie(request, response);
    let caching = if is_cookie_due { Caching::of(response.headers, now) } else { Caching::Shared };
    let owner = Owner::settle(&facts, &exchange.caller, now, caching != Caching::Shared);

    if config.mode == Mode::On {
        let user_id = config.user_ids.recorded(annotations.user_id.as_deref().unwrap_or_default());
        let term = is_tracked.then(|| searched(&facts)).flatten();
        let texts = [user_id.as_str(), term.as_deref().unwrap_or_default()];
        let page = page(&facts, exchange, &owner, annotations, texts);
        if is_tracked {
            emit_for_each_policy(config, &page, emit);
        }
        if term.is_some() || matches!(reason, Some(Reason::Download | Reason::NotFound)) {
            emit_special(config, exchange, reason, term.as_deref(), &page, emit);
        }
        if !annotations.events.is_empty() && exchange.sends_events() {
            emit_events(config, &page, exchange.moment.event_id(), &annotations.events, emit);
        }
    }
    let appended = match &owner.cookie {
        Some(cookie) if is_tracked && config.mode == Mode::On => Some(append(&facts, cookie, caching)),
        _ => None,
    };
    Verdict { reason, appended }
}

#[cold]
#[inline(never)]
fn append(facts: &Facts<'_>, cookie: &visitor::Known, caching: Caching) -> Box<Appended> {
    Box::new(Appended {
        set_cookie: visitor::set_cookie(&facts.config.cookie, cookie, facts.now, facts.is_secure),
        is_private: caching == Caching::Unsaid,
    })
}

/// Takes up an event raised outside an exchange, for a visitor that an exchange gave out, and hands its
/// hit to `emit`, once per distinct `ip` policy of the destinations.
pub fn event(
    config: &Config,
    visitor: &Visitor,
    event: &Event<'_>,
    moment: &Moment,
    emit: &mut dyn FnMut(Hit),
) {
    if config.mode == Mode::On && visitor.is_recorded() {
        let draft = Draft {
            id: moment.event_id(),
            micros: moment.micros(),
            event: Some(event),
            ..visitor.draft(config)
        };
        emit_for_each_policy(config, &draft, &mut |hit| emit(visitor.completed(hit)));
    }
}

/// An owned snapshot of the exchange's visitor, for events that are raised later. Takes the request that
/// `begin` took.
pub fn visitor(config: &Config, exchange: &Exchange, request: &Request<'_>) -> Visitor {
    let facts = exchange.facts(config, request);
    let gets_cookie = exchange.skipped.is_none() && visitor::hands_out_ids(config);
    let owner = Owner::settle(&facts, &exchange.caller, exchange.seconds(), gets_cookie);
    Visitor::new(&facts, owner, &exchange.caller.standing)
        .with_place(exchange.place().cloned())
        .with_joined(exchange.joined().cloned())
}

/// Who the visitor is, and what it has allowed, for a person to read; of a page that counts, with its `request`.
pub(crate) fn describe(config: &Config, exchange: &Exchange, request: Option<&Request<'_>>) -> [String; 2] {
    let facts = request.map(|request| exchange.facts(config, request));
    let mut visitor = exchange.caller.describe(facts.as_ref());
    if !config.script_cookies.is_empty() {
        visitor += &describe_joined(exchange);
    }
    [visitor, exchange.caller.describe_consent(config)]
}

fn describe_joined(exchange: &Exchange) -> String {
    match exchange.joined() {
        Some(joined) => {
            let ids: Vec<_> = joined.iter().map(|(name, id)| format!("`{name}` says {id}")).collect();
            format!("; in the browser {}", ids.join(", "))
        }
        None if scripts::may_join(&exchange.caller) => {
            "; none of the cookies that `join` asks for tells its id in the browser".to_owned()
        }
        None if scripts::is_allowed(&exchange.caller.standing) => {
            "; the cookies that `join` asks for are not read of who has no cookie of trackside's".to_owned()
        }
        None => "; the cookies that `join` asks for are not read without consent".to_owned(),
    }
}

/// What may be known of the visitor.
pub(crate) fn footing(exchange: &Exchange) -> Footing {
    exchange.caller.standing.footing
}

/// A cookie is neither set on errors nor on a HEAD or a 304, which update what a cache holds.
fn takes_cookie(request: &Request<'_>, response: &Response<'_>) -> bool {
    request.method != b"HEAD" && response.status < 400 && response.status != 304
}

fn page<'a>(
    facts: &Facts<'a>,
    exchange: &Exchange,
    owner: &Owner,
    annotations: &'a Annotations<'a>,
    [user_id, search]: [&'a str; 2],
) -> Draft<'a> {
    let client = hit::Client::of(facts.request.headers);
    Draft {
        id: exchange.moment.page_id(),
        micros: exchange.moment.micros(),
        visitor: owner.visitor,
        is_new: owner.is_new,
        is_cookieless: owner.is_cookieless,
        first_visit: owner.first_visit,
        session: owner.session,
        standing: exchange.caller.standing,
        address: facts.address,
        status: facts.response.map_or(0, |response| response.status),
        secure: facts.is_secure,
        site: facts.site(),
        method: facts.request.method,
        path: facts.path,
        query: facts.query,
        urls: facts.config.urls,
        referrer: client.referrer,
        agent: client.agent,
        language: client.language,
        title: annotations.title.as_deref().unwrap_or_default(),
        user_id,
        route: annotations.route.as_deref().unwrap_or_default(),
        event: None,
        special: None,
        search,
        properties: &annotations.properties,
    }
}

/// What was searched for, where that is asked for.
fn searched(facts: &Facts<'_>) -> Option<String> {
    let keys = &facts.config.track.search;
    if keys.is_empty() { None } else { hit::term(facts.query, keys) }
}

/// Hands out the event that trackside tells apart by itself: in the page view's place, or after it and then with an id
/// behind those of the host's events.
#[cold] // As all here that few exchanges need: what all need has to fit the processor's cache.
#[inline(never)]
fn emit_special(
    config: &Config,
    exchange: &Exchange,
    reason: Option<Reason>,
    term: Option<&str>,
    page: &Draft<'_>,
    emit: &mut dyn FnMut(Hit),
) {
    let (kind, id) = match reason {
        Some(Reason::Download) => (Kind::Download, page.id),
        Some(Reason::NotFound) => (Kind::NotFound, page.id),
        None => (Kind::Search, nth_id(exchange.moment.event_id(), hit::cap::EVENTS as u128)),
        _ => return,
    };
    let event = Event::new(kind.as_str());
    let event = match term {
        Some(term) => event.label(term),
        None => event,
    };
    let draft = Draft { id, event: Some(&event), special: Some(kind), title: "", ..page.clone() };
    emit_for_each_policy(config, &draft, emit);
}

#[cold]
#[inline(never)]
fn emit_events(
    config: &Config,
    page: &Draft<'_>,
    first_id: Uuid,
    events: &[Event<'_>],
    emit: &mut dyn FnMut(Hit),
) {
    for (n, event) in (0..).zip(events.iter().take(hit::cap::EVENTS)) {
        let draft = Draft { id: nth_id(first_id, n), event: Some(event), title: "", ..page.clone() };
        emit_for_each_policy(config, &draft, emit);
    }
}

fn emit_for_each_policy(config: &Config, draft: &Draft<'_>, emit: &mut dyn FnMut(Hit)) {
    for &policy in &config.ip_policies {
        emit(draft.seal(policy));
    }
}

/// `first` plus `n` in its last 62 bits, which hold nothing but randomness (RFC 9562 §6.2).
fn nth_id(first: Uuid, n: u128) -> Uuid {
    const RANDOM: u128 = (1 << 62) - 1;
    let first = first.as_u128();
    Uuid::from_u128((first & !RANDOM) | (first.wrapping_add(n) & RANDOM))
}

#[cfg(test)]
#[path = "judge_test.rs"]
mod test;
