use super::*;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A breaker that has failed so many times, a second apart, with pauses of half a second.
fn failing(times: u32, begin: Instant) -> (Breaker, Instant) {
    let mut breaker = Breaker::default();
    let mut now = begin;
    for _ in 0..times {
        breaker.failed(now, now, |_| Duration::from_millis(500));
        now += seconds(1);
    }
    (breaker, now)
}

#[test]
fn a_failure_pauses_and_the_pause_ends() {
    let begin = Instant::now();
    let mut breaker = Breaker::default();
    assert_eq!(breaker.admission(begin), Admission::Granted);
    assert_eq!(breaker.failed(begin, begin, |failures| seconds(failures.into())), None);
    assert_eq!(breaker.admission(begin), Admission::Until(begin + seconds(1)));
    assert_eq!(breaker.admission(begin + seconds(1)), Admission::Granted);
    breaker.begin();
    assert_eq!(
        breaker.admission(begin + seconds(1)),
        Admission::Granted,
        "closed, it lets any number through"
    );
}

#[test]
fn the_fifth_failure_in_a_row_opens_it() {
    let (mut breaker, now) = failing(4, Instant::now());
    assert_eq!(breaker.state(now), (ledger::Breaker::Closed, 0));
    let change = breaker.failed(now, now, |failures| seconds(failures.into()));
    assert_eq!(change, Some(Change::Opened(5, now + seconds(5))));
    assert_eq!(breaker.state(now), (ledger::Breaker::Open, 1));
    assert_eq!(breaker.state(now + seconds(5)), (ledger::Breaker::HalfOpen, 1));
}

#[test]
fn a_success_begins_the_count_anew() {
    let (mut breaker, now) = failing(4, Instant::now());
    assert_eq!(breaker.succeeded(now), None);
    assert_eq!(breaker.failed(now, now, |failures| seconds(failures.into())), None);
    assert_eq!(breaker.admission(now), Admission::Until(now + seconds(1)), "the first failure in a row");
}

#[test]
fn half_open_it_lets_one_attempt_through() {
    let (mut breaker, now) = failing(5, Instant::now());
    assert_eq!(breaker.admission(now), Admission::Granted);
    breaker.begin();
    assert_eq!(breaker.admission(now), Admission::Probed);
    assert_eq!(breaker.succeeded(now + seconds(1)), Some(Change::Closed(seconds(2))));
    assert_eq!(breaker.admission(now + seconds(1)), Admission::Granted);
    assert_eq!(breaker.state(now), (ledger::Breaker::Closed, 1));
}

#[test]
fn a_probe_that_fails_keeps_it_open_and_is_told_once() {
    let (mut breaker, now) = failing(5, Instant::now());
    assert_eq!(breaker.admission(now), Admission::Granted);
    breaker.begin();
    assert_eq!(breaker.failed(now, now + seconds(1), |failures| seconds(failures.into())), None);
    assert_eq!(breaker.admission(now + seconds(1)), Admission::Until(now + seconds(7)));
    assert_eq!(breaker.state(now + seconds(1)), (ledger::Breaker::Open, 1));
    assert_eq!(breaker.admission(now + seconds(7)), Admission::Granted, "the next probe");
}

#[test]
fn failures_side_by_side_count_once_and_end_no_probe() {
    let begin = Instant::now();
    let (mut breaker, now) = failing(5, begin);
    assert_eq!(breaker.admission(now), Admission::Granted);
    breaker.begin();
    // One that began before the fifth failure was known comes back late.
    breaker.failed(begin, now, |failures| seconds(failures.into()));
    assert_eq!(breaker.admission(now), Admission::Until(now + seconds(5)));
    assert_eq!(breaker.admission(now + seconds(5)), Admission::Probed);
}

#[test]
fn a_wait_is_a_day_at_most_and_the_longest_of_several_holds() {
    let begin = Instant::now();
    let mut breaker = Breaker::default();
    breaker.failed(begin, begin, |_| Duration::MAX);
    assert_eq!(breaker.admission(begin), Admission::Until(begin + seconds(86_400)));
    breaker.failed(begin, begin, |_| Duration::ZERO);
    assert_eq!(breaker.admission(begin), Admission::Until(begin + seconds(86_400)));
}

#[test]
fn close_cuts_short_what_would_end_after_it() {
    let begin = Instant::now();
    let mut breaker = Breaker::default();
    breaker.failed(begin, begin, |_| seconds(10));
    breaker.cut_short(begin + seconds(11));
    assert_eq!(breaker.admission(begin), Admission::Until(begin + seconds(10)));
    breaker.cut_short(begin + seconds(10));
    assert_eq!(breaker.admission(begin), Admission::Granted);
}

/// The breaker as a reader of DESIGN would write it: all failures and successes, looked at from the start each time.
#[derive(Default)]
struct Model {
    /// When each attempt began and ended, whether it succeeded, and the pause after it.
    log: Vec<(u64, u64, bool, u64)>,
}

impl Model {
    fn failures(&self) -> u32 {
        let last = self.log.iter().rposition(|&(_, _, ok, _)| ok).map_or(0, |at| at + 1);
        // The failure that was counted last, also before the last success, absorbs those that ran beside it.
        let (mut counted, mut until) = (0, None);
        for (at, &(began, ended, ok, _)) in self.log.iter().enumerate() {
            if !ok && until.is_none_or(|until| began >= until) {
                until = Some(ended);
                if at >= last {
                    counted += 1;
                }
            }
        }
        counted
    }

    fn pause(&self) -> u64 {
        self.log
            .iter()
            .filter(|&&(_, _, ok, _)| !ok)
            .map(|&(_, ended, _, wait)| ended + wait)
            .max()
            .unwrap_or(0)
    }

    /// Whether it has opened since the last success.
    fn is_open(&self) -> bool {
        let last = self.log.iter().rposition(|&(_, _, ok, _)| ok).map_or(0, |at| at + 1);
        (last..self.log.len()).any(|to| Self { log: self.log[..=to].to_vec() }.failures() >= 5)
    }
}

#[test]
fn it_does_as_the_model_does() {
    for seed in 1..=300_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % n
        };
        let begin = Instant::now();
        let at = |second| begin + seconds(second);
        let (mut breaker, mut model, mut now) = (Breaker::default(), Model::default(), 0);
        // When each attempt that is under way began, and whether it is the probe.
        let mut running: Vec<(u64, bool)> = Vec::new();
        for _ in 0..60 {
            now += below(3);
            let is_probed = running.iter().any(|&(_, is_probe)| is_probe);
            let expected = if model.pause() > now {
                Admission::Until(at(model.pause()))
            } else if is_probed {
                Admission::Probed
            } else {
                Admission::Granted
            };
            assert_eq!(breaker.admission(at(now)), expected, "seed {seed}, second {now}");
            if expected == Admission::Granted && below(2) == 0 {
                breaker.begin();
                running.push((now, model.is_open()));
            } else if !running.is_empty() {
                let (began, _) = running.remove(below(running.len() as u64) as usize);
                let (ok, wait) = (below(6) == 0, below(4));
                let was_open = model.is_open();
                let before = model.failures();
                model.log.push((began, now, ok, wait));
                let change = if ok {
                    // Whoever succeeds shows that the receiver is there.
                    running.iter_mut().for_each(|(_, is_probe)| *is_probe = false);
                    breaker.succeeded(at(now))
                } else {
                    if model.failures() > before {
                        running.iter_mut().for_each(|(_, is_probe)| *is_probe = false);
                    }
                    breaker.failed(at(began), at(now), |failures| {
                        assert_eq!(failures, model.failures().max(1), "seed {seed}");
                        seconds(wait)
                    })
                };
                match (was_open, model.is_open()) {
                    (false, true) => assert!(matches!(change, Some(Change::Opened(5, _))), "seed {seed}"),
                    (true, false) => assert!(matches!(change, Some(Change::Closed(_))), "seed {seed}"),
                    _ => assert_eq!(change, None, "seed {seed}"),
                }
            }
            let (state, _) = breaker.state(at(now));
            assert_eq!(state == ledger::Breaker::Closed, !model.is_open(), "seed {seed}");
        }
    }
}
