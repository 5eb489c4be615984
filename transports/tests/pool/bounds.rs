//! What a queue holds, and what gives way.

use trackside_core::{Annotations, Event, Moment, Request, Response, judge};

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

/// A hit of an event called `name`.
fn event(name: &'static str) -> Hit {
    let config = config();
    let headers = [("host", "www.example.com")];
    let request = Request::new("POST", "/", &headers);
    let exchange = judge::begin(&config, &request, Moment::new(1_700_000_000_000_000, entropy()), None);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let annotations = Annotations::new().event(Event::new(name));
    let mut hits = Vec::new();
    let verdict =
        judge::finish(&config, exchange, &request, &response, &annotations, &mut |hit| hits.push(hit));
    assert!(!verdict.is_tracked(), "a POST is no page view, and its event counts");
    hits.pop().unwrap()
}

fn entropy() -> [u8; 64] {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let mut entropy = [7; 64];
    entropy[8..16].copy_from_slice(&COUNT.fetch_add(1, SeqCst).to_be_bytes());
    entropy
}

/// Twenty hits at most and two purchases beside them, while the sink is held.
fn held_with_important(when_full: WhenFull) -> (Pool, Notes, Door) {
    let mut options = options("important");
    options.queue.hits = 20;
    options.queue.when_full = when_full;
    options.queue.important = vec!["purchase".to_owned(), "refund".to_owned()];
    let (pool, notes, door) = held(options);
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    (pool, notes, door)
}

#[test]
fn important_hits_go_before_all_others() {
    let (pool, notes, door) = held_with_important(WhenFull::DropNewest);
    let (others, important) = (hits(3), [event("purchase"), event("refund")]);
    submit_all(&pool, &others[..2]);
    submit_all(&pool, &important);
    submit_all(&pool, &others[2..]);
    assert_balanced(&stats(&pool));
    assert_eq!(stats(&pool).queued, 5);
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    let seen = notes.batches().concat();
    assert_eq!(seen[1..], [ids(&important), ids(&others)].concat());
}

#[test]
fn important_hits_have_a_tenth_of_the_room_beside_that_of_all() {
    let (pool, notes, door) = held_with_important(WhenFull::DropNewest);
    let others = hits(20);
    submit_all(&pool, &others);
    assert_eq!(pool.submit(hit()), Submitted::Dropped(Reason::QueueFull));
    assert_eq!(pool.submit(event("visit")), Submitted::Dropped(Reason::QueueFull), "of no important name");
    let important = [event("purchase"), event("purchase")];
    submit_all(&pool, &important);
    assert_eq!(pool.submit(event("purchase")), Submitted::Dropped(Reason::QueueFull));
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, count(&book.dropped, Reason::QueueFull)), (23, 3));
    assert_eq!(notes.batches().concat()[1..3], ids(&important));
}

#[test]
fn important_hits_that_find_their_queue_full_go_with_the_others() {
    let (pool, notes, door) = held_with_important(WhenFull::DropNewest);
    let important = [event("purchase"), event("purchase"), event("purchase")];
    submit_all(&pool, &important);
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat()[1..], ids(&important));
}

#[test]
fn important_hits_never_give_way() {
    let (pool, notes, door) = held_with_important(WhenFull::DropOldest);
    let important = [event("purchase"), event("refund")];
    submit_all(&pool, &important);
    submit_all(&pool, &hits(100));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueFull), 80);
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat()[1..3], ids(&important));
    assert_balanced(&stats(&pool));
}

#[test]
fn important_hits_have_a_tenth_of_the_bytes_beside_those_of_all() {
    let (small, important) = (hits(21), event("purchase"));
    let mut options = options("bytes");
    options.queue.bytes = small[0].size() * 20;
    options.queue.important = vec!["purchase".to_owned()];
    assert!(
        (small[0].size()..2 * small[0].size()).contains(&important.size()),
        "one fits into the tenth, not two"
    );
    let (pool, _, door) = held(options);
    submit_all(&pool, &small[..1]);
    door.wait_for(1);
    submit_all(&pool, &small[1..20]);
    assert_eq!(pool.submit(small[20].clone()), Submitted::Dropped(Reason::QueueBytes));
    assert_eq!(pool.submit(important.clone()), Submitted::Queued);
    assert_eq!(pool.submit(important), Submitted::Dropped(Reason::QueueBytes));
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 21);
}

#[test]
fn an_importer_waits_for_room_and_loses_nothing() {
    for when_full in [WhenFull::DropNewest, WhenFull::DropOldest] {
        let mut options = options("import");
        options.queue.hits = 4;
        options.queue.when_full = when_full;
        options.batch.hits = 2;
        let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
        let hits = hits(2_000);
        thread::scope(|scope| {
            for part in hits.chunks(500) {
                let pool = &pool;
                scope.spawn(move || {
                    for hit in part {
                        assert_eq!(pool.submit_until(hit.clone(), soon()), Ok(Submitted::Queued));
                    }
                });
            }
        });
        assert!(pool.close(soon()).unwrap().is_empty());
        let book = stats(&pool);
        assert_balanced(&book);
        let dropped = count(&book.dropped, Reason::QueueFull);
        assert_eq!(book.delivered + dropped, 2_000);
        if when_full == WhenFull::DropNewest {
            assert_eq!((dropped, notes.seen().len()), (0, 2_000));
        }
    }
}

#[test]
fn an_importer_waits_no_longer_than_its_deadline() {
    let mut options = options("import");
    options.queue.hits = 1;
    let (pool, _, door) = held(options);
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    submit_all(&pool, &hits(1));
    let until = Instant::now() + Duration::from_millis(30);
    assert_eq!(pool.submit_until(hit(), until), Ok(Submitted::Dropped(Reason::QueueFull)));
    assert!(Instant::now() >= until);
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.offered, book.pending()), (3, 2));
    door.open();
}

#[test]
fn an_important_hit_of_an_importer_waits_for_room_in_either_queue() {
    let (pool, notes, door) = held_with_important(WhenFull::DropNewest);
    submit_all(&pool, &hits(20));
    let now = Instant::now();
    let important = [event("purchase"), event("refund")];
    for hit in &important {
        assert_eq!(pool.submit_until(hit.clone(), soon()), Ok(Submitted::Queued));
    }
    assert!(now.elapsed() < LONG, "it waited for room among the others");
    // Of these there are as many as may be.
    assert_eq!(pool.submit_until(event("purchase"), now), Ok(Submitted::Dropped(Reason::QueueFull)));
    thread::scope(|scope| {
        let waits = scope.spawn(|| pool.submit_until(event("purchase"), soon()));
        eventually("it waits", || stats(&pool).offered == 25);
        door.open();
        assert_eq!(waits.join().unwrap(), Ok(Submitted::Queued));
    });
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, count(&book.dropped, Reason::QueueFull)), (24, 1));
    assert_eq!(notes.batches().concat()[1..3], ids(&important));
}

#[test]
fn an_importer_does_not_wait_for_what_never_comes() {
    let mut options = options("import");
    options.queue.bytes = hit().size();
    let (pool, _, door) = held(options);
    assert_eq!(pool.submit_until(large_hit(500), soon()), Ok(Submitted::Dropped(Reason::QueueBytes)));
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    // It waits, and close ends that.
    thread::scope(|scope| {
        let waits = scope.spawn(|| pool.submit_until(hit(), soon()));
        eventually("it waits", || stats(&pool).offered == 3);
        pool.close(Instant::now()).unwrap();
        assert_eq!(waits.join().unwrap(), Ok(Submitted::Dropped(Reason::Closed)));
    });
    door.open();
}

#[test]
fn a_worker_that_imports_does_not_wait_for_itself() {
    let place: Arc<OnceLock<Weak<Pool>>> = Arc::default();
    let (inside, answers) = (place.clone(), Arc::new(Mutex::new(Vec::new())));
    let heard = answers.clone();
    let (pool, _) = scripted(options("reentrant"), move |_, batch| {
        let pool = inside.wait().upgrade().unwrap();
        heard.lock().unwrap().push(pool.submit_until(hit(), soon()));
        all(batch, Outcome::Delivered)
    });
    let pool = Arc::new(pool);
    place.set(Arc::downgrade(&pool)).unwrap();
    submit_all(&*pool, &hits(1));
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(*answers.lock().unwrap(), [Err(Reentrant)]);
    assert_eq!(stats(&*pool).offered, 1);
}
