//! The committed corpus: made of the golden vectors and of edge cases written by hand, so that the fuzzer
//! begins where exchanges are whole. `cargo xtask fuzz --seed` writes it.

#[path = "../../src/block.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests use more of it")]
mod block;
#[path = "../../tests/golden/blocks.rs"]
mod blocks;
mod edges;
mod put;
#[path = "../../tests/golden/vector.rs"]
#[allow(dead_code, reason = "what compares is for the tests that expect something")]
mod vector;
mod vectors;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use arbitrary::{Arbitrary, Unstructured};

use self::put::Put;
use crate::{headers, lend::Manner};

/// Lets the test that compares the corpus write it instead.
const WRITE: &str = "TRACKSIDE_WRITE_SEEDS";

/// What a file is called that the fuzzer has found, and that stays, so that it is not found again.
const FOUND: &str = "found-";

/// The seeds of a target, by the names of their files.
struct Seeds<T>(BTreeMap<String, T>);

impl<T> Seeds<T> {
    fn add(&mut self, name: impl Into<String>, seed: T) {
        let name = name.into();
        assert!(!name.starts_with(FOUND));
        assert!(self.0.insert(name.clone(), seed).is_none(), "{name} is there twice");
    }
}

fn blobs() -> BTreeMap<String, Vec<u8>> {
    let mut seeds = Seeds(BTreeMap::new());
    vectors::blobs(&mut seeds);
    edges::blobs(&mut seeds);
    seeds.0
}

fn inputs() -> BTreeMap<String, headers::Input<'static>> {
    let mut seeds = Seeds(BTreeMap::new());
    vectors::inputs(&mut seeds);
    edges::inputs(&mut seeds);
    seeds.0
}

/// How the seeds' hosts lend: with room for every error.
const MANNER: Manner = Manner { null_when_empty: false, growth: 8, room: 400 };

/// The bytes of an input of `blob`.
fn blob(configuration: u8, switches: u8, slip: u8, request: &[u8], response: &[u8]) -> Vec<u8> {
    let room = (MANNER.room / 4).to_le_bytes()[0];
    let length = u16::try_from(request.len()).expect("a seed's request is short").to_le_bytes();
    [&[configuration, switches, slip, room], &length[..], request, response].concat()
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// All files of a target's corpus.
fn corpus(target: &str) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

fn compare(target: &str, made: &BTreeMap<String, Vec<u8>>) {
    if env::var_os(WRITE).is_some() {
        fs::create_dir_all(folder(target)).unwrap();
        for name in corpus(target).keys().filter(|name| !name.starts_with(FOUND) && !made.contains_key(*name))
        {
            fs::remove_file(folder(target).join(name)).unwrap();
        }
        for (name, bytes) in made {
            fs::write(folder(target).join(name), bytes).unwrap();
        }
    }
    let mut committed = corpus(target);
    committed.retain(|name, _| !name.starts_with(FOUND));
    let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(made), "run `cargo xtask fuzz --seed`");
    for (name, bytes) in made {
        assert!(committed[name] == *bytes, "{target}/{name} is another now: run `cargo xtask fuzz --seed`");
    }
}

#[test]
fn the_committed_corpus_is_what_is_made() {
    compare("blob", &blobs());
    compare("headers", &inputs().into_iter().map(|(name, input)| (name, input.bytes())).collect());
}

/// What the fuzzer makes of a file.
fn read(bytes: &[u8]) -> headers::Input<'_> {
    headers::Input::arbitrary_take_rest(Unstructured::new(bytes)).unwrap()
}

#[test]
fn the_fuzzer_reads_what_was_meant() {
    for (name, input) in inputs() {
        assert_eq!(read(&input.bytes()), input, "{name}");
    }
}

#[test]
fn every_file_of_the_corpus_of_blob_runs() {
    for (name, bytes) in corpus("blob") {
        println!("{name}");
        crate::blob::run(&bytes);
    }
}

#[test]
fn every_file_of_the_corpus_of_headers_runs() {
    for (name, bytes) in corpus("headers") {
        println!("{name}");
        headers::run(&read(&bytes));
    }
}

#[test]
fn every_other_file_of_the_corpus_runs() {
    type Run = fn(&[u8]);
    let targets: [(&str, Run); 9] = [
        ("address", crate::address::run),
        ("agent", crate::agent::run),
        ("config", crate::config::run),
        ("cookies", crate::cookies::run),
        ("endpoint", crate::endpoint::run),
        ("keys", crate::keys::run),
        ("lines", crate::lines::run),
        ("proxy", crate::proxy::run),
        ("spool", crate::spool::run),
    ];
    for (target, run) in targets {
        for (name, bytes) in corpus(target) {
            println!("{target}/{name}");
            run(&bytes);
        }
    }
}
