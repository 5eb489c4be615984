use super::*;
use crate::hit::{Joined, Place, sample};

/// A hit with properties, a place and what is joined: every part of a record.
fn whole() -> Hit {
    let event = sample::add();
    let mut draft = sample::page();
    draft.event = Some(&event);
    let place = Place::new(b"GB", b"ENG", b"London").unwrap();
    let mut joined = Joined::default();
    joined.add("_ga", "1529519118.1784714000");
    joined.add("_ga_ABC123DEF4", "1784713900");
    draft.seal(crate::config::IpPolicy::Masked).completed(Some(&place), Some(&joined))
}

/// One that ends with its place.
fn placed() -> Hit {
    sample::page().seal(crate::config::IpPolicy::Full).at(&Place::new(b"GB", b"ENG", b"London").unwrap())
}

#[test]
fn a_record_comes_back_as_the_hit_it_was() {
    for hit in [sample::page().seal(crate::config::IpPolicy::Full), placed(), whole()] {
        let back = Hit::from_record(hit.record()).unwrap();
        assert_eq!(back, hit);
        assert_ne!(back.place(), hit.place(), "it is a copy");
    }
}

#[test]
fn a_record_cut_anywhere_or_with_more_behind_it_is_none() {
    for hit in [placed(), whole()] {
        let record = hit.record();
        for end in 0..record.len() {
            assert!(Hit::from_record(&record[..end]).is_err(), "cut at {end}");
            // The length says what is there, and the parts do not.
            let mut shorter = record[..end].to_vec();
            if let Some(length) = shorter.get_mut(4..8) {
                length.copy_from_slice(&(end as u32).to_le_bytes());
            }
            assert!(Hit::from_record(&shorter).is_err(), "cut at {end}, length told");
        }
        let mut longer = [record, &[0]].concat();
        assert_eq!(Hit::from_record(&longer), Err(RecordError::Malformed));
        let length = longer.len() as u32;
        longer[4..8].copy_from_slice(&length.to_le_bytes());
        assert_eq!(Hit::from_record(&longer), Err(RecordError::Malformed));
    }
}

#[test]
fn a_place_is_utf_8() {
    let mut record = placed().record().to_vec();
    assert_eq!(record.pop(), Some(b'n'));
    record.push(0xff);
    assert_eq!(Hit::from_record(&record), Err(RecordError::Malformed));
}

#[test]
fn another_version_is_told() {
    let mut record = whole().record().to_vec();
    record[0] = 2;
    assert_eq!(Hit::from_record(&record), Err(RecordError::Version(2)));
    assert!(RecordError::Version(2).to_string().contains("version 2"));
}

#[test]
fn what_cannot_be_is_no_record() {
    let hit = whole();
    // Kind, the length, a text's length, the number of properties, the flags of both ends and of each.
    for (at, byte) in [(1, 5), (7, 1), (92, 0xff), (90, 7), (3, 0), (3, 0x10), (3, 0x20)] {
        let mut record = hit.record().to_vec();
        assert_ne!(record[at], byte);
        record[at] = byte;
        assert_eq!(Hit::from_record(&record), Err(RecordError::Malformed), "byte {at}");
    }
}
