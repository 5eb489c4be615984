//! What a visitor has allowed, as the host says it and as it stands.

use trackside_core::{
    config::Policy,
    visitor::consent::{Choice, Consent},
};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    exchange::trackside_exchange,
    status::trackside_status,
    tracker::trackside_tracker,
};

/// Whether something was allowed: TRACKSIDE_CHOICE_GRANTED and so on.
pub type trackside_choice = i32;

/// Nobody said.
pub const TRACKSIDE_CHOICE_UNKNOWN: trackside_choice = 0;
/// It was.
pub const TRACKSIDE_CHOICE_GRANTED: trackside_choice = 1;
/// It was not.
pub const TRACKSIDE_CHOICE_DENIED: trackside_choice = 2;

/// The choice that a caller's number stands for.
pub(crate) fn choice(given: trackside_choice, name: &str) -> Result<Choice, Failure> {
    match given {
        TRACKSIDE_CHOICE_UNKNOWN => Ok(Choice::Unknown),
        TRACKSIDE_CHOICE_GRANTED => Ok(Choice::Granted),
        TRACKSIDE_CHOICE_DENIED => Ok(Choice::Denied),
        other => {
            Err(Failure::invalid(name, &format!("is {other}, and no TRACKSIDE_CHOICE_ has this number")))
        }
    }
}

fn number(choice: Choice) -> trackside_choice {
    match choice {
        Choice::Denied => TRACKSIDE_CHOICE_DENIED,
        Choice::Granted => TRACKSIDE_CHOICE_GRANTED,
        Choice::Unknown => TRACKSIDE_CHOICE_UNKNOWN,
    }
}

/// Says what the visitor has allowed: `analytics`, to be counted, with an id; `ads`, that what is counted serves
/// ads. It is the last word, before Sec-GPC, DNT and the banner's cookie; what is TRACKSIDE_CHOICE_UNKNOWN leaves
/// things as they are. It counts for all that the exchange is asked afterwards, and for what
/// trackside_exchange_finish records. It is not kept for the next request: for that, set the cookie that is named
/// like the visitor cookie with _consent behind it, to granted, granted.ads or denied.
///
/// Threads: needs `exchange` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (a choice that there is not), TRACKSIDE_FINISHED (it came too late, and is counted
/// so).
///
/// # Safety
///
/// `exchange` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_set_consent(
    exchange: *mut trackside_exchange,
    analytics: trackside_choice,
    ads: trackside_choice,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let exchange = call.exclusive(exchange, "exchange")?;
        let consent = Consent::new(choice(analytics, "analytics")?, choice(ads, "ads")?);
        let is_open = exchange.check_open();
        // One that is over counts it as late.
        exchange.exchange.set_consent(consent);
        is_open
    })
}

/// Tells what the visitor has allowed, whoever said so; each output may be NULL.
///
/// Threads: any that may read `exchange`. Statuses: TRACKSIDE_NULL_ARGUMENT (`exchange`), TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `exchange` is NULL or a live handle; `analytics` and `ads` are NULL or point at a place for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_exchange_consent(
    exchange: *const trackside_exchange,
    analytics: *mut trackside_choice,
    ads: *mut trackside_choice,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let consent = call.shared(exchange, "exchange")?.exchange.consent();
        for (place, name, choice) in [(analytics, "analytics", consent.analytics), (ads, "ads", consent.ads)]
        {
            if let Some(place) = call.optional_output(place, name)? {
                place.set(number(choice));
            }
        }
        Ok(())
    })
}

/// Whether visitors are asked before they are told apart by a cookie (`consent.policy = "opt-in"`): then a notice
/// may be due on any page, and elsewhere only where trackside_exchange_is_new is true. False also for NULL and for
/// a handle of another type.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `tracker` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_asks(tracker: *const trackside_tracker) -> bool {
    answer(false, |call| Ok(call.shared(tracker, "tracker")?.live().config().consent() == Policy::OptIn))
}

#[cfg(test)]
#[path = "consent_test.rs"]
mod test;
