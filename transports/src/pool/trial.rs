//! Which hits make a receiver fail that takes all others. Pure.
//!
//! A batch to which the receiver answered three times with a failure steps aside, and so do the next ones that fail, a
//! few at most until one succeeds. Then those that have failed three times are convicted, and one that stands aside is
//! attempted again after each success: a convict that fails is halved, and so on, until a hit that is alone is refused.
//! For that it has to fail twice more, each time after another has succeeded: an outage alone refuses nothing.
//!
//! A failure that may as well lie with what stands before the receiver, or with how busy that is, is only a *doubt*. It
//! has batches step aside as well, so that none holds up the others, but it convicts nobody. What fails so again is
//! tested: it is attempted once more when eight others have succeeded and the last attempt did, and fails it then, it
//! is halved; a hit that is alone is refused when it has failed four tests, the second after nine others, the third after
//! ten, and the last after eleven. A balancer one of whose servers is down fails every nth time, whoever's turn it is: so
//! a batch that failed just after another had succeeded, and succeeds later, is evidence that the receiver fails by
//! itself, and all tests are begun anew. What fails after a failure is none: it may be the consequence, while a server
//! starts again. Of a receiver that fails at random, however often, a good hit is refused three times in a million.

/// So many failures in a row, and a batch steps aside; so many that accuse it, and it can be convicted.
const STRIKES: u8 = 3;

/// So many failures of a convicted hit that is alone have it refused.
const ALONE: u8 = 2;

/// So many batches step aside, at most, before one succeeds: if all of them fail, the receiver is away.
const MOST: usize = 16;

/// So many others succeed before the first test.
const ROW: u8 = 8;

/// So many failed tests of a hit that is alone have it refused.
const TESTS: u8 = 4;

/// After so many successes of others it is attempted again in any case, though it be no test.
const LONGEST: u8 = 16;

/// What is held against a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Trial {
    /// Failures of either kind before it stepped aside.
    failures: u8,
    strikes: u8,
    /// It has stood aside.
    is_suspect: bool,
    is_convicted: bool,
    /// Since its last failure, another has succeeded.
    is_confirmed: bool,
    /// The last failure was a doubt, after it had stood aside.
    is_doubted: bool,
    /// So many others have succeeded while it stood aside,
    others: u8,
    /// and so many since the receiver last failed by itself, or the last test began.
    row: u8,
    /// Tests that it failed.
    tests: u8,
    is_tested: bool,
    /// It failed just after another had succeeded.
    is_evidence: bool,
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
        (self.is_doubted, self.is_tested) = (false, false);
        if self.is_convicted && hits > 1 {
            *self = Self { strikes: 0, is_confirmed: false, is_evidence: false, ..*self };
            return Ruling::Halve;
        }
        if self.is_convicted {
            self.strikes += u8::from(self.is_confirmed);
            self.is_confirmed = false;
            return if self.strikes >= ALONE { Ruling::Refuse } else { Ruling::Aside };
        }
        self.strikes = self.strikes.saturating_add(1);
        self.step_aside(newly)
    }

    /// The attempt at the batch, of so many hits, failed, and that may lie with them or not.
    pub(super) fn doubt(&mut self, hits: usize, newly: &mut usize) -> Ruling {
        if std::mem::take(&mut self.is_tested) {
            if hits > 1 {
                (self.tests, self.is_evidence) = (0, false);
                return Ruling::Halve;
            }
            self.tests += 1;
            return if self.tests >= TESTS { Ruling::Refuse } else { Ruling::Aside };
        }
        self.is_doubted = self.is_suspect;
        self.step_aside(newly)
    }

    fn step_aside(&mut self, newly: &mut usize) -> Ruling {
        self.failures = self.failures.saturating_add(1);
        if self.is_suspect {
            return Ruling::Aside;
        }
        let steps_aside = if *newly == 0 { self.failures >= STRIKES } else { *newly < MOST };
        if !steps_aside {
            return Ruling::Again;
        }
        *newly += 1;
        self.is_suspect = true;
        Ruling::Aside
    }

    /// The part of a batch that the attempt was not about.
    pub(super) fn untouched(self) -> Self {
        Self { failures: 0, strikes: 0, is_tested: false, is_evidence: false, ..self }
    }

    /// While the batch stood aside, another succeeded.
    pub(super) fn compare(&mut self) {
        if !self.is_convicted && self.strikes >= STRIKES {
            *self = Self { strikes: 0, is_convicted: true, ..*self };
        }
        self.is_confirmed = self.is_convicted;
        self.others = self.others.saturating_add(1);
        self.row = self.row.saturating_add(1);
    }

    /// It failed just after another had succeeded.
    pub(super) fn note_evidence(&mut self) {
        self.is_evidence = true;
    }

    /// Whether its success shows that the receiver fails by itself.
    pub(super) fn is_evidence(&self) -> bool {
        self.is_evidence
    }

    /// The receiver fails by itself.
    pub(super) fn excuse(&mut self) {
        (self.row, self.tests) = (0, 0);
    }

    /// Whether it is next, after a success.
    pub(super) fn is_due(&self) -> bool {
        !self.is_doubted || self.may_be_tested() || self.others >= LONGEST
    }

    /// It stands aside no more. `has_succeeded`: the last attempt did, whosever it was.
    pub(super) fn step_back(&mut self, has_succeeded: bool) {
        self.others = 0;
        self.is_tested = has_succeeded && self.is_doubted && self.may_be_tested();
        if self.is_tested {
            self.row = 0;
        }
    }

    /// Whether it is to be tested now.
    pub(super) fn is_tested(&self) -> bool {
        self.is_tested
    }

    fn may_be_tested(&self) -> bool {
        self.row >= ROW + self.tests
    }
}

#[cfg(test)]
#[path = "trial_test.rs"]
mod test;
