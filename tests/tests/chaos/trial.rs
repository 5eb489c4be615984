//! Which hits are to blame, as the guide's page on delivery says it.

/// What a batch has behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Past {
    failures: usize,
    has_stood_aside: bool,
    is_to_blame: bool,
    /// Another has succeeded since it failed.
    has_witness: bool,
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
        if self.is_to_blame {
            let has_witness = std::mem::take(&mut self.has_witness);
            if !is_alone {
                self.failures = 0;
                return Verdict::Halved;
            }
            // A hit that is alone has to fail twice more, each time after another has succeeded.
            self.failures += usize::from(has_witness);
            return if self.failures == 2 { Verdict::Refused } else { Verdict::Aside };
        }
        self.failures += 1;
        let is_first = *stepped == 0;
        if self.has_stood_aside {
            return Verdict::Aside;
        }
        // The first after three failures, the next ones at their first, up to sixteen in all.
        if (is_first && self.failures < 3) || *stepped == 16 {
            return Verdict::Again;
        }
        self.has_stood_aside = true;
        *stepped += 1;
        Verdict::Aside
    }

    /// While the batch stood aside.
    pub(crate) fn another_succeeded(&mut self) {
        if !self.is_to_blame && self.failures >= 3 {
            (self.is_to_blame, self.failures) = (true, 0);
        }
        self.has_witness = self.is_to_blame;
    }

    /// Of what an attempt left out.
    pub(crate) fn untouched(self) -> Self {
        Self { failures: 0, ..self }
    }
}
