//! Webhooks: hits as JSON, signed, to an address of yours.
//!
//! ```toml
//! [[destination]]
//! type = "webhook"
//! url = "https://hooks.example.com/trackside"
//! secret = "env:WEBHOOK_SECRET"
//! third_party = false     # as it is yours
//! ```
//!
//! | key | where to find it |
//! | --- | --- |
//! | `url` | where your server takes them |
//! | `secret` | one that you make, by `echo whsec_$(openssl rand -base64 32)`, and that your server knows, too |
//! | `dedupe` | `true` if your server knows a second copy of a hit by its `id`: then hits are sent again of which nobody knows whether they arrived |
//!
//! # The body
//!
//! ```json
//! {
//!   "version": 1,
//!   "sent_at": 1784714402500000,
//!   "hits": [
//!     {
//!       "id": "019f8944-917b-7f9f-acaa-d7d60e430f9f",
//!       "kind": "page",
//!       "at": 1784714400123456,
//!       "site": "shop.example",
//!       "secure": true,
//!       "method": "GET",
//!       "path": "/cart",
//!       "query": "utm_source=news",
//!       "status": 200,
//!       "visitor": "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
//!       "new": false,
//!       "first_visit": 1784714000,
//!       "session": 1784714000,
//!       "title": "Cart & checkout",
//!       "channel": "email",
//!       "source": "news",
//!       "campaign": {"source": "news"}
//!     }
//!   ]
//! }
//! ```
//!
//! Up to 1,000 hits and 1 MB. What is not known is left out. To `version` 1 fields may be added, and none will be
//! taken away or change its meaning.
//!
//! | field | meaning |
//! | --- | --- |
//! | `version` | 1 |
//! | `sent_at` | when it was sent, in microseconds since the Unix epoch |
//! | `hits[].id` | UUID, the same in every attempt: by this a second copy is known |
//! | `kind` | `page`, `event`, `download`, `not-found` or `search` |
//! | `at` | when it was, in microseconds since the Unix epoch |
//! | `site`, `secure`, `method`, `path`, `query`, `status` | the request, as far as it is recorded |
//! | `referrer`, `agent`, `language`, `ip` | of the client |
//! | `place` | `country`, `region`, `city` |
//! | `visitor`, `new`, `first_visit`, `session` | UUID; whether this hit is its first; two times in seconds |
//! | `cookieless`, `confined`, `ads` | true, or left out: the visitor's id lasts a day; no third party may have the hit; the visitor allowed ads |
//! | `user_id`, `title`, `route`, `properties` | what the host said |
//! | `name`, `category`, `label`, `value` | of an event |
//! | `bot` | `class`, `name`, `operator`, `purpose`, if a program sent the request |
//! | `channel`, `source`, `campaign` | where the visit came from; the campaign has `source`, `medium`, `name`, `term`, `content`, `id`, `click` |
//!
//! `path`, `query`, `referrer`, `agent` and `method` are `{"hex": "…"}` where they are no UTF-8.
//!
//! # The signature
//!
//! It is that of [Standard Webhooks](https://www.standardwebhooks.com), for which there are libraries in most
//! languages. Three headers come with the body: `webhook-id`, `webhook-timestamp` (in seconds) and
//! `webhook-signature`. In Python, without a library:
//!
//! ```python
//! import base64, hmac
//!
//! def is_genuine(secret, headers, body):
//!     key = base64.b64decode(secret.removeprefix("whsec_"))
//!     text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
//!     ours = "v1," + base64.b64encode(hmac.digest(key, text, "sha256")).decode()
//!     return hmac.compare_digest(ours, headers["webhook-signature"])
//! ```
//!
//! Refuse what is genuine and minutes old, too: somebody else may have kept it. With `compression = "gzip"` the
//! signature is that of the body before it was compressed; a warning at start reminds you that nobody but you knows
//! whether your code takes it.
//!
//! # The answer
//!
//! Any 2xx means that all hits were taken. 408, 425, 429 and 503 have them sent again, after `Retry-After`; 413 has them
//! sent in smaller numbers; other 4xx refuse them(`rejected`). After any other 5xx, or none, nobody knows: they are
//! dropped(`ambiguous`), or sent again with `after_unknown = "resend"`, or with `dedupe = true`, which says that your
//! server knows a second copy by its `id`.
