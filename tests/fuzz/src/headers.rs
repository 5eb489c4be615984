//! The target `headers`: an exchange in arrays, as any host could have it, with one mistake in it.
//!
//! It says what the same exchange says in Rust. A call with a mistake changes nothing.

use arbitrary::Arbitrary;
use trackside_ffi::*;

use crate::{
    exchange::Exchange,
    lend::Manner,
    parts::{Annotation, Bytes, Event, Property, Request, Response, Value},
    rust,
    site::Site,
    slip::{Place, Slip},
};

/// What the bytes mean.
#[derive(Arbitrary, Clone, Debug, Default, PartialEq)]
pub struct Input<'a> {
    /// Which configuration; see [`site`](crate::site).
    pub configuration: u8,
    /// How the host lends.
    pub manner: Manner,
    /// Its mistake, which it makes before it makes the call as it should be.
    pub slip: Slip,
    /// The request.
    pub request: Request<'a>,
    /// The response and what is added; abandoned without it.
    pub response: Option<Response<'a>>,
    /// An event that comes when the exchange is over.
    pub later: Option<Event<'a>>,
}

/// One exchange.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(input: &Input<'_>) {
    let site = Site::open(input.configuration);
    begin_badly(input, &site);
    let (outcome, exchange) = Exchange::begin(&site, &input.request, input.manner, Slip::default());
    if rust::peer(&input.request.peer).is_none() {
        outcome.failed(&[TRACKSIDE_INVALID_ARGUMENT], &["`request.peer`"]);
        site.check_books(0, 0);
        return;
    }
    outcome.ok();
    let exchange = exchange.expect("it went well");
    let before = exchange.before();
    let visitor = exchange.visitor();
    assert_eq!(exchange.verdict(), None);

    if let Some(response) = &input.response {
        annotate(input, &exchange, &response.annotations);
        finish_badly(input, &exchange, response);
        exchange.finish(response, Slip::default()).ok();
    } else {
        exchange.abandon().ok();
    }
    let verdict = exchange.verdict().expect("it is over");
    if let Some(event) = &input.later {
        let (outcome, wrong) = (visitor.raise(&site, event, input.manner), wrong_event(event));
        if wrong.is_empty() { outcome.ok() } else { outcome.failed(&wrong, &["`event."]) }
    }
    let late = Annotation::Title(b"late"[..].into());
    exchange.annotate(&late, Slip::default()).failed(&[TRACKSIDE_FINISHED], &["finished"]);
    exchange.finish(&Response::page(), Slip::default()).failed(&[TRACKSIDE_FINISHED], &["finished"]);
    let id = visitor.id.clone();
    // In this order: tracker and visitor have nothing to do with the exchange's end.
    drop((exchange, visitor));
    site.check_books(1, 1);

    let seen = rust::run(input.configuration, &input.request, input.response.as_ref(), input.later.as_ref());
    let seen = seen.expect("the peer is an address");
    assert_eq!(before, seen.before);
    assert_eq!(id, seen.visitor);
    assert_eq!(verdict, seen.verdict);
    assert_eq!(site.hits(), seen.hits);
}

/// Begins with the mistake, which is told, and counts nothing.
fn begin_badly(input: &Input<'_>, site: &Site) {
    let slip = input.slip;
    let request = &input.request;
    let has_headers = !request.headers.is_empty();
    let number = usize::from(slip.number) % request.headers.len().max(1);
    let (status, name) = match slip.place {
        Place::Tracker => (slip.handle_status(), "`tracker`"),
        Place::Request => (slip.status(), "`request"),
        Place::Out => (slip.status(), "`exchange`"),
        Place::Method => (slip.status(), "`request.method`"),
        Place::Target => (slip.status(), "`request.target`"),
        Place::Authority => (slip.status(), "`request.authority`"),
        Place::Peer => (slip.status(), "`request.peer`"),
        Place::RequestHeaders => (slip.status(), "`request.headers`"),
        Place::RequestName if has_headers => (slip.status(), &*format!("`request.headers[{number}].name`")),
        Place::RequestValue if has_headers => (slip.status(), &*format!("`request.headers[{number}].value`")),
        _ => return,
    };
    let (outcome, exchange) = Exchange::begin(site, request, input.manner, slip);
    assert!(exchange.is_none());
    if rust::peer(&request.peer).is_none() {
        // Two mistakes: which one is told first is not specified.
        outcome.failed(&[status, TRACKSIDE_INVALID_ARGUMENT], &[name, "`request.peer`"]);
    } else {
        outcome.failed(&[status], &[name]);
    }
    site.check_books(0, 0);
}

/// Finishes with the mistake, which is told, and changes nothing.
fn finish_badly(input: &Input<'_>, exchange: &Exchange, response: &Response<'_>) {
    let slip = input.slip;
    let has_headers = !response.headers.is_empty();
    let number = usize::from(slip.number) % response.headers.len().max(1);
    let (status, name) = match slip.place {
        Place::Exchange => (slip.handle_status(), "`exchange`"),
        Place::Response => (slip.status(), "`response"),
        Place::ResponseHeaders => (slip.status(), "`response.headers`"),
        Place::ResponseName if has_headers => (slip.status(), &*format!("`response.headers[{number}].name`")),
        Place::ResponseValue if has_headers => {
            (slip.status(), &*format!("`response.headers[{number}].value`"))
        }
        _ => return,
    };
    exchange.finish(response, slip).failed(&[status], &[name]);
    assert_eq!(exchange.verdict(), None, "what failed does not finish");
}

/// Adds the annotations, the first one also with the mistake. Those that are none are told, and not added.
fn annotate(input: &Input<'_>, exchange: &Exchange, annotations: &[Annotation<'_>]) {
    for (n, annotation) in annotations.iter().enumerate() {
        let wrong = wrong(annotation);
        if n == 0
            && let Some((status, name)) = mistaken(input.slip, annotation)
        {
            // Of several mistakes, which one is told first is not specified.
            let names: &[&str] = if wrong.is_empty() { &[name] } else { &["`"] };
            exchange.annotate(annotation, input.slip).failed(&[&wrong[..], &[status]].concat(), names);
        }
        let outcome = exchange.annotate(annotation, Slip::default());
        if wrong.is_empty() { outcome.ok() } else { outcome.failed(&wrong, &["`"]) }
    }
}

/// The status that a mistake in an annotation gives, and the argument that is named.
fn mistaken(slip: Slip, annotation: &Annotation<'_>) -> Option<(trackside_status, &'static str)> {
    let name = match (slip.place, annotation) {
        (Place::AnnotatedExchange, _) => return Some((slip.handle_status(), "`exchange`")),
        (Place::AnnotationText, Annotation::Title(_)) => "`title`",
        (Place::AnnotationText, Annotation::UserId(_)) => "`user_id`",
        (Place::AnnotationText, Annotation::Route(_)) => "`route`",
        (Place::AnnotationText, Annotation::Property(_)) => "`property.key`",
        (Place::AnnotationText, Annotation::Event(_)) => "`event.name`",
        (Place::Annotation, Annotation::Property(_)) => "`property",
        (Place::Annotation, Annotation::Event(_)) => "`event",
        (Place::Properties, Annotation::Event(_)) => "`event.properties`",
        _ => return None,
    };
    Some((slip.status(), name))
}

/// What an annotation is refused for; nothing if it is one.
fn wrong(annotation: &Annotation<'_>) -> Vec<trackside_status> {
    match annotation {
        Annotation::Title(text) | Annotation::UserId(text) | Annotation::Route(text) => {
            wrong_text(text).collect()
        }
        Annotation::Property(property) => wrong_property(property).collect(),
        Annotation::Event(event) => wrong_event(event),
    }
}

fn wrong_event(event: &Event<'_>) -> Vec<trackside_status> {
    let texts = [&event.name, &event.category, &event.label].into_iter().flat_map(wrong_text);
    texts.chain(event.properties.iter().flat_map(wrong_property)).collect()
}

fn wrong_property(property: &Property<'_>) -> impl Iterator<Item = trackside_status> {
    let value = match &property.value {
        Value::Text(text) => wrong_text(text).next(),
        Value::None(_) => Some(TRACKSIDE_INVALID_ARGUMENT),
        Value::Number(_) | Value::Truth(_) => None,
    };
    wrong_text(&property.key).chain(value)
}

fn wrong_text(text: &Bytes<'_>) -> impl Iterator<Item = trackside_status> + use<> {
    text.text().is_none().then_some(TRACKSIDE_INVALID_UTF8).into_iter()
}
