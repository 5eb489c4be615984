//! Snowplow: a collector of yours.
//!
//! ```toml
//! [[destination]]
//! type = "snowplow"
//! url = "https://collector.example.com/com.snowplowanalytics.snowplow/tp2"
//! app_id = "shop"
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | the collector's address, with `/com.snowplowanalytics.snowplow/tp2` |
//! | `app_id`, `namespace` | names of yours, by which your models tell applications and their trackers apart |
//! | `platform` | leave it at `"srv"`, unless your models want another `p`, such as `"web"` |
//! | `programming_language` | the one that your host is in, such as `"PYTHON"`: it is told of exceptions |
//! | `true_time` | `true` if the clock of your server is right and times are not to be set by that of the collector |
//! | `properties_schema` | the schema that you have published in your Iglu registry for the properties of hits |
//!
//! # What to know
//!
//! - Page views are `pv`, events `se` with category, name, label and value; a sale's value (`currency` in three capital
//!   letters) is its number `revenue` if it has one. Searches, downloads, timings and exceptions
//!   are self-describing, by Snowplow's own schemas.
//! - Properties, `revenue` among them, need a schema of yours: `properties_schema`, such as
//!   `"iglu:com.example/properties/jsonschema/1-0-0"`. Without it they are left out.
//! - Times are set right by the time of arrival, as Snowplow does with any tracker; `true_time = true` has the hits' own
//!   stand.
//! - A collector answers 200 to everything that it can read. What is wrong with an event shows among the bad rows alone;
//!   trackside cuts what would be too long by the limits of Snowplow's own configuration.
//! - A second copy of a hit is recognised by its id (`eid`), so that hits are sent again when an attempt's end is not
//!   known.
//!
//! What is sent in which field: [`protocol::snowplow`](crate::protocol::snowplow).
