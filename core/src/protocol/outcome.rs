use std::time::Duration;

use crate::ledger::Reason;

/// What became of the hits of one delivery attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The receiver took them, or at least does not say otherwise.
    Delivered,
    /// It took all but these, counted from the first hit of the attempt.
    Partial(Vec<(usize, Reason)>),
    /// It will never take them.
    Refused(Reason),
    /// It certainly did not process them and may take them later, after the wait it asked for.
    Retry(Option<Duration>),
    /// They are too many for one request.
    Split,
    /// It took so many of them and threw the others away, for this reason, and does not say which.
    Took(usize, Reason),
    /// The store cannot be written, and waiting would not help: they are dropped(`store-unavailable`).
    Unavailable,
    /// They were perhaps processed, perhaps not.
    Unknown,
}

impl Outcome {
    /// What it comes to for an attempt at `sent` hits: where the receiver [counted](Self::Took) fewer, the first ones stand
    /// for those that it threw away, as the books have numbers and not hits.
    #[must_use]
    pub fn of(self, sent: usize) -> Self {
        match self {
            Self::Took(taken, _) if taken >= sent => Self::Delivered,
            Self::Took(taken, reason) => Self::Partial((0..sent - taken).map(|n| (n, reason)).collect()),
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_was_counted_is_told_of_as_many_hits_as_were_sent() {
        let took = |taken| Outcome::Took(taken, Reason::Rejected);
        let lost = |n: usize| Outcome::Partial((0..n).map(|n| (n, Reason::Rejected)).collect());
        assert_eq!(
            [took(3).of(3), took(4).of(3), took(usize::MAX).of(1)],
            [(); 3].map(|()| Outcome::Delivered)
        );
        assert_eq!((took(1).of(3), took(0).of(3)), (lost(2), lost(3)));
        assert_eq!(Outcome::Unknown.of(3), Outcome::Unknown);
    }
}
