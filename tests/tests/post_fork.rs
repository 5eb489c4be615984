//! Forks while a worker of the parent is held inside a POST: in a binary of its own, since the test harness
//! has threads.

#![allow(unsafe_code, reason = "fork is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(unix)]
fn main() {
    unix::children_post_beside_a_parent_that_is_held_inside_a_post();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::{
        collections::{BTreeMap, BTreeSet},
        io::{PipeReader, Read, pipe},
        os::fd::AsRawFd,
        panic::{AssertUnwindSafe, catch_unwind},
        process,
        time::Duration,
    };

    use trackside::{Annotations, Request, Response, Tracker};
    use trackside_tests::collector::{Answer, Collector};

    const FORKS: usize = 200;
    /// Page views of the parent: one before each step.
    const OWN: usize = 3;
    /// Page views of a child at a time.
    const EACH: usize = 2;
    const LIMIT: Duration = Duration::from_secs(60);

    /// The page view of a new visitor.
    fn visit(tracker: &Tracker, page: usize) {
        let (target, headers) = (format!("/page/{page}"), [("host", "www.example.com")]);
        let request = Request::new("GET", &target, &headers);
        let headers = [("content-type", "text/html")];
        let response = Response::new(200, &headers);
        assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
    }

    /// The pages of the `n`th child, at its first or its second time.
    fn pages(n: usize, time: usize) -> impl Iterator<Item = usize> {
        let first = OWN + (2 * n + time) * EACH;
        first..first + EACH
    }

    /// When the `n`th child sends: before the parent closes, after it, or both.
    fn times(n: usize) -> &'static [usize] {
        [&[0][..], &[1], &[0, 1]][n % 3]
    }

    fn fork(work: impl FnOnce()) -> libc::pid_t {
        // SAFETY: the child uses of what it inherits only what is fit for it; that is what is tested.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let done = catch_unwind(AssertUnwindSafe(work));
            process::exit(if done.is_ok() { 0 } else { 101 });
        }
        assert!(child > 0);
        child
    }

    fn wait_for(child: libc::pid_t) {
        let mut status = 0;
        // SAFETY: waits for a child of this process; `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
    }

    /// What the `n`th child does with what it inherits.
    fn live(tracker: &Tracker, n: usize, mut parent_closes: &PipeReader) {
        assert_eq!(tracker.stats().destinations[0].offered, 0, "a child's ledger begins at zero");
        for &time in times(n) {
            if time == 1 {
                assert_eq!(parent_closes.read(&mut [0]).unwrap(), 0);
            }
            pages(n, time).for_each(|page| visit(tracker, page));
        }
        // Else the handler of exit delivers them.
        if n.is_multiple_of(2) {
            assert!(tracker.close(LIMIT).unwrap().is_empty());
        }
    }

    pub(crate) fn children_post_beside_a_parent_that_is_held_inside_a_post() {
        // SAFETY: no handler is installed: a test that does not end is ended by the signal.
        unsafe { libc::alarm(300) };
        let collector = Collector::start().unwrap();
        collector.script([Answer::status(204).held()]);
        let toml = format!(
            "consent.policy = 'none'\nshutdown = '60s'\n[[destination]]\ntype = 'ga-v1'\nworkers = 1\n\
             tracking_id = 'UA-1-1'\ntimeout = '60s'\nurl = '{}'\n",
            collector.url("/collect")
        );
        let tracker = Tracker::from_toml(&toml).unwrap();
        visit(&tracker, 0);
        assert!(collector.wait_for_held(1, LIMIT));
        visit(&tracker, 1);

        // Nothing is ever written to it: its end is what the children wait for.
        let (reader, writer) = pipe().unwrap();
        let children: Vec<_> = (0..FORKS)
            .map(|n| {
                fork(|| {
                    // SAFETY: this is the child's own copy, and the child never drops the writer.
                    unsafe { libc::close(writer.as_raw_fd()) };
                    live(&tracker, n, &reader);
                })
            })
            .collect();

        let book = &tracker.stats().destinations[0];
        assert_eq!((book.offered, book.queued, book.in_flight), (2, 1, 1), "the parent never notices");
        collector.release();
        visit(&tracker, 2);
        assert!(tracker.close(LIMIT).unwrap().is_empty());
        let book = &tracker.stats().destinations[0];
        assert_eq!((book.offered, book.delivered), (OWN as u64, OWN as u64));
        drop(writer);
        children.into_iter().for_each(wait_for);

        let expected = (0..FORKS).flat_map(|n| times(n).iter().flat_map(move |&time| pages(n, time)));
        let expected: BTreeSet<_> = (0..OWN).chain(expected).map(|page| format!("/page/{page}")).collect();
        let forms = collector
            .requests()
            .into_iter()
            .map(|request| serde_urlencoded::from_bytes::<BTreeMap<String, String>>(&request.body).unwrap());
        let forms: Vec<_> = forms.collect();
        let distinct = |key: &str| forms.iter().map(|form| form[key].clone()).collect::<BTreeSet<_>>();
        assert_eq!(distinct("dp"), expected, "none is missing");
        assert_eq!(forms.len(), expected.len(), "no hit is doubled");
        assert_eq!(distinct("cid").len(), forms.len(), "no two processes draw the same id");
        println!("post_fork: {FORKS} forks, {} hits, each posted once", forms.len());
    }
}
