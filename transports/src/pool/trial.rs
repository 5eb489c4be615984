//! Which hits make a receiver fail that takes all others. Pure.
//!
//! A batch to which the receiver answered three times with a failure steps aside. If another batch fails, too, that
//! was an outage and the batch is absolved. If another succeeds, the batch is convicted: at each failure from then on
//! it is split and its halves step aside, until a hit that is alone has failed three times more and is refused.

/// So many failures in a row are held against a batch.
const STRIKES: u8 = 3;

/// What is held against a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Trial {
    strikes: u8,
    is_convicted: bool,
}

/// What becomes of a batch after a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ruling {
    /// It is attempted again, before others.
    Again,
    /// It is attempted again after another batch, if there is one.
    Aside,
    /// It is halved, and the halves step aside.
    Halve,
    /// The hit is refused.
    Refuse,
}

impl Trial {
    /// The receiver answered to the batch, of so many hits, with a failure.
    pub(super) fn strike(&mut self, hits: usize) -> Ruling {
        self.strikes = self.strikes.saturating_add(1);
        match (self.is_convicted, self.strikes) {
            (true, _) if hits > 1 => {
                self.strikes = 0;
                Ruling::Halve
            }
            (true, STRIKES..) => Ruling::Refuse,
            (true, _) | (false, STRIKES..) => Ruling::Aside,
            (false, _) => Ruling::Again,
        }
    }

    /// The part of a batch that the attempt was not about.
    pub(super) fn untouched(self) -> Self {
        Self { strikes: 0, ..self }
    }

    /// While the batch stood aside, another succeeded.
    pub(super) fn convict(&mut self) {
        if !self.is_convicted {
            *self = Self { strikes: 0, is_convicted: true };
        }
    }

    /// While the batch stood aside, another failed, too.
    pub(super) fn absolve(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn three_failures_in_a_row_send_a_batch_aside() {
        let mut trial = Trial::default();
        assert_eq!([trial.strike(8), trial.strike(8)], [Ruling::Again, Ruling::Again]);
        assert_eq!([trial.strike(8), trial.strike(8)], [Ruling::Aside, Ruling::Aside]);
        trial.absolve();
        assert_eq!(trial.strike(8), Ruling::Again, "it begins anew");
    }

    #[test]
    fn a_convict_is_halved_at_each_failure() {
        let mut trial = Trial::default();
        trial.convict();
        assert_eq!([trial.strike(8), trial.strike(4), trial.strike(2)], [Ruling::Halve; 3]);
    }

    #[test]
    fn a_hit_alone_is_refused_after_three_failures_more() {
        let mut trial = Trial::default();
        (0..3).for_each(|_| assert_ne!(trial.strike(1), Ruling::Refuse));
        trial.convict();
        assert_eq!(
            [trial.strike(1), trial.strike(1), trial.strike(1)],
            [Ruling::Aside, Ruling::Aside, Ruling::Refuse]
        );
    }

    #[test]
    fn a_second_conviction_does_not_begin_anew() {
        let mut trial = Trial::default();
        trial.convict();
        trial.strike(1);
        trial.strike(1);
        trial.convict();
        assert_eq!(trial.strike(1), Ruling::Refuse);
    }

    #[test]
    fn a_hit_without_company_is_never_convicted() {
        let mut trial = Trial::default();
        assert!((0..1_000).all(|_| trial.strike(1) != Ruling::Refuse));
    }
}
