use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

use trackside_core::visitor::DailyKey;

use super::format::{KEY, Ring};

const WORDS: usize = KEY / 8;

/// The keys of two neighbouring days, where requests read them: loads of memory, no lock. One thread at a time
/// may write.
///
/// A lock could be left taken by a fork; the sequence number that a fork leaves odd is only a key that is not
/// there, which the next write sets right.
#[derive(Debug, Default)]
pub(super) struct Slots([Slot; 2]);

#[derive(Default)]
struct Slot {
    /// Odd while the rest is being written.
    sequence: AtomicU64,
    /// One more than the day; 0: there is none.
    after: AtomicU64,
    key: [AtomicU64; WORDS],
}

impl Slots {
    /// The key of `day`, if it is there.
    #[inline]
    pub(super) fn get(&self, day: u64) -> Option<DailyKey> {
        let slot = &self.0[(day & 1) as usize];
        let sequence = slot.sequence.load(Acquire);
        let after = slot.after.load(Relaxed);
        let words = slot.key.each_ref().map(|word| word.load(Relaxed));
        fence(Acquire);
        let is_whole = sequence & 1 == 0 && slot.sequence.load(Relaxed) == sequence;
        (is_whole && after == day.saturating_add(1)).then(|| {
            let mut key = [0; KEY];
            for (to, word) in key.chunks_exact_mut(8).zip(words) {
                to.copy_from_slice(&word.to_ne_bytes());
            }
            DailyKey(key)
        })
    }

    /// Holds `keys` from now on, and nothing else.
    pub(super) fn put(&self, keys: &Ring) {
        for (parity, slot) in (0..).zip(&self.0) {
            let found = keys.iter().find(|(day, _)| day & 1 == parity);
            let (after, key) = found.map_or((0, [0; KEY]), |(day, key)| (day.saturating_add(1), *key));
            slot.put(after, &key);
        }
    }
}

impl Slot {
    fn put(&self, after: u64, key: &[u8; KEY]) {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(key.chunks_exact(8)) {
            let mut word_bytes = [0; 8];
            word_bytes.copy_from_slice(bytes);
            *word = u64::from_ne_bytes(word_bytes);
        }
        let sequence = self.sequence.load(Relaxed);
        let is_same =
            after == self.after.load(Relaxed) && self.key.each_ref().map(|word| word.load(Relaxed)) == words;
        if is_same && sequence & 1 == 0 {
            // Requests meanwhile would find no key.
            return;
        }
        let odd = sequence | 1;
        self.sequence.store(odd, Relaxed);
        fence(Release);
        self.after.store(after, Relaxed);
        for (to, word) in self.key.iter().zip(words) {
            to.store(word, Relaxed);
        }
        self.sequence.store(odd.wrapping_add(1), Release);
    }
}

/// Shows no key.
impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("after", &self.after.load(Relaxed)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod test {
    use std::{
        sync::atomic::{AtomicBool, Ordering::SeqCst},
        thread,
    };

    use trackside_core::visitor::DailyKey;

    use super::{super::format::Ring, Slots};

    #[test]
    fn it_holds_what_was_put_last() {
        let slots = Slots::default();
        assert_eq!((slots.get(0), slots.get(7)), (None, None));
        slots.put(&Ring::of([(7, [1; 32]), (8, [2; 32])]));
        assert_eq!(slots.get(7), Some(DailyKey([1; 32])));
        assert_eq!(slots.get(8), Some(DailyKey([2; 32])));
        assert_eq!((slots.get(6), slots.get(9)), (None, None));
        slots.put(&Ring::of([(9, [3; 32])]));
        assert_eq!(slots.get(9), Some(DailyKey([3; 32])));
        assert_eq!((slots.get(7), slots.get(8)), (None, None));
        assert!(slots.0.iter().flat_map(|slot| &slot.key).any(|word| word.load(SeqCst) == 0));
    }

    #[test]
    fn what_a_fork_left_half_written_is_not_there_and_is_set_right() {
        let slots = Slots::default();
        slots.put(&Ring::of([(7, [1; 32])]));
        slots.0[1].sequence.fetch_add(1, SeqCst);
        assert_eq!(slots.get(7), None);
        slots.put(&Ring::of([(7, [1; 32])]));
        assert_eq!(slots.get(7), Some(DailyKey([1; 32])));
    }

    #[test]
    fn nobody_reads_half_a_key() {
        let slots = Slots::default();
        let is_over = AtomicBool::new(false);
        let keys = [DailyKey([1; 32]), DailyKey([2; 32])];
        let seen = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = 0;
                while !is_over.load(SeqCst) || seen == 0 {
                    if let Some(key) = slots.get(7) {
                        assert!(keys.contains(&key));
                        seen += 1;
                    }
                }
                seen
            });
            for n in (0..2).cycle().take(20_000) {
                slots.put(&Ring::of([(7, [1 + n; 32])]));
            }
            is_over.store(true, SeqCst);
            reader.join().unwrap()
        });
        assert!(seen > 0);
    }
}
