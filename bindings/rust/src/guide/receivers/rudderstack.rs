//! RudderStack, which passes hits on to whom you choose there.
//!
//! ```toml
//! [[destination]]
//! type = "rudderstack"
//! url = "https://data.example.com/v1/batch"
//! write_key = "env:RUDDERSTACK_KEY"
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | RudderStack: the *Data Plane URL* at the top of Connections, with `/v1/batch` behind it |
//! | `write_key` | RudderStack: Sources, your HTTP source, Setup, *Write key* |
//!
//! # What to know
//!
//! - What is sent is what [Segment](super::segment) is sent.
//! - Not every server knows a second copy of a hit: hits of which nobody knows whether they arrived are
//!   dropped(`ambiguous`). If yours does, set `after_unknown = "resend"`.
//! - 401 is a wrong key, 404 a source that is switched off there: both refuse hits(`rejected`).
//!
//! What is sent in which field: [`protocol::segment`](crate::protocol::segment).
