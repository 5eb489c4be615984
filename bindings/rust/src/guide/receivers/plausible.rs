//! Plausible: plausible.io, or a server of your own.
//!
//! ```
//! # let toml = r#"
//! # consent.policy = "none"
//! [[destination]]
//! type = "plausible"
//! domain = "www.example.com"
//! ip = "full"
//! # "#;
//! # let config = trackside::Config::builder().toml(toml).build()?;
//! # assert_eq!(config.destinations()[0].batch.hits, 1);
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `domain` | the site's name in Plausible's list of sites. Without it each hit goes to the site that its own host names |
//! | `url` | only for a server of your own: its address with `/api/event` behind it |
//! | `interactive` | yours to say: with `true` a visit with an event is no bounce, unless the event has a property `non_interaction` that is true |
//! | `max_name` | leave it, unless a server of your own takes longer names of events, or shorter ones |
//! | `ip` | yours to say. Plausible tells visitors apart by address and agent, and keeps neither; with `"masked"` people of one network who have the same browser are one visitor |
//!
//! There is no key or token: who knows the domain may send.
//!
//! # What arrives
//!
//! Page views, and events as custom events: make a goal of the same name in the site's settings. An event of the category
//! `cart` and the name `add` is called `cart: add`; downloads are `File Download`, searches (`track.search`) `Search`,
//! pages not found (`track.not_found`) `404`. Properties are custom properties, 30 at most; an event with a
//! property `currency` of three capital letters is revenue: of its property `revenue` if that is a number, else of its
//! value. An event's name is cut at 120 characters, or at `max_name`. Users' ids, sessions, titles and languages are not
//! told.
//!
//! Plausible dates a hit when it arrives, so one that could not be delivered for ten minutes is dropped(`expired`), and a
//! spool is of little use.
//!
//! # Where hits are thrown away
//!
//! Plausible answers 202 whatever it does. What it says it has thrown away is refused(`rejected`): for an agent that it
//! knows for a bot's, an address of a data centre or one that the site blocks, a referrer on its list of spam, or a
//! domain that it does not know. A site that was just made may take half a minute to be known.
//!
//! Where a proxy of your own stands before the server, it must leave `X-Forwarded-For` as it is, and set none of
//! `X-Plausible-IP`, `CF-Connecting-IP` and `B-Forwarded-For`, which come first: [`trackside check`](crate::guide::checking) asks Plausible which
//! address it sees.
