use std::ptr;

use proptest::{collection::vec, option, prelude::*, sample::select};
use trackside_tests::block::{Annotation, Event, Property, RequestBlock, ResponseBlock};

use crate::{
    blob::{trackside_exchange_end_blob, trackside_exchange_finish_blob},
    exchange::trackside_exchange_free,
    status::{
        TRACKSIDE_BLOB, TRACKSIDE_BUFFER, TRACKSIDE_FINISHED, TRACKSIDE_INVALID_UTF8,
        TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_OK, trackside_status,
    },
    test_exchange::{Case, Site, begun_by_block, finished_by_block},
    test_kit,
};

const TOML: &str = r#"
    consent.policy = "notice"
    track.ignore = ["/admin/"]
    [[destination]]
    type = "sqlite"
    [[destination]]
    type = "ga-v1"
    tracking_id = "UA-1-1"
    ip = "full"
"#;

/// A page view with everything in it.
fn full() -> Case {
    let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    Case {
        request: RequestBlock {
            secure: true,
            resolved: false,
            lent: false,
            method: b"GET".to_vec(),
            target: b"/news/?utm_source=mail".to_vec(),
            authority: b"www.example.com".to_vec(),
            peer: vec![203, 0, 113, 9],
            headers: vec![pair("User-Agent", "a browser"), pair("accept-language", "en")],
        },
        response: ResponseBlock {
            status: 200,
            headers: vec![pair("Content-Type", "text/html")],
            annotations: vec![
                Annotation::Title("News".to_owned()),
                Annotation::UserId("u-42".to_owned()),
                Annotation::Route("/{page}".to_owned()),
                Annotation::Property("plan".to_owned(), Property::Text("pro".to_owned())),
                Annotation::Event(Event {
                    name: "add".to_owned(),
                    category: "cart".to_owned(),
                    label: "SKU-1".to_owned(),
                    value: Some(2.5),
                    properties: vec![("gift".to_owned(), Property::Truth(true))],
                }),
            ],
        },
    }
}

#[test]
fn what_stands_in_the_blocks_stands_in_the_hits() {
    let site = Site::new(TOML);
    let outcome = full().in_blocks(&site);
    assert_eq!(outcome.reason, 0);
    let [page, full_page, event, _] = &outcome.hits[..] else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (page.site(), page.path(), page.query()),
        ("www.example.com", &b"/news/"[..], &b"utm_source=mail"[..])
    );
    assert_eq!((page.title(), page.user_id(), page.route()), ("News", "u-42", "/{page}"));
    assert_eq!((page.agent(), page.language(), page.is_secure()), (&b"a browser"[..], "en", true));
    assert_eq!(page.properties().collect::<Vec<_>>(), [("plan", "pro".into())]);
    assert_eq!(full_page.ip(), Some([203, 0, 113, 9].into()));
    assert_eq!((event.name(), event.category(), event.label()), ("add", "cart", "SKU-1"));
    assert_eq!(
        (event.value(), event.properties().collect::<Vec<_>>()),
        (Some(2.5), vec![("gift", true.into())])
    );
}

/// The block with `bytes` in place of those at `at`.
fn with(mut block: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    block[at..at + bytes.len()].copy_from_slice(bytes);
    block
}

#[test]
fn a_request_that_is_none_is_refused() {
    let site = Site::new(TOML);
    let whole = full().request.bytes();
    // Its head, two headers' lengths, and what they are the lengths of.
    assert_eq!(whole.len(), 20 + 16 + 3 + 22 + 15 + 4 + 10 + 9 + 15 + 2);
    let longer = [&whole[..], b"x"].concat();
    for (block, text) in [
        (vec![], "`blob` has 0 bytes, less than its head of 20"),
        (whole[..19].to_vec(), "`blob` has 19 bytes, less than its head of 20"),
        (with(whole.clone(), 0, &[2]), "`blob` has the version 2, and this library knows 1"),
        (with(whole.clone(), 1, &[9]), "`blob` has the flags 0x9, of which only 0x7 are known"),
        (with(whole.clone(), 16, &[5]), "`blob` has a peer of 5 bytes, and not of 0, 4 or 16"),
        (whole[..35].to_vec(), "`blob` announces 2 headers, and ends within their lengths"),
        (whole[..whole.len() - 1].to_vec(), "`blob` announces 80 bytes behind its lengths, and has 79"),
        (longer, "`blob` announces 80 bytes behind its lengths, and has 81"),
        // All lengths at their greatest: their sum must not overflow.
        (
            with(whole.clone(), 20, &[0xff; 16]),
            "`blob` announces 17179869224 bytes behind its lengths, and has 80",
        ),
    ] {
        assert_eq!(begun_by_block(&site, &block), Err((TRACKSIDE_BLOB, text.to_owned())));
    }
    assert_eq!(site.live.stats().requests.seen(), 0, "nothing is counted");
}

/// The block of a response with this annotation alone.
fn annotated(tag: u32, payload: &[u8]) -> Vec<u8> {
    let mut block = vec![1, 0, 200, 0, 0, 0, 1, 0];
    block.extend(tag.to_le_bytes());
    block.extend((payload.len() as u32).to_le_bytes());
    block.extend(payload);
    block
}

/// What an event begins with.
fn event_head(name: u32, category: u32, label: u32, properties: u32) -> Vec<u8> {
    let mut head: Vec<u8> =
        [name, category, label, properties].into_iter().flat_map(u32::to_le_bytes).collect();
    head.extend(f64::NAN.to_le_bytes());
    head
}

fn property(kind: u32, key: u32, rest: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &key.to_le_bytes(), rest].concat()
}

#[test]
fn a_response_that_is_none_is_refused_and_the_exchange_goes_on() {
    let site = Site::new(TOML);
    let whole = full().response.bytes();
    let of_event = |head: Vec<u8>, rest: &[u8]| annotated(5, &[&head[..], rest].concat());
    let short_property = [&event_head(0, 0, 0, 1)[..], &7_u32.to_le_bytes(), &[0; 7]].concat();
    let malformed = [
        (vec![], "`blob` has 0 bytes, less than its head of 8"),
        (with(whole.clone(), 0, &[0]), "`blob` has the version 0, and this library knows 1"),
        (with(whole.clone(), 1, &[0x80]), "`blob` has the flags 0x80, of which none is known"),
        (
            whole[..8 + 6 * 8 - 1].to_vec(),
            "`blob` announces 1 headers and 5 annotations, and ends within their lengths",
        ),
        (
            [&annotated(1, b"Title")[..], b"x"].concat(),
            "`blob` announces 5 bytes behind its lengths, and has 6",
        ),
        (annotated(0, b""), "`blob`, annotation 0 has the tag 0, and only 1 to 5 are known"),
        (annotated(6, b""), "`blob`, annotation 0 has the tag 6, and only 1 to 5 are known"),
        (annotated(4, &[0; 7]), "`blob`, annotation 0 has 7 bytes, less than its head of 8"),
        (
            annotated(4, &property(3, 0, b"")),
            "`blob`, annotation 0 has the type 3, and only 0 to 2 are known",
        ),
        (
            annotated(4, &property(u32::MAX, 0, b"")),
            "`blob`, annotation 0 has the type 4294967295, and only 0 to 2 are known",
        ),
        (
            annotated(4, &property(0, 9, b"12345678")),
            "`blob`, annotation 0 announces a key of 9 bytes, and has 8 behind its head",
        ),
        (
            annotated(4, &property(1, 0, &[0; 7])),
            "`blob`, annotation 0 has a number of 7 bytes, and not of 8",
        ),
        (
            annotated(4, &property(2, 0, &[2])),
            "`blob`, annotation 0 has a truth that is not one byte of 0 or 1",
        ),
        (
            annotated(4, &property(2, 1, b"k")),
            "`blob`, annotation 0 has a truth that is not one byte of 0 or 1",
        ),
        (annotated(5, &[0; 23]), "`blob`, annotation 0 has 23 bytes, less than its head of 24"),
        (
            of_event(event_head(0, 0, 0, 3), &[0; 11]),
            "`blob`, annotation 0 announces 3 properties, and ends within their lengths",
        ),
        (
            of_event(event_head(0, 0, 0, u32::MAX), b""),
            "`blob`, annotation 0 announces 4294967295 properties, and ends within their lengths",
        ),
        (
            of_event(event_head(2, 3, 4, 0), b"12345678"),
            "`blob`, annotation 0 announces 9 bytes behind its lengths, and has 8",
        ),
        (
            annotated(5, &short_property),
            "`blob`, annotation 0, property 0 has 7 bytes, less than its head of 8",
        ),
    ]
    .map(|(block, text)| (block, TRACKSIDE_BLOB, text));
    let not_utf8 = [
        (annotated(1, b"\xff"), "`blob`, annotation 0 has a title that is not UTF-8"),
        (annotated(2, b"\xff"), "`blob`, annotation 0 has a user id that is not UTF-8"),
        (annotated(3, b"\xff"), "`blob`, annotation 0 has a route that is not UTF-8"),
        (annotated(4, &property(2, 1, b"\xff\x01")), "`blob`, annotation 0 has a key that is not UTF-8"),
        (annotated(4, &property(0, 0, b"\xff")), "`blob`, annotation 0 has a text that is not UTF-8"),
        (of_event(event_head(1, 0, 0, 0), b"\xff"), "`blob`, annotation 0 has a name that is not UTF-8"),
        (of_event(event_head(0, 1, 0, 0), b"\xff"), "`blob`, annotation 0 has a category that is not UTF-8"),
        (of_event(event_head(0, 0, 1, 0), b"\xff"), "`blob`, annotation 0 has a label that is not UTF-8"),
    ]
    .map(|(block, text)| (block, TRACKSIDE_INVALID_UTF8, text));

    let exchange = begun_by_block(&site, &full().request.bytes()).unwrap();
    for (block, status, text) in malformed.into_iter().chain(not_utf8) {
        let mut error = test_kit::error();
        // SAFETY: all that is pointed at lives as long as the call.
        let got =
            unsafe { trackside_exchange_finish_blob(exchange, block.as_ptr(), block.len(), &mut error) };
        assert_eq!((got, test_kit::said(&error)), (status, text));
    }
    assert_eq!(site.live.stats().requests.seen(), 0, "it is not finished");
    assert_eq!(finished_by_block(exchange, &annotated(1, b"At last")), TRACKSIDE_OK);
    // SAFETY: it was given once, and nobody uses it any more.
    unsafe { trackside_exchange_free(exchange) };
    assert_eq!(site.live.stats().requests.seen(), 1);
}

#[test]
fn an_end_that_is_none_leaves_the_exchange_to_go_on() {
    let site = Site::new(TOML);
    let exchange = begun_by_block(&site, &full().request.bytes()).unwrap();
    let block = full().response.bytes();
    let mut buffer = [0; 8];
    let mut needed = usize::MAX;
    let end = |block: &[u8], buffer: &mut [u8], needed: *mut usize| {
        let mut error = test_kit::error();
        let (data, place, capacity) = (block.as_ptr(), buffer.as_mut_ptr(), buffer.len());
        // SAFETY: all that is pointed at lives as long as the call.
        let got = unsafe {
            trackside_exchange_end_blob(exchange, data, block.len(), place, capacity, needed, &mut error)
        };
        (got, test_kit::said(&error).to_owned())
    };
    assert_eq!(
        end(&block[..7], &mut buffer, &mut needed),
        (TRACKSIDE_BLOB, "`blob` has 7 bytes, less than its head of 8".to_owned())
    );
    assert_eq!(end(&block, &mut buffer, ptr::null_mut()).0, TRACKSIDE_NULL_ARGUMENT);
    assert_eq!((needed, site.live.stats().requests.seen()), (usize::MAX, 0));

    // It is finished, and freed another way.
    let (status, text) = end(&block, &mut buffer, &mut needed);
    assert_eq!((status, text), (TRACKSIDE_BUFFER, format!("`buffer` has 8 bytes, and the verdict {needed}")));
    assert_eq!((buffer, site.live.stats().requests.seen()), ([0; 8], 1));
    assert_eq!(end(&block, &mut buffer, &mut needed).0, TRACKSIDE_FINISHED);
    // SAFETY: it was given once, and nobody uses it any more.
    unsafe { trackside_exchange_free(exchange) };
}

/// Uses up a request's block that may be anything, and a response's.
fn survive(site: &Site, request: &[u8], response: &[u8]) -> Result<trackside_status, String> {
    let exchange = match begun_by_block(site, request) {
        Ok(exchange) => exchange,
        Err((TRACKSIDE_BLOB, text)) => return Err(text),
        Err(other) => panic!("{other:?}"),
    };
    let status = finished_by_block(exchange, response);
    assert!([TRACKSIDE_OK, TRACKSIDE_BLOB, TRACKSIDE_INVALID_UTF8].contains(&status), "{status}");
    // SAFETY: it was given once, and nobody uses it any more.
    unsafe { trackside_exchange_free(exchange) };
    Ok(status)
}

#[test]
fn no_beginning_of_a_block_is_one() {
    let site = Site::new(TOML);
    let Case { request, response } = full();
    let (request, response) = (request.bytes(), response.bytes());
    assert_eq!(survive(&site, &request, &response), Ok(TRACKSIDE_OK));
    for end in 0..request.len() {
        survive(&site, &request[..end], &response).unwrap_err();
    }
    for end in 0..response.len() {
        assert_eq!(survive(&site, &request, &response[..end]), Ok(TRACKSIDE_BLOB));
    }
}

#[test]
fn a_block_with_a_bit_turned_is_taken_or_refused() {
    let site = Site::new(TOML);
    let Case { request, response } = full();
    let (request, response) = (request.bytes(), response.bytes());
    let turned = |block: &[u8], bit: usize| {
        let mut block = block.to_vec();
        block[bit / 8] ^= 1 << (bit % 8);
        block
    };
    let taken =
        (0..8 * request.len()).filter(|&bit| survive(&site, &turned(&request, bit), &response).is_ok());
    // The three flags, and every bit of the parts.
    assert_eq!(taken.count(), 3 + 8 * 80);
    for bit in 0..8 * response.len() {
        survive(&site, &request, &turned(&response, bit)).unwrap();
    }
}

/// Headers that matter and others, with values that are known and values of any bytes; some are long.
fn headers() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let names = select(vec![
        "Host",
        "cookie",
        "COOKIE",
        "Accept",
        "sec-fetch-dest",
        "Sec-Purpose",
        "purpose",
        "X-Moz",
        "hx-preloaded",
        "Sec-GPC",
        "Sec-Fetch-Mode",
        "X-Requested-With",
        "Turbo-Frame",
        "user-agent",
        "Referer",
        "Accept-Language",
        "content-type",
        "Cache-Control",
        "expires",
        "x-other",
        "",
    ]);
    let known = select(vec![
        "www.example.com",
        "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784714000.1784714000.1784714300; x",
        "text/html",
        "document",
        "empty",
        "XMLHttpRequest",
        "prefetch",
        "*/*",
        "en-GB,en;q=0.9",
        "https://me@www.example.org/a?b#c",
        "private",
        "public, max-age=60",
        "",
    ]);
    let value = prop_oneof![
        6 => known.prop_map(|text| text.as_bytes().to_vec()),
        2 => vec(any::<u8>(), 0..40),
        1 => vec(b' '..b'~', 200..1_200),
    ];
    vec((names.prop_map(|name| name.as_bytes().to_vec()), value), 0..14)
}

fn property_of_any_kind() -> impl Strategy<Value = (String, Property)> {
    let value = prop_oneof![
        any::<String>().prop_map(Property::Text),
        any::<f64>().prop_map(Property::Number),
        any::<bool>().prop_map(Property::Truth),
    ];
    (any::<String>(), value)
}

fn annotation() -> impl Strategy<Value = Annotation> {
    // A value that is not finite is no value in a block, and is left out elsewhere.
    let text = any::<String>;
    let event = (text(), text(), text(), option::of(any::<f64>()), vec(property_of_any_kind(), 0..4));
    prop_oneof![
        text().prop_map(Annotation::Title),
        text().prop_map(Annotation::UserId),
        text().prop_map(Annotation::Route),
        property_of_any_kind().prop_map(|(key, value)| Annotation::Property(key, value)),
        event.prop_map(|(name, category, label, value, properties)| {
            Annotation::Event(Event { name, category, label, value, properties })
        }),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let method =
        prop_oneof![4 => Just(b"GET".to_vec()), 1 => Just(b"HEAD".to_vec()), 1 => vec(any::<u8>(), 0..8)];
    let target = prop_oneof!["/[a-z/%.?&=]{0,30}".prop_map(String::into_bytes), vec(any::<u8>(), 0..900)];
    let authority =
        prop_oneof![Just(Vec::new()), Just(b"www.example.com:8080".to_vec()), vec(any::<u8>(), 0..9)];
    let peer = prop_oneof![Just(Vec::new()), vec(any::<u8>(), 4..=4), vec(any::<u8>(), 16..=16)];
    let flags = (any::<bool>(), any::<bool>());
    let request = (flags, method, target, authority, peer, headers());
    let status = prop_oneof![4 => Just(200), 1 => Just(304), 1 => any::<u16>()];
    let response = (status, headers(), vec(annotation(), 0..6));
    (request, response).prop_map(|(((secure, lent), method, target, authority, peer, headers), response)| {
        Case {
            request: RequestBlock { secure, resolved: false, lent, method, target, authority, peer, headers },
            response: ResponseBlock { status: response.0, headers: response.1, annotations: response.2 },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Rust, arrays and blocks lead to the same verdict and to the same bytes.
    #[test]
    fn every_way_gives_the_same(case in case()) {
        let site = Site::new(TOML);
        let in_rust = case.in_rust(&site);
        prop_assert_eq!(&in_rust, &case.in_arrays(&site));
        prop_assert_eq!(&in_rust, &case.in_blocks(&site));
        prop_assert_eq!(&in_rust, &case.in_one_block(&site, 1_000));
        prop_assert_eq!(in_rust, case.in_one_block(&site, 100), "a verdict with headers has no room");
    }

    #[test]
    fn a_block_of_any_bytes_is_taken_or_refused(
        bytes in vec(any::<u8>(), 0..200),
        // Such as get further in.
        counts in (0..4_u8, 0..4_u8),
    ) {
        let site = Site::new(TOML);
        let whole = full();
        survive(&site, &bytes, &[]).ok();
        survive(&site, &[&[1, 1, counts.0, 0], &bytes[..]].concat(), &[]).ok();
        for response in [
            bytes.clone(),
            [&[1, 0, 200, 0, counts.0, 0, counts.1, 0], &bytes[..]].concat(),
            annotated(4, &bytes),
            annotated(5, &bytes),
            annotated(5, &[&event_head(1, 1, 1, counts.0.into())[..], &bytes].concat()),
        ] {
            survive(&site, &whole.request.bytes(), &response).unwrap();
        }
    }
}
