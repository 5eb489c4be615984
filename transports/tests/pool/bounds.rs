//! What a queue holds, and what gives way.

use super::*;

#[test]
fn a_full_queue_turns_the_newest_away() {
    let mut options = options("full");
    options.queue.hits = 4;
    let (pool, notes, door) = held(options);
    let hits = hits(6);
    submit_all(&pool, &hits[..1]);
    door.wait_for(1);
    submit_all(&pool, &hits[1..5]);
    assert_eq!(pool.submit(hits[5].clone()), Submitted::Dropped(Reason::QueueFull));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.queued, book.in_flight), (4, 1));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&hits[..5]));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueFull), 1);
}

#[test]
fn a_full_queue_lets_the_oldest_go() {
    let mut options = options("full");
    options.queue.hits = 4;
    options.queue.when_full = WhenFull::DropOldest;
    let (pool, notes, door) = held(options);
    let hits = hits(7);
    submit_all(&pool, &hits[..1]);
    door.wait_for(1);
    submit_all(&pool, &hits[1..]);
    assert_balanced(&stats(&pool));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&[&hits[..1], &hits[3..]].concat()));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueFull), 2);
}

#[test]
fn the_queue_is_bounded_in_bytes_with_what_is_in_flight() {
    let hits = hits(4);
    let mut options = options("bytes");
    options.queue.bytes = hits[0].size() * 3;
    let (pool, notes, door) = held(options);
    submit_all(&pool, &hits[..1]);
    door.wait_for(1);
    submit_all(&pool, &hits[1..3]);
    assert_eq!(pool.submit(hits[3].clone()), Submitted::Dropped(Reason::QueueBytes));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    submit_all(&pool, &hits[3..]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&hits));
    assert_balanced(&stats(&pool));
}

#[test]
fn the_oldest_give_way_to_a_large_hit_eight_at_most() {
    let small = hits(20);
    let mut options = options("bytes");
    options.queue.bytes = small[0].size() * 20;
    options.queue.when_full = WhenFull::DropOldest;
    let (pool, notes, door) = held(options);
    submit_all(&pool, &small[..1]);
    door.wait_for(1);
    submit_all(&pool, &small[1..]);
    let fits_for_eight = large_hit(small[0].size() * 7);
    let needs_nine = large_hit(small[0].size() * 8);
    assert!(fits_for_eight.size() <= small[0].size() * 8 && needs_nine.size() > small[0].size() * 8);
    assert_eq!(pool.submit(needs_nine), Submitted::Dropped(Reason::QueueBytes));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueBytes), 9);
    assert_eq!(pool.submit(fits_for_eight.clone()), Submitted::Queued);
    assert_balanced(&stats(&pool));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    let expected = [&small[..1], &small[9..], &[fits_for_eight]].concat();
    assert_eq!(notes.batches().concat(), ids(&expected));
}

#[test]
fn a_hit_larger_than_the_whole_queue_evicts_nothing() {
    let mut options = options("bytes");
    let small = hits(2);
    options.queue.bytes = small[0].size() * 2;
    options.queue.when_full = WhenFull::DropOldest;
    let (pool, _, door) = held(options);
    submit_all(&pool, &small[..1]);
    door.wait_for(1);
    submit_all(&pool, &small[1..]);
    assert_eq!(pool.submit(large_hit(1_500)), Submitted::Dropped(Reason::QueueBytes));
    assert_eq!(stats(&pool).queued, 1);
    door.open();
}
