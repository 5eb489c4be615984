//! Receivers: the services that hits can be sent to, a page a service.
//!
//! Each page has the lines of configuration, where to find each key, and what becomes of what. What each
//! can take, what its answers prove, and all of its keys stand in [`protocol`](crate::protocol); the keys that every
//! destination has, and those of the stores, in [`config`](crate::config). A receiver that is not here can be had all the
//! same, as [a type of your own](super::own_receiver) or by [a sink of your own](super::own_sink).
//!
//! What is told of a *session*, a *timing* or *revenue* is up to the receiver. By habit, an event of the category
//! `timing` is a duration: its name says of what, its value how many milliseconds. One of the category `exception` is a
//! failure: its label, or its name, is the message, and a property `fatal` says whether it was the end. An event with
//! a property `currency` is a sale: of what its property `revenue` says, a number, or without that its value.

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
