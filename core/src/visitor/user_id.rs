//! What is recorded of a user's id: itself, or a keyed hash of it.

use std::{fmt, str};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Secret;

/// Sets what is hashed here apart from whatever else the secret is used for, now or later.
const PURPOSE: &[u8] = b"trackside user id 1\0";
/// Half of the hash: no two users have the same, and nothing is gained by more.
const BYTES: usize = 16;

/// How users' ids are recorded: `visitor.user_id`.
#[derive(Clone)]
pub(crate) enum UserIds {
    Plain,
    /// By HMAC-SHA256 (RFC 2104), which has taken the key and the purpose already.
    Hashed(Hmac<Sha256>),
}

impl UserIds {
    pub(crate) fn hashed(secret: &Secret) -> Self {
        match Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) {
            Ok(mut hmac) => {
                hmac.update(PURPOSE);
                Self::Hashed(hmac)
            }
            // HMAC takes keys of any length.
            Err(_) => Self::Plain,
        }
    }

    /// What is recorded of the id `id`. Without an id there is nothing to hash, and a blank one is nobody's.
    pub(crate) fn recorded<'a>(&self, id: &'a str) -> Recorded<'a> {
        match self {
            Self::Hashed(hmac) if !id.trim().is_empty() => hashed(hmac, id),
            _ => Recorded::Plain(id),
        }
    }
}

// Out of the way of all who do not hash.
#[cold]
#[inline(never)]
fn hashed<'a>(hmac: &Hmac<Sha256>, id: &str) -> Recorded<'a> {
    let mut hmac = hmac.clone();
    hmac.update(id.as_bytes());
    let hash = hmac.finalize().into_bytes();
    let mut digits = [0; 2 * BYTES];
    for (digits, byte) in digits.chunks_exact_mut(2).zip(hash) {
        digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    Recorded::Hashed(digits)
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

/// Shows no key.
impl fmt::Debug for UserIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Hashed(_) => "Hashed(***)",
        })
    }
}

/// A user's id as it is recorded, without an allocation.
#[derive(Debug)]
pub(crate) enum Recorded<'a> {
    Plain(&'a str),
    Hashed([u8; 2 * BYTES]),
}

impl Recorded<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Plain(id) => id,
            // OK because they are digits.
            Self::Hashed(digits) => str::from_utf8(digits).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
#[path = "user_id_test.rs"]
mod test;
