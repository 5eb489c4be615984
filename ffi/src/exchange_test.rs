use std::{ptr, slice};

use allocation_counter::measure;
use trackside_core::Reason;
use trackside_tests::block::{Annotation, Property, RequestBlock, ResponseBlock};

use crate::test_exchange::{Case, Outcome, Site, begun_by_block, finished_by_block, headers, property};
use crate::*;

const TOML: &str = "consent.policy = 'notice'\nconsent.notice = '{site} & you'\ntrack.ignore = ['/admin/']";

fn pair(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (name.as_bytes().to_vec(), value.as_bytes().to_vec())
}

/// A page view of somebody who was here before, as Chrome sends it.
fn chrome() -> Case {
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
    let accept =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
    let cookie = "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784714000.1784714000.1784714300";
    let headers = vec![
        pair("Host", "www.example.com"),
        pair("User-Agent", agent),
        pair("Accept", accept),
        pair("Sec-Fetch-Dest", "document"),
        pair("Referer", "https://www.example.org/search/results/"),
        pair("Accept-Encoding", "gzip, deflate, br, zstd"),
        pair("Accept-Language", "en-GB,en;q=0.9,de;q=0.8"),
        pair("Cookie", cookie),
    ];
    let target = b"/walks/twelve-walks/?utm_source=newsletter&page=2".to_vec();
    Case {
        request: RequestBlock {
            secure: true,
            resolved: false,
            lent: false,
            method: b"GET".to_vec(),
            target,
            peer: vec![203, 0, 113, 9],
            headers,
            ..RequestBlock::default()
        },
        response: ResponseBlock {
            status: 200,
            headers: vec![pair("Content-Type", "text/html")],
            ..ResponseBlock::default()
        },
    }
}

/// The first visit of somebody.
fn first_visit() -> Case {
    let mut case = chrome();
    case.request.headers.pop();
    case
}

/// The request and the response of a case, as arrays that nobody has to build any more.
struct Arrays {
    /// What the others point into.
    #[allow(dead_code, reason = "it is read through pointers")]
    case: Case,
    headers: Vec<trackside_header>,
    response_headers: Vec<trackside_header>,
    request: trackside_request,
    response: trackside_response,
}

impl Arrays {
    fn of(case: &Case, peer: &'static str) -> Self {
        let case = case.clone();
        let arrays = Self {
            headers: headers(&case.request.headers),
            response_headers: headers(&case.response.headers),
            request: trackside_request {
                size: size_of::<trackside_request>(),
                method: trackside_bytes::of(&case.request.method),
                target: trackside_bytes::of(&case.request.target),
                authority: trackside_bytes::of(&case.request.authority),
                peer: trackside_bytes::of(peer),
                headers: ptr::null(),
                header_count: case.request.headers.len(),
                secure: case.request.secure.into(),
                resolved: case.request.resolved.into(),
            },
            response: trackside_response {
                size: size_of::<trackside_response>(),
                headers: ptr::null(),
                header_count: case.response.headers.len(),
                status: case.response.status,
            },
            case,
        };
        let request = trackside_request { headers: arrays.headers.as_ptr(), ..arrays.request };
        let response = trackside_response { headers: arrays.response_headers.as_ptr(), ..arrays.response };
        Self { request, response, ..arrays }
    }

    fn begin(&self, site: &Site) -> (trackside_status, *mut trackside_exchange, String) {
        let (mut exchange, mut error) = (ptr::null_mut(), test_kit::error());
        // SAFETY: all that is pointed at lives as long as the call.
        let status =
            unsafe { trackside_exchange_begin(site.tracker, &self.request, &mut exchange, &mut error) };
        (status, exchange, test_kit::said(&error).to_owned())
    }

    fn finish(&self, exchange: *mut trackside_exchange) -> trackside_status {
        // SAFETY: all that is pointed at lives as long as the call.
        unsafe { trackside_exchange_finish(exchange, &self.response, ptr::null_mut()) }
    }
}

fn free(exchange: *mut trackside_exchange) {
    // SAFETY: each test frees its exchanges once.
    unsafe { trackside_exchange_free(exchange) }
}

fn allocations<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let mut result = None;
    let counted = measure(|| result = Some(run())).count_total;
    (counted, result.unwrap())
}

/// What begin and finish allocate, through arrays, through blocks, and through a block that is lent.
fn counted(case: &Case) -> [(u64, u64); 3] {
    let site = Site::without_hits(TOML);
    let arrays = Arrays::of(case, "203.0.113.9");
    let response = case.response.bytes();
    free(arrays.begin(&site).1); // What is made once is made.
    let (begin, (status, exchange, _)) = allocations(|| arrays.begin(&site));
    assert_eq!(status, TRACKSIDE_OK);
    // The test's own: the text of the error, which is empty.
    let (finish, status) = allocations(|| arrays.finish(exchange));
    assert_eq!(status, TRACKSIDE_OK);
    free(exchange);
    let [block, lent_block] = [false, true].map(|lent| {
        let block = RequestBlock { lent, ..case.request.clone() }.bytes();
        let (begin, exchange) = allocations(|| begun_by_block(&site, &block).unwrap());
        let (finish, status) = allocations(|| finished_by_block(exchange, &response));
        assert_eq!(status, TRACKSIDE_OK);
        free(exchange);
        (begin, finish)
    });
    [(begin, finish), block, lent_block]
}

#[test]
fn begin_allocates_the_handle_and_finish_the_hit() {
    assert_eq!(counted(&chrome()), [(1, 1); 3]);
    let mut titled = chrome();
    titled.response.annotations.push(Annotation::Title("Twelve walks".to_owned()));
    assert_eq!(counted(&titled)[1..], [(1, 1); 2], "a title is taken where it lies");
}

#[test]
fn what_is_skipped_has_no_hit() {
    let mut ignored = chrome();
    ignored.request.target = b"/admin/walks/".to_vec();
    assert_eq!(counted(&ignored), [(1, 0); 3]);
}

#[test]
fn a_cookie_costs_what_it_is_made_of() {
    let in_rust = {
        let site = Site::without_hits(TOML);
        let case = first_visit();
        allocations(|| case.in_rust(&site)).0
    };
    for (begin, finish) in counted(&first_visit()) {
        assert_eq!(begin, 1);
        // Beyond Rust's own, the box that C's view of the headers stands in, the views and the texts.
        assert!(finish <= in_rust + 3, "{finish} and {in_rust}");
    }
}

#[test]
fn a_large_request_costs_no_more_and_a_header_that_came_twice_a_few_allocations() {
    let mut long_cookie = chrome();
    long_cookie.request.headers[7].1.splice(..0, vec![b'x'; 60_000].into_iter().chain(*b"; "));
    assert_eq!(counted(&long_cookie), [(1, 1); 3], "cookies are not copied");
    let mut large = chrome();
    large.request.target = [b"/".to_vec(), vec![b'x'; 1_000]].concat();
    assert_eq!(counted(&large), [(1, 1); 3]);
    let mut twice = chrome();
    twice.request.headers.push(pair("accept", "text/html"));
    for (begin, finish) in counted(&twice) {
        assert!((2..8).contains(&begin) && finish == 1, "{begin} and {finish}");
    }
}

#[test]
fn a_value_that_no_header_can_have_counts_as_absent() {
    let site = Site::new(TOML);
    for (name, value, valid) in [
        ("User-Agent", "a\x01gent", "agent"),
        ("Accept-Language", "d\ne", "de"),
        ("Referer", "https://\0/", "https://www.example.org/"),
    ] {
        let mut case = chrome();
        case.request.headers.retain(|(other, _)| *other != name.as_bytes());
        let absent = case.in_rust(&site);
        case.request.headers.insert(1, pair(name, value));
        for outcome in [case.in_rust(&site), case.in_arrays(&site), case.in_blocks(&site)] {
            assert_eq!(outcome, absent, "{name}");
        }
        // Nor does it stand before one that can be.
        case.request.headers.push(pair(name, valid));
        let present = case.in_rust(&site);
        assert_ne!(present, absent);
        assert_eq!((case.in_arrays(&site), case.in_blocks(&site)), (case.in_rust(&site), present));
    }
}

#[test]
fn what_begin_read_is_the_callers_again() {
    let site = Site::new(TOML);
    let expected = chrome().in_rust(&site).hits;
    let mut case = chrome();
    let mut block = case.request.bytes();
    let exchanges = [case.begun_by_arrays(&site), begun_by_block(&site, &block).unwrap()];
    block.fill(b'x');
    case.request.target.fill(b'x');
    case.request.headers.iter_mut().for_each(|(name, value)| {
        name.fill(b'x');
        value.fill(b'x');
    });
    for exchange in exchanges {
        assert_eq!(finished_by_block(exchange, &case.response.bytes()), TRACKSIDE_OK);
        free(exchange);
    }
    assert_eq!(site.hits(), [&expected[..], &expected, &expected].concat());
}

#[test]
fn what_the_last_block_says_stands_beside_what_was_set_before() {
    let site = Site::new(TOML);
    let mut case = chrome();
    let exchange = case.begun_by_arrays(&site);
    let (one, two) = (property("n", &Property::Number(1.0)), property("n", &Property::Number(2.0)));
    let none = ptr::null_mut();
    // SAFETY: all that is pointed at lives as long as the calls.
    unsafe {
        assert_eq!(trackside_exchange_set_title(exchange, trackside_bytes::of("first"), none), TRACKSIDE_OK);
        assert_eq!(trackside_exchange_set_title(exchange, trackside_bytes::of("second"), none), TRACKSIDE_OK);
        assert_eq!(
            trackside_exchange_set_route(exchange, trackside_bytes::of("/{page}"), none),
            TRACKSIDE_OK
        );
        assert_eq!(trackside_exchange_add_property(exchange, &one, none), TRACKSIDE_OK);
        assert_eq!(trackside_exchange_add_property(exchange, &two, none), TRACKSIDE_OK);
    }
    case.response.annotations = vec![
        Annotation::Title("last".to_owned()),
        Annotation::Property("n".to_owned(), Property::Number(3.0)),
    ];
    assert_eq!(finished_by_block(exchange, &case.response.bytes()), TRACKSIDE_OK);
    free(exchange);
    let hits = site.hits();
    assert_eq!((hits[0].title(), hits[0].route()), ("last", "/{page}"));
    let numbers = [1.0, 2.0, 3.0].map(|number| ("n", number.into()));
    assert_eq!(hits[0].properties().collect::<Vec<_>>(), numbers);
}

#[test]
fn what_comes_late_is_counted_and_ignored() {
    let site = Site::new(TOML);
    let (arrays, late) = (Arrays::of(&chrome(), ""), trackside_bytes::of("late"));
    let (finished, abandoned) = (arrays.begin(&site).1, arrays.begin(&site).1);
    assert_eq!(arrays.finish(finished), TRACKSIDE_OK);
    let event = trackside_event {
        size: size_of::<trackside_event>(),
        name: late,
        category: trackside_bytes::EMPTY,
        label: trackside_bytes::EMPTY,
        properties: ptr::null(),
        property_count: 0,
        value: 0.0,
        has_value: false.into(),
    };
    let none = ptr::null_mut();
    // SAFETY: all that is pointed at lives as long as the calls.
    unsafe {
        assert_eq!(trackside_exchange_abandon(abandoned, none), TRACKSIDE_OK);
        for exchange in [finished, abandoned] {
            let property = property("late", &Property::Truth(true));
            assert_eq!(trackside_exchange_set_title(exchange, late, none), TRACKSIDE_FINISHED);
            assert_eq!(trackside_exchange_set_user_id(exchange, late, none), TRACKSIDE_FINISHED);
            assert_eq!(trackside_exchange_set_route(exchange, late, none), TRACKSIDE_FINISHED);
            assert_eq!(trackside_exchange_add_property(exchange, &property, none), TRACKSIDE_FINISHED);
            assert_eq!(trackside_exchange_add_event(exchange, &event, none), TRACKSIDE_FINISHED);
            // These add nothing, and so nothing is late.
            assert_eq!(arrays.finish(exchange), TRACKSIDE_FINISHED);
            assert_eq!(finished_by_block(exchange, &chrome().response.bytes()), TRACKSIDE_FINISHED);
            assert_eq!(trackside_exchange_abandon(exchange, none), TRACKSIDE_FINISHED);
            assert_eq!(
                trackside_exchange_notice(exchange, none.cast(), none.cast(), none),
                TRACKSIDE_FINISHED
            );
            assert_eq!(trackside_exchange_visitor(exchange, &mut ptr::null_mut(), none), TRACKSIDE_FINISHED);
        }
    }
    free(finished);
    free(abandoned);
    let requests = site.live.stats().requests;
    assert_eq!((requests.tracked, requests.skipped, requests.late), (1, vec![(Reason::Abandoned, 1)], 10));
    assert_eq!(site.hits().len(), 1);
}

#[test]
fn an_event_is_raised_when_the_exchange_is_over() {
    let site = Site::new(TOML);
    let arrays = Arrays::of(&chrome(), "203.0.113.9");
    let exchange = arrays.begin(&site).1;
    let mut visitor = ptr::null_mut();
    let plan = Property::Text("pro".to_owned());
    let properties = [property("plan", &plan)];
    let event = trackside_event {
        size: size_of::<trackside_event>(),
        name: trackside_bytes::of("paid"),
        category: trackside_bytes::of("shop"),
        label: trackside_bytes::EMPTY,
        properties: properties.as_ptr(),
        property_count: 1,
        value: 29.0,
        has_value: true.into(),
    };
    let mut id = [1; 37];
    // SAFETY: all that is pointed at lives as long as the calls.
    unsafe {
        assert_eq!(trackside_exchange_visitor(exchange, &mut visitor, ptr::null_mut()), TRACKSIDE_OK);
        assert_eq!(arrays.finish(exchange), TRACKSIDE_OK);
        free(exchange);
        assert_eq!(trackside_visitor_id(visitor, id.as_mut_ptr(), ptr::null_mut()), TRACKSIDE_OK);
        assert_eq!(trackside_tracker_event(site.tracker, visitor, &event, ptr::null_mut()), TRACKSIDE_OK);
        trackside_visitor_free(visitor);
    }
    assert_eq!(&id.map(|byte| byte as u8), b"5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11\0");
    let hits = site.hits();
    let [page, paid] = &hits[..] else {
        panic!("{hits:?}");
    };
    assert_eq!((paid.name(), paid.category(), paid.value()), ("paid", "shop", Some(29.0)));
    assert_eq!(paid.properties().collect::<Vec<_>>(), [("plan", "pro".into())]);
    assert_eq!((paid.visitor(), paid.session(), paid.ip()), (page.visitor(), page.session(), page.ip()));
    assert_eq!((paid.site(), paid.agent(), paid.language()), (page.site(), page.agent(), page.language()));
}

#[test]
fn the_notice_is_lent_until_the_end() {
    let site = Site::new(TOML);
    let case = first_visit();
    let exchange = case.begun_by_arrays(&site);
    let (mut text, mut html, mut again) = ([trackside_bytes::EMPTY; 3]).into();
    let none = ptr::null_mut();
    // SAFETY: all that is pointed at lives as long as the calls, and what is lent until the exchange ends.
    unsafe {
        assert_eq!(trackside_exchange_notice(exchange, &mut text, &mut html, none), TRACKSIDE_OK);
        assert_eq!(trackside_exchange_notice(exchange, &mut again, none.cast(), none), TRACKSIDE_OK);
        assert_eq!(again.data, text.data);
        assert_eq!(finished_by_block(exchange, &case.response.bytes()), TRACKSIDE_OK);
        assert_eq!(test_exchange::text(text), "www.example.com & you");
        assert_eq!(test_exchange::text(html), "www.example.com &amp; you");
    }
    free(exchange);
}

#[test]
fn names_and_values_of_the_verdict_end_in_nul() {
    let site = Site::new(TOML);
    let case = first_visit();
    let exchange = case.begun_by_arrays(&site);
    assert_eq!(finished_by_block(exchange, &case.response.bytes()), TRACKSIDE_OK);
    let (mut first, mut count) = (ptr::null(), 0);
    // SAFETY: the exchange is live, and what it lends has as many bytes as it says and one more.
    unsafe {
        let status = trackside_exchange_headers(exchange, &mut first, &mut count, ptr::null_mut());
        assert_eq!((status, count), (TRACKSIDE_OK, 2));
        for header in slice::from_raw_parts(first, count) {
            for text in [header.name, header.value] {
                assert_eq!(*text.data.add(text.length), 0);
            }
        }
    }
    free(exchange);
    let Outcome { headers, .. } = case.in_arrays(&site);
    assert!(headers[0].0 == "Set-Cookie" && headers[0].1.starts_with("trackside="));
    assert_eq!(headers[1], ("Cache-Control".to_owned(), "private".to_owned()));
}

#[test]
fn a_peer_is_an_address() {
    let site = Site::new("consent.policy = 'none'\n[[destination]]\ntype = 'sqlite'\nip = 'full'");
    for (text, expected) in [
        ("", None),
        ("203.0.113.9", Some("203.0.113.9")),
        ("10.20.199.255", Some("10.20.199.255")),
        ("2001:db8::1", Some("2001:db8::1")),
        ("fe80::1%eth0", Some("fe80::1")),
    ] {
        let arrays = Arrays::of(&chrome(), text);
        let (status, exchange, _) = arrays.begin(&site);
        assert_eq!((status, arrays.finish(exchange)), (TRACKSIDE_OK, TRACKSIDE_OK), "{text}");
        free(exchange);
        let hit = site.hits().pop().unwrap();
        assert_eq!(hit.ip().map(|ip| ip.to_string()).as_deref(), expected);
    }
    let crooked =
        ["203.0.113.256", "203.0.113.09", "203.0.113.9.", "203..113.9", "+3.0.113.9", "1203.0.113.9"];
    for text in
        ["localhost", "203.0.113.9:80", "[2001:db8::1]", "%eth0", " ", "203.0.113"].into_iter().chain(crooked)
    {
        let (status, exchange, said) = Arrays::of(&chrome(), text).begin(&site);
        assert_eq!((status, exchange), (TRACKSIDE_INVALID_ARGUMENT, ptr::null_mut()), "{text}");
        let way_out = "write 203.0.113.9 or 2001:db8::1, or leave it empty";
        assert_eq!(said, format!("`request.peer` is no address: {text}; {way_out}"));
    }
    assert_eq!(site.live.stats().requests.seen(), 5, "what is refused is not counted");
}

#[test]
fn an_array_is_named_by_its_place() {
    let site = Site::new(TOML);
    let broken = trackside_bytes { data: ptr::null(), length: 1 };
    let endless = trackside_bytes { data: c"x".as_ptr(), length: usize::MAX };
    let mut arrays = Arrays::of(&chrome(), "");
    for (at, text, name) in [(0, broken, true), (7, broken, false), (3, endless, false)] {
        let good = arrays.headers[at];
        if name {
            arrays.headers[at].name = text;
        } else {
            arrays.headers[at].value = text;
        }
        let (status, exchange, said) = arrays.begin(&site);
        let argument = format!("`request.headers[{at}].{}`", if name { "name" } else { "value" });
        let (expected, problem) = match text.length {
            1 => (TRACKSIDE_NULL_ARGUMENT, "is NULL".to_owned()),
            length => {
                (TRACKSIDE_INVALID_ARGUMENT, format!("has the length {length}, more than memory can hold"))
            }
        };
        assert_eq!((status, exchange, said), (expected, ptr::null_mut(), format!("{argument} {problem}")));
        arrays.headers[at] = good;
    }
    arrays.request.headers = ptr::null();
    let (status, _, said) = arrays.begin(&site);
    assert_eq!((status, &said[..]), (TRACKSIDE_NULL_ARGUMENT, "`request.headers` is NULL"));
    arrays.request.header_count = 0;
    let (status, exchange, _) = arrays.begin(&site);
    assert_eq!(status, TRACKSIDE_OK, "no headers need no array");
    arrays.response_headers[0].value = broken;
    assert_eq!(arrays.finish(exchange), TRACKSIDE_NULL_ARGUMENT);
    arrays.response_headers[0].value = trackside_bytes::of("text/html");
    assert_eq!(arrays.finish(exchange), TRACKSIDE_OK, "it was not finished yet");
    free(exchange);
}
