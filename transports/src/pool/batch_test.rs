use super::*;

const LIMITS: Limits =
    Limits { gathered: 3, batch: 3, bytes: 100, age: Duration::from_millis(200), grouped: false };

/// Pushes (item, size, group) at one moment, and answers the batches that came out and the batcher.
fn push(limits: Limits, items: &[(u32, usize, u64)]) -> (Vec<Vec<u32>>, Batcher<u32>) {
    let (mut batcher, mut out) = (Batcher::new(limits), Vec::new());
    let now = Instant::now();
    for &(item, size, group) in items {
        batcher.push(item, size, group, now, &mut |batch| out.push(batch));
    }
    (out, batcher)
}

fn rest(mut batcher: Batcher<u32>) -> Vec<Vec<u32>> {
    let mut out = Vec::new();
    batcher.release(&mut |batch| out.push(batch));
    assert_eq!((batcher.iter().count(), batcher.due()), (0, None));
    out
}

#[test]
fn a_batch_is_full_by_hits() {
    let (out, batcher) = push(LIMITS, &[(1, 1, 0), (2, 1, 0), (3, 1, 0), (4, 1, 0)]);
    assert_eq!(out, [[1, 2, 3]]);
    assert_eq!(rest(batcher), [[4]]);
}

#[test]
fn a_batch_is_full_by_bytes() {
    let (out, _) = push(LIMITS, &[(1, 60, 0), (2, 40, 0)]);
    assert_eq!(out, [[1, 2]], "it waits for no other");
    let (out, batcher) = push(LIMITS, &[(1, 60, 0), (2, 40, 0), (3, 1, 0)]);
    assert_eq!(out, [[1, 2]]);
    assert_eq!(rest(batcher), [[3]]);
}

#[test]
fn a_hit_that_would_exceed_the_bytes_waits_for_the_next_batch() {
    let (out, batcher) = push(LIMITS, &[(1, 60, 0), (2, 41, 0)]);
    assert_eq!(out, [[1]]);
    assert_eq!(rest(batcher), [[2]]);
}

#[test]
fn a_hit_larger_than_a_batch_goes_alone() {
    let (out, batcher) = push(LIMITS, &[(1, 1, 0), (2, 1_000, 0), (3, 1, 0)]);
    assert_eq!(out, [[1], [2]]);
    assert_eq!(rest(batcher), [[3]]);
}

#[test]
fn the_age_counts_from_the_first_hit() {
    let (start, ms) = (Instant::now(), Duration::from_millis);
    let mut batcher = Batcher::new(LIMITS);
    assert_eq!(batcher.due(), None);
    batcher.push(1, 1, 0, start, &mut |_| panic!("not full"));
    batcher.push(2, 1, 0, start + ms(150), &mut |_| panic!("not full"));
    assert_eq!(batcher.due(), Some(start + ms(200)));
    batcher.release(&mut |batch| assert_eq!(batch, [1, 2]));
    batcher.push(3, 1, 0, start + ms(300), &mut |_| panic!("not full"));
    assert_eq!(batcher.due(), Some(start + ms(500)));
}

#[test]
fn an_age_without_end_is_never_due() {
    let (out, batcher) = push(Limits { age: Duration::MAX, ..LIMITS }, &[(1, 1, 0)]);
    assert_eq!((out.len(), batcher.iter().count(), batcher.due()), (0, 1, None));
}

#[test]
fn groups_go_apart_in_the_order_of_arrival() {
    let limits = Limits { gathered: 6, batch: 2, grouped: true, ..LIMITS };
    let items = [(1, 1, 9), (2, 1, 5), (3, 1, 9), (4, 1, 5), (5, 1, 9), (6, 1, 7)];
    let (out, batcher) = push(limits, &items);
    assert_eq!(out, [vec![2, 4], vec![6], vec![1, 3], vec![5]]);
    assert_eq!(rest(batcher), Vec::<Vec<u32>>::new());
}

#[test]
fn groups_do_not_matter_where_a_request_holds_any() {
    let (out, _) = push(LIMITS, &[(1, 1, 9), (2, 1, 5), (3, 1, 9)]);
    assert_eq!(out, [[1, 2, 3]]);
}

#[test]
fn limits_of_nothing_are_limits_of_one() {
    let (out, _) = push(Limits { gathered: 0, batch: 0, bytes: 0, ..LIMITS }, &[(1, 1, 0), (2, 1, 0)]);
    assert_eq!(out, [[1], [2]]);
}

#[test]
fn who_fills_it_is_told_how_many_more_it_takes() {
    let mut batcher = Batcher::new(LIMITS);
    let now = Instant::now();
    for room in [3, 2, 1, 3] {
        assert_eq!(batcher.room(), room);
        batcher.push(0, 1, 0, now, &mut |batch: Vec<u32>| assert_eq!(batch.len(), 3));
    }
}
