use std::{fs, path::PathBuf, process};

use super::*;

/// Networks for documentation: what they hold stands in tests/vectors/places.py.
const WHOLE: &[u8] = include_bytes!("../../../tests/vectors/files/places.mmdb");

/// A file of a test's own, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("trackside-{}-{name}.mmdb", process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    /// Moves a file with these bytes to the path.
    fn replace(&self, bytes: &[u8]) {
        let beside = self.0.with_extension("new");
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, &self.0).unwrap();
    }

    fn refusal(&self) -> String {
        Places::open(self.0.clone()).unwrap_err()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

fn country(places: &Places, address: &str) -> Option<String> {
    Some(places.locate(address.parse().unwrap())?.country().to_owned())
}

/// The file with the first `from` in it replaced.
fn with(from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = WHOLE.windows(from.len()).position(|window| window == from).unwrap();
    [&WHOLE[..at], to, &WHOLE[at + from.len()..]].concat()
}

#[test]
fn an_address_is_found_in_its_network() {
    let file = Scratch::new("found", WHOLE);
    let places = Places::open(file.0.clone()).unwrap();
    let place = places.locate("192.0.2.200".parse().unwrap()).unwrap();
    // There is no English name.
    assert_eq!([place.country(), place.region(), place.city()], ["DE", "BY", "München"]);
    assert_eq!(country(&places, "2001:db8:1::").as_deref(), Some("JP"));
    assert_eq!(country(&places, "203.0.112.9"), None, "a network without a country");
    assert_eq!(country(&places, "8.8.8.8"), None, "no network");
}

#[test]
fn what_cannot_be_used_is_told_with_a_way_out() {
    let file = Scratch::new("refused", b"");
    for (bytes, says) in [
        (&b""[..], "damaged, or no MaxMind DB file"),
        (b"PK\x03\x04 a packed database", "damaged, or no MaxMind DB file"),
        (&WHOLE[..WHOLE.len() / 2], "damaged, or no MaxMind DB file"),
        (&WHOLE[..WHOLE.len() - 20], "damaged, or no MaxMind DB file"),
        (&WHOLE[200..], "damaged, or no MaxMind DB file"),
    ] {
        file.replace(bytes);
        let refusal = file.refusal();
        assert!(refusal.contains(says) && refusal.ends_with("when it is whole"), "{refusal}");
    }
    fs::remove_file(&file.0).unwrap();
    assert!(file.refusal().contains("see that it is there"), "{}", file.refusal());
    let folder = Places::open(std::env::temp_dir()).unwrap_err();
    assert_eq!(folder, "it is no file; name the file itself");
}

#[test]
fn a_database_without_countries_is_one_of_another_kind() {
    let mut bytes = WHOLE.to_vec();
    // As many letters, so that all else stays where it is.
    while let Some(at) = bytes.windows(8).position(|window| window == b"\x48iso_cod") {
        bytes[at..at + 8].copy_from_slice(b"\x48asn_nam");
    }
    let refusal = Scratch::new("other-kind", &bytes).refusal();
    assert!(refusal.contains("another kind (Trackside-Test-City)"), "{refusal}");
}

#[test]
fn another_file_at_the_path_is_read_and_a_broken_one_is_not_used() {
    let file = Scratch::new("again", WHOLE);
    let places = Places::looking_every(file.0.clone(), Duration::ZERO).unwrap();
    assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("FR"));
    file.replace(&with(b"\x42FR", b"\x42NL"));
    assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("NL"));
    file.replace(&WHOLE[..100]);
    assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("NL"), "the one before");
    fs::remove_file(&file.0).unwrap();
    assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("NL"), "the one before");
    file.replace(WHOLE);
    assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("FR"));
}

#[test]
fn nobody_looks_before_it_is_time() {
    let file = Scratch::new("later", WHOLE);
    let places = Places::open(file.0.clone()).unwrap();
    file.replace(&with(b"\x42FR", b"\x42NL"));
    assert_eq!(country(&places, "203.0.113.9").as_deref(), Some("FR"));
}

#[test]
fn a_damaged_record_says_nothing() {
    // A pointer past the end where the country's code was.
    let file = Scratch::new("damaged", &with(b"\x42FR", b"\x38\xff\xff"));
    let places = Places::open(file.0.clone()).unwrap();
    assert_eq!(country(&places, "203.0.113.9"), None);
    assert_eq!(country(&places, "192.0.2.1").as_deref(), Some("DE"));
}
