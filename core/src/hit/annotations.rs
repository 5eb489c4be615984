use std::{borrow::Cow, fmt};

/// What the host adds to an exchange: title, user id, route, properties and events.
///
/// Texts may be borrowed or owned. Longer ones are cut at a character: a title at 1,500 bytes, a user id
/// at 256, a route at 2,048, a property's key at 128 and its text at 1,024. At most 64 properties and
/// 64 events are taken of one exchange.
///
/// ```
/// use trackside_core::{Annotations, Event};
///
/// let annotations = Annotations::new()
///     .title("Cart & checkout")
///     .user_id("u-42")
///     .property("plan", "pro")
///     .event(Event::new("add").category("cart").label("SKU-1").value(2.0).property("gift", true));
/// ```
///
/// Its `Debug` tells all but the user's id.
#[derive(Clone, Default, PartialEq)]
pub struct Annotations<'a> {
    pub(crate) title: Option<Cow<'a, str>>,
    pub(crate) user_id: Option<Cow<'a, str>>,
    pub(crate) route: Option<Cow<'a, str>>,
    pub(crate) properties: Vec<(Cow<'a, str>, Value<'a>)>,
    pub(crate) events: Vec<Event<'a>>,
    pub(crate) beacon: bool,
}

impl fmt::Debug for Annotations<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Annotations")
            .field("title", &self.title)
            .field("user_id", &self.user_id.as_ref().map(|_| "***"))
            .field("route", &self.route)
            .field("properties", &self.properties)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

impl<'a> Annotations<'a> {
    /// Annotations that add nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The page's title.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'a, str>>) -> Self {
        self.set_title(title);
        self
    }

    /// The id of the signed-in user; recorded as `visitor.user_id` says, as it is or hashed.
    #[must_use]
    pub fn user_id(mut self, user_id: impl Into<Cow<'a, str>>) -> Self {
        self.set_user_id(user_id);
        self
    }

    /// The route template that answered, such as `/user/{id}`.
    #[must_use]
    pub fn route(mut self, route: impl Into<Cow<'a, str>>) -> Self {
        self.set_route(route);
        self
    }

    /// Adds a property of the page view.
    #[must_use]
    pub fn property(mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) -> Self {
        self.add_property(key, value);
        self
    }

    /// Raises an event.
    #[must_use]
    pub fn event(mut self, event: Event<'a>) -> Self {
        self.add_event(event);
        self
    }

    /// Tells that the page was given the beacon's [tag](crate::endpoint::beacon::tag), which then counts it: its
    /// exchange is skipped(`beacon`). Without `beacon.path` it means nothing.
    #[must_use]
    pub fn beacon(mut self) -> Self {
        self.set_beacon();
        self
    }

    /// [`title`](Self::title), for adapters that are told of one thing after the other.
    pub fn set_title(&mut self, title: impl Into<Cow<'a, str>>) {
        self.title = Some(title.into());
    }

    /// [`user_id`](Self::user_id), likewise.
    pub fn set_user_id(&mut self, user_id: impl Into<Cow<'a, str>>) {
        self.user_id = Some(user_id.into());
    }

    /// [`route`](Self::route), likewise.
    pub fn set_route(&mut self, route: impl Into<Cow<'a, str>>) {
        self.route = Some(route.into());
    }

    /// [`property`](Self::property), likewise.
    pub fn add_property(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) {
        self.properties.push((key.into(), value.into()));
    }

    /// [`event`](Self::event), likewise.
    pub fn add_event(&mut self, event: Event<'a>) {
        self.events.push(event);
    }

    /// [`beacon`](Self::beacon), likewise.
    pub fn set_beacon(&mut self) {
        self.beacon = true;
    }

    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over what `other` says: its title, user id and route where it has them, and all of its
    /// properties and events.
    pub fn extend(&mut self, other: Self) {
        self.title = other.title.or(self.title.take());
        self.user_id = other.user_id.or(self.user_id.take());
        self.route = other.route.or(self.route.take());
        self.properties.extend(other.properties);
        self.events.extend(other.events);
        self.beacon |= other.beacon;
    }
}

/// Something that happened, to be reported by name.
///
/// Name, category and label are cut at 500 bytes. A value that is not finite is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) category: Option<Cow<'a, str>>,
    pub(crate) label: Option<Cow<'a, str>>,
    pub(crate) value: Option<f64>,
    pub(crate) properties: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Event<'a> {
    /// An event called `name`.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self { name: name.into(), category: None, label: None, value: None, properties: Vec::new() }
    }

    /// The group of events it belongs to.
    #[must_use]
    pub fn category(mut self, category: impl Into<Cow<'a, str>>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// What it happened to.
    #[must_use]
    pub fn label(mut self, label: impl Into<Cow<'a, str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// How much.
    #[must_use]
    pub fn value(mut self, value: f64) -> Self {
        self.value = Some(value);
        self
    }

    /// Adds a property.
    #[must_use]
    pub fn property(mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Value<'a>>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }
}

/// The value of a property: a text, `true` or `false`, or a number.
///
/// Numbers are `f64`, which holds integers exactly up to 2⁵³; wider types than `i32` and `u32` are converted
/// by whoever knows that they fit, as `Value::Number(length as f64)`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A number; one that is not finite is left out.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// True or false.
    Truth(bool),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<f32> for Value<'_> {
    fn from(number: f32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

#[cfg(test)]
mod test {
    use super::{Annotations, Event, Value};

    #[test]
    fn what_is_said_later_stands() {
        let mut annotations =
            Annotations::new().title("a").user_id("u").property("k", 1).event(Event::new("x"));
        annotations.extend(Annotations::new().title("b").route("/r").property("k", 2).event(Event::new("y")));
        let expected = Annotations::new()
            .title("b")
            .user_id("u")
            .route("/r")
            .property("k", 1)
            .property("k", 2)
            .event(Event::new("x"))
            .event(Event::new("y"));
        assert_eq!(annotations, expected);
    }

    #[test]
    fn a_beacon_is_asked_for_by_either() {
        let with = |beacon: bool| if beacon { Annotations::new().beacon() } else { Annotations::new() };
        for (first, second) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut annotations = with(first);
            annotations.extend(with(second));
            assert_eq!(annotations, with(first || second));
        }
    }

    #[test]
    fn integers_are_exact_to_their_ends() {
        assert_eq!(Value::from(u32::MAX), Value::Number(4_294_967_295.0));
        assert_eq!(Value::from(i32::MIN), Value::Number(-2_147_483_648.0));
        // A bare literal stays an `i32`.
        assert_eq!(Annotations::new().property("k", 1), Annotations::new().property("k", 1.0));
    }

    #[test]
    fn nothing_to_add_is_empty() {
        assert!(Annotations::new().is_empty());
        assert!(!Annotations::new().title("").is_empty());
        assert!(!Annotations::new().event(Event::new("x")).is_empty());
    }
}
