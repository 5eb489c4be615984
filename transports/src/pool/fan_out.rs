use std::{sync::Arc, time::Instant};

use trackside_core::{
    Hit, Reason,
    config::IpPolicy,
    ledger::Hits,
    transport::{Left, Reentrant, Submitted, Transport},
};

use super::{shutdown::in_parallel, worker};

/// Several destinations as one transport. Each has the hits whose record was made under its own `ip` policy.
#[derive(Debug)]
pub struct FanOut(Vec<(IpPolicy, Arc<dyn Transport>)>);

impl FanOut {
    /// The destinations, in the order of the configuration, each with its `ip` policy.
    pub fn new(destinations: Vec<(IpPolicy, Arc<dyn Transport>)>) -> Self {
        Self(destinations)
    }

    fn all<R: Send + 'static>(
        &self,
        work: impl Fn(Arc<dyn Transport>) -> R + Clone + Send + 'static,
    ) -> Vec<R> {
        in_parallel(self.0.iter().map(|(_, transport)| Arc::clone(transport)).collect(), work)
    }

    /// Has `submit` hand a hit to each destination of its policy.
    #[inline]
    fn hand_out(&self, hit: Hit, mut submit: impl FnMut(&dyn Transport, Hit) -> Submitted) -> Submitted {
        let policy = hit.ip_policy();
        let mut takers = self.0.iter().filter(|&&(ip, _)| ip == policy).map(|(_, transport)| &**transport);
        let Some(mut taker) = takers.next() else {
            return Submitted::Dropped(Reason::NoWorker);
        };
        let mut answer = None;
        let mut note = |submitted| {
            if submitted == Submitted::Queued {
                answer = Some(submitted);
            }
            answer.get_or_insert(submitted);
        };
        for next in takers {
            note(submit(taker, hit.clone()));
            taker = next;
        }
        note(submit(taker, hit));
        answer.unwrap_or(Submitted::Queued)
    }

    /// One refusal is all of them's: another must neither be waited for meanwhile, whose worker may be waiting
    /// here, nor be closed. So a worker asks each in advance, without waiting.
    fn refuse_reentry(&self) -> Result<(), Reentrant> {
        if worker::mark() == 0 {
            return Ok(());
        }
        let now = Instant::now();
        self.0.iter().try_for_each(|(_, transport)| transport.flush(now).map(drop))
    }
}

impl Transport for FanOut {
    /// Hands the hit to each destination of its policy: queued if any took it, else dropped for the first
    /// one's reason. Where no destination has that policy, nobody is there to take it: `no-worker`.
    fn submit(&self, hit: Hit) -> Submitted {
        self.hand_out(hit, |taker, hit| taker.submit(hit))
    }

    /// One destination after the other, so that it goes at the pace of the slowest; the instant is that of all.
    fn submit_until(&self, hit: Hit, until: Instant) -> Result<Submitted, Reentrant> {
        self.refuse_reentry()?;
        let mut refused = None;
        let submitted = self.hand_out(hit, |taker, hit| {
            taker.submit_until(hit, until).unwrap_or_else(|reentrant| {
                refused = Some(reentrant);
                Submitted::Dropped(Reason::NoWorker)
            })
        });
        match (submitted, refused) {
            (Submitted::Dropped(_), Some(reentrant)) => Err(reentrant),
            _ => Ok(submitted),
        }
    }

    fn flush(&self, until: Instant) -> Result<Left, Reentrant> {
        self.refuse_reentry()?;
        sum(self.all(move |transport| transport.flush(until)))
    }

    fn close(&self, until: Instant) -> Result<Left, Reentrant> {
        self.refuse_reentry()?;
        sum(self.all(move |transport| transport.close(until)))
    }

    fn stats(&self) -> Vec<Hits> {
        self.0.iter().flat_map(|(_, transport)| transport.stats()).collect()
    }
}

fn sum(left: Vec<Result<Left, Reentrant>>) -> Result<Left, Reentrant> {
    left.into_iter().try_fold(Left::default(), |sum, left| Ok(sum.plus(left?)))
}
