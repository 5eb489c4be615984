/// The methods that count: `track.methods`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Methods {
    /// All but HEAD and OPTIONS: what `count = "api"` stands for.
    AllButProbes,
    /// These. Methods are case-sensitive (RFC 9110 §9.1).
    Only(Vec<String>),
}

impl Methods {
    pub(crate) fn contains(&self, method: &[u8]) -> bool {
        match self {
            Self::AllButProbes => method != b"HEAD" && method != b"OPTIONS",
            Self::Only(methods) => methods.iter().any(|m| m.as_bytes() == method),
        }
    }
}
