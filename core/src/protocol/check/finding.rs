use std::borrow::Cow;

/// One thing that a check found out, in plain words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    grade: Grade,
    what: Cow<'static, str>,
    to_do: Cow<'static, str>,
}

/// How good it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Grade {
    /// As it should be.
    Right,
    /// It cannot be found out this way.
    Unproven,
    /// Hits would be lost.
    Wrong,
}

impl Finding {
    /// `what` is as it should be.
    pub fn right(what: impl Into<Cow<'static, str>>) -> Self {
        Self { grade: Grade::Right, what: what.into(), to_do: Cow::Borrowed("") }
    }

    /// `what` cannot be found out this way; `to_do` says where to look.
    pub fn unproven(what: impl Into<Cow<'static, str>>, to_do: impl Into<Cow<'static, str>>) -> Self {
        Self { grade: Grade::Unproven, what: what.into(), to_do: to_do.into() }
    }

    /// `what` is wrong; `to_do` is the way out.
    pub fn wrong(what: impl Into<Cow<'static, str>>, to_do: impl Into<Cow<'static, str>>) -> Self {
        Self { grade: Grade::Wrong, what: what.into(), to_do: to_do.into() }
    }

    /// How good it is.
    pub fn grade(&self) -> Grade {
        self.grade
    }

    /// What it is. It may have words of the receiver's, with any characters in them.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do about it; empty if there is nothing to be done.
    pub fn to_do(&self) -> &str {
        &self.to_do
    }

    /// Whether it is as it should be.
    pub fn is_right(&self) -> bool {
        self.grade == Grade::Right
    }

    /// Whether hits would be lost.
    pub fn is_wrong(&self) -> bool {
        self.grade == Grade::Wrong
    }
}

impl Grade {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Unproven => "unproven",
            Self::Wrong => "wrong",
        }
    }
}
