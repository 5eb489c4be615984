use std::time::{Duration, UNIX_EPOCH};

use http::{
    HeaderName,
    header::{DATE, RETRY_AFTER},
};

use crate::Headers;

/// The last second that a date of HTTP can tell: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

/// The headers of an answer, with the date at which it came where the receiver does not say: a `Retry-After` that is a
/// date is then that far off by the clock of the machine.
#[derive(Clone)]
pub struct Dated<'a> {
    headers: &'a dyn Headers,
    date: Option<String>,
}

impl<'a> Dated<'a> {
    /// `headers` of an answer that came `now` microseconds after the Unix epoch.
    pub fn new(headers: &'a dyn Headers, now: u64) -> Self {
        let lacks_date = headers.value(&RETRY_AFTER).is_some() && headers.value(&DATE).is_none();
        let seconds = (now / 1_000_000).min(LAST);
        let date = lacks_date.then(|| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)));
        Self { headers, date }
    }

    fn date(&self) -> Option<&[u8]> {
        self.date.as_deref().map(str::as_bytes)
    }
}

impl std::fmt::Debug for Dated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dated").field("date", &self.date).finish_non_exhaustive()
    }
}

impl Headers for Dated<'_> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.headers.value(name).or_else(|| self.date().filter(|_| *name == DATE))
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.headers.each(name, visit);
        if let Some(date) = self.date().filter(|_| *name == DATE) {
            visit(date);
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.headers.all(visit);
        if let Some(date) = self.date() {
            visit(DATE.as_str().as_bytes(), date);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::protocol::{Outcome, answer::classify};

    /// 22 July 2026, 10:00:00.9 UTC.
    const NOW: u64 = 1_784_714_400_900_000;

    fn wait(headers: &[(&str, &str)], now: u64) -> Option<u64> {
        match classify(503, &Dated::new(&headers.to_vec(), now)) {
            Outcome::Retry(wait) => wait.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_date_of_the_receivers_a_wait_is_told_by_the_machines_clock() {
        let until = ("retry-after", "Wed, 22 Jul 2026 10:01:30 GMT");
        assert_eq!(wait(&[until], NOW), Some(90));
        assert_eq!(wait(&[until], NOW + 90_000_000), Some(0));
        assert_eq!(wait(&[until, ("date", "Wed, 22 Jul 2026 10:01:00 GMT")], NOW), Some(30), "its own goes");
        assert_eq!(wait(&[("retry-after", "7")], NOW), Some(7));
        assert_eq!(wait(&[], NOW), None);
        assert_eq!(wait(&[until], u64::MAX), Some(0), "a clock that is beyond all dates");
    }

    #[test]
    fn all_that_the_receiver_says_is_there() {
        let told = vec![("retry-after", "soon"), ("server", "a")];
        let dated = Dated::new(&told, NOW);
        let mut all = Vec::new();
        dated.all(&mut |name, value| {
            all.push((
                String::from_utf8_lossy(name).into_owned(),
                String::from_utf8_lossy(value).into_owned(),
            ));
        });
        let expected = [("retry-after", "soon"), ("server", "a"), ("date", "Wed, 22 Jul 2026 10:00:00 GMT")];
        assert_eq!(all, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let each = |name| {
            let mut values = Vec::new();
            dated.each(&name, &mut |value| values.push(String::from_utf8_lossy(value).into_owned()));
            values
        };
        assert_eq!(each(DATE), ["Wed, 22 Jul 2026 10:00:00 GMT"]);
        assert_eq!(each(RETRY_AFTER), ["soon"]);
        assert_eq!(format!("{dated:?}"), r#"Dated { date: Some("Wed, 22 Jul 2026 10:00:00 GMT"), .. }"#);
    }
}
