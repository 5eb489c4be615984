use std::{
    borrow::Cow,
    fmt, mem, ptr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use crate::{
    Annotations, Event, Exchange, Notice, Request, Response, Tracker, Value, Verdict, Visitor,
    consent::Consent, endpoint, tower::Kept,
};

/// The exchange as a handler sees it: a request extension that the layer inserts.
///
/// Cloning it copies a pointer. What it adds is taken until the response's head is known; what comes later,
/// as from a body that is still being streamed, is ignored and counted as late.
///
/// The default belongs to no exchange: it knows nothing and ignores what it is told. So it is with
/// `mode = "off"`, and in tests that call a handler without the layer.
///
/// ```
/// use trackside::{Event, Visit};
///
/// fn checkout(visit: &Visit) {
///     visit.title("Thank you");
///     visit.property("plan", "pro");
///     visit.event(Event::new("purchase").value(29.0));
/// }
/// # checkout(&Visit::default());
/// ```
#[derive(Clone, Default)]
pub struct Visit(Option<Arc<Shared>>);

struct Shared {
    tracker: Tracker,
    request: Kept,
    open: Mutex<Open>,
}

/// What the response's head ends.
struct Open {
    exchange: Option<Exchange>,
    id: Option<Uuid>,
    is_new: bool,
    annotations: Annotations<'static>,
}

impl Visit {
    /// Begins the exchange of a request, of which `request` is kept.
    pub(crate) fn begin(tracker: &Tracker, lent: &Request<'_>, request: Kept) -> Self {
        let exchange = tracker.begin(lent);
        Self(Some(Arc::new(Shared {
            tracker: tracker.clone(),
            request,
            open: Mutex::new(Open {
                id: exchange.visitor_id(),
                is_new: exchange.is_new(),
                exchange: Some(exchange),
                annotations: Annotations::new(),
            }),
        })))
    }

    /// Whether another tracker than this has the request; the default's belongs to none.
    pub(crate) fn is_of_another(&self, tracker: &Tracker) -> bool {
        // Clones of a tracker share one configuration.
        self.0.as_ref().is_some_and(|shared| !ptr::eq(shared.tracker.config(), tracker.config()))
    }

    /// The visitor's id, if there is one. That of a new visitor is recorded only if the response can carry
    /// its cookie.
    pub fn id(&self) -> Option<Uuid> {
        self.0.as_ref()?.open().id
    }

    /// Whether the visitor came without a valid cookie and would be given one.
    pub fn is_new(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.open().is_new)
    }

    /// What the visitor has allowed, whoever said so; unknown once the response's head is known.
    pub fn consent(&self) -> Consent {
        let consent = self.0.as_ref().and_then(|shared| Some(shared.open().exchange.as_ref()?.consent()));
        consent.unwrap_or_default()
    }

    /// Says what the visitor has allowed, as [`Exchange::set_consent`] does: before the response's head is known.
    pub fn set_consent(&self, consent: Consent) {
        let Some(shared) = &self.0 else {
            return;
        };
        let open = &mut *shared.open();
        let Some(exchange) = &mut open.exchange else {
            return shared.tracker.count_late();
        };
        exchange.set_consent(consent);
        (open.id, open.is_new) = (exchange.visitor_id(), exchange.is_new());
    }

    /// The notice, if it is due: on the visitor's first page, or, where visitors are asked, on each; until the response's head is known.
    pub fn notice(&self) -> Option<Notice> {
        let shared = self.0.as_ref()?;
        shared.open().exchange.as_ref()?.notice(&shared.request.as_request())
    }

    /// An owned snapshot of the visitor, for [`Tracker::event`] when the exchange is over. There is none
    /// once the response's head is known.
    pub fn visitor(&self) -> Option<Visitor> {
        let shared = self.0.as_ref()?;
        shared.open().exchange.as_ref()?.visitor(&shared.request.as_request())
    }

    /// Sets the page's title.
    pub fn title(&self, title: impl Into<Cow<'static, str>>) {
        self.annotate(Annotations::new().title(title));
    }

    /// Sets the id of the signed-in user.
    pub fn user_id(&self, user_id: impl Into<Cow<'static, str>>) {
        self.annotate(Annotations::new().user_id(user_id));
    }

    /// Sets the route template that answers, such as `/user/{id}`, in place of what the framework matched.
    pub fn route(&self, route: impl Into<Cow<'static, str>>) {
        self.annotate(Annotations::new().route(route));
    }

    /// Adds a property of the page view.
    pub fn property(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value<'static>>) {
        self.annotate(Annotations::new().property(key, value));
    }

    /// Raises an event.
    pub fn event(&self, event: Event<'static>) {
        self.annotate(Annotations::new().event(event));
    }

    /// The markup that loads the beacon, for this page to hold, if there is a beacon: then the beacon counts the
    /// page, and its exchange is skipped(`beacon`). See [the guide](crate::guide::caches).
    pub fn beacon(&self) -> Option<&str> {
        let shared = self.0.as_ref()?;
        let tag = endpoint::beacon::tag(shared.tracker.config())?;
        self.annotate(Annotations::new().beacon());
        Some(tag)
    }

    /// Adds all of this. A response may carry the same as an extension, which then has the last word.
    pub fn annotate(&self, annotations: Annotations<'static>) {
        let Some(shared) = &self.0 else {
            return;
        };
        let mut open = shared.open();
        if open.exchange.is_some() {
            open.annotations.extend(annotations);
        } else {
            shared.tracker.count_late();
        }
    }

    /// Ends the exchange with the response's head, whose extensions give `last`; `route` is what matched, if that is
    /// known only now.
    pub(crate) fn finish(
        &self,
        response: &Response<'_>,
        route: Option<&str>,
        last: Option<Annotations<'static>>,
    ) -> Option<Verdict> {
        let shared = self.0.as_ref()?;
        let (exchange, added) = shared.close();
        let mut annotations = match route {
            Some(route) => Annotations::new().route(route),
            None => shared.request.annotations(),
        };
        annotations.extend(added);
        if let Some(last) = last {
            annotations.extend(last);
        }
        Some(exchange?.finish(&shared.request.as_request(), response, &annotations))
    }

    /// Ends the exchange without a response: it is skipped(`abandoned`), whoever still holds a clone.
    pub(crate) fn abandon(&self) {
        if let Some(shared) = &self.0 {
            drop(shared.close());
        }
    }
}

/// Shows who it is, and nothing of the request, whose headers are nobody else's business.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("id", &self.id())
            .field("is_new", &self.is_new())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing that runs under the lock leaves a half-written state behind.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) -> (Option<Exchange>, Annotations<'static>) {
        let mut open = self.open();
        (open.exchange.take(), mem::take(&mut open.annotations))
    }
}
