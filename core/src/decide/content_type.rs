/// The content types that count: `track.content_types`, in lower case, without parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ContentTypes {
    /// Any type, or none: what `count = "api"` stands for.
    Any,
    /// These.
    Only(Vec<String>),
}
