//! The host's say about hits: which of them destinations are to have, and what is to be changed about them.

use std::{error::Error, fmt, sync::Arc};

use trackside_core::{hit::Edit, protocol::Enriched};

/// Code of the host that workers ask about each hit, once it has been looked at: what
/// [`Builder::filter`](crate::Builder::filter) and [`Builder::edit`](crate::Builder::edit) are for closures, for code
/// that can fail otherwise than by a panic, or that has to know who may still ask it.
///
/// It is asked as is said there: for one hit at a time, by whichever worker comes first.
pub trait Hooks: Send + Sync + 'static {
    /// Whether the destinations are to have the hit; if not, it is refused(`filtered`).
    ///
    /// # Errors
    ///
    /// Any: it is counted and logged, and the hit goes on.
    fn filter(&self, hit: &Enriched<'_>) -> Result<bool, HookError>;

    /// Says in `edit` what is to be changed about the hit.
    ///
    /// # Errors
    ///
    /// Any: it is counted and logged, and the hit goes on as it was.
    fn edit(&self, hit: &Enriched<'_>, edit: &mut Edit) -> Result<(), HookError>;

    /// Another handle of the same, for a worker, which drops it before it ends.
    ///
    /// The tracker has the first: when it is closed and dropped, all others are gone but those of workers that are
    /// stuck. A forked child drops the first, and those of workers that it started itself; those of the parent's
    /// workers it never drops.
    fn share(&self) -> Box<dyn Hooks>;
}

/// A hook could not do its work.
#[derive(Debug)]
pub struct HookError(Box<dyn Error + Send + Sync>);

impl HookError {
    /// Says why.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for HookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

pub(crate) type Filter = Arc<dyn Fn(&Enriched<'_>) -> bool + Send + Sync>;
pub(crate) type Editor = Arc<dyn Fn(&Enriched<'_>, &mut Edit) + Send + Sync>;

/// Closures, which fail by panicking alone.
#[derive(Clone, Default)]
pub(crate) struct Closures {
    pub(crate) filter: Option<Filter>,
    pub(crate) editor: Option<Editor>,
}

impl Closures {
    /// These, if there are any.
    pub(crate) fn hooks(self) -> Option<Box<dyn Hooks>> {
        let is_any = self.filter.is_some() || self.editor.is_some();
        is_any.then(|| Box::new(self) as Box<dyn Hooks>)
    }
}

impl Hooks for Closures {
    fn filter(&self, hit: &Enriched<'_>) -> Result<bool, HookError> {
        Ok(self.filter.as_ref().is_none_or(|filter| filter(hit)))
    }

    fn edit(&self, hit: &Enriched<'_>, edit: &mut Edit) -> Result<(), HookError> {
        if let Some(editor) = &self.editor {
            editor(hit, edit);
        }
        Ok(())
    }

    fn share(&self) -> Box<dyn Hooks> {
        Box::new(self.clone())
    }
}
