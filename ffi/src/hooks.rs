//! The host's say about hits.

use std::{
    ffi::c_void,
    sync::{Mutex, PoisonError},
};

use trackside_core::{hit::Edit, protocol::Enriched};
use trackside_transports::hooks::{HookError, Hooks};

use crate::{
    boundary::enter_owning,
    callback::{HostHooks, Userdata},
    edit::trackside_edit,
    error::{Failure, trackside_error},
    handle::Tagged,
    hit::trackside_hit,
    hold::Hold,
    options::trackside_options,
    sink::trackside_release,
    status::{TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_OK, trackside_status},
    truth::trackside_truth,
    view,
};

/// Says in `wanted`, which is true when it is called, whether the destinations are to have `hit`; if not, it is
/// refused (filtered). It returns TRACKSIDE_OK; any other number says that it could not tell: this is counted with
/// `panics` of each destination that has the hit, and logged, and the hit goes on.
///
/// It is called on a thread of a destination's, when the hit has been looked at: for one hit at a time, and once for
/// all destinations; one that comes much later, after a pause, has it asked once more. It may take its time, but all
/// other hits wait meanwhile. The hit is the library's, valid until it returns.
///
/// It must return, and not by an exception. It may call every function of this library, but cannot wait for itself:
/// there trackside_tracker_flush and trackside_tracker_close of its own tracker are TRACKSIDE_REENTRANT.
pub type trackside_filter = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        hit: *const trackside_hit,
        wanted: *mut trackside_truth,
    ) -> trackside_status,
>;

/// Says in `edit` what is to be changed about `hit` before the destinations have it. An edited hit is a new record
/// with the same id. It is called as trackside_filter is, after it, and returns as that does: where it fails the hit
/// goes on as it was.
pub type trackside_editor = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        hit: *const trackside_hit,
        edit: *mut trackside_edit,
    ) -> trackside_status,
>;

/// The host's say about hits. See TRACKSIDE_HOOKS_INIT; it is copied.
///
/// `userdata` is handed to all functions, which are called on threads of the library's, one at a time but for `free`.
/// What it points at must live until `free` is called; without one, until trackside_tracker_close left nothing in
/// flight, or as long as the process.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_hooks {
    /// The size of the caller's struct.
    pub size: usize,
    /// What the functions get.
    pub userdata: *mut c_void,
    /// Which hits the destinations are to have; NULL: all.
    pub filter: trackside_filter,
    /// What is to be changed about them; NULL: nothing.
    pub edit: trackside_editor,
    /// Ends them; may be NULL.
    pub free: trackside_release,
}

view::growing!(trackside_hooks, last: free);

/// Has the tracker that is opened with these options ask the host about each hit before the destinations have it. A
/// recording tracker has no destinations, and asks nobody. Of two the later stands.
///
/// From here on the hooks are the library's, also if this function fails: `hooks->free`, if `hooks` can be read, is
/// called exactly once, as trackside_release says. The first trackside_tracker_open whose configuration has no mistakes
/// uses them up, also if it then fails: another needs other hooks.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (also if there is neither `filter` nor
/// `edit`), TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_ARGUMENT (`hooks->size`).
///
/// # Safety
///
/// `options` is NULL or a live handle; `hooks` is NULL or points at a struct of its `size`, whose functions may be
/// called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_hooks(
    options: *mut trackside_options,
    hooks: *const trackside_hooks,
    error: *mut trackside_error,
) -> trackside_status {
    enter_owning(
        error,
        |call| call.read(hooks, "hooks").map(held),
        |call, hold| {
            if hold.get().filter.is_none() && hold.get().edit.is_none() {
                return Err(Failure::null("hooks.filter"));
            }
            call.exclusive(options, "options")?.hooks.put(hold);
            Ok(())
        },
    )
}

/// The hooks that options hold until a tracker is opened with them.
#[derive(Debug, Default)]
pub(crate) struct HeldHooks(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    None,
    Given(Hold<HostHooks>),
    UsedUp,
}

impl HeldHooks {
    fn put(&mut self, hold: Hold<HostHooks>) {
        *self.0.get_mut().unwrap_or_else(PoisonError::into_inner) = State::Given(hold);
    }

    /// Gives them away to a tracker.
    pub(crate) fn take(&self) -> Result<Option<impl Hooks + use<>>, Failure> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::UsedUp) {
            State::Given(hold) => Ok(Some(hold)),
            State::None => {
                *state = State::None;
                Ok(None)
            }
            State::UsedUp => Err(Failure::new(
                TRACKSIDE_INVALID_ARGUMENT,
                "`options`: the hooks were used up by an earlier trackside_tracker_open; call \
                 trackside_options_hooks again",
            )),
        }
    }
}

fn held(hooks: trackside_hooks) -> Hold<HostHooks> {
    let trackside_hooks { userdata, filter, edit, free, .. } = hooks;
    Hold::new(HostHooks { filter, edit, free, userdata: Userdata::new(userdata) })
}

impl Hooks for Hold<HostHooks> {
    fn filter(&self, hit: &Enriched<'_>) -> Result<bool, HookError> {
        let hit = Tagged::new(trackside_hit::of(hit));
        let (status, is_wanted) = self.get().filter(&hit);
        answered(status, is_wanted)
    }

    fn edit(&self, hit: &Enriched<'_>, edit: &mut Edit) -> Result<(), HookError> {
        let hit = Tagged::new(trackside_hit::of(hit));
        let mut handle = Tagged::new(trackside_edit(Edit::new()));
        let status = self.get().edit(&hit, &mut handle);
        *edit = std::mem::take(&mut handle.get_mut().0);
        answered(status, ())
    }

    fn share(&self) -> Box<dyn Hooks> {
        Box::new(self.clone())
    }
}

fn answered<T>(status: trackside_status, answer: T) -> Result<T, HookError> {
    if status == TRACKSIDE_OK { Ok(answer) } else { Err(HookError::new(format!("it returned {status}"))) }
}
