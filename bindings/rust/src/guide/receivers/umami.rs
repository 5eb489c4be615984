//! Umami, on a server of yours.
//!
//! ```toml
//! [[destination]]
//! type = "umami"
//! url = "https://umami.example.com/api/batch"     # before 2.17: /api/send
//! website = "3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20"
//! version = "3.1"
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | where your Umami is, with `/api/batch`, or `/api/send` to send one hit a request |
//! | `website` | Umami: Settings, Websites, Edit: *Website ID* |
//! | `version` | Umami shows it at the foot of its pages. It is sent what this version knows, and its answers are read as this version gives them |
//! | `tag` | yours to say, or left out: marks every hit, and Umami can filter by it |
//!
//! # What to know
//!
//! - From 2.18 on a visitor is who has the same id, before that, who has the same address and agent: there this
//!   destination must say its `ip`, best `ip = "full"`, and a hit without either is refused(`no-visitor`).
//! - Before 2.17 a hit counts when it arrives, not when it was: what is older than ten minutes is dropped(`expired`).
//! - Page views have no properties in Umami, events have. A [sale](super#sessions-timings-and-sales) has `revenue` and
//!   `currency` among them, which make its revenue report.
//! - Umami throws away hits of programs. Of a hit that goes alone it says so: refused(`bot-there`). Of a batch it says
//!   so from 3.0.2 on if they are all that it did not refuse otherwise; beside a person's they count as delivered, as they
//!   do before. trackside sends it no hits of programs that it knows itself.
//! - Where `version` is 3.0.2 or more, as it is by default, and an older one runs there, all hits of batches are refused(`bot-there`) in the
//!   books, though they count: `trackside check` tells.
//! - A batch is sent under a browser's agent, as Umami takes no batch of a program; each hit in it has its visitor's own,
//!   and one without is refused(`no-visitor`).
//! - An answer that is not Umami's, such as the page of another server, refuses all(`rejected`).
//! - In a batch it says of each hit what was wrong: refused(`rejected`), refused(`filtered-there`) for addresses that are
//!   blocked there, and dropped(`ambiguous`) for those over which it failed.
//! - It knows no second copy: hits of which nobody knows whether they arrived are dropped(`ambiguous`).
//!
//! What is sent in which field: [`protocol::umami`](crate::protocol::umami).
