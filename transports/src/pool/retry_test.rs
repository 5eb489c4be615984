use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn backoff() -> Backoff {
    Backoff::new(ms(100), ms(1_000))
}

#[test]
fn the_ceiling_doubles_up_to_the_cap() {
    let ceilings: Vec<_> = (1..=6).map(|failures| backoff().ceiling(failures)).collect();
    assert_eq!(ceilings, [ms(100), ms(200), ms(400), ms(800), ms(1_000), ms(1_000)]);
    assert_eq!(backoff().ceiling(u32::MAX), ms(1_000));
}

#[test]
fn the_jitter_is_full() {
    assert_eq!(backoff().wait(2, 0.0), ms(0));
    assert_eq!(backoff().wait(2, 0.5), ms(100));
    assert_eq!(backoff().wait(2, 1.0), ms(200));
    assert_eq!(backoff().wait(2, 7.0), ms(200));
}

#[test]
fn retrying_ends_at_max_age() {
    let expiry = Expiry::new(ms(1), None);
    assert!(!expiry.is_over(5_000, 5_999, true));
    assert!(expiry.is_over(5_000, 6_000, true));
    assert!(!expiry.is_over(5_000, 6_000, false), "every hit has one attempt");
}

#[test]
fn the_window_ends_first_attempts_too() {
    let expiry = Expiry::new(ms(10), Some(ms(2)));
    assert!(!expiry.is_over(5_000, 7_000, false));
    assert!(expiry.is_over(5_000, 7_001, false));
    assert!(expiry.is_over(5_000, 7_001, true));
}

#[test]
fn a_clock_that_was_set_back_expires_nothing() {
    assert!(!Expiry::new(ms(1), Some(ms(1))).is_over(5_000, 4_000, true));
}

#[test]
fn in_the_spool_hits_become_too_old_before_their_first_attempt() {
    let expiry = Expiry::new(ms(1), None);
    assert!(!expiry.is_over_in_spool(5_000, 5_999, None));
    assert!(expiry.is_over_in_spool(5_000, 6_000, None));
    assert!(!expiry.is_over_in_spool(5_000, 4_000, None), "the clock was set back");
}

#[test]
fn a_hit_of_this_process_is_no_older_than_its_pool() {
    let expiry = Expiry::new(ms(2), None);
    assert!(!expiry.is_over_in_spool(5_000, 9_000, Some(ms(1))));
    assert!(expiry.is_over_in_spool(5_000, 9_000, Some(ms(2))));
    assert!(!expiry.is_over_in_spool(5_000, 6_999, Some(ms(9))));
}
