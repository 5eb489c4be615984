//! What has been found out about hits that other destinations have yet to take from their queues.

use std::{collections::HashMap, mem, sync::Arc};

use trackside_core::Hit;

use crate::stage::Looked;

/// So many hits, and bytes of them, are remembered at least, and twice as many at most. Destinations come to a hit
/// within some milliseconds of each other, unless one of them pauses: that one's hits are looked at again.
const HITS: usize = 1_024;
const BYTES: usize = 1 << 20;

/// Looks by the hit's place in memory, which is no other's while it is remembered here.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    young: HashMap<usize, Look>,
    /// Those that were young before; forgotten when the young are many.
    old: HashMap<usize, Look>,
    /// Of the young.
    bytes: usize,
}

#[derive(Debug)]
struct Look {
    /// Keeps the hit's place.
    _hit: Hit,
    looked: Arc<Looked>,
    /// How many destinations are still to ask.
    left: usize,
}

impl Looks {
    /// What was found out about the hit, for one destination; forgotten when the last has asked.
    pub(crate) fn take(&mut self, hit: &Hit) -> Option<Arc<Looked>> {
        let place = hit.place();
        for looks in [&mut self.young, &mut self.old] {
            let Some(look) = looks.get_mut(&place) else { continue };
            look.left -= 1;
            if look.left > 0 {
                return Some(Arc::clone(&look.looked));
            }
            return looks.remove(&place).map(|look| look.looked);
        }
        None
    }

    /// Remembers what was found out about the hit for `others` destinations, at least one.
    pub(crate) fn put(&mut self, hit: &Hit, looked: &Arc<Looked>, others: usize) {
        if self.young.len() >= HITS || self.bytes >= BYTES {
            self.old = mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += hit.size() + looked.hit.size();
        self.young.insert(hit.place(), Look { _hit: hit.clone(), looked: Arc::clone(looked), left: others });
    }
}

#[cfg(test)]
mod test {
    use trackside_core::{Annotations, Config, Moment, Request, Response, enrich::Found, hit::Edit, judge};

    use super::*;

    /// Hits that are the same to the byte, each in a place of its own.
    fn hits(count: usize) -> Vec<Hit> {
        let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
        let request = Request::new("GET", "/", &[("host", "www.example.com")]);
        let response = Response::new(200, &[("content-type", "text/html")]);
        let mut hits = Vec::new();
        for _ in 0..count {
            let exchange = judge::begin(&config, &request, Moment::new(0, [7; 64]), None);
            let mut take = |hit| hits.push(hit);
            let verdict =
                judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut take);
            assert!(verdict.is_tracked());
        }
        hits
    }

    fn looked(hit: &Hit) -> Arc<Looked> {
        Arc::new(Looked { hit: hit.clone(), found: Found::default(), refused: None, failures: 0 })
    }

    #[test]
    fn a_look_is_remembered_until_the_last_has_asked() {
        let (mut looks, hits) = (Looks::default(), hits(2));
        let look = looked(&hits[0]);
        assert!(looks.take(&hits[0]).is_none());
        looks.put(&hits[0], &look, 2);
        assert!(looks.take(&hits[1]).is_none(), "it is equal, and another");
        for _ in 0..2 {
            assert!(Arc::ptr_eq(&looks.take(&hits[0].clone()).unwrap(), &look));
        }
        assert!(looks.take(&hits[0]).is_none());
        drop(looks);
        assert_eq!(Arc::strong_count(&look), 1);
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_in_time() {
        let (mut looks, hits) = (Looks::default(), hits(3 * HITS));
        let look = looked(&hits[0]);
        for hit in &hits {
            looks.put(hit, &look, 1);
        }
        assert!(looks.take(&hits[HITS - 1]).is_none());
        assert!(looks.take(&hits[HITS]).is_some(), "so many are remembered");
        assert_eq!(Arc::strong_count(&look), 2 * HITS);
    }

    #[test]
    fn large_hits_are_fewer() {
        let mut edit = Edit::new();
        (0..60).for_each(|n| edit.property(format!("{n}"), "x".repeat(1_000)));
        let (mut looks, small) = (Looks::default(), hits(1));
        let large = || edit.apply(&small[0]).unwrap();
        // The hit, and what came of it.
        let most = BYTES.div_ceil(2 * large().size());
        let hits: Vec<_> = (0..=2 * most).map(|_| large()).collect();
        let look = looked(&hits[0]);
        for hit in &hits {
            looks.put(hit, &look, 1);
        }
        assert_eq!(Arc::strong_count(&look), 2 + most);
    }
}
