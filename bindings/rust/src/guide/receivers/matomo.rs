//! Matomo: on your own server, or in Matomo's cloud.
//!
//! ```
//! # let toml = r#"
//! # consent.policy = "none"
//! [[destination]]
//! type = "matomo"
//! url = "https://stats.example.com/matomo.php"
//! site_id = 1
//! token = "env:MATOMO_TOKEN"
//! # "#;
//! # let config = trackside::Config::builder().toml(toml).secrets(|_| Ok("0123456789abcdef".to_owned())).build()?;
//! # assert_eq!(config.destinations()[0].batch.hits, 100);
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | the address under which you open Matomo, with `matomo.php` behind it; in Matomo's cloud `https://NAME.matomo.cloud/matomo.php` |
//! | `site_id` | Administration, Websites, Manage: the ID beside the site's name |
//! | `token` | Administration, Personal, Security, Auth tokens. The user needs write access to the site |
//! | `bulk` | leave it, unless the server takes no request of many hits: with `false` each goes alone, and slower |
//! | `visitor_as` | leave it at `"cid"`: with `"_id"` Matomo may take a visitor whose id it has not seen for another one who has the same address and browser |
//! | `session_start` | `true` where Matomo's visits are to begin with trackside's sessions |
//! | `server_time` | yours to say: the property in which your pages tell how many milliseconds they took |
//! | `dimensions` | with the plugin Custom Dimensions: Administration, Websites, Custom Dimensions. `{ plan = 1 }` sends the property `plan` as dimension 1; a property without a dimension is not sent |
//! | `ecommerce` | `true` if the site has e-commerce there and sales are to be orders, as told below |
//! | `bots` | `true` if hits of programs are to count as people's: Matomo throws them away otherwise |
//! | `join` | yours to say: `true` where Matomo's script runs on the pages, too, so that it and trackside have one visitor: [one visitor in the browser and here](crate::config#one-visitor-in-the-browser-and-here) |
//!
//! Without a token Matomo takes no visitor's address: all come from your server, as far as its map knows. By default it is
//! told the visitor's network alone (`privacy.ip`); where it is to see whole addresses, give this destination an
//! `ip = "full"` of its own.
//!
//! # What arrives
//!
//! Page views, events, downloads, searches (with `track.search`), users' ids, referrers, campaigns in the page's address,
//! the language and the hit's own time. A page that was not found is an event `not-found`. Matomo cuts visits itself, unless
//! `session_start = true` has it begin one with the first page view of each session of trackside's. With
//! `server_time = "render_ms"` the property `render_ms` of a page view is the server's time in Matomo's page performance.
//!
//! Where your server knows more of a search than its address says, raise an event `search` with the term as its label, the
//! category, and the number of results as its value: it is a search of Matomo's with both. Leave the address's parameter out
//! of `track.search` then, or it counts twice.
//!
//! With `ecommerce = true` a [sale](super#sessions-timings-and-sales) is an order of Matomo's e-commerce, in place of an event:
//! its number is the property `transaction_id`, and of two of one number the first counts. The site must have e-commerce
//! (Administration, Websites, Manage), and Matomo takes all sales for such in the site's own currency.
//!
//! # Where hits are thrown away
//!
//! Matomo counts what it tracks of a request of many, and what is missing from that trackside counts as
//! refused(`rejected`): look there if hits are missed, most often because the token has no access to the site. Of these it
//! says nothing:
//!
//! - hits whose agent it knows for a bot's, unless `bots = true`;
//! - everything, with the plugin QueuedTracking, which answers before it looks.
//!
//! A visitor of Matomo's own script and one of trackside's are two, unless they have one user id, or `join = true` has the
//! script's cookie read.
