use super::*;

fn convicted() -> Trial {
    let (mut trial, mut newly) = (Trial::default(), 0);
    (0..3).for_each(|_| assert_ne!(trial.strike(1, &mut newly), Ruling::Refuse));
    trial.compare();
    trial
}

#[test]
fn three_failures_in_a_row_send_a_batch_aside() {
    let (mut trial, mut newly) = (Trial::default(), 0);
    let rulings = [(); 5].map(|()| trial.strike(8, &mut newly));
    assert_eq!(rulings, [Ruling::Again, Ruling::Again, Ruling::Aside, Ruling::Aside, Ruling::Aside]);
    assert_eq!(newly, 1, "once");
}

#[test]
fn the_next_ones_step_aside_at_once_a_few_at_most() {
    let mut newly = 1;
    let rulings: Vec<_> = (0..17).map(|_| Trial::default().strike(8, &mut newly)).collect();
    assert_eq!(rulings[..15], [Ruling::Aside; 15]);
    assert_eq!((&rulings[15..], newly), (&[Ruling::Again; 2][..], 16));
}

#[test]
fn who_has_not_failed_three_times_is_not_convicted() {
    let (mut trial, mut newly) = (Trial::default(), 1);
    for _ in 0..2 {
        assert_eq!(trial.strike(8, &mut newly), Ruling::Aside);
        trial.compare();
    }
    assert_eq!(trial.strike(8, &mut newly), Ruling::Aside);
    trial.compare();
    assert_eq!(trial.strike(8, &mut newly), Ruling::Halve, "the third was one too many");
}

#[test]
fn a_convict_is_halved_at_each_failure() {
    let mut trial = convicted();
    assert_eq!([8, 4, 2].map(|hits| trial.strike(hits, &mut 0)), [Ruling::Halve; 3]);
}

#[test]
fn a_hit_alone_is_refused_after_two_failures_more_with_successes_of_others_between() {
    let mut trial = convicted();
    assert_eq!(trial.strike(1, &mut 0), Ruling::Aside);
    trial.compare();
    assert_eq!(trial.strike(1, &mut 0), Ruling::Refuse);
}

#[test]
fn an_outage_refuses_nothing_before_another_has_succeeded() {
    let (mut trial, mut newly) = (convicted(), 0);
    assert!((0..1_000).all(|_| trial.strike(1, &mut newly) == Ruling::Aside));
    let mut other = Trial::default();
    assert!((0..1_000).all(|_| other.strike(1, &mut newly) != Ruling::Refuse));
}

/// One that has stepped aside, come back, and failed again by a doubt.
fn doubted() -> Trial {
    let (mut trial, mut newly) = (Trial::default(), 0);
    let rulings = [(); 3].map(|()| trial.doubt(1, &mut newly));
    assert_eq!(rulings, [Ruling::Again, Ruling::Again, Ruling::Aside]);
    trial.compare();
    assert!(trial.is_due(), "at first it may be anything");
    trial.step_back(true);
    assert_eq!(trial.doubt(1, &mut newly), Ruling::Aside);
    trial
}

/// Others succeed until it is its turn: how many, and what its failure then comes to.
fn fail_again(trial: &mut Trial, hits: usize) -> (usize, Ruling) {
    let others = (1..100).find(|_| {
        trial.compare();
        trial.is_due()
    });
    trial.step_back(true);
    (others.unwrap(), trial.doubt(hits, &mut 0))
}

#[test]
fn four_failures_each_after_a_longer_row_of_successes_refuse_a_doubted_hit() {
    let mut trial = doubted();
    let failures = [(); 4].map(|()| fail_again(&mut trial, 1));
    // Of what is due after eight successes the test needs the rest of the row.
    assert_eq!(failures, [(7, Ruling::Aside), (9, Ruling::Aside), (10, Ruling::Aside), (11, Ruling::Refuse)]);
}

#[test]
fn a_doubted_batch_is_halved_at_each_test() {
    let mut trial = doubted();
    let failures = [8, 4, 2].map(|hits| fail_again(&mut trial, hits));
    assert_eq!(failures.map(|(_, ruling)| ruling), [Ruling::Halve; 3]);
    assert_eq!(fail_again(&mut trial, 1), (8, Ruling::Aside), "for the hit alone they are counted anew");
}

#[test]
fn a_receiver_that_fails_by_itself_has_tests_begun_anew() {
    let mut trial = doubted();
    (0..3).for_each(|_| assert_eq!(fail_again(&mut trial, 1).1, Ruling::Aside));
    (0..5).for_each(|_| trial.compare());
    trial.excuse();
    assert_eq!(fail_again(&mut trial, 1), (8, Ruling::Aside));
    let failures = [(); 3].map(|()| fail_again(&mut trial, 1).1);
    assert_eq!(failures, [Ruling::Aside, Ruling::Aside, Ruling::Refuse]);
}

#[test]
fn where_no_row_comes_to_pass_it_is_attempted_but_not_tested() {
    let mut trial = doubted();
    for _ in 0..1_000 {
        for n in 1..=16 {
            assert!(!trial.is_due(), "{n}");
            trial.compare();
            trial.excuse();
        }
        assert!(trial.is_due());
        trial.step_back(true);
        assert_eq!(trial.doubt(1, &mut 0), Ruling::Aside);
    }
}

#[test]
fn what_fails_while_the_receiver_is_down_fails_no_test() {
    let mut trial = doubted();
    for _ in 0..1_000 {
        (0..20).for_each(|_| trial.compare());
        trial.step_back(false);
        assert_eq!(trial.doubt(1, &mut 0), Ruling::Aside);
    }
}

#[test]
fn of_what_is_halved_a_half_that_succeeds_is_no_evidence() {
    let mut trial = doubted();
    trial.note_evidence();
    assert!(trial.is_evidence() && !trial.untouched().is_evidence());
    assert_eq!(fail_again(&mut trial, 8).1, Ruling::Halve);
    assert!(!trial.is_evidence());
    let mut convict = convicted();
    convict.note_evidence();
    assert_eq!((convict.strike(8, &mut 0), convict.is_evidence()), (Ruling::Halve, false));
}

#[test]
fn no_doubt_refuses_anything_before_others_have_succeeded() {
    let (mut trial, mut newly) = (doubted(), 0);
    for _ in 0..1_000 {
        trial.step_back(false);
        assert_eq!(trial.doubt(1, &mut newly), Ruling::Aside);
    }
}

#[test]
fn doubts_convict_nobody() {
    let mut trial = doubted();
    (0..10).for_each(|_| assert_eq!(trial.doubt(8, &mut 0), Ruling::Aside));
    trial.compare();
    assert_eq!(trial.strike(8, &mut 0), Ruling::Aside);
}
