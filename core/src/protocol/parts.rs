//! What of a hit a receiver can be told.

use std::fmt;

/// A part of a hit that a receiver can be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// The visitor's address.
    Address,
    /// The visitor's agent.
    Agent,
    /// Where the visit came from, by the parameters of its first page.
    Campaign,
    /// What is no page view, by its name.
    Event,
    /// The language.
    Language,
    /// The page, by its address.
    Page,
    /// The properties.
    Properties,
    /// The page that led here.
    Referrer,
    /// The session.
    Session,
    /// When it was, apart from when it arrives.
    Time,
    /// The page's title.
    Title,
    /// The user's id.
    User,
    /// The visitor's id.
    Visitor,
}

/// Parts of a hit.
///
/// ```
/// use trackside_core::protocol::{Part, Parts};
///
/// let told = Parts::ALL.without(Part::User);
/// assert!(told.has(Part::Page) && !told.has(Part::User));
/// assert!(Parts::NONE.with(Part::Page).has(Part::Page));
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Parts(u16);

impl Parts {
    /// All that a hit can tell.
    pub const ALL: Self = Self((1 << Self::EACH.len()) - 1);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// These and `part`.
    #[must_use]
    pub const fn with(self, part: Part) -> Self {
        Self(self.0 | 1 << part as u16)
    }

    /// These but for `part`.
    #[must_use]
    pub const fn without(self, part: Part) -> Self {
        Self(self.0 & !(1 << part as u16))
    }

    /// These, and without `part` unless `is_told`.
    pub(super) const fn only_if(self, is_told: bool, part: Part) -> Self {
        if is_told { self } else { self.without(part) }
    }

    /// Whether `part` is one of them.
    pub const fn has(self, part: Part) -> bool {
        self.0 & 1 << part as u16 != 0
    }

    const EACH: [Part; 13] = [
        Part::Address,
        Part::Agent,
        Part::Campaign,
        Part::Event,
        Part::Language,
        Part::Page,
        Part::Properties,
        Part::Referrer,
        Part::Session,
        Part::Time,
        Part::Title,
        Part::User,
        Part::Visitor,
    ];
}

/// Shows the parts by their names.
impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Self::EACH.into_iter().filter(|part| self.has(*part))).finish()
    }
}

#[cfg(test)]
mod test {
    use super::{Part, Parts};

    #[test]
    fn each_part_is_one_of_all_and_of_none_by_itself() {
        for (n, part) in Parts::EACH.into_iter().enumerate() {
            assert_eq!(part as usize, n);
            let (one, others) = (Parts::NONE.with(part), Parts::ALL.without(part));
            for other in Parts::EACH {
                assert_eq!((one.has(other), others.has(other)), (other == part, other != part));
            }
            assert_eq!((one.without(part), others.with(part)), (Parts::NONE, Parts::ALL));
            assert_eq!((others.without(part), one.with(part)), (others, one));
            assert_eq!([true, false].map(|is| Parts::ALL.only_if(is, part)), [Parts::ALL, others]);
        }
        assert_eq!(format!("{:?}", Parts::NONE.with(Part::Page).with(Part::Agent)), "{Agent, Page}");
    }
}
