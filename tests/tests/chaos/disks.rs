//! A disk that fails, fills, is read-only and slow at random, beneath pools that come and go.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use trackside_core::transport::Transport;
use trackside_tests::folder::Folder;
use trackside_transports::clock::{Clock, System};

use crate::{
    ailing::{Ailing, Mood},
    counts::{self, Counts},
    hits::Maker,
    random::Random,
    spooled::{LIMIT, Ledger, Setting, Taker},
};

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let (maker, folder) = (Maker::new(), Folder::new().unwrap());
    let (disk, taker) = (Ailing::new(seed), Taker::new(seed));
    let setting = Setting::new(&mut random, &maker, &folder.join("stats"), Arc::new(disk.clone()), &taker);
    let mut ledger = Ledger::default();
    for _ in 0..random.within(1..4) {
        if random.percent(60) {
            disk.be(Mood::Well);
        }
        live(&setting, &disk, &taker, &maker, &mut random, &mut ledger);
    }
    disk.be(Mood::Well);
    taker.is_well.store(true, SeqCst);
    setting.finish(&maker, &mut ledger);
    Counts { faults: disk.faults(), ..ledger.counts(&setting, disk.unmarked()) }
}

/// A pool is opened, used and closed while the disk changes its moods.
fn live(
    setting: &Setting,
    disk: &Ailing,
    taker: &Taker,
    maker: &Maker,
    random: &mut Random,
    ledger: &mut Ledger,
) {
    let pool = setting.open();
    let least = maker.page(0, 0).size() as u64;
    for _ in 0..random.within(10..60) {
        if random.percent(20) {
            disk.be(*random.one_of(&Mood::ALL));
        }
        if random.percent(10) {
            taker.is_away.store(random.percent(50), SeqCst);
        }
        for _ in 0..random.below(20) {
            ledger.submit(&pool, maker.page(System.micros(), random.below(300)));
        }
        let book = pool.stats().remove(0);
        assert!(book.delivered + counts::all_lost(&book) <= book.offered + book.adopted, "{book:?}");
        let held = book.volatile * least;
        assert!(held <= setting.bytes(), "{held} bytes at least are held: {book:?}");
        thread::sleep(Duration::from_micros(random.below(10_000) as u64));
    }
    // As a process that has no time, or all of it.
    let now = Instant::now();
    let until = *random.one_of(&[now, now + Duration::from_millis(20), now + LIMIT]);
    if until > now + Duration::from_secs(1) {
        taker.is_away.store(false, SeqCst);
    }
    ledger.close(&pool, until);
}
