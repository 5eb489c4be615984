//! GoatCounter, hosted or on a server of yours.
//!
//! ```toml
//! [[destination]]
//! type = "goatcounter"
//! url = "https://mysite.goatcounter.com/api/v0/count"
//! token = "env:GOATCOUNTER_TOKEN"
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | where your GoatCounter is, with `/api/v0/count` |
//! | `token` | GoatCounter: your name in the menu, API, *New token*, with the permission *Record pageviews* |
//! | `filter` | leave it, unless addresses that the site ignores (Settings, *Ignore IPs*) are to count from here: `false` |
//!
//! # What to know
//!
//! - GoatCounter takes 60 requests in two minutes. So hits wait two seconds for others, and a request has up to 500 of
//!   them: the default of `batch` for this type is `{ hits = 500, age = "2s" }`. When it is asked too often all the same, as by
//!   several processes at once, trackside waits for as long as its answer says. On a server of yours `-ratelimit
//!   api-count:N/S` raises the limit; lower `batch.age` then.
//! - A site of GoatCounter has one host. For several, give each a destination, and `site` to the configuration.
//! - Events are called by category and name as one word (`cart-add`), searches `search-red-shoes`; downloads and pages
//!   that are not there have the path behind `download` or `not-found`. Values, properties and users are not counted.
//! - What it says of single hits is read: refused(`rejected`) with what is wrong with them, and refused(`filtered-there`)
//!   if the site ignores their addresses; `filter = false` has those counted.
//! - It knows no second copy: hits of which nobody knows whether they arrived are dropped(`ambiguous`).
//!
//! What is sent in which field: [`protocol::goatcounter`](crate::protocol::goatcounter).
