//! Moments as RFC 3339 has them.

use std::{
    fmt::{self, Display, Formatter},
    str,
};

const DAY: u64 = 24 * 60 * 60;

/// A moment in milliseconds since the Unix epoch, as `2026-07-22T10:00:00.000Z`. The year 9999 is the last: receivers
/// read four digits.
pub(super) struct Iso(pub(super) u64);

/// 9999-12-31T23:59:59.999Z.
const LAST: u64 = 253_402_300_799_999;

impl Iso {
    fn text(&self) -> [u8; 24] {
        let millis = self.0.min(LAST);
        let seconds = millis / 1_000;
        let (day, second) = (seconds / DAY, seconds % DAY);
        let [year, month, date] = civil(day);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let mut text = *b"yyyy-mm-ddThh:mm:ss.sssZ";
        put(&mut text[..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], date);
        put(&mut text[11..13], hour);
        put(&mut text[14..16], minute);
        put(&mut text[17..19], second);
        put(&mut text[20..23], millis);
        text
    }
}

/// The last digits of `number`, as many as there are places.
fn put(places: &mut [u8], mut number: u64) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

impl Display for Iso {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// Year, month and day of the month, of a day since the Unix epoch. Years begin in March here, so that the day which
/// not every year has is the last; 400 of them have 146,097 days.
fn civil(day: u64) -> [u64; 3] {
    // From 0000-03-01 on.
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, after) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    [era * 400 + year + after, month, date]
}

#[cfg(test)]
mod test {
    use super::Iso;

    #[test]
    fn moments_of_the_calendar() {
        // By `date -u -d @…`.
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (951_868_800, "2000-03-01T00:00:00"),
            (1_784_714_400, "2026-07-22T10:00:00"),
            (1_798_761_599, "2026-12-31T23:59:59"),
            (1_798_761_600, "2027-01-01T00:00:00"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (253_402_300_799, "9999-12-31T23:59:59"),
        ] {
            assert_eq!(Iso(seconds * 1_000 + 7).to_string(), format!("{shown}.007Z"));
        }
        assert_eq!(Iso(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }
}
