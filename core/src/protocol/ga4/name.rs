//! The names of events and parameters: a letter, then letters, digits and underscores, 40 at most, none of
//! them reserved. The protocol throws away without a word what has another name.

use std::str;

use super::super::habit::Habit;
use crate::{
    hit::{Hit, Kind},
    ledger::Reason,
};

const MAX: usize = 40;

/// Names that Google gives itself, of the web and of apps alike; those of a reserved prefix go without
/// saying.
const RESERVED_EVENTS: [&str; 30] = [
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "app_clear_data",
    "app_exception",
    "app_install",
    "app_remove",
    "app_store_refund",
    "app_update",
    "app_upgrade",
    "dynamic_link_app_open",
    "dynamic_link_app_update",
    "dynamic_link_first_open",
    "error",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "notification_send",
    "os_update",
    "screen_view",
    "session_start",
    "user_engagement",
];

const RESERVED_PREFIXES: [&str; 3] = ["firebase_", "ga_", "google_"];

/// The parameters that this protocol fills itself, in events of several kinds.
const OWN: [&str; 9] = [
    "engagement_time_msec",
    "event_category",
    "event_label",
    "page_language",
    "page_location",
    "page_referrer",
    "page_title",
    "session_id",
    "value",
];

/// A name that the receiver takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Name {
    bytes: [u8; MAX],
    length: usize,
}

impl Name {
    /// `page_view` and the like, or an event's category and name joined by an underscore.
    ///
    /// # Errors
    ///
    /// The event has no name, or one that is reserved.
    pub(super) fn of(hit: &Hit) -> Result<Self, Reason> {
        let own = match hit.kind() {
            Kind::Download => Some("file_download"),
            Kind::Event if hit.name().is_empty() => return Err(Reason::BadName),
            Kind::Event => Habit::of(hit).map(|habit| match habit {
                Habit::Exception { .. } => "exception",
                Habit::Timing { .. } => "timing_complete",
            }),
            Kind::NotFound => Some("page_not_found"),
            Kind::Page => Some("page_view"),
            Kind::Search => Some("view_search_results"),
        };
        if let Some(own) = own {
            return Ok(Self::cleaned(own.chars()));
        }
        let joint = if hit.category().is_empty() { "" } else { "_" };
        let chars = hit.category().chars().chain(joint.chars()).chain(hit.name().chars());
        let name = Self::cleaned(chars.skip_while(|c| !c.is_ascii_alphabetic()));
        let is_refused = !name.is_allowed() || RESERVED_EVENTS.contains(&name.as_str());
        if is_refused { Err(Reason::BadName) } else { Ok(name) }
    }

    /// A property's name, unless the receiver or this protocol keeps it to itself; `own` are names that are taken, too.
    pub(super) fn of_property(key: &str, own: &[&str]) -> Option<Self> {
        let name = Self::cleaned(key.chars());
        let is_own = OWN.contains(&name.as_str()) || own.contains(&name.as_str());
        let is_taken = is_own || key.starts_with("gtag.");
        (name.is_allowed() && !is_taken).then_some(name)
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The first 40 of `chars`, with an underscore for each that no name may hold.
    fn cleaned(chars: impl Iterator<Item = char>) -> Self {
        let mut name = Self { bytes: [0; MAX], length: 0 };
        for (place, c) in name.bytes.iter_mut().zip(chars) {
            *place = u8::try_from(c).ok().filter(u8::is_ascii_alphanumeric).unwrap_or(b'_');
            name.length += 1;
        }
        name
    }

    fn is_allowed(&self) -> bool {
        is_allowed(self.as_str())
    }
}

/// Whether `name` is of the alphabet of names, and has no reserved beginning.
pub(super) fn is_allowed(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Event, config::IpPolicy, hit::sample};

    fn event(event: &Event<'_>) -> Result<String, Reason> {
        let hit = crate::hit::Draft { event: Some(event), ..sample::page() }.seal(IpPolicy::Full);
        Name::of(&hit).map(|name| name.as_str().to_owned())
    }

    fn property(key: &str) -> Option<String> {
        Name::of_property(key, &["fatal"]).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_page_view_has_one_name() {
        assert_eq!(Name::of(&sample::page().seal(IpPolicy::Full)).unwrap().as_str(), "page_view");
    }

    #[test]
    fn category_and_name_make_the_event() {
        assert_eq!(event(&Event::new("add").category("cart")).unwrap(), "cart_add");
        assert_eq!(event(&Event::new("add")).unwrap(), "add");
        assert_eq!(event(&Event::new("page_view")).unwrap(), "page_view");
        assert_eq!(event(&Event::new("Put in!").category("Shopping cart")).unwrap(), "Shopping_cart_Put_in_");
        assert_eq!(event(&Event::new("größe\0\"'").category("a.b-c")).unwrap(), "a_b_c_gr__e___");
    }

    #[test]
    fn an_event_begins_with_its_first_letter() {
        assert_eq!(event(&Event::new("_ 3d_view")).unwrap(), "d_view");
        assert_eq!(event(&Event::new("add").category("42")).unwrap(), "add");
    }

    #[test]
    fn what_events_mean_by_habit_has_a_name_there() {
        assert_eq!(event(&Event::new("E42").category("exception")).unwrap(), "exception");
        assert_eq!(event(&Event::new("render").category("timing").value(1.5)).unwrap(), "timing_complete");
        assert_eq!(event(&Event::new("render").category("timing")).unwrap(), "timing_render");
        assert_eq!(event(&Event::new("").category("exception")), Err(Reason::BadName));
    }

    #[test]
    fn names_are_cut_at_40() {
        let long = "x".repeat(41);
        assert_eq!(event(&Event::new(&long)).unwrap(), "x".repeat(40));
        assert_eq!(event(&Event::new(&long[1..])).unwrap(), "x".repeat(40));
        assert_eq!(property(&long).unwrap(), "x".repeat(40));
    }

    #[test]
    fn what_is_not_counted_is_refused() {
        for name in ["", "_", "123", "покупка", "error", "session_start", "screen_view", "_error", "ga_x"]
        {
            assert_eq!(event(&Event::new(name)), Err(Reason::BadName), "{name}");
        }
        assert_eq!(event(&Event::new("").category("cart")), Err(Reason::BadName));
        assert_eq!(event(&Event::new("visit").category("first")), Err(Reason::BadName));
        assert_eq!(event(&Event::new("x").category("google")), Err(Reason::BadName));
        assert_eq!(event(&Event::new("x").category("firebase")), Err(Reason::BadName));
        assert_eq!(event(&Event::new("Error")).unwrap(), "Error");
        assert_eq!(event(&Event::new("error_shown")).unwrap(), "error_shown");
    }

    #[test]
    fn properties_are_cleaned_or_left_out() {
        assert_eq!(property("colour").unwrap(), "colour");
        assert_eq!(property("main colour 2").unwrap(), "main_colour_2");
        assert_eq!(property("gtag_x").unwrap(), "gtag_x");
        for key in
            ["", "_x", "-x", "2x", "ga_x", "ga-x", "google_x", "firebase_conversion", "gtag.x", "gtag."]
        {
            assert_eq!(property(key), None, "{key}");
        }
        for key in OWN {
            assert_eq!(property(key), None, "{key}");
        }
        assert_eq!(property("session id"), None);
        assert_eq!(property("fatal"), None);
    }
}
