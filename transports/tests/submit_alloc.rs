//! `submit` allocates nothing, whether it queues, evicts or turns away. The allocator is the process's, so
//! this is a binary of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(unsafe_code, reason = "an allocator is unsafe to write")]

mod kit;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
    time::Duration,
};

use kit::*;
use trackside_core::{
    Config, Hit, Reason,
    config::{IpPolicy, WhenFull},
    protocol::Outcome,
    transport::{Submitted, Transport},
};
use trackside_transports::{
    keys::{DerivedKeys, FileKeys, Keys},
    pool::{FanOut, Pool},
};

/// Counts what each thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much this thread allocates while it submits `hits`, each of which is answered by `expected`.
fn allocations(transport: &dyn Transport, hits: Vec<Hit>, expected: Submitted) -> usize {
    let mut hits = hits.into_iter();
    let before = ALLOCATIONS.get();
    let answered = hits.by_ref().all(|hit| transport.submit(hit) == expected);
    let after = ALLOCATIONS.get();
    assert!(answered);
    after - before
}

fn pool(when_full: WhenFull) -> (Pool, Door) {
    let mut options = options("stats");
    options.queue.hits = 1_000;
    options.queue.when_full = when_full;
    let door = Door::default();
    let at = door.clone();
    let pool = Pool::new(
        options,
        does(move |batch, _| {
            at.pass();
            all(batch, Outcome::Delivered)
        }),
    );
    // The first submit builds the pool and starts its worker.
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    (pool, door)
}

#[test]
fn the_count_is_not_zero_by_mistake() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![0_u8; 100]));
    assert_eq!(ALLOCATIONS.get(), before + 1);
}

#[test]
fn submit_allocates_nothing() {
    let (pool, door) = pool(WhenFull::DropNewest);
    assert_eq!(allocations(&pool, hits(1_000), Submitted::Queued), 0);
    assert_eq!(allocations(&pool, hits(100), Submitted::Dropped(Reason::QueueFull)), 0);
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(allocations(&pool, hits(100), Submitted::Dropped(Reason::Closed)), 0);
}

#[test]
fn submit_allocates_nothing_when_the_oldest_give_way() {
    let (pool, door) = pool(WhenFull::DropOldest);
    assert_eq!(allocations(&pool, hits(2_000), Submitted::Queued), 0);
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueFull), 1_000);
    door.open();
}

#[test]
fn submit_allocates_nothing_for_any_number_of_destinations() {
    let (pools, doors): (Vec<_>, Vec<_>) = (0..3).map(|_| pool(WhenFull::DropNewest)).unzip();
    let destinations = pools.into_iter().map(|pool| (IpPolicy::Masked, Arc::new(pool) as Arc<dyn Transport>));
    let fan_out = FanOut::new(destinations.collect());
    assert_eq!(allocations(&fan_out, hits(1_000), Submitted::Queued), 0);
    doors.iter().for_each(Door::open);
}

#[test]
fn the_key_of_the_day_allocates_nothing() {
    let path = std::env::temp_dir().join(format!("trackside-keys-alloc-{}", std::process::id()));
    let text = "consent.policy = 'none'\nvisitor = { keys = 'derived', secret = '0123456789abcdef' }";
    let derived = Config::builder().toml(text).build().unwrap();
    let sources: [Box<dyn Keys>; 2] = [Box::new(FileKeys::new(&path)), Box::new(DerivedKeys::new(derived))];
    for keys in sources {
        // The first request of the day sees to it.
        assert!(keys.key(20_649).is_some());
        let before = ALLOCATIONS.get();
        let is_there = (0..1_000).all(|_| keys.key(20_649).is_some());
        let after = ALLOCATIONS.get();
        assert!(is_there);
        assert_eq!(after, before);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn submit_allocates_nothing_beside_a_worker_at_work() {
    let mut options = options("stats");
    options.batch.age = Duration::from_millis(1);
    let pool = Pool::new(options, does(|batch, _| all(batch, Outcome::Delivered)));
    submit_all(&pool, &hits(1));
    for _ in 0..20 {
        assert_eq!(allocations(&pool, hits(200), Submitted::Queued), 0);
        assert!(pool.flush(soon()).unwrap().is_empty());
    }
}
