use std::fmt;

use super::derived_key::derived_key;

/// The key of one UTC day, under which visitors without a cookie are told apart for that day.
///
/// As long as it lives, who has it and knows an address and an agent can tell whether they were seen; when it
/// is gone, nobody can. So it is never shown, and a source of keys destroys it.
#[derive(Clone, Eq, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "a key is its bytes")]
pub struct DailyKey(pub [u8; 32]);

impl DailyKey {
    /// How many whole UTC days lie between 1970-01-01 and `micros`, in microseconds since the Unix epoch.
    pub fn day(micros: u64) -> u64 {
        micros / 86_400_000_000
    }

    /// The key that `secret` has on `day`: the HMAC-SHA256 (RFC 2104) of `trackside day key 1`, a NUL, and the day
    /// as 8 bytes, the lowest first. Who holds the secret can make the key of every day again.
    pub fn derived(secret: &[u8], day: u64) -> Self {
        Self(derived_key(secret, day))
    }
}

/// Shows nothing.
impl fmt::Debug for DailyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DailyKey(***)")
    }
}

#[cfg(test)]
mod test {
    use super::DailyKey;

    #[test]
    fn the_day_turns_at_midnight() {
        assert_eq!(DailyKey::day(0), 0);
        assert_eq!(DailyKey::day(1_784_159_999_999_999), 20_649);
        assert_eq!(DailyKey::day(1_784_160_000_000_000), 20_650);
        assert_eq!(DailyKey::day(u64::MAX), 213_503_982);
    }

    #[test]
    fn it_is_not_shown() {
        assert_eq!(format!("{:?}", DailyKey([7; 32])), "DailyKey(***)");
    }
}
