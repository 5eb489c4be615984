//! What events mean by habit: failures, durations, sales and what nobody did, which some receivers have a place of their
//! own for.

use std::borrow::Cow;

use super::common;
use crate::{
    Value,
    hit::{Hit, Kind},
};

/// What an event means by its category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Habit<'a> {
    /// Of the category `exception`: its label, or without one its name, and whether that was the end, if anybody says so.
    Exception { message: &'a str, fatal: Option<bool> },
    /// Of the category `timing`, with a value: so many milliseconds.
    Timing { millis: f64 },
}

impl<'a> Habit<'a> {
    pub(super) fn of(hit: &'a Hit) -> Option<Self> {
        if hit.kind() != Kind::Event {
            return None;
        }
        match hit.category() {
            "exception" => {
                let message = if hit.label().is_empty() { hit.name() } else { hit.label() };
                let fatal = match common::last_property(hit, "fatal") {
                    Some(Value::Truth(fatal)) => Some(fatal),
                    _ => None,
                };
                Some(Self::Exception { message, fatal })
            }
            "timing" => hit.value().map(|millis| Self::Timing { millis }),
            _ => None,
        }
    }
}

/// What an event has earned: its property `revenue` if that is a number, else its value, in the currency that its
/// property of that name says in three capital letters.
pub(super) fn revenue(hit: &Hit) -> Option<(Cow<'_, str>, f64)> {
    if hit.kind() != Kind::Event {
        return None;
    }
    let Some(Value::Text(currency)) = common::last_property(hit, "currency") else {
        return None;
    };
    let is_code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    let amount = match common::last_property(hit, "revenue") {
        Some(Value::Number(revenue)) => Some(revenue),
        _ => hit.value(),
    };
    amount.filter(|_| is_code).map(|amount| (currency, amount))
}

/// What an event has earned, for receivers that find it in `revenue` among the properties, where no property of that name
/// says it in a number: it stands in the place of one that says something else.
pub(super) fn unsaid_revenue(hit: &Hit) -> Option<f64> {
    let (_, amount) = revenue(hit)?;
    let is_said = matches!(common::last_property(hit, "revenue"), Some(Value::Number(_)));
    (!is_said).then_some(amount)
}

/// Whether what is no page view says by its property `non_interaction` that it is nothing the visitor did.
pub(super) fn is_background(hit: &Hit) -> bool {
    hit.kind() != Kind::Page && common::last_property(hit, "non_interaction") == Some(Value::Truth(true))
}

#[cfg(test)]
mod test {
    use super::{
        super::kit::{event, full, told},
        *,
    };
    use crate::{
        Event,
        hit::{Draft, sample},
    };

    fn hit(of: &Event<'_>) -> Hit {
        full(&event(of))
    }

    #[test]
    fn a_failure_is_known_by_its_category() {
        let named = hit(&Event::new("E42").category("exception").property("fatal", "yes"));
        assert_eq!(Habit::of(&named), Some(Habit::Exception { message: "E42", fatal: None }));
        let of = Event::new("E42").category("exception").label("no disk");
        let told = hit(&of.property("fatal", false).property("fatal", true));
        assert_eq!(Habit::of(&told), Some(Habit::Exception { message: "no disk", fatal: Some(true) }));
    }

    #[test]
    fn a_duration_has_a_value() {
        let render = Event::new("render").category("timing");
        assert_eq!(Habit::of(&hit(&render)), None);
        assert_eq!(Habit::of(&hit(&render.value(137.5))), Some(Habit::Timing { millis: 137.5 }));
    }

    #[test]
    fn other_hits_mean_what_they_say() {
        assert_eq!(Habit::of(&hit(&Event::new("timing").value(1.0))), None);
        assert_eq!(Habit::of(&told(Kind::Search, "exception")), None);
        assert_eq!(revenue(&told(Kind::Search, "EUR")), None);
    }

    #[test]
    fn an_event_says_that_nobody_did_it() {
        let sync = || Event::new("sync").property("non_interaction", true);
        assert!(is_background(&hit(&sync())));
        assert!(!is_background(&hit(&sync().property("non_interaction", false))));
        assert!(!is_background(&hit(&Event::new("sync").property("non_interaction", 1))));
        assert!(!is_background(&hit(&Event::new("sync"))));
        let of_a_page = [("non_interaction".into(), Value::from(true))];
        assert!(!is_background(&full(&Draft { properties: &of_a_page, ..sample::page() })));
    }

    #[test]
    fn a_property_may_say_what_was_earned() {
        let unsaid = |of: Event<'_>| unsaid_revenue(&hit(&of.value(2.0)));
        let order = || Event::new("order").property("currency", "EUR");
        assert_eq!(unsaid(order()), Some(2.0));
        assert_eq!(unsaid(order().property("revenue", "9.5")), Some(2.0));
        assert_eq!(unsaid(order().property("revenue", 9.5)), None);
        assert_eq!(unsaid(Event::new("order")), None);
    }

    #[test]
    fn a_sale_has_a_currency() {
        let earned = |of: Event<'_>| revenue(&hit(&of)).map(|(code, amount)| (code.into_owned(), amount));
        let order = || Event::new("order").value(2.0);
        let euros = |amount| Some(("EUR".to_owned(), amount));
        assert_eq!(earned(order().property("currency", "EUR")), euros(2.0));
        assert_eq!(earned(order().property("currency", "EUR").property("revenue", 9.5)), euros(9.5));
        assert_eq!(earned(order().property("currency", "EUR").property("revenue", "9.5")), euros(2.0));
        assert_eq!(earned(Event::new("order").property("currency", "EUR")), None);
        assert_eq!(earned(order()), None);
        for no_code in ["eur", "EURO", "EU", "EÜ", ""] {
            assert_eq!(earned(order().property("currency", no_code)), None, "{no_code}");
        }
        assert_eq!(
            earned(order().property("currency", "EUR").property("currency", 978)),
            None,
            "the last stands"
        );
    }
}
