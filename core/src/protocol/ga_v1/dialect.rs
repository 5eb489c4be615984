//! Whose protocol it is: Google's, or what Yandex Metrica took over of it.

use uuid::{Uuid, fmt::Hyphenated};

use super::super::{ScriptCookie, form::Form, ga_cookies};

/// The cookie of Metrica's tag.
const METRICA_CLIENT: &str = "_ym_uid";

/// Whose protocol it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    Google,
    /// Knows page views and events alone, and visitors by numbers of 64 bits.
    Metrica,
}

impl Dialect {
    pub(super) const WORDS: &[&str] = &["google", "metrica"];

    pub(super) fn of(word: &str) -> Self {
        if word == "metrica" { Self::Metrica } else { Self::Google }
    }

    /// The cookie in which the script of the receiver has the visitor's id.
    pub(super) fn cookie(self) -> ScriptCookie {
        match self {
            Self::Google => ga_cookies::client(),
            Self::Metrica => ScriptCookie::new(METRICA_CLIENT, metrica_client),
        }
    }

    /// The name of that cookie.
    pub(super) fn cookie_name(self) -> &'static str {
        match self {
            Self::Google => ga_cookies::CLIENT,
            Self::Metrica => METRICA_CLIENT,
        }
    }

    /// Whether a hit may be a user's alone.
    pub(super) fn takes_users(self) -> bool {
        self == Self::Google
    }

    /// Whether exceptions and timings have types of their own.
    pub(super) fn has_habits(self) -> bool {
        self == Self::Google
    }

    pub(super) fn write_client(self, visitor: Uuid, form: &mut Form<'_>) {
        match self {
            Self::Google => {
                form.put("cid", visitor.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]));
            }
            Self::Metrica => form.put_shown("cid", number(visitor)),
        }
    }
}

/// The last 63 bits of the visitor's id, at least 1.
fn number(visitor: Uuid) -> u64 {
    let (_, low) = visitor.as_u64_pair();
    (low & u64::MAX >> 1).max(1)
}

/// Digits: a second and a random number.
fn metrica_client(value: &str, _: u64) -> Option<String> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    let is_client = is_number && value.parse::<u64>().is_ok();
    is_client.then(|| value.to_owned())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_visitor_of_metrica_is_a_number() {
        // `python3 -c 'print(0x1f0e3a2a7a1b9d11)'`, without the first bit of 9f0e…
        assert_eq!(number(uuid::uuid!("5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11")), 2_237_790_018_961_382_673);
        assert_eq!(number(Uuid::nil()), 1);
        assert_eq!(number(Uuid::max()), 9_223_372_036_854_775_807);
    }

    #[test]
    fn metricas_cookie_holds_digits() {
        for (value, id) in [
            ("1784714000123456789", Some("1784714000123456789")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("18446744073709551616", None),
            ("0784714000123456789", None),
            ("+1784714000", None),
            ("", None),
            ("GA1.2.3.4", None),
        ] {
            let pair = format!("_ym_uid={value}");
            assert_eq!(Dialect::Metrica.cookie().id(pair.as_bytes(), 0).as_deref(), id, "{value}");
        }
        assert_eq!(Dialect::Metrica.cookie().name(), Dialect::Metrica.cookie_name());
        assert_eq!(Dialect::Google.cookie().name(), Dialect::Google.cookie_name());
    }
}
