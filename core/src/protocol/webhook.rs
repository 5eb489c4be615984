//! `webhook`: JSON that is signed, to an address of one's own.
//!
//! The signature is that of [Standard Webhooks], for which there are libraries in most languages.
//!
//! # What is sent
//!
//! One JSON body by POST, up to 1,000 hits and 1 MB:
//!
//! ```json
//! {"version": 1, "sent_at": 1784714402500000, "hits": [{"id": "019f8941-…", "kind": "page", …}, …]}
//! ```
//!
//! `sent_at` is in microseconds since the Unix epoch. Each hit is what the file sink writes of it, with what a worker
//! found out about it; the guide lists the fields. It comes with these headers:
//!
//! | header | value |
//! | --- | --- |
//! | `content-type` | `application/json` |
//! | `webhook-id` | the first hit's id, a hyphen and the number of hits: the same when the same hits are sent again |
//! | `webhook-timestamp` | the second of sending, since the Unix epoch |
//! | `webhook-signature` | `v1,` and in base64 the HMAC-SHA256 under the secret of id, timestamp and body, with dots between; of the body before it is compressed |
//!
//! # What is refused
//!
//! Nothing. Any 2xx means that all hits were taken.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Parts, Protocol, ReceiverType, Tells, Values, WrongKey, answer,
    items::{self, Bounds},
    json::Object,
};
use crate::{Headers, config::Secret, hit::Hit, ledger::Reason};

/// `webhook`: an address of one's own.
pub static TYPE: ReceiverType = ReceiverType::new("webhook", KEYS, make)
    .title("Webhooks of your own")
    .example("url = \"https://hooks.example.com/trackside\"\nsecret = \"env:WEBHOOK_SECRET\"")
    .check(|_| &super::check::webhook::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .required("where hits are posted, such as \"https://hooks.example.com/trackside\"")
        .identity()
        .doc("where hits are posted"),
    Key::secret("secret")
        .required("the key of the signature, as \"env:NAME\", \"file:PATH\" or itself: \"whsec_\" and 24 to 64 bytes in base64")
        .doc("key of the signature: `whsec_` and 24 to 64 bytes in base64"),
    Key::bool("dedupe").default_bool(false).doc("whether a second copy of a hit is recognised there, by its id"),
];

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let secret = values.secret("secret").cloned().unwrap_or_default();
    match Webhook::new(values.text("url"), &secret, values.is_true("dedupe")) {
        Some(webhook) => Ok(Arc::new(webhook)),
        None => Err(WrongKey::new(
            "secret",
            "not \"whsec_\" and 24 to 64 bytes in base64; make one by: echo whsec_$(openssl rand -base64 32)",
        )),
    }
}

const MAX_HITS: usize = 1_000;
/// In bytes.
const MAX_BODY: usize = 1_000_000;
const PREFIX: &str = "whsec_";
/// An HMAC-SHA256 in base64.
const SIGNATURE: usize = 44;

/// The wire format of `webhook`.
#[derive(Debug)]
pub struct Webhook {
    url: String,
    key: SigningKey,
    knows_copies: bool,
}

/// The key of the signature, never shown.
struct SigningKey(Hmac<Sha256>);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Webhook {
    /// Posts to `url`, signed under `secret`: `whsec_` and 24 to 64 bytes in base64; none if it is anything else.
    /// `knows_copies`: whether a second copy of a hit is recognised there by its id.
    pub fn new(url: &str, secret: &Secret, knows_copies: bool) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(secret.reveal().strip_prefix(PREFIX)?).ok()?;
        let key = Hmac::new_from_slice(&bytes).ok().filter(|_| (24..=64).contains(&bytes.len()))?;
        Some(Self { url: url.to_owned(), key: SigningKey(key), knows_copies })
    }
}

impl Protocol for Webhook {
    fn needs(&self) -> Needs {
        Needs {
            dedupe: self.knows_copies,
            batch: MAX_HITS,
            marks_bots: true,
            tells: Tells::Whole,
            parts: Parts::ALL,
            ..Needs::default()
        }
    }

    fn admit(&self, _: &Hit) -> Result<(), Reason> {
        Ok(())
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        let mut object = Object::open(out.body());
        object.put("version", &1);
        object.put("sent_at", &now);
        let bounds = Bounds { items: MAX_HITS, bytes: MAX_BODY, after: 1 };
        let taken = items::write_array(batch, bounds, object.key("hits"), |enriched, body| {
            // OK because writing to a buffer cannot fail.
            enriched.serialize(&mut serde_json::Serializer::new(body)).ok();
        });
        object.close();
        let Some(first) = batch.first() else {
            return 0;
        };
        let seconds = now / 1_000_000;
        out.header("webhook-id", format_args!("{}-{taken}", first.hit.id()));
        out.header("webhook-timestamp", seconds);
        let signature = self.signature(first.hit, taken, seconds, out.payload());
        let mut text = [0; SIGNATURE];
        // OK because so long is an HMAC-SHA256.
        BASE64_STANDARD.encode_slice(signature, &mut text).ok();
        out.header(
            "webhook-signature",
            format_args!("v1,{}", std::str::from_utf8(&text).unwrap_or_default()),
        );
        taken
    }

    fn classify(&self, status: u16, headers: &dyn Headers, _: &[u8]) -> Outcome {
        answer::classify(status, headers)
    }
}

impl Webhook {
    fn signature(&self, first: &Hit, taken: usize, seconds: u64, body: &[u8]) -> [u8; 32] {
        let mut mac = Signed(self.key.0.clone());
        // OK because to take in more cannot fail.
        std::fmt::Write::write_fmt(&mut mac, format_args!("{}-{taken}.{seconds}.", first.id())).ok();
        mac.0.update(body);
        mac.0.finalize().into_bytes().into()
    }
}

struct Signed(Hmac<Sha256>);

impl std::fmt::Write for Signed {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
#[path = "webhook_test.rs"]
mod test;
