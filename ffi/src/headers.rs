//! Headers where the host has them, in arrays or in a block: core reads them there.

use std::marker::PhantomData;

use http::HeaderName;
use trackside_core::{Headers, is_field_value};

#[cfg(any(test, feature = "_inject-panic"))]
use crate::boundary::inject;
use crate::{names::is_name, view::HeaderArray};

/// Names and values that can be walked through as often as it takes, each time the same.
///
/// It is no iterator, but a loop of its own for each kind: that is several times as fast.
pub(crate) trait Fields<'f> {
    /// Shows `look` each name and value until it has an answer.
    fn find<T>(&self, look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T>;

    /// Shows `look` each name and value.
    #[inline]
    fn each(&self, mut look: impl FnMut(&'f [u8], &'f [u8])) {
        self.find(|name, value| {
            look(name, value);
            None::<()>
        });
    }
}

impl<'f> Fields<'f> for HeaderArray<'f> {
    #[inline]
    fn find<T>(&self, mut look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T> {
        self.iter().find_map(|(name, value)| look(name, value))
    }
}

/// Headers of which few are asked for, each by a walk through all.
#[derive(Debug)]
pub(crate) struct Walked<'f, F> {
    fields: F,
    lent: PhantomData<&'f [u8]>,
}

impl<'f, F: Fields<'f>> Walked<'f, F> {
    pub(crate) fn of(fields: F) -> Self {
        Self { fields, lent: PhantomData }
    }

    /// All of them.
    pub(crate) fn fields(&self) -> &F {
        &self.fields
    }

    /// Shows `look` each value of `name` until it has an answer.
    fn find<T>(&self, name: &HeaderName, mut look: impl FnMut(&'f [u8]) -> Option<T>) -> Option<T> {
        #[cfg(any(test, feature = "_inject-panic"))]
        inject::panic_if_asked_at(inject::MIDWAY);
        let name = name.as_str().as_bytes();
        self.fields.find(
            |key, value| {
                if is_name(key, name) && is_field_value(value) { look(value) } else { None }
            },
        )
    }
}

impl<'f, F: Fields<'f>> Headers for Walked<'f, F> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.find(name, Some)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.find(name, |value| {
            visit(value);
            None::<()>
        });
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        #[cfg(any(test, feature = "_inject-panic"))]
        inject::panic_if_asked_at(inject::MIDWAY);
        self.fields.each(|name, value| {
            if is_field_value(value) {
                visit(name, value);
            }
        });
    }
}
