//! What a receiver needs, the pool heeds.

use super::*;

/// A receiver of one visitor or one hit a request, which refuses hits of other sites' paths.
#[derive(Debug)]
struct Narrow {
    batch: usize,
    one_visitor: bool,
}

impl Protocol for Narrow {
    fn needs(&self) -> Needs {
        let mut needs = needs_of_ga4();
        needs.batch = self.batch;
        needs.one_visitor = self.one_visitor;
        needs
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.path() {
            b"/news/panic" => panic!("as told"),
            b"/news/no" => Err(Reason::NoVisitor),
            _ => Ok(()),
        }
    }

    fn group(&self, hit: &Hit) -> u64 {
        hit.path().len() as u64
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, _: &mut Outgoing) -> usize {
        batch.len()
    }

    fn classify(&self, _: u16, _: &dyn Headers, _: &[u8]) -> Outcome {
        Outcome::Delivered
    }
}

/// What GA4 needs: `Needs` can be made by core alone.
fn needs_of_ga4() -> Needs {
    let config = trackside_core::Config::builder()
        .consent(trackside_core::config::Policy::None)
        .destination(trackside_core::config::Destination::ga4("G-1", "secret"))
        .build()
        .unwrap();
    trackside_core::protocol::of(&config.destinations()[0].receiver).unwrap().needs()
}

#[test]
fn what_the_protocol_does_not_admit_is_refused_before_it_is_batched() {
    let mut options = options("admit");
    options.protocol = Some(Arc::new(Narrow { batch: 100, one_visitor: false }));
    let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    let good = hits(2);
    submit_all(&pool, &[good[0].clone(), hit_to("no"), hit_to("panic"), good[1].clone()]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&good));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.panics), (2, 1));
    assert_eq!(book.refused, [(Reason::NoVisitor, 1), (Reason::Rejected, 1)]);
}

#[test]
fn one_visitor_a_request_means_batches_of_one_group() {
    let mut options = options("groups");
    options.protocol = Some(Arc::new(Narrow { batch: 2, one_visitor: true }));
    options.batch.hits = 6;
    options.batch.age = Duration::from_secs(3_600);
    options.workers = Workers::Count(1);
    let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    let [a, b, c] = ["a", "bb", "ccc"].map(|path| move || hit_to(path));
    let hits = [b(), a(), b(), c(), a(), b()];
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let id = |n: usize| hits[n].id();
    assert_eq!(notes.batches(), [vec![id(1), id(4)], vec![id(0), id(2)], vec![id(5)], vec![id(3)]]);
}

#[test]
fn a_receiver_of_single_hits_gets_single_hits_and_more_workers_when_it_is_slow() {
    let mut options = options("single");
    options.protocol = Some(Arc::new(Narrow { batch: 1, one_visitor: false }));
    let (door, all_here) = (Door::default(), Door::default());
    let (at, here) = (door.clone(), all_here.clone());
    let (pool, notes) = scripted(options, move |attempt, batch| {
        if attempt == 0 {
            here.pass();
            // Slower than a worker's tick.
            let began = Instant::now();
            eventually("a slow delivery", || began.elapsed() > Duration::from_millis(6));
        } else {
            at.pass();
        }
        all(batch, Outcome::Delivered)
    });
    submit_all(&pool, &hits(30));
    all_here.open();
    door.wait_for(8);
    assert_eq!(stats(&pool).in_flight, 8);
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().iter().map(Vec::len).collect::<Vec<_>>(), [1; 30]);
    assert_eq!(stats(&pool).delivered, 30);
}
