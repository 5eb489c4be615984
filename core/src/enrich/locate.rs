use std::{fmt, net::IpAddr};

use crate::hit::Place;

/// Says where addresses are, for [`Enricher::with_places`](super::Enricher::with_places).
pub trait Locate: fmt::Debug + Send + Sync {
    /// Where `address` is, which may be that of a network: its last bytes are zeros then. None if it is not known.
    fn locate(&self, address: IpAddr) -> Option<Place>;
}
