use std::convert::Infallible;

use axum::extract::FromRequestParts;

use crate::Visit;

/// A handler of axum takes it as an argument. Without the layer it is the default, which knows nothing.
impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
