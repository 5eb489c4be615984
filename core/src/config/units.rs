//! Durations and sizes as they are written: a whole number and its unit.

use std::time::Duration;

use super::Keep;

/// A hundred years: far beyond any use, and safe to add to any clock.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(36_500 * 86_400);
/// A tebibyte.
pub(super) const MAX_SIZE: u64 = 1 << 40;

pub(super) const DURATION: &str =
    r#"a duration such as "200ms", "5s", "30m", "1h" or "365d" (up to "36500d")"#;
pub(super) const KEEP: &str =
    r#"a time to keep hits such as "25 months", "2 years" or "90 days" (up to 100 years)"#;
pub(super) const SIZE: &str =
    r#"a size above zero such as "256KiB", "16MiB", "1GiB" (up to "1024GiB") or a number of bytes"#;

/// A duration, zero included, up to [`MAX_DURATION`].
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = Duration::from_millis(number.checked_mul(millis)?);
    (duration <= MAX_DURATION).then_some(duration)
}

/// The text of a duration, to the millisecond: what is less is rounded up, so that it does not vanish.
pub(super) fn duration_text(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if millis > 0 && millis.is_multiple_of(size) {
            return format!("{}{unit}", millis / size);
        }
    }
    format!("{millis}ms")
}

/// The text of a size, in its largest unit that leaves no rest.
pub(super) fn size_text(size: usize) -> String {
    let (number, unit) = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        .into_iter()
        .find(|(_, bytes)| size >= *bytes && size.is_multiple_of(*bytes))
        .map_or((size, "B"), |(unit, bytes)| (size / bytes, unit));
    format!("{number}{unit}")
}

/// A size in bytes, from 1 to [`MAX_SIZE`].
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let bytes = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(bytes).filter(|size| (1..=MAX_SIZE).contains(size))
}

/// How long a store keeps its hits.
pub(super) fn keep(text: &str) -> Option<Keep> {
    let (number, unit) = split(text)?;
    let number = u32::try_from(number).ok().filter(|&number| number > 0)?;
    match unit {
        " day" | " days" => (number <= 36_500).then_some(Keep::Days(number)),
        " month" | " months" => (number <= 1_200).then_some(Keep::Months(number)),
        " year" | " years" => (number <= 100).then_some(Keep::Months(12 * number)),
        _ => None,
    }
}

pub(super) fn keep_text(keep: Keep) -> String {
    match keep {
        Keep::Days(days) => format!("{days} days"),
        Keep::Months(months) => format!("{months} months"),
    }
}

/// The digits at the beginning, and the rest.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit))
}
