use std::ptr;

use trackside_core::{
    Annotations, Config, Hit, Moment, Request, Response, judge,
    protocol::{self, Enriched},
};

use super::*;
use crate::{
    hit::{TRACKSIDE_FIELD_PATH, trackside_hit_free, trackside_hit_text},
    status::{
        TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_UNSUPPORTED,
        TRACKSIDE_WRONG_HANDLE,
    },
    test_kit::{host::MINE, read_bytes, tried},
};

/// In microseconds since the Unix epoch.
const NOW: u64 = 1_784_714_400_000_000;

const GA4: &str =
    "[[destination]]\ntype = 'ga4'\nname = 'mine'\nmeasurement_id = 'G-1'\napi_secret = 's3cret'\n
    url = 'http://stats.example/mp'\n";

/// The hits of these pages, each of another visitor. No tracker is opened: Miri has no fork.
fn hits(destination: &str, paths: &[&str]) -> Vec<Hit> {
    let config = Config::builder().toml("consent.policy = 'none'").toml(destination).build().unwrap();
    let (mut hits, mut entropy) = (Vec::new(), [7; 64]);
    for path in paths {
        entropy = entropy.map(|byte: u8| byte.wrapping_add(1));
        let request = Request::new("GET", path, &[("host", "www.example.com")]);
        let exchange = judge::begin(&config, &request, Moment::new(NOW, entropy), None);
        let response = Response::new(200, &[("content-type", "text/html")]);
        let verdict =
            judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut |hit| {
                hits.push(hit);
            });
        assert!(verdict.is_tracked());
    }
    hits
}

/// A batch as a sink is given it.
struct Given(Tagged<trackside_batch>);

impl Given {
    fn of(hits: &[Hit], destination: &str) -> Self {
        let config = Config::builder().toml("consent.policy = 'none'").toml(destination).build().unwrap();
        let protocol = protocol::of(&config.destinations()[0].receiver);
        let hits: Vec<_> = hits.iter().map(Enriched::new).collect();
        Self(Tagged::new(trackside_batch::new(&hits, NOW, protocol)))
    }

    fn callback(paths: &[&str]) -> Self {
        Self::of(&hits(MINE, paths), MINE)
    }

    fn ga4(paths: &[&str]) -> Self {
        Self::of(&hits(GA4, paths), GA4)
    }

    fn at(&mut self) -> *mut trackside_batch {
        self.0.as_mut_ptr()
    }

    fn taken(&mut self, leading: usize) -> Result<(), (trackside_status, String)> {
        let batch = self.at();
        // SAFETY: the batch is alive, and nobody else has it.
        tried(|error| unsafe { trackside_batch_taken(batch, leading, error) })
    }

    fn refuse(&mut self, index: usize) -> Result<(), (trackside_status, String)> {
        let batch = self.at();
        // SAFETY: as above.
        tried(|error| unsafe { trackside_batch_refuse(batch, index, error) })
    }

    fn retry_after(&mut self, milliseconds: u64) {
        let batch = self.at();
        // SAFETY: as above.
        tried(|error| unsafe { trackside_batch_retry_after(batch, milliseconds, error) }).unwrap();
    }

    fn answered(&mut self) {
        let batch = self.at();
        // SAFETY: as above.
        tried(|error| unsafe { trackside_batch_answered(batch, error) }).unwrap();
    }

    fn request(&mut self) -> Result<trackside_outgoing_view, (trackside_status, String)> {
        let (batch, mut view) = (self.at(), trackside_outgoing::new(Outgoing::new()).view());
        // SAFETY: as above, and the view is a struct of its size.
        tried(|error| unsafe { trackside_batch_request(batch, &mut view, error) })?;
        Ok(view)
    }

    fn classify(
        &mut self,
        status: u16,
        headers: &[(&str, &str)],
    ) -> Result<trackside_outcome, (trackside_status, String)> {
        self.classify_all(status, headers, "an answer")
    }

    fn classify_all(
        &mut self,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<trackside_outcome, (trackside_status, String)> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| trackside_header {
                name: trackside_bytes::of(name),
                value: trackside_bytes::of(value),
            })
            .collect();
        let (batch, mut outcome) = (self.at(), 77);
        let body = trackside_bytes::of(body);
        // SAFETY: as above, and there are as many headers as it says.
        tried(|error| unsafe {
            trackside_batch_classify(
                batch,
                status,
                headers.as_ptr(),
                headers.len(),
                body,
                &mut outcome,
                error,
            )
        })?;
        Ok(outcome)
    }

    fn end(&mut self, outcome: trackside_outcome) -> Delivery {
        self.0.get_mut().end(outcome)
    }
}

#[test]
fn its_hits_are_read_one_by_one() {
    let mut given = Given::callback(&["/a", "/b", "/c"]);
    let batch = given.at();
    // SAFETY: the batch is alive, and `hit` and `text` are places.
    unsafe {
        assert_eq!(trackside_batch_count(batch), 3);
        for (index, path) in ["/a", "/b", "/c"].into_iter().enumerate() {
            let (mut hit, mut text) = (ptr::null(), trackside_bytes::EMPTY);
            tried(|error| trackside_batch_hit(batch, index, &mut hit, error)).unwrap();
            tried(|error| trackside_hit_text(hit, TRACKSIDE_FIELD_PATH, &mut text, error)).unwrap();
            assert_eq!(read_bytes(text), path.as_bytes());
            // It is the library's: that does nothing.
            trackside_hit_free(hit.cast_mut());
            tried(|error| trackside_hit_text(hit, TRACKSIDE_FIELD_PATH, &mut text, error)).unwrap();
        }
        let mut hit = ptr::null();
        for index in [3, usize::MAX] {
            let failed = tried(|error| trackside_batch_hit(batch, index, &mut hit, error)).unwrap_err();
            let text = format!("`index` is {index}, but there are 3 hits");
            assert_eq!((failed, hit.is_null()), ((TRACKSIDE_NOT_FOUND, text), true));
        }
    }
}

#[test]
fn a_failure_is_the_receivers_own_answer_if_it_is_said_to_be() {
    let mut given = Given::callback(&["/a", "/b"]);
    assert_eq!(given.end(TRACKSIDE_OUTCOME_RETRY).blame, Blame::Nobody);
    assert_eq!(given.end(TRACKSIDE_OUTCOME_UNKNOWN).blame, Blame::Unclear);
    given.answered();
    assert_eq!(given.end(TRACKSIDE_OUTCOME_RETRY).blame, Blame::Hits);
    assert_eq!(given.end(TRACKSIDE_OUTCOME_UNKNOWN).blame, Blame::Hits);

    // What the receiver's answer was like is seen by its status, whatever was said before.
    let mut given = Given::ga4(&["/a"]);
    given.answered();
    for (statuses, blame) in [
        (&[204, 408, 425, 429][..], Blame::Nobody),
        (&[500], Blame::Hits),
        (&[501, 502, 503, 504, 599], Blame::Unclear),
    ] {
        for &status in statuses {
            let outcome = given.classify(status, &[]).unwrap();
            assert_eq!(given.end(outcome).blame, blame, "{status}");
        }
    }
}

#[test]
fn null_and_what_is_no_batch_are_told() {
    let (mut given, mut hit, mut outcome) = (Given::callback(&["/"]), ptr::null(), 0);
    let mut view = trackside_outgoing::new(Outgoing::new()).view();
    // SAFETY: the batch and its hit are alive; NULL and other handles are allowed to be tried.
    unsafe {
        tried(|error| trackside_batch_hit(given.at(), 0, &mut hit, error)).unwrap();
        let none = trackside_bytes::EMPTY;
        let other: *mut trackside_batch = hit.cast_mut().cast();
        for (batch, status) in [(ptr::null_mut(), TRACKSIDE_NULL_ARGUMENT), (other, TRACKSIDE_WRONG_HANDLE)] {
            let fails = |call: &mut dyn FnMut(*mut trackside_error) -> trackside_status| {
                let (failed, text) = tried(call).unwrap_err();
                assert_eq!(failed, status);
                assert!(text.starts_with("`batch` is "), "{text}");
            };
            assert_eq!(trackside_batch_count(batch), 0);
            fails(&mut |error| trackside_batch_hit(batch, 0, &mut hit, error));
            fails(&mut |error| trackside_batch_request(batch, &mut view, error));
            fails(&mut |error| trackside_batch_taken(batch, 1, error));
            fails(&mut |error| trackside_batch_refuse(batch, 0, error));
            fails(&mut |error| trackside_batch_retry_after(batch, 0, error));
            fails(&mut |error| trackside_batch_answered(batch, error));
            fails(&mut |error| {
                trackside_batch_classify(batch, 200, ptr::null(), 0, none, &mut outcome, error)
            });
        }
        let mut given = Given::ga4(&["/"]);
        let batch = given.at();
        let null = |call: &mut dyn FnMut(*mut trackside_error) -> trackside_status, argument: &str| {
            let expected = (TRACKSIDE_NULL_ARGUMENT, format!("`{argument}` is NULL"));
            assert_eq!(tried(call).unwrap_err(), expected);
        };
        null(&mut |error| trackside_batch_hit(batch, 0, ptr::null_mut(), error), "hit");
        null(&mut |error| trackside_batch_request(batch, ptr::null_mut(), error), "view");
        null(
            &mut |error| trackside_batch_classify(batch, 200, ptr::null(), 0, none, ptr::null_mut(), error),
            "outcome",
        );
        null(
            &mut |error| trackside_batch_classify(batch, 200, ptr::null(), 1, none, &mut outcome, error),
            "headers",
        );
    }
}

#[test]
fn an_attempt_is_about_all_unless_it_says_otherwise() {
    let mut given = Given::callback(&["/a", "/b", "/c"]);
    assert_eq!(given.end(0), Delivery::new(3, Outcome::Delivered));
    for leading in [0, 4, usize::MAX] {
        let (status, text) = given.taken(leading).unwrap_err();
        assert_eq!(status, TRACKSIDE_INVALID_ARGUMENT);
        assert_eq!(text, format!("`leading` is {leading}; an attempt is about 1 to 3 hits of this batch"));
    }
    for leading in [3, 1, 2] {
        given.taken(leading).unwrap();
    }
    assert_eq!(given.end(3), Delivery::new(2, Outcome::Split));
}

#[test]
fn hits_can_be_refused_one_by_one() {
    let mut given = Given::callback(&["/a", "/b", "/c"]);
    given.refuse(2).unwrap();
    given.refuse(0).unwrap();
    given.refuse(2).unwrap();
    assert_eq!(given.refuse(3).unwrap_err().0, TRACKSIDE_NOT_FOUND);
    // It is only where others were delivered that it matters.
    assert_eq!(given.end(1), Delivery::new(3, Outcome::Retry(None)));
    let refused = vec![(2, Reason::Rejected), (0, Reason::Rejected)];
    assert_eq!(given.end(0), Delivery::new(3, Outcome::Partial(refused)));
}

#[test]
fn a_wait_goes_with_a_retry() {
    let mut given = Given::callback(&["/"]);
    given.retry_after(1_500);
    assert_eq!(given.end(0), Delivery::new(1, Outcome::Delivered));
    assert_eq!(given.end(1), Delivery::new(1, Outcome::Retry(Some(Duration::from_millis(1_500)))));
    given.retry_after(u64::MAX);
    assert_eq!(given.end(1).outcome, Outcome::Retry(Some(Duration::from_millis(u64::MAX))));
}

#[test]
fn without_a_wire_format_there_is_no_request_and_no_answer() {
    let mut given = Given::callback(&["/"]);
    let (status, text) = given.request().unwrap_err();
    assert_eq!(status, TRACKSIDE_UNSUPPORTED);
    assert_eq!(text, "`batch` is for a destination whose type has no wire format");
    assert_eq!(given.classify(200, &[]).unwrap_err().0, TRACKSIDE_UNSUPPORTED);
}

#[test]
fn the_request_holds_as_many_hits_as_the_protocol_puts_into_one() {
    // Two visitors: GA4 has one a request.
    let mut given = Given::ga4(&["/a", "/b"]);
    for _ in 0..2 {
        let view = given.request().unwrap();
        // SAFETY: the view is valid as long as the batch.
        unsafe {
            assert_eq!(read_bytes(view.method), b"POST");
            let url = "http://stats.example/mp?measurement_id=G-1&api_secret=";
            assert_eq!(read_bytes(view.url), format!("{url}s3cret").as_bytes());
            assert_eq!(read_bytes(view.shown_url), format!("{url}***").as_bytes());
            assert_eq!(view.header_count, 1);
            let header = &*view.headers;
            assert_eq!(read_bytes(header.name), b"content-type");
            assert_eq!(read_bytes(header.value), b"application/json");
            let body = String::from_utf8(read_bytes(view.body).to_vec()).unwrap();
            assert!(body.contains("/a") && !body.contains("/b"), "{body}");
        }
    }
    assert_eq!(given.end(0), Delivery::new(1, Outcome::Delivered));
}

#[test]
fn an_answer_is_read_as_the_protocol_reads_it() {
    let mut given = Given::ga4(&["/"]);
    assert_eq!(given.classify(204, &[]).unwrap(), TRACKSIDE_OUTCOME_DELIVERED);
    assert_eq!(given.classify(413, &[]).unwrap(), TRACKSIDE_OUTCOME_SPLIT);
    assert_eq!(given.classify(500, &[]).unwrap(), TRACKSIDE_OUTCOME_UNKNOWN);
    assert_eq!(given.classify(400, &[]).unwrap(), TRACKSIDE_OUTCOME_REFUSED);
    assert_eq!(given.end(4).outcome, Outcome::Refused(Reason::Rejected));
    given.refuse(0).unwrap();
    assert_eq!(given.classify(503, &[("Retry-After", "120")]).unwrap(), TRACKSIDE_OUTCOME_RETRY);
    assert_eq!(given.end(1).outcome, Outcome::Retry(Some(Duration::from_secs(120))));
    assert_eq!(given.end(0).outcome, Outcome::Delivered, "the answer replaces what was said before");
    assert_eq!(given.classify(429, &[]).unwrap(), TRACKSIDE_OUTCOME_RETRY);
    assert_eq!(given.end(1).outcome, Outcome::Retry(None));
}

#[test]
fn what_an_answer_counts_is_told_of_as_many_hits_as_were_sent() {
    const MATOMO: &str =
        "[[destination]]\ntype = 'matomo'\nname = 'mine'\nurl = 'http://stats.example/'\nsite_id = 7\n";
    let mut given = Given::of(&hits(MATOMO, &["/a", "/b", "/c"]), MATOMO);
    let of = |given: &mut Given, tracked: usize| {
        let body = format!(r#"{{"status":"success","tracked":{tracked},"invalid":0}}"#);
        let outcome = given.classify_all(200, &[], &body).unwrap();
        assert_eq!(outcome, TRACKSIDE_OUTCOME_DELIVERED);
        given.end(outcome).outcome
    };
    let lost = |n: usize| Outcome::Partial((0..n).map(|n| (n, Reason::Rejected)).collect());
    assert_eq!([of(&mut given, 3), of(&mut given, 1)], [Outcome::Delivered, lost(2)]);
    // A request of the first two alone.
    given.taken(2).unwrap();
    assert_eq!([of(&mut given, 2), of(&mut given, 1)], [Outcome::Delivered, lost(1)]);
}

#[test]
fn what_an_answer_says_of_single_hits_is_kept() {
    let mut given = Given::callback(&["/a", "/b"]);
    let partial = vec![(1, Reason::BadName)];
    let batch = given.0.get_mut();
    assert_eq!(batch.remember(Outcome::Partial(partial.clone())), TRACKSIDE_OUTCOME_DELIVERED);
    assert_eq!(given.end(0).outcome, Outcome::Partial(partial));
    let batch = given.0.get_mut();
    assert_eq!(batch.remember(Outcome::Refused(Reason::TooLarge)), TRACKSIDE_OUTCOME_REFUSED);
    assert_eq!(given.end(4).outcome, Outcome::Refused(Reason::TooLarge));
    assert_eq!(given.0.get_mut().remember(Outcome::Unavailable), TRACKSIDE_OUTCOME_UNAVAILABLE);
}
