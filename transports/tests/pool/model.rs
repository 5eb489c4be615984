//! The pool beside a model that answers at random and keeps a book of its own.

use super::*;

#[test]
fn the_books_agree_with_the_sinks_own_whatever_it_answers() {
    // Any sink, any answer, any number of threads: the books agree with the sink's own.
    for (seed, dedupe, workers) in [(1, false, 1), (2, true, 1), (3, false, 4), (4, true, 4)] {
        let mut options = options("random");
        options.dedupe = dedupe;
        options.workers = Workers::Count(workers);
        let model = Arc::new(Mutex::new(Model::new(seed)));
        let sink = model.clone();
        let pool = Pool::with_backoff(
            options,
            quick(),
            does(move |batch: &[Enriched<'_>], _| sink.lock().unwrap().answer(batch.len(), dedupe)),
        );
        let full = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for hit in hits(10_000) {
                        match pool.submit(hit) {
                            Submitted::Queued => {}
                            Submitted::Dropped(reason) => {
                                assert_eq!(reason, Reason::QueueFull);
                                full.fetch_add(1, SeqCst);
                            }
                        }
                    }
                });
            }
            scope.spawn(|| {
                let mut before = 0;
                while before < 80_000 {
                    let book = stats(&pool);
                    let sum = |counts: &[(Reason, u64)]| counts.iter().map(|(_, n)| n).sum::<u64>();
                    let ended = book.delivered + sum(&book.refused) + sum(&book.dropped);
                    assert!(ended <= book.offered && before <= book.offered, "{book:?}");
                    before = book.offered;
                }
            });
        });
        assert!(pool.close(soon()).unwrap().is_empty());
        let (book, model) = (stats(&pool), model.lock().unwrap());
        assert_balanced(&book);
        assert_eq!((book.offered, book.pending()), (80_000, 0));
        assert_eq!(count(&book.dropped, Reason::QueueFull), full.load(SeqCst) as u64);
        assert_eq!(book.delivered, model.delivered);
        assert_eq!(count(&book.refused, Reason::Rejected), model.refused);
        assert_eq!(count(&book.refused, Reason::TooLarge), model.too_large);
        assert_eq!(count(&book.dropped, Reason::Ambiguous), model.ambiguous);
    }
}

/// Answers at random from a fixed seed, and keeps a book of its own.
struct Model {
    random: u64,
    delivered: u64,
    refused: u64,
    too_large: u64,
    ambiguous: u64,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self { random: seed, delivered: 0, refused: 0, too_large: 0, ambiguous: 0 }
    }

    /// A number below `n`, from a linear congruential generator.
    fn below(&mut self, n: usize) -> usize {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % n
    }

    fn answer(&mut self, length: usize, dedupe: bool) -> Delivery {
        let taken = 1 + self.below(length);
        let hits = taken as u64;
        let outcome = match self.below(12) {
            0 => {
                self.refused += hits;
                Outcome::Refused(Reason::Rejected)
            }
            1 => Outcome::Retry(None),
            2 => Outcome::Retry(Some(Duration::from_micros(50))),
            3 => {
                self.too_large += u64::from(taken == 1);
                Outcome::Split
            }
            4 => {
                self.ambiguous += if dedupe { 0 } else { hits };
                Outcome::Unknown
            }
            5 => {
                let one = self.below(taken);
                self.refused += 1;
                self.delivered += hits - 1;
                Outcome::Partial(vec![(one, Reason::Rejected)])
            }
            _ => {
                self.delivered += hits;
                Outcome::Delivered
            }
        };
        Delivery::new(taken, outcome)
    }
}
