//! Which hits make a receiver fail that takes all others. Pure.
//!
//! A batch to which the receiver answered three times with a failure steps aside, and so do the next ones that fail, a
//! few at most until one succeeds. Then those that have failed three times are convicted, and one that stands aside is
//! attempted again after each success: a convict that fails is halved, and so on, until a hit that is alone is refused.
//! For that it has to fail twice more, each time after another has succeeded: an outage alone refuses nothing.

/// So many failures in a row are held against a batch.
const STRIKES: u8 = 3;

/// So many failures of a convicted hit that is alone have it refused.
const ALONE: u8 = 2;

/// So many batches step aside, at most, before one succeeds: if all of them fail, the receiver is away.
const MOST: usize = 16;

/// What is held against a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Trial {
    strikes: u8,
    /// It has stood aside.
    is_suspect: bool,
    is_convicted: bool,
    /// Since its last failure, another has succeeded.
    is_confirmed: bool,
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
    /// The receiver answered to the batch, of so many hits, with a failure. `newly` batches have stepped aside since
    /// the last success.
    pub(super) fn strike(&mut self, hits: usize, newly: &mut usize) -> Ruling {
        if self.is_convicted && hits > 1 {
            *self = Self { strikes: 0, is_confirmed: false, ..*self };
            return Ruling::Halve;
        }
        if self.is_convicted {
            self.strikes += u8::from(self.is_confirmed);
            self.is_confirmed = false;
            return if self.strikes >= ALONE { Ruling::Refuse } else { Ruling::Aside };
        }
        self.strikes = self.strikes.saturating_add(1);
        if self.is_suspect {
            return Ruling::Aside;
        }
        let steps_aside = if *newly == 0 { self.strikes >= STRIKES } else { *newly < MOST };
        if !steps_aside {
            return Ruling::Again;
        }
        *newly += 1;
        self.is_suspect = true;
        Ruling::Aside
    }

    /// The part of a batch that the attempt was not about.
    pub(super) fn untouched(self) -> Self {
        Self { strikes: 0, ..self }
    }

    /// While the batch stood aside, another succeeded.
    pub(super) fn compare(&mut self) {
        if !self.is_convicted && self.strikes >= STRIKES {
            *self = Self { strikes: 0, is_convicted: true, ..*self };
        }
        self.is_confirmed = self.is_convicted;
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn convicted() -> Trial {
        let (mut trial, mut newly) = (Trial::default(), 0);
        (0..3).for_each(|_| assert_ne!(trial.strike(1, &mut newly), Ruling::Refuse));
        trial.compare();
        trial
    }

    #[test]
    fn three_failures_in_a_row_send_a_batch_aside() {
        let (mut trial, mut newly) = (Trial::default(), 0);
        let rulings = [(); 5].map(|()| trial.strike(8, &mut newly));
        assert_eq!(rulings, [Ruling::Again, Ruling::Again, Ruling::Aside, Ruling::Aside, Ruling::Aside]);
        assert_eq!(newly, 1, "once");
    }

    #[test]
    fn the_next_ones_step_aside_at_once_a_few_at_most() {
        let mut newly = 1;
        let rulings: Vec<_> = (0..17).map(|_| Trial::default().strike(8, &mut newly)).collect();
        assert_eq!(rulings[..15], [Ruling::Aside; 15]);
        assert_eq!((&rulings[15..], newly), (&[Ruling::Again; 2][..], 16));
    }

    #[test]
    fn who_has_not_failed_three_times_is_not_convicted() {
        let (mut trial, mut newly) = (Trial::default(), 1);
        for _ in 0..2 {
            assert_eq!(trial.strike(8, &mut newly), Ruling::Aside);
            trial.compare();
        }
        assert_eq!(trial.strike(8, &mut newly), Ruling::Aside);
        trial.compare();
        assert_eq!(trial.strike(8, &mut newly), Ruling::Halve, "the third was one too many");
    }

    #[test]
    fn a_convict_is_halved_at_each_failure() {
        let mut trial = convicted();
        assert_eq!([8, 4, 2].map(|hits| trial.strike(hits, &mut 0)), [Ruling::Halve; 3]);
    }

    #[test]
    fn a_hit_alone_is_refused_after_two_failures_more_with_successes_of_others_between() {
        let mut trial = convicted();
        assert_eq!(trial.strike(1, &mut 0), Ruling::Aside);
        trial.compare();
        assert_eq!(trial.strike(1, &mut 0), Ruling::Refuse);
    }

    #[test]
    fn an_outage_refuses_nothing_before_another_has_succeeded() {
        let (mut trial, mut newly) = (convicted(), 0);
        assert!((0..1_000).all(|_| trial.strike(1, &mut newly) == Ruling::Aside));
        let mut other = Trial::default();
        assert!((0..1_000).all(|_| other.strike(1, &mut newly) != Ruling::Refuse));
    }
}
