use std::path::PathBuf;

use crate::decide::{ContentTypes, Downloads, Methods, Patterns, Statuses};

/// What is counted: `track.count`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Count {
    /// `api`: calls of any type, without a cookie and without a notice.
    Api,
    /// `pages`: pages.
    Pages,
}

/// What becomes of the hits of programs: `track.bots`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bots {
    /// `drop`: no destination has them.
    Drop,
    /// `keep`: they are as any others.
    Keep,
    /// `separate`: they are marked, and receivers that cannot mark them do not have them.
    Separate,
}

/// What is counted: `track.*`.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) ignore: Patterns,
    pub(crate) only: Patterns,
    pub(crate) status: Statuses,
    pub(crate) methods: Methods,
    pub(crate) content_types: ContentTypes,
    pub(crate) downloads: Downloads,
    /// Whether pages that are not there are events.
    pub(crate) not_found: bool,
    /// The parameters that tell what was searched for.
    pub(crate) search: Vec<String>,
    /// Whether parts of pages count too.
    pub(crate) fragments: bool,
    pub(crate) bots: Bots,
    pub(crate) bots_allow: Vec<String>,
    pub(crate) bots_deny: Vec<String>,
    pub(crate) bots_list: Option<PathBuf>,
}
