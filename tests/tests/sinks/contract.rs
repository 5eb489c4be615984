use std::{
    env, fs,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use trackside_core::{Hit, protocol::Outcome};
use trackside_tests::{collector::Collector, folder::Folder, hits};
use trackside_transports::{
    sink::{Delivery, Sink, SinkFactory},
    sinks,
};
use uuid::Uuid;

use crate::{deliver, file::alone, http::Lines};

/// A kind of sink, and a look from outside at what it delivered.
trait Subject: Sized {
    fn new() -> Self;

    /// Has a new one pass `test`, which is called `name`.
    fn pass(test: fn(&Self), _name: &str) {
        test(&Self::new());
    }

    fn sink(&self) -> Box<dyn Sink>;

    /// The ids of the hits that arrived, in the order of arrival.
    fn arrived(&self) -> Vec<Uuid>;

    /// Whether a hit delivered again arrives once.
    const DEDUPES: bool;
}

#[derive(Default)]
struct Callback(Arc<Mutex<Vec<Uuid>>>);

impl Subject for Callback {
    const DEDUPES: bool = false;

    fn new() -> Self {
        Self::default()
    }

    fn sink(&self) -> Box<dyn Sink> {
        let arrived = Arc::clone(&self.0);
        open(sinks::callback::factory(move |batch, now| {
            assert_eq!(now, hits::NOW);
            arrived.lock().unwrap().extend(batch.iter().map(|enriched| enriched.hit.id()));
            Delivery::new(batch.len(), Outcome::Delivered)
        }))
    }

    fn arrived(&self) -> Vec<Uuid> {
        self.0.lock().unwrap().clone()
    }
}

struct Http(Collector);

impl Subject for Http {
    const DEDUPES: bool = false;

    fn new() -> Self {
        Self(Collector::start().unwrap())
    }

    fn sink(&self) -> Box<dyn Sink> {
        open(sinks::http::factory(Arc::new(Lines::to(&self.0)), Duration::from_secs(30)))
    }

    fn arrived(&self) -> Vec<Uuid> {
        self.0.requests().iter().flat_map(|request| ids(&request.body)).collect()
    }
}

struct File {
    _folder: Folder,
    path: PathBuf,
}

impl Subject for File {
    const DEDUPES: bool = false;

    fn new() -> Self {
        let folder = Folder::new().unwrap();
        Self { path: folder.join("hits.jsonl"), _folder: folder }
    }

    fn sink(&self) -> Box<dyn Sink> {
        open(sinks::file::factory(Some(self.path.clone())))
    }

    fn arrived(&self) -> Vec<Uuid> {
        ids(&std::fs::read(&self.path).unwrap())
    }
}

/// The standard output, which belongs to a process: each test runs again, alone, with a file in its place.
struct Stdout(PathBuf);

impl Stdout {
    /// In the process of its own: where the output goes.
    const CHILD: &str = "TRACKSIDE_TEST_CONTRACT";
}

impl Subject for Stdout {
    const DEDUPES: bool = false;

    fn new() -> Self {
        Self(env::var_os(Self::CHILD).unwrap().into())
    }

    fn pass(test: fn(&Self), name: &str) {
        if env::var_os(Self::CHILD).is_some() {
            return test(&Self::new());
        }
        let folder = Folder::new().unwrap();
        let path = folder.join("output");
        let child = alone(name)
            .env(Self::CHILD, &path)
            .stdout(fs::File::create(&path).unwrap())
            .stderr(Stdio::piped())
            .spawn();
        let output = child.unwrap().wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        // Of another name there would be no test.
        let said = fs::read_to_string(&path).unwrap();
        assert!(output.status.success() && said.contains("running 1 test\n"), "{said}{told}");
    }

    fn sink(&self) -> Box<dyn Sink> {
        open(sinks::file::factory(None))
    }

    fn arrived(&self) -> Vec<Uuid> {
        // The others are the harness's.
        let said = fs::read_to_string(&self.0).unwrap();
        said.lines().filter(|line| line.starts_with('{')).flat_map(|line| ids(line.as_bytes())).collect()
    }
}

struct Sqlite {
    _folder: Folder,
    path: PathBuf,
}

impl Subject for Sqlite {
    const DEDUPES: bool = true;

    fn new() -> Self {
        let folder = Folder::new().unwrap();
        Self { path: folder.join("trackside.db"), _folder: folder }
    }

    fn sink(&self) -> Box<dyn Sink> {
        open(sinks::sqlite::factory(&self.path, None))
    }

    fn arrived(&self) -> Vec<Uuid> {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        let mut select = connection.prepare("SELECT id FROM hit ORDER BY rowid").unwrap();
        let ids = select.query_map((), |row| row.get(0)).unwrap();
        ids.map(|id| Uuid::from_bytes(id.unwrap())).collect()
    }
}

fn open(factory: impl SinkFactory) -> Box<dyn Sink> {
    factory().unwrap()
}

/// The ids in JSON lines.
fn ids(lines: &[u8]) -> Vec<Uuid> {
    let text = std::str::from_utf8(lines).unwrap();
    text.lines()
        .map(|line| {
            let hit: serde_json::Value = serde_json::from_str(line).unwrap();
            hit["id"].as_str().unwrap().parse().unwrap()
        })
        .collect()
}

fn ids_of(hits: &[Hit]) -> Vec<Uuid> {
    hits.iter().map(Hit::id).collect()
}

/// Delivers all of `hits`, as the pool does: what an attempt did not take goes into the next.
fn deliver_all(sink: &mut dyn Sink, hits: &[Hit]) {
    let mut rest = hits;
    while !rest.is_empty() {
        let delivery = deliver(sink, rest);
        assert!((1..=rest.len()).contains(&delivery.taken), "{} of {}", delivery.taken, rest.len());
        assert_eq!(delivery.outcome, Outcome::Delivered);
        rest = &rest[delivery.taken..];
    }
}

fn each_hit_arrives_once<S: Subject>(subject: &S) {
    let hits = hits::pages(250).unwrap();
    let mut sink = subject.sink();
    deliver_all(&mut *sink, &hits[..1]);
    deliver_all(&mut *sink, &hits[1..]);
    assert_eq!(subject.arrived(), ids_of(&hits));
}

fn hostile_hits_arrive_like_any_other<S: Subject>(subject: &S) {
    let hits = hits::hostile().unwrap();
    assert!(hits.len() >= 10, "{}", hits.len());
    let mut sink = subject.sink();
    deliver_all(&mut *sink, &hits);
    assert_eq!(subject.arrived(), ids_of(&hits));
}

fn a_second_delivery_doubles_nothing_where_ids_are_known<S: Subject>(subject: &S) {
    let hits = hits::pages(3).unwrap();
    deliver_all(&mut *subject.sink(), &hits[..2]);
    // By the sink that comes after a panic, and with one that is new.
    let mut sink = subject.sink();
    deliver_all(&mut *sink, &hits);
    deliver_all(&mut *sink, &hits);
    let all = ids_of(&hits);
    let expected = if S::DEDUPES { all } else { [&all[..2], &all, &all].concat() };
    assert_eq!(subject.arrived(), expected);
}

fn two_sinks_do_not_disturb_each_other<S: Subject + Sync>(subject: &S) {
    let hits = hits::pages(200).unwrap();
    std::thread::scope(|scope| {
        for half in hits.chunks(100) {
            scope.spawn(|| {
                let mut sink = subject.sink();
                for batch in half.chunks(5) {
                    deliver_all(&mut *sink, batch);
                }
            });
        }
    });
    let mut arrived = subject.arrived();
    arrived.sort_unstable();
    assert_eq!(arrived, ids_of(&hits));
}

macro_rules! contract {
    ($($subject:ident: $type:ident;)+) => {$(
        mod $subject {
            use crate::contract::{self, Subject, $type};

            contract! { $type;
                each_hit_arrives_once
                hostile_hits_arrive_like_any_other
                a_second_delivery_doubles_nothing_where_ids_are_known
                two_sinks_do_not_disturb_each_other
            }
        }
    )+};
    ($type:ident; $($test:ident)+) => {$(
        #[test]
        fn $test() {
            let name = concat!(module_path!(), "::", stringify!($test));
            // The harness leaves out the name of the program.
            $type::pass(contract::$test, name.split_once("::").unwrap().1);
        }
    )+};
}

contract! {
    callback: Callback;
    file: File;
    http: Http;
    sqlite: Sqlite;
    stdout: Stdout;
}
