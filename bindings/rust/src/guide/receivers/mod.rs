//! Receivers: the services that hits can be sent to, a page a service.
//!
//! Each page has the lines of configuration, where to find each key, and what becomes of what. What each
//! can take, what its answers prove, and all of its keys stand in [`protocol`](crate::protocol); the keys that every
//! destination has, and those of the stores, in [`config`](crate::config). A receiver that is not here can be had all the
//! same, as [a type of your own](super::own_receiver) or by [a sink of your own](super::own_sink).
//!
//! Whether a receiver takes what it is sent `trackside check` tells, before visitors' hits depend on it: see
//! [checking](super::checking).
//!
//! # Several at once
//!
//! Each `[[destination]]` has its own queue, workers and say: `only` tells which hits it takes, by their kind, the names of
//! events and the site, or of which share of the visitors; `set` puts constants into its hits, and `drop` takes fields out
//! of them, for this destination alone.
//!
//! ```
//! # let config = trackside::Config::builder().secrets(|_| Ok("s3cret".to_owned())).toml(r#"
//! consent.policy = "notice"
//!
//! [[destination]]                     # everything, for yourself
//! type = "sqlite"
//!
//! [[destination]]                     # what the marketing people look at, without what is none of their business
//! type = "ga4"
//! measurement_id = "G-ABC123DEF4"
//! api_secret = "env:GA4_SECRET"
//! only.hits = ["page", "event:cart_*", "event:purchase"]
//! drop = ["user_id", "properties.plan"]
//!
//! [[destination]]                     # a tenth of the visitors, all that they do
//! type = "posthog"
//! api_key = "env:POSTHOG_KEY"
//! only = { sites = ["shop.example"], visitors = 10 }
//! set.properties = { env = "prod" }
//! # "#).build()?;
//! # assert_eq!(config.destinations().len(), 3);
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! What it does not take is refused, `filtered` or `sampled`, in its books. Who is in a sample is in it with all hits, today
//! and tomorrow, at every destination with the same share. `trackside explain` shows what each would send.
//!
//! # Sessions, timings and sales
//!
//! What is told of a *session*, a *timing* or *revenue* is up to the receiver. By habit, an event of the category
//! `timing` is a duration: its name says of what, its value how many milliseconds. One of the category `exception` is a
//! failure: its label, or its name, is the message, and a property `fatal` says whether it was the end. An event with
//! a property `currency` is a sale: of what its property `revenue` says, a number, or without that its value. One with
//! a property `non_interaction` that is true is nothing the visitor did, which `ga-v1` and `plausible` can be told.

pub mod ga4;
pub mod ga_v1;
pub mod goatcounter;
pub mod matomo;
pub mod plausible;
pub mod posthog;
pub mod rudderstack;
pub mod segment;
pub mod snowplow;
pub mod umami;
pub mod webhook;
