//! The cookies of receivers' own scripts in the browser, by whose ids their visitors and ours are one.

use std::fmt;

/// A cookie of a receiver's script in the browser. Where a destination has one, the judge reads it on each request of a
/// visitor who allows that, and the hit takes the id along: [`Hit::joined`](crate::Hit::joined).
///
/// ```
/// use trackside_core::protocol::ScriptCookie;
///
/// /// `v1.<16 hex digits>`
/// fn read(value: &str, _since: u64) -> Option<String> {
///     let id = value.strip_prefix("v1.")?;
///     (id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
/// }
///
/// let cookie = ScriptCookie::new("_mine", read);
/// assert_eq!(cookie.name(), "_mine");
/// ```
#[derive(Clone)]
pub struct ScriptCookie {
    name: String,
    /// Whether the cookie's name goes on behind this one, with a dot and something that the script alone knows.
    goes_on: bool,
    read: Read,
}

type Read = fn(value: &str, since: u64) -> Option<String>;

/// The longest value that is looked at, in bytes.
const MAX_VALUE: usize = 256;

impl ScriptCookie {
    /// The cookie called `name`, of at most 255 bytes, in whose value `read` finds the id: 1 to 64 ASCII letters, digits,
    /// dots, hyphens and underscores. It is given values of at most 256 bytes, and `since`, in seconds since the Unix
    /// epoch: a session without a page since then is over. Of what a client sends, what `read` does not know is to be
    /// none: the next cookie of the name is tried.
    pub fn new(name: impl Into<String>, read: Read) -> Self {
        Self { name: name.into(), goes_on: false, read }
    }

    /// As [`new`](Self::new), for cookies whose names begin with `name` and a dot.
    pub fn beginning(name: impl Into<String>, read: Read) -> Self {
        Self { goes_on: true, ..Self::new(name, read) }
    }

    /// The name, by which a hit has the id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id in the cookie `pair`, `name=value`, if it is this cookie and has one.
    pub(crate) fn id(&self, pair: &[u8], since: u64) -> Option<String> {
        let rest = pair.strip_prefix(self.name.as_bytes())?;
        let at = memchr::memchr(b'=', rest)?;
        let (more, value) = (&rest[..at], &rest[at + 1..]);
        let is_it = if self.goes_on { more.len() > 1 && more[0] == b'.' } else { more.is_empty() };
        if !is_it || value.len() > MAX_VALUE {
            return None;
        }
        (self.read)(std::str::from_utf8(value).ok()?, since)
    }
}

/// Shows the name: functions have none.
impl fmt::Debug for ScriptCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScriptCookie").field(&self.name).finish()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn read(value: &str, since: u64) -> Option<String> {
        (since == 7 && !value.is_empty()).then(|| value.to_owned())
    }

    #[test]
    fn a_cookie_is_known_by_its_name() {
        let [exact, beginning] = [ScriptCookie::new("_id", read), ScriptCookie::beginning("_id", read)];
        for (pair, of_exact, of_beginning) in [
            ("_id=a=b", Some("a=b"), None),
            ("_id.1=a", None, Some("a")),
            ("_id.1.2=a", None, Some("a")),
            ("_id.=a", None, None),
            ("_id1=a", None, None),
            ("_id1.2=a", None, None),
            ("_i=a", None, None),
            ("_id", None, None),
            ("_id.1", None, None),
            ("_id=", None, None),
            ("_id.1=", None, None),
        ] {
            assert_eq!(exact.id(pair.as_bytes(), 7).as_deref(), of_exact, "{pair}");
            assert_eq!(beginning.id(pair.as_bytes(), 7).as_deref(), of_beginning, "{pair}");
        }
        assert_eq!((exact.id(b"_id=a", 6), exact.id(b"_id=\xff", 7)), (None, None));
        assert_eq!(format!("{beginning:?}"), "ScriptCookie(\"_id\")");
    }

    #[test]
    fn a_value_of_more_than_256_bytes_is_not_looked_at() {
        let cookie = ScriptCookie::new("_id", read);
        let id = |length| cookie.id(format!("_id={}", "a".repeat(length)).as_bytes(), 7);
        assert_eq!((id(256).map(|id| id.len()), id(257)), (Some(256), None));
    }
}
