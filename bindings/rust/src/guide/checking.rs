//! Checking destinations: whether receivers take what they are sent, before visitors' hits depend on it.
//!
//! Many a receiver answers 2xx to a wrong key and throws the hit away. `trackside check` asks each destination of a
//! configuration and says in plain words what is right, what is wrong, and what to do:
//!
//! ```text
//! $ trackside check --config trackside.toml
//! destination matomo: wrong
//!   asked: POST https://stats.example.com/matomo.php (a test hit, which counts)
//!   asked: POST https://stats.example.com/matomo.php (a test hit, which counts)
//!   wrong: Matomo refuses the test hit with the token, and takes it without: `token` is wrong, or may not write to the site
//!     to do: make one under Administration, Personal, Security, Auth tokens, as a user with write access to the site
//!
//! destination sqlite: right
//!   right: store `trackside.db` can be written
//! trackside: something is wrong with `matomo`
//! ```
//!
//! The exit code is 0 if nothing is wrong, 1 if something is, 2 for a mistake in the configuration. Run it as the server's
//! user, with the server's environment: secrets come from there. `--dry-run` prints what would be sent and sends nothing,
//! `--format json` is for programs, `--destination NAME` asks one alone. What is found has one of three grades:
//!
//! - **right**: as it should be.
//! - **unproven**: the receiver's answer does not tell. Where to look is said.
//! - **wrong**: hits would be lost. The way out is said: for a name that is not resolved, a refused connection, a
//!   certificate that nobody vouches for, a proxy that does not connect and an answer that does not come in time as well as
//!   for what the receiver itself says.
//!
//! # What is sent
//!
//! | type | asked | what stays unproven |
//! | --- | --- | --- |
//! | `ga4` | the debug endpoint, which counts nothing; where there is none, or with `--hit`, a test hit with `debug_mode` | that `measurement_id` and `api_secret` are right: DebugView shows the test hit if they are |
//! | `ga-v1` | the debug endpoint, else a test hit | that the collector knows `tracking_id` |
//! | `matomo` | a test hit; if it is refused, again without the token | that it counts: the visits log shows it |
//! | `plausible` | a test hit; if it is taken, again with `X-Debug-Request`, which address Plausible takes for the visitor's | |
//! | `posthog` | a test hit | that `api_key` is a project's: Activity shows the hit |
//! | `segment` | a test hit | that `write_key` is a source's: the source's Debugger shows the hit |
//! | `rudderstack` | a test hit | |
//! | `webhook` | a test hit, and another with a wrong signature, which should be refused | |
//! | `umami` | a test hit | with `/api/batch` before 3.0.2, that it is not taken for a bot's |
//! | `goatcounter` | a test hit | |
//! | `snowplow` | `/health`, then a test hit | that it becomes a good row |
//! | `sqlite`, `file` | nothing: it is opened for writing, and nothing is left there | |
//! | `callback`, `celery` | nothing: the sink is in your program | whatever becomes of its hits |
//!
//! A test hit counts. It is a page view of [`PATH`](crate::protocol::check::PATH), `/trackside-check`, with the title
//! `trackside check`, by a Firefox at 203.0.113.9 as far as the destination's `ip` allows, and always of one
//! [visitor](crate::protocol::check::VISITOR): filter by any of these. Its host is the first of `site`, or what `--site`
//! says; a receiver that counts certain hosts alone must know it.
//!
//! # In a program
//!
//! The command knows nothing of [receivers of your own](super::own_receiver). The same check in your program does:
//!
//! ```
//! use std::time::Duration;
//! use trackside::{Config, check::{self, Options}};
//!
//! let config = Config::builder()
//!     .toml(
//!         "consent.policy = 'none'
//!          [[destination]]
//!          type = 'file'
//!          path = 'hits-of-today.jsonl'",
//!     )
//!     .build()?;
//! for destination in config.destinations() {
//!     let checked = check::check(&config, destination, &Options::new(Duration::from_secs(30)));
//!     for finding in &checked.findings {
//!         println!("{}: {}: {} {}", destination.name, finding.grade().as_str(), finding.what(), finding.to_do());
//!     }
//!     assert!(checked.findings.iter().all(|finding| finding.is_right()));
//! }
//! # Ok::<(), trackside::config::ConfigError>(())
//! ```
//!
//! A type without a check of its own is sent a test hit, whose answer its
//! [`classify`](crate::protocol::Protocol::classify) reads. One that knows more names its own first
//! question, `.check(|_| &HIT)` behind [`ReceiverType::new`](crate::protocol::ReceiverType::check):
//!
//! ```
//! use trackside::protocol::check::{Answer, Finding, Heard, Question, Test};
//!
//! static HIT: Question = Question::hit(hear);
//!
//! fn hear(_: &Test<'_>, answer: &Answer<'_>) -> Heard {
//!     let finding = match answer.status() {
//!         402 => Finding::wrong("the counter's month is not paid for", "see Billing there"),
//!         _ => answer.verdict(),
//!     };
//!     finding.into()
//! }
//! # let _ = &HIT;
//! ```
