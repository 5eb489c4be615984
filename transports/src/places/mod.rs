//! Where addresses are, by the file that `geo.file` names.

#[cfg(feature = "geo")]
mod file;

use std::{path::Path, sync::Arc};

use trackside_core::enrich::Locate;

use crate::destination::OpenError;

/// What says where addresses are, out of the file at `path`.
#[cfg(feature = "geo")]
pub(crate) fn open(path: &Path) -> Result<Arc<dyn Locate>, OpenError> {
    match file::Places::open(path.to_owned()) {
        Ok(places) => Ok(Arc::new(places)),
        Err(why) => Err(OpenError::file("geo.file", path, why)),
    }
}

/// Without the feature nothing can read it.
#[cfg(not(feature = "geo"))]
pub(crate) fn open(path: &Path) -> Result<Arc<dyn Locate>, OpenError> {
    Err(OpenError::no_geo(path))
}
