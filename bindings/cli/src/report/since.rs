use std::{
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use time::{Date, Month};

use crate::failure::Failure;

/// From when on: a span before now, or a date in UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Since {
    Ago(Duration),
    /// The date's beginning, in seconds since the Unix epoch.
    At(u64),
}

impl Since {
    /// Microseconds since the Unix epoch.
    pub(crate) fn micros(self) -> Result<u64, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| Failure::failed("the clock stands before the year 1970; set it"))?;
        Ok(self.before(now))
    }

    /// The same at a given time of day, `now` since the Unix epoch.
    fn before(self, now: Duration) -> u64 {
        let since = match self {
            Self::Ago(span) => now.saturating_sub(span),
            Self::At(seconds) => Duration::from_secs(seconds),
        };
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        span(text)
            .or_else(|| date(text))
            .ok_or_else(|| "write 30m, 24h, 7d or 4w, or a date since 1970 such as 2026-11-01".to_owned())
    }
}

fn span(text: &str) -> Option<Since> {
    let unit = match text.as_bytes().last()? {
        b'm' => 60,
        b'h' => 60 * 60,
        b'd' => 24 * 60 * 60,
        b'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let number = digits(text.get(..text.len() - 1)?)?;
    Some(Since::Ago(Duration::from_secs(number.checked_mul(unit)?)))
}

fn date(text: &str) -> Option<Since> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [year.len(), month.len(), day.len()] != [4, 2, 2] {
        return None;
    }
    let month = Month::try_from(u8::try_from(digits(month)?).ok()?).ok()?;
    let day = u8::try_from(digits(day)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(digits(year)?).ok()?, month, day).ok()?;
    u64::try_from(date.midnight().assume_utc().unix_timestamp()).ok().map(Since::At)
}

/// A number of digits alone: `parse` would take a sign as well.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod test {
    use std::time::Duration;

    use super::Since;

    #[test]
    fn spans() {
        for (text, seconds) in [("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("4w", 2_419_200)] {
            assert_eq!(text.parse(), Ok(Since::Ago(Duration::from_secs(seconds))), "{text}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!("2026-11-01".parse(), Ok(Since::At(1_793_491_200)));
        assert_eq!("1970-01-01".parse(), Ok(Since::At(0)));
        assert_eq!("2024-02-29".parse(), Ok(Since::At(1_709_164_800)));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "7",
            "d",
            "+7d",
            "-7d",
            "7 d",
            "7y",
            "1.5h",
            "99999999999999999999d",
            "999999999999999999w",
            "7ä",
            "2026-11",
            "2026-13-01",
            "2026-02-29",
            "2026-1-1",
            "1969-12-31",
            "2026-11-01-01",
            "+202-11-01",
            "yesterday",
        ] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_counts_back_from_now() {
        let now = Duration::from_secs(1_793_491_200);
        assert_eq!(Since::Ago(Duration::from_secs(60)).before(now), 1_793_491_140_000_000);
        assert_eq!(Since::Ago(Duration::MAX).before(now), 0);
        assert_eq!(Since::At(5).before(now), 5_000_000);
    }
}
