//! The rules, one per file, in the order in which they are asked: a request stops at the first no.

mod content_type;
mod method;
mod path;
mod status;

pub(crate) use self::{content_type::ContentTypes, method::Methods, path::Patterns, status::Statuses};
