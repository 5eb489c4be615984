//! The queue's contract: its bounds, what gives way at them and what does not, the order, and what it hands back, by
//! which the books are kept. How importers wait at it is tested beside the whole pool (`tests/pool/bounds.rs`), and
//! that a forked child begins with an empty one in processes of their own (`fork_queue`).

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicI64, AtomicU64},
    },
    thread,
};

use trackside_core::{Annotations, Config, Event, Hit, Moment, Request, Response, config::Policy, judge};

use super::*;
use crate::pool::{
    books::Epoch,
    store::test::{Place, disk::Faulty, fill, running as spooled},
};

/// The name of important hits.
const ORDER: &str = "order";

fn config() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(|| {
        Config::builder().toml("privacy.path = 'full'").consent(Policy::None).build().unwrap()
    })
}

/// A page view of this number, with a path `more` bytes longer than that of the smallest.
fn page(number: u64, more: usize) -> Hit {
    made(number, more, None)
}

/// An event.
fn event(number: u64, name: &str) -> Hit {
    made(number, 0, Some(name))
}

fn made(number: u64, more: usize, event: Option<&str>) -> Hit {
    let path = format!("/{number:06}/{}", "x".repeat(more));
    let request = Request::new("GET", &path, &[("host", "www.example.com")]);
    let exchange = judge::begin(config(), &request, Moment::new(number, [7; 64]), None);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let annotations = Annotations::new();
    let annotations = event.map_or(annotations.clone(), |name| annotations.event(Event::new(name)));
    let mut hits = Vec::new();
    let verdict =
        judge::finish(config(), exchange, &request, &response, &annotations, &mut |hit| hits.push(hit));
    assert!(verdict.is_tracked());
    assert_eq!(hits.len(), 1 + usize::from(event.is_some()));
    hits.pop().unwrap()
}

fn item(hit: Hit) -> Item {
    Item::new(hit, Epoch::default())
}

/// Which page an item is of.
fn number(item: &Item) -> u64 {
    item.submitted().micros()
}

fn bounds(hits: usize, bytes: usize, when_full: WhenFull) -> config::Queue {
    let mut bounds = config().destinations()[0].queue.clone();
    (bounds.hits, bounds.bytes, bounds.when_full) = (hits, bytes, when_full);
    bounds
}

/// With a lane of important hits.
fn with_lane(mut bounds: config::Queue) -> config::Queue {
    bounds.important = vec!["refund".to_owned(), ORDER.to_owned()];
    bounds
}

/// What became of a push: the bound that kept the item out, and who gave way, for which bound.
type Pushed = (Result<(), Reason>, Vec<(u64, Reason)>);

fn push(queue: &Queue, hit: Hit) -> Pushed {
    let mut gone = Vec::new();
    let pushed = queue.push(item(hit), |item, reason| gone.push((number(&item), reason)));
    (pushed.map_err(|(_, reason)| reason), gone)
}

fn queued() -> Pushed {
    (Ok(()), Vec::new())
}

fn turned_away(reason: Reason) -> Pushed {
    (Err(reason), Vec::new())
}

/// Takes all that waits, and gives its bytes back.
fn rest(queue: &Queue) -> Vec<u64> {
    let items: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    items.iter().for_each(|item| queue.release(item.size()));
    assert!(queue.is_empty() && queue.bytes.0.load(SeqCst) == 0);
    items.iter().map(number).collect()
}

#[test]
fn hits_come_out_in_the_order_in_which_they_went_in() {
    let queue = Queue::new(&bounds(100, 1 << 20, WhenFull::DropNewest));
    assert!(queue.is_empty() && queue.pop().is_none());
    for n in 0..100 {
        assert_eq!(push(&queue, page(n, 0)), queued());
        assert_eq!(queue.len() as u64, n + 1);
    }
    assert_eq!(rest(&queue), (0..100).collect::<Vec<_>>());
}

#[test]
fn no_more_hits_wait_than_its_bound_and_one_that_is_taken_makes_room() {
    let queue = Queue::new(&bounds(3, 1 << 20, WhenFull::DropNewest));
    (0..3).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    assert_eq!(push(&queue, page(3, 0)), turned_away(Reason::QueueFull));
    assert_eq!(queue.pop().as_ref().map(number), Some(0));
    assert_eq!(push(&queue, page(4, 0)), queued());
    assert_eq!(push(&queue, page(5, 0)), turned_away(Reason::QueueFull));
}

#[test]
fn who_is_turned_away_comes_back_and_leaves_nothing_taken() {
    let (size, large) = (page(0, 0).size(), page(9, 400).size());
    for (hits, bytes, reason) in
        [(2, size * 2 + large, Reason::QueueFull), (9, size * 2 + large - 1, Reason::QueueBytes)]
    {
        let queue = Queue::new(&bounds(hits, bytes, WhenFull::DropNewest));
        (0..2).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
        let (back, why) = queue.push(item(page(9, 400)), |_, _| panic!("nobody gives way")).unwrap_err();
        assert_eq!((number(&back), why), (9, reason));
        assert_eq!(queue.bytes.0.load(SeqCst), 2 * size);
        assert_eq!(rest(&queue), [0, 1]);
    }
}

#[test]
fn bytes_are_bounded_to_the_byte_and_stay_taken_until_a_hit_has_ended() {
    let size = page(0, 0).size();
    let queue = Queue::new(&bounds(100, size * 3, WhenFull::DropNewest));
    (0..3).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    assert_eq!(push(&queue, page(3, 0)), turned_away(Reason::QueueBytes));
    // In the hands of a worker they are held as before.
    let taken = queue.pop().unwrap();
    assert_eq!(push(&queue, page(4, 0)), turned_away(Reason::QueueBytes));
    queue.release(taken.size());
    assert_eq!(push(&queue, page(5, 1)), turned_away(Reason::QueueBytes), "a byte too many");
    assert_eq!(push(&queue, page(6, 0)), queued());
    assert_eq!(rest(&queue), [1, 2, 6]);
}

#[test]
fn a_hit_that_is_in_the_spool_holds_none_of_the_bytes() {
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = spooled(&place, &disk, |_| {});
    fill(&running, &factory, 1);
    let items = running.take_spooled(1, std::time::Instant::now());
    assert_eq!(items.iter().map(Item::size).collect::<Vec<_>>(), [0]);
    assert_ne!(item(items[0].submitted().clone()).size(), 0, "in memory it would");
}

#[test]
fn bounds_of_nothing_are_a_bound_of_one() {
    let queue = Queue::new(&bounds(0, 1 << 20, WhenFull::DropNewest));
    assert_eq!(push(&queue, page(0, 0)), queued());
    assert_eq!(push(&queue, page(1, 0)), turned_away(Reason::QueueFull));
}

#[test]
fn the_oldest_give_way_for_room_in_hits() {
    let queue = Queue::new(&bounds(3, 1 << 20, WhenFull::DropOldest));
    (0..3).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    assert_eq!(push(&queue, page(3, 0)), (Ok(()), vec![(0, Reason::QueueFull)]));
    assert_eq!(push(&queue, page(4, 0)), (Ok(()), vec![(1, Reason::QueueFull)]));
    assert_eq!(rest(&queue), [2, 3, 4]);
}

#[test]
fn the_oldest_give_way_for_room_in_bytes_and_no_more_of_them_than_it_takes() {
    let (size, large) = (page(0, 0).size(), page(9, 400).size());
    let most = 6 * size;
    // As many as it takes, rounded up.
    let needed = large.div_ceil(size) as u64;
    assert!((2..6).contains(&needed));
    let queue = Queue::new(&bounds(100, most, WhenFull::DropOldest));
    (0..6).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    let gone = (0..needed).map(|n| (n, Reason::QueueBytes)).collect();
    assert_eq!(push(&queue, page(9, 400)), (Ok(()), gone));
    assert_eq!(rest(&queue), (needed..6).chain([9]).collect::<Vec<_>>());
}

#[test]
fn eight_give_way_at_most_and_then_who_comes_does() {
    let (size, large) = (page(0, 0).size(), page(99, 1_900).size());
    assert!(large > 8 * size);
    let count = large.div_ceil(size) as u64;
    let queue = Queue::new(&bounds(100, size * count as usize, WhenFull::DropOldest));
    (0..count).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    let gone = (0..8).map(|n| (n, Reason::QueueBytes)).collect();
    assert_eq!(push(&queue, page(99, 1_900)), (Err(Reason::QueueBytes), gone));
    assert_eq!(rest(&queue), (8..count).collect::<Vec<_>>());
}

#[test]
fn nobody_gives_way_to_what_would_not_fit_alone_nor_in_vain() {
    let size = page(0, 0).size();
    let queue = Queue::new(&bounds(100, 2 * size, WhenFull::DropOldest));
    (0..2).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    assert_eq!(push(&queue, page(9, 2 * size)), turned_away(Reason::QueueBytes));
    // All the bytes are in the hands of workers: there is nobody who could.
    let taken = [queue.pop(), queue.pop()].map(Option::unwrap);
    assert_eq!(push(&queue, page(3, 0)), turned_away(Reason::QueueBytes));
    taken.iter().for_each(|item| queue.release(item.size()));
    assert!(rest(&queue).is_empty());
}

#[test]
fn the_oldest_give_way_in_any_case_where_the_spool_has_no_room_either() {
    let queue = Queue::new(&bounds(1, 1 << 20, WhenFull::DropNewest));
    assert_eq!(push(&queue, page(0, 0)), queued());
    let mut gone = Vec::new();
    let pushed = queue.push_over(item(page(1, 0)), |item, reason| gone.push((number(&item), reason)));
    assert!(pushed.is_ok());
    assert_eq!((gone, rest(&queue)), (vec![(0, Reason::QueueFull)], vec![1]));
}

#[test]
fn important_hits_are_read_first_and_in_their_order() {
    let queue = Queue::new(&with_lane(bounds(30, 1 << 20, WhenFull::DropNewest)));
    let hits =
        [page(0, 0), event(1, "visit"), event(2, ORDER), page(3, 0), event(4, "refund"), event(5, ORDER)];
    for hit in hits {
        assert_eq!(push(&queue, hit), queued());
    }
    assert_eq!(queue.len(), 6);
    assert_eq!(rest(&queue), [2, 4, 5, 0, 1, 3]);
}

#[test]
fn without_names_no_hit_is_important() {
    let queue = Queue::new(&bounds(30, 1 << 20, WhenFull::DropNewest));
    assert_eq!(push(&queue, page(0, 0)), queued());
    assert_eq!(push(&queue, event(1, ORDER)), queued());
    assert_eq!(rest(&queue), [0, 1]);
}

#[test]
fn important_hits_have_a_tenth_of_the_hits_rounded_up_and_then_go_with_the_others() {
    for (hits, lane) in [(1, 1), (10, 1), (11, 2), (30, 3)] {
        let queue = Queue::new(&with_lane(bounds(hits, 1 << 20, WhenFull::DropNewest)));
        (0..hits).for_each(|n| assert_eq!(push(&queue, page(n as u64, 0)), queued()));
        (0..lane).for_each(|n| assert_eq!(push(&queue, event(100 + n, ORDER)), queued(), "{hits}"));
        assert_eq!(push(&queue, event(200, ORDER)), turned_away(Reason::QueueFull), "{hits}");
        assert_eq!(queue.pop().as_ref().map(number), Some(100));
        assert_eq!(push(&queue, event(300, ORDER)), queued(), "the lane has room again");
    }
}

#[test]
fn important_hits_have_a_tenth_of_the_bytes_beside_what_the_others_have_taken() {
    let (size, order) = (page(0, 0).size(), event(0, ORDER).size());
    let bytes = 20 * size;
    assert_eq!(bytes / 10 / order, 1, "room for one");
    let queue = Queue::new(&with_lane(bounds(100, bytes, WhenFull::DropNewest)));
    (0..20).for_each(|n| assert_eq!(push(&queue, page(n, 0)), queued()));
    assert_eq!(push(&queue, event(30, ORDER)), queued());
    assert_eq!(push(&queue, event(31, ORDER)), turned_away(Reason::QueueBytes));
    // The tenth is nobody else's: what comes is held against the bound without it.
    queue.release(queue.pop().unwrap().size());
    assert_eq!(push(&queue, page(32, 0)), turned_away(Reason::QueueBytes));
}

#[test]
fn important_hits_give_way_to_nobody() {
    let queue = Queue::new(&with_lane(bounds(20, 1 << 20, WhenFull::DropOldest)));
    (0..2).for_each(|n| assert_eq!(push(&queue, event(n, ORDER)), queued()));
    for n in 10..30 {
        assert_eq!(push(&queue, page(n, 0)), queued());
    }
    // The lane is full: those that come go with the others, and the oldest of those give way to them.
    assert_eq!(push(&queue, event(30, ORDER)), (Ok(()), vec![(10, Reason::QueueFull)]));
    assert_eq!(push(&queue, page(31, 0)), (Ok(()), vec![(11, Reason::QueueFull)]));
    assert_eq!(rest(&queue)[..2], [0, 1]);
}

#[test]
fn who_asks_for_room_is_told_what_a_push_would_find() {
    let size = page(0, 0).size();
    let queue = Queue::new(&bounds(2, 3 * size, WhenFull::DropNewest));
    assert!(queue.could_hold(3 * size, false) && !queue.could_hold(3 * size + 1, false));
    assert!(queue.has_room(3 * size, false) && !queue.has_room(3 * size + 1, false));
    assert_eq!(push(&queue, page(0, 0)), queued());
    assert!(queue.has_room(2 * size, false) && !queue.has_room(2 * size + 1, false));
    assert!(queue.could_hold(3 * size, false), "if it were alone");
    assert_eq!(push(&queue, page(1, 0)), queued());
    assert!(!queue.has_room(0, false), "in hits");
}

#[test]
fn for_important_hits_there_is_the_room_of_their_own_lane_too() {
    let size = page(0, 0).size();
    let order = event(10, ORDER);
    // A tenth is one hit, and one page's bytes.
    let queue = Queue::new(&with_lane(bounds(2, 10 * size, WhenFull::DropNewest)));
    assert!(
        queue.is_important(&order)
            && !queue.is_important(&page(0, 0))
            && !queue.is_important(&event(1, "visit"))
    );
    assert!(queue.could_hold(11 * size, true) && !queue.could_hold(11 * size + 1, true));
    assert!(!queue.could_hold(11 * size, false));
    for n in 0..2 {
        assert_eq!(push(&queue, page(n, 0)), queued());
    }
    assert!(queue.has_room(9 * size, true) && !queue.has_room(9 * size + 1, true));
    assert!(!queue.has_room(0, false), "in hits");
    assert_eq!(push(&queue, order), queued());
    assert!(!queue.has_room(0, true), "both lanes are full");
    let others = Queue::new(&bounds(2, 10 * size, WhenFull::DropNewest));
    assert!(!others.is_important(&event(10, ORDER)), "it has no such lane");
}

/// The queue as a reader of DESIGN would write it.
struct Model {
    bounds: config::Queue,
    taken: usize,
    others: VecDeque<(u64, usize)>,
    lane: VecDeque<(u64, usize)>,
}

impl Model {
    fn push(&mut self, number: u64, size: usize, is_important: bool) -> Pushed {
        let config::Queue { hits, bytes, when_full, ref important, .. } = self.bounds;
        let (lane_hits, lane_bytes) = (hits.div_ceil(10), bytes + bytes.div_ceil(10));
        if is_important
            && !important.is_empty()
            && self.lane.len() < lane_hits
            && self.taken + size <= lane_bytes
        {
            self.taken += size;
            self.lane.push_back((number, size));
            return queued();
        }
        let mut gone = Vec::new();
        loop {
            let reason = match () {
                () if self.taken + size > bytes => Reason::QueueBytes,
                () if self.others.len() == hits => Reason::QueueFull,
                () => break,
            };
            let may_evict = when_full == WhenFull::DropOldest && size <= bytes && gone.len() < 8;
            let Some((oldest, its)) = may_evict.then(|| self.others.pop_front()).flatten() else {
                return (Err(reason), gone);
            };
            self.taken -= its;
            gone.push((oldest, reason));
        }
        self.taken += size;
        self.others.push_back((number, size));
        (Ok(()), gone)
    }

    fn pop(&mut self) -> Option<(u64, usize)> {
        self.lane.pop_front().or_else(|| self.others.pop_front())
    }
}

#[test]
fn it_does_as_the_model_does() {
    let hits: Vec<_> = (0..400_u64)
        .map(|n| if n % 7 == 0 { event(n, ORDER) } else { page(n, (n as usize * 131) % 1_500) })
        .collect();
    for seed in 1..=300_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % n) as usize
        };
        let when_full = [WhenFull::DropNewest, WhenFull::DropOldest][below(2)];
        let mut bounds = bounds(1 + below(30), 200 + below(8_000), when_full);
        if below(2) == 0 {
            bounds = with_lane(bounds);
        }
        let (mut held, queue) = (Vec::new(), Queue::new(&bounds));
        let mut model = Model { bounds, taken: 0, others: VecDeque::new(), lane: VecDeque::new() };
        for hit in &hits {
            let is_important = hit.name() == ORDER;
            let expected = model.push(hit.micros(), hit.size(), is_important);
            assert_eq!(push(&queue, hit.clone()), expected, "seed {seed}, hit {}", hit.micros());
            for _ in 0..below(3) {
                let popped = queue.pop();
                assert_eq!(
                    popped.as_ref().map(|item| (number(item), item.size())),
                    model.pop(),
                    "seed {seed}"
                );
                held.extend(popped);
            }
            while below(2) == 0 && !held.is_empty() {
                let ended = held.swap_remove(below(held.len() as u64));
                queue.release(ended.size());
                model.taken -= ended.size();
            }
            assert_eq!(queue.bytes.0.load(SeqCst), model.taken, "seed {seed}");
            assert_eq!(queue.len(), model.others.len() + model.lane.len(), "seed {seed}");
        }
    }
}

#[test]
fn beside_each_other_threads_lose_nothing_double_nothing_and_stay_within_its_bounds() {
    const THREADS: u64 = 4;
    const EACH: u64 = 2_000;
    let size = page(0, 0).size();
    for when_full in [WhenFull::DropNewest, WhenFull::DropOldest] {
        let bytes = 30 * size;
        let queue = Queue::new(&with_lane(bounds(40, bytes, when_full)));
        let most = (bytes + bytes.div_ceil(10)) as i64;
        // Counted after they are queued and until they are given back: never more than what is really held.
        let held = AtomicI64::new(0);
        let (taken, gone, back) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()), AtomicU64::new(0));
        let senders = AtomicU64::new(THREADS);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (queue, gone, back, senders, held) = (&queue, &gone, &back, &senders, &held);
                scope.spawn(move || {
                    for n in thread * EACH..(thread + 1) * EACH {
                        let hit = if n % 16 == 0 { event(n, ORDER) } else { page(n, 0) };
                        let more = hit.size() as i64;
                        match queue.push(item(hit), |item, _| gone.lock().unwrap().push(number(&item))) {
                            Ok(()) => _ = held.fetch_add(more, SeqCst),
                            Err(_) => _ = back.fetch_add(1, SeqCst),
                        }
                        // Who gives way has given its bytes back before anybody here is told.
                        assert!(when_full == WhenFull::DropOldest || held.load(SeqCst) <= most);
                    }
                    senders.fetch_sub(1, SeqCst);
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut mine = VecDeque::new();
                    loop {
                        let is_last = senders.load(SeqCst) == 0;
                        let popped = queue.pop();
                        let is_empty = popped.is_none();
                        mine.extend(popped);
                        if mine.len() > 10 || is_empty {
                            if let Some(ended) = mine.pop_front() {
                                held.fetch_sub(ended.size() as i64, SeqCst);
                                queue.release(ended.size());
                                taken.lock().unwrap().push(number(&ended));
                            } else if is_last {
                                break;
                            }
                        }
                    }
                });
            }
        });
        let (taken, gone, back) =
            (taken.into_inner().unwrap(), gone.into_inner().unwrap(), back.into_inner());
        assert!(rest(&queue).is_empty());
        let all: BTreeSet<_> = taken.iter().chain(&gone).collect();
        assert_eq!(all.len(), taken.len() + gone.len(), "each comes out once");
        assert_eq!(all.len() as u64 + back, THREADS * EACH);
        assert!(gone.is_empty() || when_full == WhenFull::DropOldest);
    }
}
