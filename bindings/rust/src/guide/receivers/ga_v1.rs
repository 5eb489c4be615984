//! The Measurement Protocol v1, of Universal Analytics: collectors of your own, Yandex Metrica, Snowplow.
//!
//! ```
//! # let toml = r#"
//! # consent.policy = "none"
//! [[destination]]
//! type = "ga-v1"
//! url = "https://stats.example.com/collect"
//! tracking_id = "UA-12345-6"
//! # "#;
//! # let config = trackside::Config::builder().toml(toml).build()?;
//! # assert_eq!(config.destinations()[0].batch.hits, 1);
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! Google itself has counted nothing of it since July 2024: there take [`ga4`](super::ga4).
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | the collector's, whole. With a path that ends with `/batch` a request holds up to 20 hits, a line each |
//! | `tracking_id` | what the collector calls the property, the counter or the site: `tid` |
//! | `page` | `"dh"`, as it was with the recipe of 2016, tells site and path; `"dl"` the whole address with what `privacy.query` keeps. Collectors that count campaigns by the address want `"dl"`; a campaign by Matomo's names (`mtm_…`) is told beside it |
//! | `bulk` | `true` where the collector takes up to 20 hits at another path, as Snowplow's does |
//! | `version` | leave it at `"1"`, unless the collector wants another `v` |
//! | `data_source` | yours to say, or left out: `"web"` for collectors that want to know where hits come from |
//! | `dialect` | `"metrica"` for Yandex Metrica, as below; else leave it |
//! | `session_start` | `true` where the collector's sessions are to begin with trackside's |
//! | `time` | leave it, unless the collector says that it takes `et` or no time at all |
//! | `dimensions`, `metrics` | names of properties, and the numbers of the custom dimensions and metrics that they are there: `{ plan = 1 }` sends `plan` as `cd1`. Other properties are not sent |
//! | `token`, `token_as` | the secret that the collector asks for, if it does, and the parameter that it is sent in, `"ms"` as for Metrica |
//! | `join` | yours to say: `true` where a script of Google's runs on the pages, too, whose `_ga` makes the visitor then: [one visitor in the browser and here](crate::config#one-visitor-in-the-browser-and-here) |
//!
//! # Yandex Metrica
//!
//! ```
//! # let toml = r#"
//! # visitor.identity = "cookie"
//! # consent.policy = "none"
//! [[destination]]
//! type = "ga-v1"
//! url = "https://mc.yandex.ru/collect"
//! tracking_id = "98765432"
//! token = "env:METRICA_TOKEN"
//! dialect = "metrica"
//! page = "dl"
//! time = "et"
//! join = true
//! # "#;
//! # let config = trackside::Config::builder().toml(toml).secrets(|_| Ok("t0ken".to_owned())).build()?;
//! # assert!(config.destinations()[0].third_party);
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! `tracking_id` is the number of the tag. Allow the Measurement Protocol in the tag's settings, which show the token then.
//! Metrica asks for the referrer and the title of a page view: give titles. An event, its goal by name, counts within a
//! visit alone that a page view began. With `dialect = "metrica"` it is told of page views and events alone, so failures and
//! durations are events; a visitor is a number, and a hit without one is refused(`no-visitor`), whosever it is. With
//! `join = true` the number is that of Metrica's tag in the browser (`_ym_uid`), where it has one; without it, its visitors
//! are those of trackside.
//!
//! # Snowplow
//!
//! A Snowplow collector takes it at `/com.google.analytics/v1`, with `page = "dl"` and `bulk = true`. What it is told by
//! [its own protocol](super::snowplow) is more.
//!
//! # What arrives
//!
//! Page views and events with category, name, label and value; visitor, user, title, referrer, language, agent, address
//! and campaign; downloads as events `download`, searches (`track.search`) `search`, pages not found (`track.not_found`)
//! `not-found`. Events of the category `exception` and `timing` are the protocol's own, and an event with a
//! property `currency` of three capital letters is a purchase, whose order is its property `transaction_id`; a
//! property `non_interaction` that is true says that the visitor did nothing (`ni`). Sessions are
//! the collector's own, unless `session_start = true` has it begin one with the first page view of each of trackside's.
//!
//! # Where hits are thrown away
//!
//! It answers 2xx whatever it does. What the protocol demands, trackside refuses itself: a hit with neither visitor nor
//! user is refused(`no-visitor`), an event without a name refused(`bad-name`). A hit that is older than four hours (twelve
//! with `time = "et"`) is dropped(`expired`).
//!
//! What is sent in which parameter: [`protocol::ga_v1`](crate::protocol::ga_v1).
