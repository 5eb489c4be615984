/// The statuses that count: `track.status`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Statuses([u64; 16]);

impl Statuses {
    /// Adds one entry of `track.status`: `200`, `2xx` or `200-299`; false if it is none of these.
    #[must_use]
    pub(crate) fn add(&mut self, entry: &str) -> bool {
        let number = |text: &str| {
            let three_digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u16>().ok().filter(|n| three_digits && *n >= 100)
        };
        let range = match entry.split_once('-') {
            Some((first, last)) => number(first).zip(number(last)),
            None => match entry.strip_suffix("xx").map(|class| class.parse::<u16>()) {
                Some(Ok(class @ 1..=9)) => Some((class * 100, class * 100 + 99)),
                Some(_) => None,
                None => number(entry).map(|n| (n, n)),
            },
        };
        let Some((first, last)) = range.filter(|(first, last)| first <= last) else {
            return false;
        };
        for status in first..=last {
            self.0[usize::from(status / 64)] |= 1 << (status % 64);
        }
        true
    }

    pub(crate) fn contains(&self, status: u16) -> bool {
        self.0.get(usize::from(status / 64)).is_some_and(|word| word & (1 << (status % 64)) != 0)
    }
}
