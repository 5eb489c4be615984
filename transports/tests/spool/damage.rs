//! What becomes of damaged bytes.

use super::*;

/// Two hits, written by a process that was killed: the place, the file and the hits.
fn two() -> (Place, PathBuf, Vec<Hit>) {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 2);
    kill(spool, &place.0);
    let segment = place.segments().remove(0);
    (place, segment, hits)
}

/// Of each byte of a segment: what is left when it is damaged.
#[test]
fn a_damaged_byte_costs_one_hit_at_most_and_is_counted() {
    let (place, segment, hits) = two();
    let bytes = fs::read(&segment).unwrap();
    let (first, second) = (64, 64 + 16 + hits[0].size());
    assert_eq!(bytes.len(), second + 16 + hits[1].size());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        fs::write(&segment, &damaged).unwrap();
        let spool = place.spool();
        let read = spool.read(10);
        let (begin, hurt) = if at < second { (first, 0) } else { (second, 1) };
        let found = read_ids(&read.hits);
        if at < first {
            assert_eq!((found, read.adopted_lost), (ids(&hits), 0), "byte {at} of a header");
        } else if at == begin + 2 {
            assert_eq!((found, read.adopted_lost), (ids(&hits), 0), "byte {at}, a state");
            assert!(read.hits[hurt].is_begun && !read.hits[1 - hurt].is_begun);
        } else {
            assert_eq!((found, read.adopted_lost), (vec![hits[1 - hurt].id()], 1), "byte {at}");
        }
        assert_eq!(read.troubles, Vec::<String>::new());
        assert_eq!(spool.pending(), read.hits.len() as u64);
        kill(spool, &place.0);
        // Its own directory is in the way of the next.
        for directory in place.directories() {
            if directory.read_dir().unwrap().next().is_none() {
                fs::remove_dir(directory).unwrap();
            }
        }
    }
}

#[test]
fn a_torn_end_is_cut() {
    let (place, segment, hits) = two();
    let bytes = fs::read(&segment).unwrap();
    for end in (0..bytes.len()).rev() {
        fs::write(&segment, &bytes[..end]).unwrap();
        let spool = place.spool();
        let whole = usize::from(end >= 64 + 16 + hits[0].size());
        let stored = read(&spool);
        assert_eq!(read_ids(&stored), ids(&hits[..whole]), "cut at {end}");
        assert_eq!(segment.exists(), whole > 0, "cut at {end}: what holds nothing goes");
        if whole == 0 {
            // The directory went with it.
            fs::create_dir_all(segment.parent().unwrap()).ok();
        }
        kill(spool, &place.0);
        for directory in place.directories() {
            if directory != segment.parent().unwrap() {
                fs::remove_dir_all(directory).unwrap();
            }
        }
    }
}

#[test]
fn another_version_is_left_alone_and_told_once() {
    let (place, segment, _) = two();
    let mut bytes = fs::read(&segment).unwrap();
    for copy in [0, 32] {
        bytes[copy + 8] = 9;
        let check = crc32(&bytes[copy..copy + 28]).to_le_bytes();
        bytes[copy + 28..copy + 32].copy_from_slice(&check);
    }
    fs::write(&segment, &bytes).unwrap();
    let spool = place.spool();
    let read = spool.read(10);
    assert!(read.hits.is_empty());
    let [told] = &read.troubles[..] else { panic!("{read:?}") };
    assert!(told.contains("version 9") && told.contains(segment.to_str().unwrap()), "{told}");
    assert_eq!(fs::read(&segment).unwrap(), bytes);
    // Nor does it try again.
    spool.tend(Instant::now() + Duration::from_secs(3_600));
    assert!(spool.read(10).troubles.is_empty());
    spool.close();
    assert_eq!(fs::read(&segment).unwrap(), bytes);
}

#[test]
fn a_header_of_which_no_copy_is_whole_is_left_alone_and_told() {
    let (place, segment, _) = two();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[3] ^= 1;
    bytes[35] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    let spool = place.spool();
    let read = spool.read(10);
    assert!(read.hits.is_empty() && read.troubles.len() == 1, "{read:?}");
    assert!(read.troubles[0].contains("damaged"), "{read:?}");
    spool.close();
    assert_eq!(fs::read(&segment).unwrap(), bytes);
}

#[test]
fn a_segment_that_loses_its_header_while_its_writer_lives_is_left_alone_and_its_hits_are_counted() {
    for length in [usize::MAX, 10] {
        let place = Place::new();
        let spool = place.spool();
        (0..5).for_each(|tag| assert!(put(&spool, &hit(), tag)));
        let segment = place.segments().remove(0);
        let mut bytes = fs::read(&segment).unwrap();
        bytes[3] ^= 1;
        bytes[35] ^= 1;
        bytes.truncate(length);
        fs::write(&segment, &bytes).unwrap();
        let read_once = spool.read(10);
        assert_eq!((read_once.hits.len(), read_once.lost), (0, [3, 2]), "{read_once:?}");
        let [told] = &read_once.troubles[..] else { panic!("{read_once:?}") };
        assert!(told.contains("damaged") && told.contains(segment.to_str().unwrap()), "{told}");
        assert_eq!((spool.pending(), spool.is_drained()), (0, true));
        // What comes later goes into another.
        let more = fill(&spool, 2);
        let stored = read(&spool);
        assert_eq!(read_ids(&stored), ids(&more));
        assert_eq!(spool.pending(), 2);
        mark(&spool, &stored, State::Delivered);
        drop(stored);
        assert_eq!((spool.close(), spool.pending()), ([0, 0], 0));
        assert_eq!(place.segments(), std::slice::from_ref(&segment), "the other one goes");
        assert_eq!(fs::read(&segment).unwrap(), bytes);
    }
}

#[test]
fn a_record_of_another_layout_is_left_alone_and_told() {
    let (place, segment, hits) = two();
    let mut bytes = fs::read(&segment).unwrap();
    let (nonce, frame) = (bytes[20..28].to_vec(), 64);
    let record = frame + 16;
    // As a later version would write it.
    bytes[record] = 2;
    let check = crc32(&[&nonce[..], &bytes[record..record + hits[0].size()]].concat()).to_le_bytes();
    bytes[frame + 8..frame + 12].copy_from_slice(&check);
    let head = [&nonce[..], &bytes[frame..frame + 2], &bytes[frame + 3..frame + 12]].concat();
    let check = crc32(&head).to_le_bytes();
    bytes[frame + 12..frame + 16].copy_from_slice(&check);
    fs::write(&segment, &bytes).unwrap();
    let spool = place.spool();
    let read = spool.read(10);
    assert_eq!(read_ids(&read.hits), ids(&hits[1..]));
    assert_eq!(read.adopted_lost, 0);
    let read_on = spool.read(10);
    let troubles: Vec<_> = read.troubles.iter().chain(&read_on.troubles).collect();
    assert!(troubles.len() == 1 && troubles[0].contains("another version"), "{troubles:?}");
    mark(&spool, &read.hits, State::Delivered);
    drop(read);
    spool.close();
    let after = fs::read(&segment).unwrap();
    assert_eq!(after[..64 + 16 + hits[0].size()], bytes[..64 + 16 + hits[0].size()]);
}

#[test]
fn what_is_damaged_while_its_writer_lives_is_counted_by_its_tag() {
    let place = Place::new();
    let spool = place.spool();
    let hits = hits(5);
    for (n, hit) in hits.iter().enumerate() {
        assert!(put(&spool, hit, n as u8));
    }
    let segment = place.segments().remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    let starts: Vec<_> = hits
        .iter()
        .scan(64, |at, hit| {
            let start = *at;
            *at += 16 + hit.size();
            Some(start)
        })
        .collect();
    bytes[starts[1] + 100] ^= 1; // the record of the second
    bytes[starts[2]] ^= 1; // the head of the third
    fs::write(&segment, &bytes).unwrap();
    let read = spool.read(10);
    assert_eq!(read_ids(&read.hits), [hits[0].id(), hits[3].id(), hits[4].id()]);
    assert_eq!(read.lost, [0, 1], "whose head is whole is known at once");
    assert_eq!(spool.pending(), 4);
    mark(&spool, &read.hits, State::Delivered);
    assert_eq!(spool.close(), [1, 0], "the other one at the end");
    assert_eq!(spool.pending(), 0);
    drop(read);
    assert!(place.is_bare());
}

#[test]
fn what_is_damaged_of_a_segment_that_ends_while_it_is_read_is_counted_once() {
    let place = Place::new();
    let disk = Faulty::default();
    let mut options = place.options();
    options.disk = Arc::new(disk.clone());
    // Segments of 160 KiB.
    options.budget = Arc::new(Budget::new(1 << 20));
    let spool = Arc::new(open(options));
    let hits = fill(&spool, 3);
    let segment = place.segments().remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    // The head of the second: it is missed at the end.
    bytes[64 + 16 + hits[0].size()] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    let writer = Arc::clone(&spool);
    disk.faults().meanwhile.set(move || {
        let large = kit::large_hit(2_000);
        (0..100).for_each(|_| assert!(put(&writer, &large, 0)));
    });
    let reads: Vec<_> = (0..3).map(|_| spool.read(1_000)).collect();
    assert!(place.segments().len() > 1, "it ended meanwhile");
    assert_eq!(reads.iter().map(|read| read.lost[0]).sum::<u64>(), 1, "{:?}", reads[0].lost);
    assert_eq!(reads.iter().map(|read| read.hits.len()).sum::<usize>(), 102);
    assert_eq!(spool.pending(), 102);
}

#[test]
fn foreign_files_and_folders_are_left_alone() {
    let place = Place::new();
    let folder = place.0.join("stats/0123456789abcdef");
    fs::create_dir_all(&folder).unwrap();
    for name in ["notes.txt", "00000000.seg.bak", "0000000g.seg"] {
        fs::write(folder.join(name), "mine").unwrap();
    }
    fs::create_dir_all(place.0.join("stats/other")).unwrap();
    fs::create_dir_all(folder.join("00000001.seg")).unwrap();
    let spool = place.spool();
    let read = spool.read(10);
    assert!(read.hits.is_empty() && read.troubles.len() == 1, "a folder is no segment: {read:?}");
    spool.close();
    for name in ["notes.txt", "00000000.seg.bak", "0000000g.seg"] {
        assert_eq!(fs::read(folder.join(name)).unwrap(), b"mine");
    }
}

/// CRC-32 (IEEE 802.3), bit by bit: a second hand.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

#[test]
fn a_spool_that_is_removed_costs_what_was_in_it_and_is_begun_anew() {
    let place = Place::new();
    let spool = open(Options { fsync: Fsync::Every(Duration::from_secs(1)), ..place.options() });
    fill(&spool, 5);
    fs::remove_dir_all(&place.0).unwrap();
    let read = spool.read(10);
    assert_eq!((read.hits.len(), read.lost[0]), (0, 5));
    assert!(matches!(&read.troubles[..], [told] if told.contains("was removed while this process wrote it")));
    assert!(!put(&spool, &hit(), 0), "there is no directory");
    assert_eq!(spool.pending(), 0);
    spool.tend(Instant::now() + Duration::from_secs(60));
    assert!(matches!(&spool.troubles()[..], [.., told] if told.contains("another is begun")));
    let hits = fill_again(&spool, 3);
    let stored = self::read(&spool);
    assert_eq!(read_ids(&stored), ids(&hits));
    spool.tend(Instant::now() + Duration::from_secs(120));
    assert_eq!(spool.troubles(), Vec::<String>::new(), "what is gone is not synced");
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    assert_eq!(spool.close(), [0, 0]);
    assert!(place.is_bare());
}

#[test]
fn what_is_read_of_a_spool_that_is_removed_is_not_lost() {
    let place = Place::new();
    let spool = place.spool();
    let first = fill(&spool, 1);
    assert_eq!(read_ids(&read(&spool)), ids(&first));
    fs::remove_dir_all(&place.0).unwrap();
    let hits = fill(&spool, 2);
    assert_eq!(read_ids(&read(&spool)), ids(&hits), "the file is open");
}
