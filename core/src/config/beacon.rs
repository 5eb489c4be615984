/// Where pages report their views: `beacon.path`.
#[derive(Clone, Debug)]
pub(crate) struct Beacon {
    pub(crate) path: String,
    /// The markup of it.
    pub(crate) tag: String,
}
