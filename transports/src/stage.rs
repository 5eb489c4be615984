//! What a worker does with a hit before it is batched: look, filter, edit, admit.

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use trackside_core::{
    Config, Hit, Reason,
    enrich::{Enricher, Found, Lists},
    hit::Edit,
    protocol::{Enriched, Protocol},
};

use crate::pool::fork::PerProcess;

/// One for a process: a child makes its own, since what matches patterns has locks.
static LISTS: PerProcess<Arc<Lists>> = PerProcess::new();

pub(crate) type Filter = Arc<dyn Fn(&Enriched<'_>) -> bool + Send + Sync>;
pub(crate) type Editor = Arc<dyn Fn(&Enriched<'_>, &mut Edit) + Send + Sync>;

/// Looks at the hits of a tracker, for all of its destinations. The lists are made at the first look, by a
/// worker.
pub struct Stage {
    config: Config,
    enricher: PerProcess<Enricher>,
    filter: Option<Filter>,
    editor: Option<Editor>,
}

impl Stage {
    /// A stage that looks as `config` says, and asks no hook.
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone(), enricher: PerProcess::new(), filter: None, editor: None }
    }

    pub(crate) fn with_hooks(self, filter: Option<Filter>, editor: Option<Editor>) -> Self {
        Self { filter, editor, ..self }
    }

    pub(crate) fn enricher(&self) -> &Enricher {
        self.enricher
            .get(|| Enricher::new(&self.config, Arc::clone(LISTS.get(|| Arc::new(Lists::built_in())))))
    }

    /// Whether code of the host is asked, which may do anything.
    pub(crate) fn has_hooks(&self) -> bool {
        self.filter.is_some() || self.editor.is_some()
    }

    /// Looks at `hit`, which a hook may put another in place of, and asks whether a destination takes it.
    /// `panicked` is called for each hook that does: the hit goes on as if there were none.
    ///
    /// # Errors
    ///
    /// The reason for which it does not.
    pub(crate) fn pass(
        &self,
        hit: &mut Hit,
        protocol: Option<&dyn Protocol>,
        panicked: &dyn Fn(),
    ) -> Result<Found, Reason> {
        let enricher = self.enricher();
        let mut found = enricher.look(hit);
        if let Some(filter) = &self.filter
            && guarded(panicked, || filter(&Enriched::with(hit, &found))) == Some(false)
        {
            return Err(Reason::Filtered);
        }
        if let Some(editor) = &self.editor {
            let edited = guarded(panicked, || {
                let mut edit = Edit::new();
                editor(&Enriched::with(hit, &found), &mut edit);
                edit.apply(hit)
            });
            if let Some(Some(edited)) = edited {
                *hit = edited;
                // What was taken out of the hit is not to be found in it.
                found = enricher.look(hit);
            }
        }
        enricher.admit(&Enriched::with(hit, &found), protocol)?;
        Ok(found)
    }
}

fn guarded<R>(panicked: &dyn Fn(), hook: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(hook)) {
        Ok(answer) => Some(answer),
        Err(panic) => {
            mem::forget(panic); // Its drop could panic, too.
            panicked();
            None
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("bots", &self.config.bots())
            .field("filter", &self.filter.is_some())
            .field("editor", &self.editor.is_some())
            .finish()
    }
}
