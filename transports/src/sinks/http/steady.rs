//! Time-outs that stay the same from one use of a connection to the next.
//!
//! ureq hands down what is left of them, which is another number of nanoseconds each time, and the connection tells
//! the system of each: three system calls a request, where none is needed.

use std::time;

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport, time::Duration},
};

/// How many steps lie between a time and its double. A time-out comes late by less than one.
const STEPS: u32 = 64;

#[derive(Debug)]
pub(super) struct Steady<T>(pub(super) T);

impl<T: Transport> Transport for Steady<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, steady(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(steady(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

fn steady(timeout: NextTimeout) -> NextTimeout {
    let after = match timeout.after {
        Duration::Exact(after) => Duration::Exact(to_step(after)),
        never => never,
    };
    NextTimeout { after, ..timeout }
}

/// The next step at or after `exact`.
fn to_step(exact: time::Duration) -> time::Duration {
    let Ok(nanos) = u64::try_from(exact.as_nanos()) else {
        return exact;
    };
    let step = nanos.checked_ilog2().map_or(1, |log| (1 << log) / u64::from(STEPS)).max(1);
    nanos.checked_next_multiple_of(step).map_or(exact, time::Duration::from_nanos)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_left_after_a_request_is_as_much_as_before() {
        let [before, after] = [10_000_000, 9_999_900].map(time::Duration::from_micros);
        assert_eq!(to_step(before), to_step(after));
    }

    #[test]
    fn a_time_out_comes_late_by_less_than_a_step_and_never_early() {
        for nanos in [0, 1, 63, 64, 65, 1_000, 999_999_999, 1_000_000_000, 10_000_000_001, u64::MAX] {
            let exact = time::Duration::from_nanos(nanos);
            let step = to_step(exact);
            assert!(exact <= step && step <= exact + exact / STEPS, "{exact:?}: {step:?}");
            assert_eq!(to_step(step), step, "one that is steady stays so");
        }
        assert_eq!(to_step(time::Duration::MAX), time::Duration::MAX);
    }
}
