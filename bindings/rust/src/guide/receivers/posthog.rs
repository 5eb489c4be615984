//! PostHog, in the cloud or on a server of yours.
//!
//! ```toml
//! [[destination]]
//! type = "posthog"
//! api_key = "env:POSTHOG_KEY"
//! # url = "https://eu.i.posthog.com/batch/"     # the EU's cloud; or a server of yours, with /batch/
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `api_key` | PostHog: Settings, Project, General, *Project API key*: it begins with `phc_` |
//! | `url` | where you log in: `us.posthog.com` is the default, for `eu.posthog.com` see above |
//! | `person_profiles` | yours to say: `"identified"` makes a person of who has a user's id, `"always"` of everybody, `"never"` of nobody |
//! | `session` | leave it, or write `false` if PostHog's sessions are to be its own script's alone |
//! | `historical_migration` | `true` while old hits are imported |
//!
//! # What to know
//!
//! - A page view is a `$pageview`, an event is called by its category and name (`cart_add`). Downloads are
//!   `file_download`, searches `search`, pages that are not there `page_not_found`.
//! - A [sale](super#sessions-timings-and-sales) has the properties `revenue` and `currency`.
//! - Hits with a user's id make a person, and others do not, which is cheaper.
//!   An anonymous visitor and the user that it turns out to be are not joined.
//! - The address is sent as far as `ip` allows, and PostHog finds the place by it; without an address it is told not
//!   to take your server's for it.
//! - Whether a session that a server names shows among PostHog's sessions is not documented.
//! - A second copy of a hit is recognised by its id, so that hits are sent again when an attempt's end is not known.
//! - When your quota is used up, PostHog answers 200 and keeps nothing: these hits are refused(`quota`). An answer
//!   that is not PostHog's, such as a login page, has them refused(`rejected`).
//!
//! What is sent in which field: [`protocol::posthog`](crate::protocol::posthog).
