//! When a receiver wants to see a request again, in all the ways in which that may be said.

use std::time::{Duration, SystemTime};

use crate::random::Random;

/// What an answer says about it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RetryAfter {
    /// Nothing, or nothing that can be understood.
    Nothing(&'static str),
    Seconds(u64),
    /// A date so many seconds after that of the answer.
    Dated(i64),
    /// A date so many seconds from now, in an answer without a date of its own.
    Undated(i64),
}

/// 22 July 2026, 10:00:00 UTC, in seconds since the Unix epoch.
const DATE: i64 = 1_784_714_400;

impl RetryAfter {
    pub(crate) fn draw(random: &mut Random) -> Self {
        match random.below(12) {
            0..3 => Self::Nothing(""),
            3 => Self::Nothing("retry-after: soon\r\n"),
            4 => Self::Nothing("retry-after: -5\r\n"),
            5 => Self::Seconds(0),
            // A second is the least that can be asked for.
            6..8 => Self::Seconds(1),
            // Longer than anybody waits here: until the pool closes.
            8 if random.percent(20) => Self::Seconds(86_400),
            8 => Self::Dated(-3_600),
            9 => Self::Dated(1),
            10 => Self::Undated(-3_600),
            _ => Self::Undated(2),
        }
    }

    /// The header, or several.
    pub(crate) fn header(self) -> String {
        let date = |seconds: i64| {
            httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds as u64))
        };
        match self {
            Self::Nothing(header) => header.to_owned(),
            Self::Seconds(seconds) => format!("retry-after: {seconds}\r\n"),
            Self::Dated(later) => {
                format!("date: {}\r\nretry-after: {}\r\n", date(DATE), date(DATE + later))
            }
            Self::Undated(later) => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                format!("retry-after: {}\r\n", date(since.as_secs() as i64 + later))
            }
        }
    }

    /// Holds it against what was understood. `is_off`: the clock by which an answer without a date is dated may be days
    /// from that of the receiver.
    pub(crate) fn assert_understood(self, told: Option<Duration>, is_off: bool) {
        let seconds = told.map(|told| told.as_secs());
        let is_right = match self {
            Self::Nothing(_) => told.is_none(),
            Self::Seconds(asked) => seconds == Some(asked),
            Self::Dated(later) => seconds == Some(later.max(0) as u64),
            // Dates are whole seconds, and one may have begun meanwhile, or several on a busy machine.
            Self::Undated(later) => seconds.is_some_and(|told| is_off || told <= later.max(0) as u64),
        };
        assert!(is_right, "{self:?} was understood as {told:?}");
    }
}
