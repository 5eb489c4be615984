//! Which hits are to blame, as the guide's page on delivery says it.

/// What a batch has behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Past {
    /// Of those that accuse it.
    failures: usize,
    /// Of any kind.
    before_aside: usize,
    has_stood_aside: bool,
    is_to_blame: bool,
    /// Another has succeeded since it failed.
    has_witness: bool,
    doubt: Doubt,
}

/// What is held against a batch whose failures may lie with others.
#[derive(Clone, Copy, Debug, Default)]
struct Doubt {
    /// It failed by one when it came back for the last time.
    lasts: bool,
    /// Others that have succeeded since it stood aside, and those that count for its next test.
    others: usize,
    counted: usize,
    failed_tests: usize,
    is_test: bool,
    /// If it succeeds after all the receiver fails by itself.
    broke_a_row: bool,
}

impl Doubt {
    fn is_ripe(&self) -> bool {
        self.counted >= 8 + self.failed_tests
    }
}

/// What becomes of a batch after a failure that the receiver itself answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    Again,
    Aside,
    Halved,
    Refused,
}

impl Past {
    /// `stepped` batches have stepped aside since the last success.
    pub(crate) fn failed(&mut self, is_alone: bool, stepped: &mut usize) -> Verdict {
        (self.doubt.lasts, self.doubt.is_test) = (false, false);
        if self.is_to_blame {
            let has_witness = std::mem::take(&mut self.has_witness);
            if !is_alone {
                self.failures = 0;
                self.doubt.broke_a_row = false;
                return Verdict::Halved;
            }
            // A hit that is alone has to fail twice more, each time after another has succeeded.
            self.failures += usize::from(has_witness);
            return if self.failures == 2 { Verdict::Refused } else { Verdict::Aside };
        }
        self.failures += 1;
        self.steps_aside(stepped)
    }

    /// It failed, with which others may have to do.
    pub(crate) fn failed_perhaps(&mut self, is_alone: bool, stepped: &mut usize) -> Verdict {
        let doubt = &mut self.doubt;
        if !std::mem::take(&mut doubt.is_test) {
            doubt.lasts = self.has_stood_aside;
            return self.steps_aside(stepped);
        }
        if !is_alone {
            (doubt.failed_tests, doubt.broke_a_row) = (0, false);
            return Verdict::Halved;
        }
        doubt.failed_tests += 1;
        if doubt.failed_tests == 4 { Verdict::Refused } else { Verdict::Aside }
    }

    fn steps_aside(&mut self, stepped: &mut usize) -> Verdict {
        self.before_aside += 1;
        let is_first = *stepped == 0;
        if self.has_stood_aside {
            return Verdict::Aside;
        }
        // The first after three failures, the next ones at their first, up to sixteen in all.
        if (is_first && self.before_aside < 3) || *stepped == 16 {
            return Verdict::Again;
        }
        self.has_stood_aside = true;
        *stepped += 1;
        Verdict::Aside
    }

    /// While the batch stood aside. `by_itself`: one that shows that the receiver fails without anybody's doing.
    pub(crate) fn another_succeeded(&mut self, by_itself: bool) {
        if by_itself {
            (self.doubt.counted, self.doubt.failed_tests) = (0, 0);
        }
        self.doubt.counted += 1;
        self.doubt.others += 1;
        if !self.is_to_blame && self.failures >= 3 {
            (self.is_to_blame, self.failures) = (true, 0);
        }
        self.has_witness = self.is_to_blame;
    }

    /// Whether a success calls it back.
    pub(crate) fn is_called(&self) -> bool {
        !self.doubt.lasts || self.doubt.is_ripe() || self.doubt.others >= 16
    }

    /// It comes back; says whether that is a test, which is one only right after a success.
    pub(crate) fn comes_back(&mut self, after_success: bool) -> bool {
        let doubt = &mut self.doubt;
        doubt.others = 0;
        doubt.is_test = after_success && doubt.lasts && doubt.is_ripe();
        if doubt.is_test {
            doubt.counted = 0;
        }
        doubt.is_test
    }

    /// It is the first to fail after a success.
    pub(crate) fn breaks_a_row(&mut self) {
        self.doubt.broke_a_row = true;
    }

    /// Whether its success says that the receiver fails by itself.
    pub(crate) fn is_telling(&self) -> bool {
        self.doubt.broke_a_row
    }

    /// Of what an attempt left out.
    pub(crate) fn untouched(self) -> Self {
        let doubt = Doubt { is_test: false, broke_a_row: false, ..self.doubt };
        Self { failures: 0, before_aside: 0, doubt, ..self }
    }
}
