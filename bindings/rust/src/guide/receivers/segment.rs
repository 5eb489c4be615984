//! Segment, which passes hits on to whom you choose there.
//!
//! ```toml
//! [[destination]]
//! type = "segment"
//! write_key = "env:SEGMENT_KEY"
//! # url = "https://events.eu1.segmentapis.com/v1/batch"     # in the EU
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `write_key` | Segment: Connections, Sources, your HTTP API source, Settings, *API Keys* |
//! | `url` | only for a workspace in the EU: see above |
//!
//! # What to know
//!
//! - A page view is a `page` call, everything else a `track` call: events by category and name (`cart add`), and
//!   `File Downloaded`, `Products Searched`, `Page Not Found`.
//! - A sale is told as Segment has it, by `currency` and `revenue`: [what is a sale](super#sessions-timings-and-sales).
//! - An item may have 32 kB: of more properties than that the last are left out; a hit that is larger without them is
//!   refused(`too-large`).
//! - Segment answers 200 to nearly everything. What it makes of a hit shows in the source's Debugger.
//! - A second copy of a hit is recognised by its id, so that hits are sent again when an attempt's end is not known.
//!
//! What is sent in which field: [`protocol::segment`](crate::protocol::segment).
