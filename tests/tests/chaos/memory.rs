//! A pool whose receiver is there and takes nothing, over many times the hits that it may hold, with a disk beneath it
//! that fails and fills: its memory grows by what its queue may hold and no more, and it gives back what it had.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    config::{Fsync, Http, Spooling, WhenFull, Workers},
    protocol::Needs,
    transport::{Submitted, Transport},
};
use trackside_tests::folder::Folder;
use trackside_transports::{
    clock::{Clock, System},
    pool::{Backoff, Options, Pool},
    sinks,
    spool::{self, Budget},
};

use crate::{
    ailing::{Ailing, Mood},
    counts::{self, Counts, assert_balanced},
    heap,
    hits::Maker,
    random::Random,
    receiver::{Fault, Profile, Receiver},
    spooled::LIMIT,
    watched::Counted,
    wire::Wire,
};

/// What comes on top of the queue's bytes: for each worker a request, its connection and its batches, and the hit that is
/// being submitted.
const EACH: i64 = 256 << 10;

/// And a compressor where bodies are compressed.
const GZIP: i64 = 320 << 10;

/// What a spool reads at a time from each of the files to which hits are written side by side, and no more, however many
/// hits it has.
const READS: i64 = 8 * (72 << 10);

/// And for each hit in memory, beside its record.
const BESIDE: i64 = 16;

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let (maker, folder, disk) = (Maker::new(), Folder::new().unwrap(), Ailing::new(seed));
    let patience = Duration::from_millis(random.within(30..80) as u64);
    let faults = vec![Fault::Deaf, Fault::Mute, Fault::ResetMidRequest, Fault::Slow];
    let receiver = Receiver::start(seed, Profile { faults, percent: 100, patience });
    let spooling = *random.one_of(&[Spooling::Off, Spooling::Overflow, Spooling::Always]);
    let mut options = options(&mut random, &maker, receiver.url());
    options.spool = (spooling != Spooling::Off).then(|| {
        let budget = Arc::new(Budget::new(*random.one_of(&[400 << 10, 1 << 30])));
        let (folder, disk) = (folder.join("stats"), Arc::new(disk.clone()));
        (spooling, spool::Options { folder, fsync: Fsync::Never, budget, disk })
    });
    let gzip = if options.protocol.as_ref().unwrap().needs().gzip { GZIP } else { 0 };
    let workers = if let Workers::Count(workers) = options.workers { workers as i64 } else { 1 };
    let bytes = options.queue.bytes as i64;
    let mut http = Http::from(patience);
    http.stages.answer = patience * 3 / 4;
    let factory = sinks::http::factory(Arc::clone(options.protocol.as_ref().unwrap()), http);
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(20));
    let pool = Pool::with_backoff(options, backoff, factory);
    assert_eq!(pool.stats()[0].offered, 0);

    let before = heap::live();
    heap::peak();
    let (mut submitted, mut least, mut queued) = (0, i64::MAX, 0);
    while submitted < 4 * bytes {
        if random.percent(5) {
            disk.be(*random.one_of(&Mood::ALL));
        }
        for _ in 0..random.within(50..500) {
            let hit = maker.page(System.micros(), random.below(1_500));
            submitted += hit.size() as i64;
            least = least.min(hit.size() as i64);
            queued += u64::from(pool.submit(hit) == Submitted::Queued);
        }
        thread::sleep(Duration::from_micros(random.below(3_000) as u64));
    }
    let grown = heap::peak() - before;
    let reads = if spooling == Spooling::Off { 0 } else { READS };
    let most = bytes + bytes / least * BESIDE + workers * (EACH + gzip) + reads;
    assert!(queued > 0);
    assert!(grown <= most, "{grown} bytes more, and {most} may be: {:?}", pool.stats());

    disk.be(Mood::Well);
    receiver.heal();
    let until = Instant::now() + if random.percent(50) { LIMIT } else { Duration::ZERO };
    pool.close(until).unwrap();
    let limit = Instant::now() + LIMIT;
    let book = loop {
        let book = pool.stats().remove(0);
        if book.queued + book.in_flight == 0 {
            break book;
        }
        assert!(Instant::now() < limit, "{book:?}");
        thread::yield_now();
    };
    assert_balanced(&book);
    receiver.close();
    let faults = receiver.faults() + disk.faults();
    Counts { runs: 1, faults, hits: book.offered, given_up: counts::all_lost(&book), ..Counts::default() }
}

fn options(random: &mut Random, maker: &Maker, url: &str) -> Options {
    let destination = maker.destination();
    let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
    (queue.hits, queue.bytes) = (20_000, random.within(256 << 10..2 << 20));
    queue.when_full = *random.one_of(&[WhenFull::DropNewest, WhenFull::DropOldest]);
    batch.hits = random.within(1..40);
    let mut needs = Needs::default();
    (needs.dedupe, needs.batch, needs.gzip) = (random.percent(70), random.within(1..20), random.percent(30));
    Options {
        name: "chaos".to_owned(),
        workers: Workers::Count(random.within(1..4)),
        queue,
        batch,
        dedupe: needs.dedupe,
        protocol: Some(Arc::new(Wire::new(url, needs, Arc::<Counted>::default()))),
        ..Options::of(destination)
    }
}
