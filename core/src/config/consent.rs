/// What the visitors' law asks for: `consent.policy`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// `none`: nothing.
    None,
    /// `notice`: visitors are told on their first page.
    Notice,
    /// `opt-in`: visitors are asked, on every page until they answer.
    OptIn,
    /// `opt-out`: visitors are told on their first page that they may refuse.
    OptOut,
}

/// What is recorded of a visitor who was asked and has not answered: `consent.before`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Before {
    /// `anonymous`: neither id nor session, user, address or click ids.
    Anonymous,
    /// `cookieless`: the id of the day in place of the cookie's.
    Cookieless,
    /// `skip`: nothing, skipped(`consent`).
    Skip,
}

/// What is recorded of a visitor who has refused: `consent.denied`. No third party is told of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Denied {
    /// `anonymous`: neither id nor session, user, address or click ids.
    Anonymous,
    /// `skip`: nothing, skipped(`consent`).
    Skip,
}

/// What a browser's signal means: `consent.gpc` and `consent.dnt`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// `honour`: that no third party is told of the visitor, and ads are refused.
    Honour,
    /// `ignore`: nothing.
    Ignore,
    /// `strict`: that the visitor has refused altogether.
    Strict,
}

/// Where visitors grant and withdraw their consent, and what the buttons say: `consent.path`, `allow` and `refuse`.
#[derive(Clone, Debug)]
pub(crate) struct ConsentForm {
    pub(crate) path: String,
    pub(crate) allow: String,
    pub(crate) refuse: String,
}
