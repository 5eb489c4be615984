//! Google Analytics 4.
//!
//! ```
//! # let toml = r#"
//! # consent.policy = "none"
//! [[destination]]
//! type = "ga4"
//! measurement_id = "G-ABC123DEF4"
//! api_secret = "env:GA4_SECRET"
//! # "#;
//! # let config = trackside::Config::builder().toml(toml).secrets(|_| Ok("s3cret".to_owned())).build()?;
//! # assert_eq!(config.destinations()[0].batch.hits, 25);
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `measurement_id` | Admin, Data streams, the stream of your site: *Measurement ID* |
//! | `api_secret` | the same page: *Measurement Protocol API secrets*, Create. A secret of another stream is taken and counts nothing |
//! | `user_properties` | yours to say: `"plan,tier"` sends the properties `plan` and `tier` as the user's, for which Google has custom dimensions of the scope *User* |
//! | `url` | only for Google's servers in the EU: `https://region1.google-analytics.com/mp/collect` |
//! | `join` | yours to say: `true` where Google's tag runs on the pages, too, so that it and trackside have one visitor: [one visitor in the browser and here](crate::config#one-visitor-in-the-browser-and-here) |
//!
//! # What arrives
//!
//! Page views as `page_view`, downloads as `file_download`, searches (`track.search`) as `view_search_results`, pages not
//! found (`track.not_found`) as `page_not_found`. An event of the category `cart` and the name `add` is `cart_add`, with
//! its properties as parameters: make custom dimensions of those that reports should show. Events of the
//! category `exception` are `exception`, those of the category `timing` with a value `timing_complete`. An event with a
//! property `currency` of three capital letters has what it earned as its `value`; call it `purchase`, with a
//! property `transaction_id`, and it is a sale.
//!
//! Campaigns are read by Google from the page's address, as far as `privacy.query` keeps it: it knows `utm_` parameters
//! and its own click ids, not those of Matomo. Where a visitor is, Google finds out from the address, or is told what a
//! proxy has said. Ads get nothing of a visitor who has not allowed ads.
//!
//! # Where hits are thrown away
//!
//! Google answers 204 whatever it does, so trackside refuses what would be thrown away: a hit without a
//! visitor (`no-visitor`), and an event whose name is reserved, such as `session_start`, or has no letter (`bad-name`).
//! Names are cleaned to letters, digits and underscores and cut at 40 characters, texts at 100; 25 parameters are sent of
//! each hit. What could not be delivered for 72 hours is dropped(`expired`), and what may have arrived is not sent
//! again: dropped(`ambiguous`). Reports take a day or two; *Realtime* shows at once whether hits come.
//!
//! Google wants no names, addresses of e-mail or other personal data in pages and properties. `privacy.query` and
//! `privacy.path` help.
//!
//! What is sent in which field: [`protocol::ga4`](crate::protocol::ga4).
