//! Load on the main thread alone, for `cargo xtask test` to count its system calls: `load PAGE REQUESTS`.
#![allow(clippy::unwrap_used, reason = "a load that fails is to stop")]

use std::{env, thread, time::Duration};

use trackside_tests::{
    collector::Collector,
    folder::Folder,
    visit::{Page, Returning, site},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let page = match words[0].as_str() {
        "ignored" => Page::Ignored,
        "missing" => Page::Missing,
        _ => Page::Tracked,
    };
    let requests: u64 = words[1].parse().unwrap();
    let (folder, collector) = (Folder::new().unwrap(), Collector::start().unwrap());
    let visitor = Returning::to(site(3, &folder, &collector).unwrap()).unwrap();
    for n in 1..=requests {
        assert_eq!(visitor.visit(page).is_tracked(), page == Page::Tracked);
        // A queue that overflows would make room without the system's help. Where nothing is queued, the
        // threads of a flush would be all that is counted.
        if page == Page::Tracked && n % 2_000 == 0 {
            // On another thread: how often who waits is woken is no cost of a request.
            let flush = || visitor.tracker().flush(PATIENCE);
            let left = thread::scope(|scope| scope.spawn(flush).join()).unwrap();
            assert!(left.unwrap().is_empty());
        }
    }
    visitor.tracker().close(PATIENCE).unwrap();
    for book in visitor.tracker().stats().destinations {
        assert_eq!(book.delivered, book.offered, "{book:?}");
    }
}
