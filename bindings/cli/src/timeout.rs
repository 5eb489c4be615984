use std::{str::FromStr, time::Duration};

/// How long something may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Timeout(pub(crate) Duration);

impl FromStr for Timeout {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WAY_OUT: &str = "write a number of seconds, minutes or hours from 1 on, such as 30s, 5m or 2h";
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 60 * 60,
            _ => return Err(WAY_OUT),
        };
        let digits = text.get(..text.len() - 1).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let number: u64 = digits.and_then(|digits| digits.parse().ok()).filter(|n| *n > 0).ok_or(WAY_OUT)?;
        number.checked_mul(unit).map(|seconds| Self(Duration::from_secs(seconds))).ok_or(WAY_OUT)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_number_and_its_unit() {
        for (text, seconds) in [("1s", 1), ("30s", 30), ("5m", 300), ("2h", 7_200)] {
            assert_eq!(text.parse(), Ok(Timeout(Duration::from_secs(seconds))), "{text}");
        }
        for text in [
            "",
            "s",
            "0s",
            "5",
            "-1s",
            "+1s",
            "1.5s",
            "5d",
            "5ü",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }
}
