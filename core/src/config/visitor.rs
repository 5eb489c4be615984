use std::{path::PathBuf, time::Duration};

/// How visitors are told apart: `visitor.identity`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// `cookie`: by a first-party cookie.
    Cookie,
    /// `cookieless`: by a keyed hash of site, address and agent, another one every day.
    Cookieless,
    /// `none`: not at all.
    None,
}

/// Where the key of each day comes from: `visitor.keys`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Keys {
    /// `"derived"`: from `visitor.secret` and the day.
    Derived,
    /// The path of a file that all processes share.
    File(PathBuf),
}

/// What is recorded of a user's id: `visitor.user_id`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UserId {
    /// `hashed`: its HMAC-SHA256 under `visitor.secret`.
    Hashed,
    /// `plain`: the id itself.
    Plain,
}

/// The visitor cookie: `visitor.cookie.*`.
#[derive(Clone, Debug)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) domain: String,
    pub(crate) max_age: Duration,
    pub(crate) renew: bool,
    pub(crate) same_site: SameSite,
    pub(crate) http_only: bool,
    pub(crate) secure: Secure,
}

/// With which requests of other sites browsers send the cookie: `visitor.cookie.same_site`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SameSite {
    /// `lax`: when somebody follows a link.
    Lax,
    /// `none`: with all.
    None,
    /// `strict`: with none, so that whoever follows a link from another site is a new visitor.
    Strict,
}

/// Whether browsers send the cookie by https alone: `visitor.cookie.secure`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Secure {
    /// `true`: always.
    Always,
    /// `"auto"`: when the host or a trusted proxy says that the client came by https. Where browsers refuse the cookie without
    /// it, because of its name or of [`SameSite::None`], it means [`Always`](Self::Always).
    Auto,
    /// `false`: never.
    Never,
}
