use actix_web::http::header::HeaderMap;
use http::HeaderName;

use crate::Headers;

/// Headers as actix-web has them.
pub(super) struct Lent<'h>(pub(super) &'h HeaderMap);

impl Headers for Lent<'_> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.0.get(name.as_str()).map(|value| value.as_bytes())
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        for value in self.0.get_all(name.as_str()) {
            visit(value.as_bytes());
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        for (name, value) in self.0 {
            visit(name.as_str().as_bytes(), value.as_bytes());
        }
    }
}
