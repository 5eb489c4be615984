//! Forks while a worker of the parent is held inside a POST: in a binary of its own, since the test harness
//! has threads.

#![allow(unsafe_code, reason = "fork is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
mod forks;

#[cfg(unix)]
fn main() {
    unix::children_post_beside_a_parent_that_is_held_inside_a_post();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::collections::{BTreeMap, BTreeSet};

    use trackside::Tracker;
    use trackside_tests::collector::{Answer, Collector};

    use crate::forks::{Family, LIMIT, assert_received, visit};

    const FORKS: usize = 200;

    pub(crate) fn children_post_beside_a_parent_that_is_held_inside_a_post() {
        let collector = Collector::start().unwrap();
        collector.script([Answer::status(204).held()]);
        let toml = format!(
            "consent.policy = 'none'\ntrack.bots = 'keep'\nshutdown = '60s'\n[[destination]]\ntype = 'ga-v1'\nworkers = 1\n\
             tracking_id = 'UA-1-1'\ntimeout = '60s'\nurl = '{}'\n",
            collector.url("/collect")
        );
        let mut family = Family::new(|| Tracker::from_toml(&toml).unwrap());
        visit(&family.tracker);
        assert!(collector.wait_for_held(1, LIMIT));
        visit(&family.tracker);

        (0..FORKS).for_each(|n| family.fork(n));

        let book = &family.tracker.stats().destinations[0];
        assert_eq!((book.offered, book.queued, book.in_flight), (2, 1, 1), "the parent never notices");
        collector.release();
        visit(&family.tracker);
        let books = family.close();

        let forms = collector
            .requests()
            .into_iter()
            .map(|request| serde_urlencoded::from_bytes::<BTreeMap<String, String>>(&request.body).unwrap());
        let forms: Vec<_> = forms.collect();
        let all = |key: &str| forms.iter().map(|form| form[key].clone()).collect::<Vec<_>>();
        assert_eq!(assert_received(&books, "ga-v1", &all("dp")), 0);
        let visitors: BTreeSet<_> = all("cid").into_iter().collect();
        assert_eq!(visitors.len(), forms.len(), "no two processes draw the same id");
        println!("post_fork: {FORKS} forks, {} hits, each posted once", forms.len());
    }
}
