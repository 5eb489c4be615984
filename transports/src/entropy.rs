//! Where an exchange's randomness comes from.

use std::{cell::RefCell, fmt, ops::Range};

use rand::{Rng, SeedableRng, rngs::StdRng};
use trackside_core::Moment;

use crate::pool::fork;

/// Gives each exchange its 64 bytes of randomness.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// 64 bytes of which nobody can guess those that [are read](Moment::READ), unless a test wants it otherwise. A
    /// panic of it reaches the host.
    fn draw(&self) -> [u8; 64];
}

/// A generator in the process, one per thread, seeded by the operating system: a draw makes no system
/// call. After a fork the child seeds anew, so that it never gives out its parent's ids.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it holds nothing")]
pub struct System;

/// So many bytes are read: the others are not worth the generator's time.
const READ: usize = {
    let [page, visitor, event] = Moment::READ;
    (page.end - page.start) + (visitor.end - visitor.start) + (event.end - event.start)
};

thread_local! {
    static GENERATOR: RefCell<Option<(u64, StdRng)>> = const { RefCell::new(None) };
}

impl Entropy for System {
    fn draw(&self) -> [u8; 64] {
        let mut drawn = [0; READ];
        let generation = fork::generation();
        let is_drawn = GENERATOR.try_with(|slot| match &mut *slot.borrow_mut() {
            Some((seeded, generator)) if *seeded == generation => generator.fill_bytes(&mut drawn),
            slot => slot.insert((generation, seeded())).1.fill_bytes(&mut drawn),
        });
        if is_drawn.is_err() {
            // The thread is ending, or the process: what runs then may still be asked for a page.
            seeded().fill_bytes(&mut drawn);
        }
        let (mut bytes, mut rest) = ([0; 64], &drawn[..]);
        for Range { start, end } in Moment::READ {
            let (block, behind) = rest.split_at(end - start);
            bytes[start..end].copy_from_slice(block);
            rest = behind;
        }
        bytes
    }
}

fn seeded() -> StdRng {
    StdRng::try_from_rng(&mut rand::rngs::SysRng).unwrap_or_else(|_| {
        // The system gives no randomness (an old kernel, early at boot): ids must differ all the same, so
        // what differs between processes and moments is hashed with the keys that std drew at its start.
        use std::hash::{BuildHasher, RandomState};
        StdRng::seed_from_u64(RandomState::new().hash_one((std::process::id(), std::time::Instant::now())))
    })
}

#[cfg(test)]
mod test {
    use std::{cell::RefCell, sync::mpsc, thread};

    use trackside_core::Moment;

    use super::{Entropy, System};

    #[test]
    fn every_byte_that_is_read_is_drawn_and_no_other() {
        let is_read = |place: usize| Moment::READ.iter().any(|range| range.contains(&place));
        let mut varies = [false; 64];
        let first = System.draw();
        // Once in 2^120 a byte that is drawn is the same in all of them.
        for _ in 0..15 {
            let drawn = System.draw();
            for (varies, (one, other)) in varies.iter_mut().zip(first.iter().zip(drawn)) {
                *varies |= *one != other;
            }
        }
        assert_eq!(varies, std::array::from_fn(is_read));
    }

    #[test]
    fn a_thread_that_is_ending_may_still_draw() {
        struct Last(mpsc::Sender<[u8; 64]>);
        impl Drop for Last {
            fn drop(&mut self) {
                self.0.send(System.draw()).unwrap();
            }
        }
        // One is dropped before the thread's generator, the other after it, in whichever order that is.
        thread_local! {
            static ONE: RefCell<Option<Last>> = const { RefCell::new(None) };
            static OTHER: RefCell<Option<Last>> = const { RefCell::new(None) };
        }
        let (sender, drawn) = mpsc::channel();
        let here = thread::spawn(move || {
            ONE.set(Some(Last(sender.clone())));
            let here = System.draw();
            OTHER.set(Some(Last(sender)));
            here
        });
        let here = here.join().unwrap();
        let (one, other) = (drawn.recv().unwrap(), drawn.recv().unwrap());
        assert!(here != one && one != other && other != here);
    }
}
