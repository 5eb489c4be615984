//! The hits of one attempt at delivery, as a sink in C sees them.

use std::{sync::Arc, time::Duration};

use trackside_core::{
    Reason,
    protocol::{Dated, Enriched, Outcome, Outgoing, Protocol},
};
use trackside_transports::sink::{Blame, Delivery};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    handle::{Handle, Tag, Tagged},
    headers::Walked,
    hit::trackside_hit,
    outgoing::{trackside_outgoing, trackside_outgoing_view},
    sink::{
        TRACKSIDE_OUTCOME_DELIVERED, TRACKSIDE_OUTCOME_REFUSED, TRACKSIDE_OUTCOME_RETRY,
        TRACKSIDE_OUTCOME_SPLIT, TRACKSIDE_OUTCOME_UNAVAILABLE, TRACKSIDE_OUTCOME_UNKNOWN, trackside_outcome,
    },
    status::{TRACKSIDE_UNSUPPORTED, trackside_status},
    text::{trackside_bytes, trackside_header},
};

/// The hits of one attempt at delivery: at least one, in the order in which they came, unless the destination's
/// protocol has sorted them by visitor. The library's, and valid until `deliver` returns, on its thread.
///
/// Functions: trackside_batch_count, _hit, _request, _classify, _taken, _refuse, _retry_after, _answered.
#[derive(Debug)]
pub struct trackside_batch {
    hits: Vec<Tagged<trackside_hit>>,
    now: u64,
    protocol: Option<Arc<dyn Protocol>>,
    request: Option<(trackside_outgoing, usize)>,
    taken: usize,
    /// Why they are refused, if all are.
    reason: Reason,
    refused: Vec<(usize, Reason)>,
    retry_after: Option<Duration>,
    /// What a failure may lie with, where that has been said.
    blame: Option<Blame>,
}

impl Handle for trackside_batch {
    const TAG: Tag = *b"BTCH";
    const NAME: &'static str = "trackside_batch";
}

impl trackside_batch {
    pub(crate) fn new(hits: &[Enriched<'_>], now: u64, protocol: Option<Arc<dyn Protocol>>) -> Self {
        let tagged = |enriched: &Enriched<'_>| Tagged::new(trackside_hit::of(enriched));
        Self {
            hits: hits.iter().map(tagged).collect(),
            now,
            protocol,
            request: None,
            taken: hits.len(),
            reason: Reason::Rejected,
            refused: Vec::new(),
            retry_after: None,
            blame: None,
        }
    }

    /// What became of it, once `deliver` has answered with `outcome`.
    pub(crate) fn end(&mut self, outcome: trackside_outcome) -> Delivery {
        let outcome = match outcome {
            TRACKSIDE_OUTCOME_DELIVERED if self.refused.is_empty() => Outcome::Delivered,
            TRACKSIDE_OUTCOME_DELIVERED => Outcome::Partial(std::mem::take(&mut self.refused)),
            TRACKSIDE_OUTCOME_RETRY => Outcome::Retry(self.retry_after),
            TRACKSIDE_OUTCOME_SPLIT => Outcome::Split,
            TRACKSIDE_OUTCOME_REFUSED => Outcome::Refused(self.reason),
            TRACKSIDE_OUTCOME_UNAVAILABLE => Outcome::Unavailable,
            _ => Outcome::Unknown,
        };
        let delivery = Delivery::new(self.taken, outcome);
        match self.blame {
            Some(blame) => delivery.blaming(blame),
            None => delivery,
        }
    }

    /// Remembers what a receiver's answer says besides the outcome's number.
    fn remember(&mut self, outcome: Outcome) -> trackside_outcome {
        (self.reason, self.retry_after) = (Reason::Rejected, None);
        self.refused.clear();
        match outcome {
            Outcome::Delivered => TRACKSIDE_OUTCOME_DELIVERED,
            Outcome::Partial(refused) => {
                self.refused = refused;
                TRACKSIDE_OUTCOME_DELIVERED
            }
            Outcome::Refused(reason) => {
                self.reason = reason;
                TRACKSIDE_OUTCOME_REFUSED
            }
            Outcome::Retry(wait) => {
                self.retry_after = wait;
                TRACKSIDE_OUTCOME_RETRY
            }
            Outcome::Split => TRACKSIDE_OUTCOME_SPLIT,
            Outcome::Unavailable => TRACKSIDE_OUTCOME_UNAVAILABLE,
            _ => TRACKSIDE_OUTCOME_UNKNOWN,
        }
    }

    fn protocol(&self) -> Result<Arc<dyn Protocol>, Failure> {
        self.protocol.clone().ok_or_else(|| {
            Failure::new(TRACKSIDE_UNSUPPORTED, "`batch` is for a destination whose type has no wire format")
        })
    }

    /// The request, which is made once, and how many of the hits it holds.
    fn request(&mut self) -> Result<&(trackside_outgoing, usize), Failure> {
        let request = match self.request.take() {
            Some(request) => request,
            None => {
                let protocol = self.protocol()?;
                let hits: Vec<_> = self.hits.iter().map(|hit| hit.get().enriched()).collect();
                let mut out = Outgoing::new();
                let taken = protocol.encode(&hits, self.now, &mut out).clamp(1, hits.len().max(1));
                (trackside_outgoing::new(out), taken)
            }
        };
        Ok(self.request.insert(request))
    }

    fn check_index(&self, index: usize) -> Result<(), Failure> {
        let count = self.hits.len();
        if index < count {
            return Ok(());
        }
        Err(Failure::not_found(format!("`index` is {index}, but there are {count} hits")))
    }
}

/// How many hits there are; 0 for what is no batch.
///
/// Threads: see trackside_batch.
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_count(batch: *const trackside_batch) -> usize {
    answer(0, |call| Ok(call.shared(batch, "batch")?.hits.len()))
}

/// Hands out the hit at `index`. It is the library's, valid as long as the batch, and need not be freed.
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_NOT_FOUND (past the end).
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned; `hit` is NULL or points at a
/// place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_hit(
    batch: *const trackside_batch,
    index: usize,
    hit: *mut *const trackside_hit,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let batch = call.shared(batch, "batch")?;
        let place = call.output(hit, "hit")?;
        batch.check_index(index)?;
        place.set(batch.hits[index].as_ptr());
        Ok(())
    })
}

/// Makes the request that the destination's protocol would send: for as many of the leading hits as one request
/// may hold, which trackside_batch_taken is set to. To be asked again does no harm. What the view shows is
/// valid as long as the batch.
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`view`), TRACKSIDE_UNSUPPORTED (a destination of type "callback", "file" or
/// "sqlite": it has no wire format).
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned; `view` is NULL or points at a
/// struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_request(
    batch: *mut trackside_batch,
    view: *mut trackside_outgoing_view,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let batch = call.exclusive(batch, "batch")?;
        let place = call.struct_output(view, "view")?;
        let (request, taken) = batch.request()?;
        place.set(&request.view());
        batch.taken = *taken;
        Ok(())
    })
}

/// Reads an answer to the request as the destination's protocol does: `deliver` is to return the outcome. What
/// else the answer says (a wait, which of the hits are refused and why, and by the status whether a failure may lie with
/// them: 500 says so, what is above leaves it open) is kept, and replaces what trackside_batch_refuse, trackside_batch_retry_after and
/// trackside_batch_answered said before. Of the body the first 64 KiB will do.
///
/// Without any answer, the outcome is TRACKSIDE_OUTCOME_RETRY if no byte of the request was sent, and
/// TRACKSIDE_OUTCOME_UNKNOWN if one was.
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_UNSUPPORTED (as for trackside_batch_request).
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned; `headers` points at
/// `header_count` headers that can be read; `body` can be read; `outcome` is NULL or points at a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_classify(
    batch: *mut trackside_batch,
    status: u16,
    headers: *const trackside_header,
    header_count: usize,
    body: trackside_bytes,
    outcome: *mut trackside_outcome,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let batch = call.exclusive(batch, "batch")?;
        let headers = Walked::of(call.headers(headers, header_count, "headers")?);
        let body = call.bytes(body, "body")?;
        let place = call.output(outcome, "outcome")?;
        let outcome = batch.protocol()?.classify(status, &Dated::new(&headers, batch.now), body);
        let outcome = outcome.of(batch.taken);
        batch.blame = Some(Blame::of(status));
        place.set(batch.remember(outcome));
        Ok(())
    })
}

/// Says that the attempt is about the first `leading` hits alone: the others come again at once, with another
/// batch. It is about all unless this, or trackside_batch_request, says otherwise.
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (none, or more than there are).
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_taken(
    batch: *mut trackside_batch,
    leading: usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let batch = call.exclusive(batch, "batch")?;
        let count = batch.hits.len();
        if !(1..=count).contains(&leading) {
            let problem = format!("is {leading}; an attempt is about 1 to {count} hits of this batch");
            return Err(Failure::invalid("leading", &problem));
        }
        batch.taken = leading;
        Ok(())
    })
}

/// Says that the receiver will never take the hit at `index`, when it took others of the attempt: where
/// `deliver` returns TRACKSIDE_OUTCOME_DELIVERED, that one is refused (rejected).
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_NOT_FOUND (past the end).
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_refuse(
    batch: *mut trackside_batch,
    index: usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let batch = call.exclusive(batch, "batch")?;
        batch.check_index(index)?;
        if batch.refused.iter().all(|&(refused, _)| refused != index) {
            batch.refused.push((index, Reason::Rejected));
        }
        Ok(())
    })
}

/// Says how long the receiver asked to be left alone: where `deliver` returns TRACKSIDE_OUTCOME_RETRY, the
/// destination pauses for that long, but for a day at most, or for its own longer wait.
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_retry_after(
    batch: *mut trackside_batch,
    milliseconds: u64,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        call.exclusive(batch, "batch")?.retry_after = Some(Duration::from_millis(milliseconds));
        Ok(())
    })
}

/// Says that the failure is the receiver's own answer, so that it may lie with these hits: where `deliver` returns
/// TRACKSIDE_OUTCOME_RETRY or TRACKSIDE_OUTCOME_UNKNOWN. After three such answers in a row other hits are tried
/// before these, and hits over which it fails while it takes others are found one by one and refused (poison).
/// Without this TRACKSIDE_OUTCOME_RETRY holds nothing against hits, and they are tried, before others, until they are
/// older than `max_age`: as it is to be where nothing reached the receiver, or where it was too busy, as an HTTP status of
/// 429 says. TRACKSIDE_OUTCOME_UNKNOWN leaves it open with what the failure lies: a hit is refused for that only when it
/// alone has failed again and again, each time after at least eight others were taken in a row.
///
/// Threads: see trackside_batch. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `batch` is NULL or the one that `deliver` was given, which has not returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_batch_answered(
    batch: *mut trackside_batch,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        call.exclusive(batch, "batch")?.blame = Some(Blame::Hits);
        Ok(())
    })
}

#[cfg(test)]
#[path = "batch_test.rs"]
mod test;
