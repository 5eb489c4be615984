//! Filters and editors: what they see, what becomes of their answers, and what of their mistakes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::{Duration, Instant},
};

use kit::*;
use trackside_core::{
    Annotations, Config, Event, Reason, Request, Response,
    enrich::Class,
    hit::{Edit, Text},
    ledger::Hits,
    protocol::{Enriched, Outcome},
    transport::Recording,
};
use trackside_transports::{
    Builder, Tracker,
    hooks::{HookError, Hooks},
    sink::SinkFactory,
};

const TWO: &str = "visitor.identity = 'none'
    [[destination]]
    type = 'callback'
    name = 'one'
    [[destination]]
    type = 'callback'
    name = 'two'
    ";

type Seen = Arc<Mutex<Vec<(String, Option<Class>)>>>;

/// A tracker of two destinations, and what arrives at the first.
fn noting(hooks: impl FnOnce(Builder) -> Builder) -> (Tracker, Seen) {
    noting_with("", hooks)
}

/// As [`noting`], where the second has the keys of `toml`, too.
fn noting_with(toml: &str, hooks: impl FnOnce(Builder) -> Builder) -> (Tracker, Seen) {
    let config = Config::builder().toml(&format!("{TWO}{toml}")).build().unwrap();
    let seen = Seen::default();
    let arrived = Arc::clone(&seen);
    let builder = Tracker::builder(config)
        .sink(
            "one",
            does(move |batch, _| {
                arrived.lock().unwrap().extend(batch.iter().map(|one| {
                    let class = one.found.unwrap().bot().map(|bot| bot.class());
                    (String::from_utf8(one.hit.path().to_vec()).unwrap(), class)
                }));
                all(batch, Outcome::Delivered)
            }),
        )
        .sink("two", does(|batch, _| all(batch, Outcome::Delivered)));
    (hooks(builder).open().unwrap(), seen)
}

fn visit(tracker: &Tracker, path: &str) {
    let headers = [("host", "www.example.com"), ("user-agent", "curl/8.5.0")];
    let request = Request::new("GET", path, &headers);
    let response = Response::new(200, &[("content-type", "text/html")]);
    assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
}

fn close(tracker: &Tracker) -> Vec<Hits> {
    let left = tracker.close(Duration::from_secs(60)).unwrap();
    assert!(left.is_empty(), "{left:?}");
    tracker.stats().destinations
}

#[test]
fn workers_look_at_every_hit() {
    let (tracker, seen) = noting(|builder| builder);
    visit(&tracker, "/");
    close(&tracker);
    assert_eq!(*seen.lock().unwrap(), [("/".to_owned(), Some(Class::Library))]);
}

#[test]
fn what_the_filter_does_not_want_is_refused() {
    let (tracker, seen) = noting(|builder| builder.filter(|hit| hit.hit.path() != b"/no"));
    ["/a", "/no", "/b"].iter().for_each(|path| visit(&tracker, path));
    let books = close(&tracker);
    let paths: Vec<_> = seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, ["/a", "/b"]);
    for book in books {
        assert_eq!((book.offered, book.delivered, book.panics), (3, 2, 0));
        assert_eq!(book.refused, [(Reason::Filtered, 1)]);
    }
}

#[test]
fn a_destination_gets_what_it_is_said_to_and_no_other_does_less() {
    let (tracker, seen) =
        noting_with("only = { hits = ['event:buy'], sites = ['WWW.example.com'] }", |builder| {
            builder.edit(|hit, edit| {
                // It is asked of the hit as it was edited.
                if hit.hit.name() == "by" {
                    edit.set(Text::Name, "buy");
                }
            })
        });
    let headers = [("host", "www.example.com"), ("user-agent", "curl/8.5.0")];
    let request = Request::new("GET", "/cart", &headers);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let annotations =
        Annotations::new().event(Event::new("buy")).event(Event::new("by")).event(Event::new("b"));
    assert!(tracker.begin(&request).finish(&request, &response, &annotations).is_tracked());
    let [one, two] = &close(&tracker)[..] else { panic!("two destinations") };
    assert_eq!((one.delivered, seen.lock().unwrap().len()), (4, 4));
    assert_eq!((two.offered, two.delivered, two.pending()), (4, 2, 0));
    assert_eq!(two.refused, [(Reason::Filtered, 2)]);
}

#[test]
fn a_destination_changes_its_hits_for_itself_alone_and_after_the_editor() {
    let of_two = Arc::new(Mutex::new(Vec::new()));
    let arrived = Arc::clone(&of_two);
    let changes = "only.hits = ['page', 'event:b*']
        set = { path = '/two', agent = 'x', name = 'renamed', properties.env = 'prod' }
        drop = ['title', 'properties.secret']";
    let (tracker, seen) = noting_with(changes, |builder| {
        let builder = builder.edit(|_, edit| {
            edit.set(Text::Path, "/edited");
            edit.property("secret", "s3cret");
        });
        builder.sink(
            "two",
            does(move |batch, _| {
                arrived.lock().unwrap().extend(batch.iter().map(|one| {
                    let hit = one.hit;
                    let properties: Vec<_> =
                        hit.properties().map(|(key, value)| format!("{key} {value:?}")).collect();
                    let class = one.found.unwrap().bot().map(|bot| bot.class());
                    let path = String::from_utf8(hit.path().to_vec()).unwrap();
                    (path, hit.name().to_owned(), hit.title().to_owned(), properties, class)
                }));
                all(batch, Outcome::Delivered)
            }),
        )
    });
    let headers = [("host", "www.example.com"), ("user-agent", "curl/8.5.0")];
    let request = Request::new("GET", "/", &headers);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let annotations = Annotations::new().title("A").event(Event::new("buy")).event(Event::new("renamed"));
    assert!(tracker.begin(&request).finish(&request, &response, &annotations).is_tracked());
    let [one, two] = &close(&tracker)[..] else { panic!("two destinations") };
    assert_eq!((one.delivered, two.delivered, two.pending(), two.queued), (3, 2, 0, 0));
    // By the name that it had.
    assert_eq!(two.refused, [(Reason::Filtered, 1)]);
    let edited = ("/edited".to_owned(), Some(Class::Library));
    assert_eq!(*seen.lock().unwrap(), [edited.clone(), edited.clone(), edited]);
    let changed = |name: &str| {
        let properties = vec!["env Text(\"prod\")".to_owned()];
        ("/two".to_owned(), name.to_owned(), String::new(), properties, Some(Class::Library))
    };
    assert_eq!(*of_two.lock().unwrap(), [changed(""), changed("renamed")]);
}

#[test]
fn of_who_is_not_in_the_sample_the_book_says_so() {
    let (tracker, seen) = noting_with("only.visitors = 1", |builder| builder);
    (0..2_000).for_each(|_| visit(&tracker, "/"));
    let [_, two] = &close(&tracker)[..] else { panic!("two destinations") };
    assert_eq!(seen.lock().unwrap().len(), 2_000);
    let [(reason, refused)] = two.refused[..] else { panic!("{two:?}") };
    assert_eq!((reason, refused + two.delivered, two.pending()), (Reason::Sampled, 2_000, 0));
}

#[test]
fn an_edited_hit_is_looked_at_again_and_keeps_its_id() {
    let before = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&before);
    let ids = Arc::new(Mutex::new(Vec::new()));
    let arrived = Arc::clone(&ids);
    let (tracker, seen) = noting(|builder| {
        let builder = builder.sink(
            "two",
            does(move |batch, _| {
                arrived.lock().unwrap().extend(batch.iter().map(|one| one.hit.id()));
                all(batch, Outcome::Delivered)
            }),
        );
        builder.edit(move |hit, edit| {
            noted.lock().unwrap().push((hit.hit.id(), hit.found.unwrap().bot().is_some()));
            edit.set(Text::Path, format!("/edited/{}", hit.hit.path().len()));
            edit.set(Text::Agent, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
        })
    });
    visit(&tracker, "/secret");
    for book in close(&tracker) {
        assert_eq!((book.delivered, book.pending(), book.queued), (1, 0, 0), "bytes and hits are given back");
    }
    assert_eq!(*seen.lock().unwrap(), [("/edited/7".to_owned(), None)]);
    let before = before.lock().unwrap();
    assert_eq!(before.len(), 1, "one edit serves all destinations");
    assert!(before[0].1, "as it was recorded");
    assert_eq!(*ids.lock().unwrap(), [before[0].0]);
}

#[test]
fn one_answer_serves_all_destinations() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asks = Arc::clone(&asked);
    let (tracker, seen) = noting(move |builder| {
        builder.filter(move |hit| {
            let mut asked = asks.lock().unwrap();
            asked.push(hit.hit.id());
            // It takes back what it said as soon as it is asked again.
            asked.len() % 2 == 0
        })
    });
    (0..500).for_each(|_| visit(&tracker, "/"));
    for book in close(&tracker) {
        assert_eq!((book.delivered, book.refused), (250, vec![(Reason::Filtered, 250)]));
    }
    assert_eq!(seen.lock().unwrap().len(), 250);
    let mut asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 500);
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), 500);
}

/// Where the destinations have records of their own, these are two.
#[test]
fn records_of_different_addresses_are_edited_apart() {
    let asked = Arc::new(AtomicUsize::new(0));
    let asks = Arc::clone(&asked);
    let (tracker, _) =
        noting_with("ip = 'none'", move |builder| builder.edit(move |_, _| _ = asks.fetch_add(1, SeqCst)));
    visit(&tracker, "/");
    close(&tracker);
    assert_eq!(asked.load(SeqCst), 2);
}

/// Whoever is slow over a hit, those behind it do not overtake it.
#[test]
fn hits_stay_in_order_whoever_looks() {
    let config =
        Config::builder().toml("visitor.identity = 'none'\n[[destination]]\ntype = 'callback'\nworkers = 4");
    let paths = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&paths);
    let tracker = Tracker::builder(config.build().unwrap())
        .sink(
            "callback",
            does(move |batch, _| {
                noted
                    .lock()
                    .unwrap()
                    .push(batch.iter().map(|one| one.hit.path().to_vec()).collect::<Vec<_>>());
                // As a receiver that is slow enough for others to be called to help.
                std::thread::sleep(Duration::from_millis(6));
                all(batch, Outcome::Delivered)
            }),
        )
        .filter(|hit| {
            // Longer over some than over others. Who yields instead waits for all that a busy machine has to do.
            let began = Instant::now();
            while began.elapsed() < Duration::from_micros(hit.hit.micros() % 50) {}
            true
        })
        .open()
        .unwrap();
    (0..3_000).for_each(|n| visit(&tracker, &format!("/{n:04}")));
    close(&tracker);
    let batches = paths.lock().unwrap();
    assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 3_000);
    for batch in batches.iter() {
        assert!(batch.is_sorted(), "{batch:?}");
    }
}

#[test]
fn hooks_that_panic_are_counted_and_the_hit_goes_on() {
    let (tracker, seen) = noting(|builder| {
        builder.filter(|_| panic!("the host's mistake")).edit(|_, edit| {
            edit.set(Text::Path, "/never");
            panic!("another");
        })
    });
    (0..3).for_each(|_| visit(&tracker, "/"));
    for book in close(&tracker) {
        assert_eq!((book.delivered, book.panics), (3, 6));
    }
    assert_eq!(*seen.lock().unwrap(), vec![("/".to_owned(), Some(Class::Library)); 3]);
}

/// Fails over everything, and counts its handles.
struct Fails(Arc<AtomicUsize>);

impl Fails {
    fn new(handles: &Arc<AtomicUsize>) -> Self {
        handles.fetch_add(1, SeqCst);
        Self(Arc::clone(handles))
    }
}

impl Drop for Fails {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Hooks for Fails {
    fn filter(&self, _: &Enriched<'_>) -> Result<bool, HookError> {
        Err(HookError::new("no list"))
    }

    fn edit(&self, _: &Enriched<'_>, edit: &mut Edit) -> Result<(), HookError> {
        edit.set(Text::Path, "/never");
        Err(HookError::new("no names"))
    }

    fn share(&self) -> Box<dyn Hooks> {
        Box::new(Self::new(&self.0))
    }
}

#[test]
fn hooks_that_fail_are_counted_and_the_hit_goes_on() {
    let (tracker, seen) = noting(|builder| builder.filter(|_| false).hooks(Fails::new(&Arc::default())));
    visit(&tracker, "/");
    for book in close(&tracker) {
        assert_eq!((book.delivered, book.panics), (1, 2));
    }
    assert_eq!(*seen.lock().unwrap(), [("/".to_owned(), Some(Class::Library))]);
}

#[test]
fn whoever_may_ask_has_a_handle() {
    let handles = Arc::default();
    let (tracker, _) = noting(|builder| builder.hooks(Fails::new(&handles)));
    assert_eq!(handles.load(SeqCst), 1);
    visit(&tracker, "/");
    assert_eq!(handles.load(SeqCst), 3, "a worker of each destination");
    close(&tracker);
    assert_eq!(handles.load(SeqCst), 1, "no worker is left");
    drop(tracker);
    assert_eq!(handles.load(SeqCst), 0);
}

/// They hold no lock of the pool, so that a hook may ask what is going on; but it cannot wait for itself.
#[test]
fn a_hook_may_use_the_tracker() {
    let own: Arc<OnceLock<Tracker>> = Arc::default();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (tracker, asks) = (Arc::clone(&own), Arc::clone(&asked));
    let (opened, seen) = noting(move |builder| {
        builder.filter(move |_| {
            let tracker = tracker.get().unwrap();
            let pending: u64 = tracker.stats().destinations.iter().map(Hits::pending).sum();
            asks.lock().unwrap().push((pending > 0, tracker.flush(Duration::ZERO).is_err()));
            true
        })
    });
    own.set(opened.clone()).unwrap();
    visit(&opened, "/");
    close(&opened);
    assert_eq!(seen.lock().unwrap().len(), 1);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(asked.iter().all(|&(is_pending, is_refused)| is_pending && is_refused), "{asked:?}");
}

/// What a hook holds when the deadline comes is in flight, and dropped when it comes back.
#[test]
fn closing_does_not_wait_for_a_hook() {
    let gate = Arc::new(Door::default());
    let inside = Arc::clone(&gate);
    let (tracker, seen) = noting(move |builder| {
        builder.filter(move |_| {
            inside.pass();
            true
        })
    });
    visit(&tracker, "/");
    let left = tracker.close(Duration::from_millis(200)).unwrap();
    assert!(!left.is_empty(), "{left:?}");
    gate.open();
    eventually("the hook comes back", || tracker.stats().destinations.iter().all(|book| book.pending() == 0));
    for book in tracker.stats().destinations {
        assert_eq!(book.dropped, [(Reason::Shutdown, 1)]);
    }
    assert!(seen.lock().unwrap().is_empty());
}

/// Whose hits have become 20 times as large by the time they are sent, and for which the queue has so many bytes.
fn enlarging(bytes: usize, sink: impl SinkFactory) -> Tracker {
    let large = "x".repeat(1_000);
    let set: Vec<_> = (0..10).map(|n| format!("p{n} = '{large}'")).collect();
    let keys = format!(
        "visitor.identity = 'none'\n[[destination]]\ntype = 'callback'\nname = 'one'\n
         queue.bytes = {bytes}\nbatch = {{ hits = 1, bytes = {bytes} }}\nset.properties = {{ {} }}",
        set.join(", ")
    );
    let config = Config::builder().toml(&keys).build().unwrap();
    Tracker::builder(config).sink("one", sink).open().unwrap()
}

/// The size of a hit as it is queued.
fn own_size() -> usize {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let recording = Arc::new(Recording::new());
    visit(&Tracker::builder(config).transport(recording.clone()).open().unwrap(), "/");
    recording.take()[0].size()
}

#[test]
fn copies_that_were_edited_are_within_the_bytes_of_the_queue() {
    let door = Door::default();
    let (at, sizes) = (door.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = sizes.clone();
    let tracker = enlarging(
        80_000,
        does(move |batch: &[Enriched<'_>], _| {
            seen.lock().unwrap().push(batch[0].hit.size());
            at.pass();
            all(batch, Outcome::Delivered)
        }),
    );
    visit(&tracker, "/");
    door.wait_for(1);
    let copy = sizes.lock().unwrap()[0];
    assert!((10_000..12_000).contains(&copy), "{copy}");
    let dropped = || count(&tracker.stats().destinations[0].dropped, Reason::QueueBytes);
    while dropped() == 0 {
        visit(&tracker, "/");
    }
    let queued = tracker.stats().destinations[0].queued as usize;
    // The first is in its attempt, with its copy.
    assert_eq!(queued, (80_000 - copy) / own_size() - 1, "{copy} bytes");
    door.open();
    assert!(tracker.flush(LONG).unwrap().is_empty());
    // What ended gave all of it back: as many find room again.
    let before = dropped();
    (0..queued / 2).for_each(|_| visit(&tracker, "/"));
    assert!(tracker.close(LONG).unwrap().is_empty());
    assert_eq!(dropped(), before);
}

/// While hits come that nobody wants, as fast as they are looked at.
#[test]
fn a_hit_that_is_wanted_is_delivered_when_it_is_due() {
    let (arrived, arrival) = mpsc::channel();
    let tracker = Arc::new(OnceLock::<Tracker>::new());
    let (is_over, again) = (Arc::new(AtomicBool::new(false)), Arc::clone(&tracker));
    let over = Arc::clone(&is_over);
    let config = "visitor.identity = 'none'\n[[destination]]\ntype = 'callback'\nname = 'one'";
    let opened = Tracker::builder(Config::builder().toml(config).build().unwrap())
        .sink(
            "one",
            does(move |batch, _| {
                arrived.send(()).ok();
                all(batch, Outcome::Delivered)
            }),
        )
        .filter(move |hit| {
            let is_wanted = hit.hit.path() == b"/wanted";
            if !is_wanted && !over.load(SeqCst) {
                visit(again.get().unwrap(), "/unwanted");
            }
            is_wanted
        })
        .open()
        .unwrap();
    let tracker = tracker.get_or_init(|| opened);
    // More than are looked at in one go.
    (0..4_000).for_each(|_| visit(tracker, "/unwanted"));
    visit(tracker, "/wanted");
    let is_delivered = arrival.recv_timeout(Duration::from_secs(60)).is_ok();
    is_over.store(true, SeqCst);
    assert!(is_delivered);
    close(tracker);
}
