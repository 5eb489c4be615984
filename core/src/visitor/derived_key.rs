//! The key of a day, made of a secret: for hosts whose processes share nothing else.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Sets the keys apart from whatever else the secret is used for, now or later.
const PURPOSE: &[u8] = b"trackside day key 1\0";

/// The key of the UTC day `day`, counted from 1970-01-01: the HMAC-SHA256 (RFC 2104) of `trackside day key 1`,
/// a NUL, and the day as 8 bytes, the lowest first.
///
/// Who holds the secret can make the key of every day again, so that no id made with it is ever out of reach.
pub(crate) fn derived_key(secret: &[u8], day: u64) -> [u8; 32] {
    let mut key = [0; 32];
    // HMAC takes keys of any length.
    if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret) {
        hmac.update(PURPOSE);
        hmac.update(&day.to_le_bytes());
        key.copy_from_slice(&hmac.finalize().into_bytes());
    }
    key
}

#[cfg(test)]
mod test {
    use super::derived_key;

    /// printf 'trackside day key 1\0\xa9\x50\0\0\0\0\0\0' | openssl dgst -sha256 -hmac 0123456789abcdef
    #[test]
    fn it_is_the_hmac_of_purpose_and_day() {
        let key = derived_key(b"0123456789abcdef", 20_649);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "a25372f2e3e6a8b2340de458ba24544a79157c51d7d8459241a3ab33340b6f8d");
    }

    #[test]
    fn each_day_and_each_secret_has_its_own() {
        let key = derived_key(b"0123456789abcdef", 20_649);
        assert_ne!(key, derived_key(b"0123456789abcdef", 20_650));
        assert_ne!(key, derived_key(b"0123456789abcdeg", 20_649));
    }
}
