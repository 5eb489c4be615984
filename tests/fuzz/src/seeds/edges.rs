//! Seeds that are written by hand: blocks that are almost blocks, and what no vector has.

use super::{
    MANNER, Seeds, blob,
    block::{Annotation, Event, Property, RequestBlock, ResponseBlock},
};
use crate::{
    blob::SLIPS,
    headers::Input,
    lend::Manner,
    parts,
    slip::{Fault, PLACES, Slip},
};

/// A page with something of everything.
fn asked() -> RequestBlock {
    let headers = [
        ("Host", "www.example.com:8080"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "de-CH,de;q=0.8"),
        ("Referer", "https://search.example.org/?q=x"),
        ("Cookie", "a=b; trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784714391.1784714391.1784714391"),
        ("Sec-Fetch-Dest", "document"),
    ];
    RequestBlock {
        secure: true,
        resolved: false,
        lent: false,
        method: b"GET".to_vec(),
        target: b"/news/page?utm_source=mail&x=1".to_vec(),
        authority: Vec::new(),
        peer: vec![203, 0, 113, 9],
        headers: headers.map(|(name, value)| (name.into(), value.into())).to_vec(),
    }
}

fn answered(annotations: Vec<Annotation>) -> ResponseBlock {
    let headers = vec![(b"Content-Type".to_vec(), b"text/html; charset=utf-8".to_vec())];
    ResponseBlock { status: 200, headers, annotations }
}

fn event(properties: Vec<(String, Property)>) -> Annotation {
    let (name, category, label) = ("add".to_owned(), "cart".to_owned(), "SKU-1".to_owned());
    Annotation::Event(Event { name, category, label, value: Some(2.5), properties })
}

/// One of each kind.
fn all_annotations() -> Vec<Annotation> {
    let number = || ("n".to_owned(), Property::Number(-0.5));
    let truth = || ("t".to_owned(), Property::Truth(true));
    let text = || ("s".to_owned(), Property::Text("ä €".to_owned()));
    let properties = [number(), truth(), text()].map(|(key, value)| Annotation::Property(key, value));
    let texts = [
        Annotation::Title("Cart".to_owned()),
        Annotation::UserId("u-42".to_owned()),
        Annotation::Route("/news/{page}".to_owned()),
    ];
    [&texts[..], &properties, &[event(vec![number(), truth(), text()]), event(Vec::new())]].concat()
}

/// `bytes` with others from `at` on.
fn with(bytes: &[u8], at: usize, others: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + others.len()].copy_from_slice(others);
    bytes
}

pub(super) fn blobs(seeds: &mut Seeds<Vec<u8>>) {
    requests(seeds);
    responses(seeds);
    annotations(seeds);
    let (request, response) = (asked().bytes(), answered(all_annotations()).bytes());
    for slip in 1..SLIPS.len() as u8 {
        seeds.add(format!("slip-{slip}"), blob(0, 0, slip, &request, &response));
    }
    for switch in 0..4 {
        seeds.add(format!("switch-{switch}"), blob(0, 1 << switch, 0, &request, &response));
    }
    seeds.add("nothing", Vec::new());
    seeds.add("head-only", blob(0, 4, 0, &[], &[]));
}

fn requests(seeds: &mut Seeds<Vec<u8>>) {
    let whole = asked().bytes();
    let empty = RequestBlock::default().bytes();
    let mut twice = asked();
    twice.headers.extend(asked().headers.into_iter().map(|(name, value)| (name.to_ascii_uppercase(), value)));
    let mut long = asked();
    long.headers.push((b"referer".to_vec(), vec![b'r'; 600]));
    let mut many = asked();
    many.headers.extend((0..300).map(|n| (format!("x-{n}").into_bytes(), Vec::new())));
    let mut raw = asked();
    raw.headers.push((Vec::new(), b"of no name".to_vec()));
    raw.headers.push((b"host\0".to_vec(), b"\x7f".to_vec()));
    raw.headers.push((b"accept".to_vec(), b"a\nb".to_vec()));
    let mut v6 = asked();
    v6.peer = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].to_vec();
    v6.authority = b"[2001:db8::1]:443".to_vec();
    let request = [
        ("whole", whole.clone()),
        ("empty", empty.clone()),
        ("one-byte-of-its-head", whole[..1].to_vec()),
        ("head-short-by-one", empty[..19].to_vec()),
        ("version-0", with(&whole, 0, &[0])),
        ("version-2", with(&whole, 0, &[2])),
        ("flags", with(&whole, 1, &[9])),
        ("lent", with(&whole, 1, &[5])),
        ("one-header-too-many", with(&whole, 2, &[8, 0])),
        ("one-header-too-few", with(&whole, 2, &[6, 0])),
        ("headers-without-end", with(&whole, 2, &[0xff; 2])),
        ("empty-with-a-header-announced", with(&empty, 2, &[1])),
        ("method-without-end", with(&whole, 4, &[0xff; 4])),
        ("lengths-that-overflow", with(&whole, 4, &[0xff; 12])),
        ("length-of-a-name-without-end", with(&whole, 20, &[0xff; 4])),
        ("length-of-a-value-one-too-much", with(&whole, 24, &[21])),
        ("peer-of-5", with(&whole, 16, &[5])),
        ("peer-of-16-that-has-4", with(&whole, 16, &[16])),
        ("without-its-last-byte", whole[..whole.len() - 1].to_vec()),
        ("with-a-byte-behind", [&whole[..], &[0]].concat()),
        ("headers-twice", twice.bytes()),
        ("long-values", long.bytes()),
        ("many-headers", many.bytes()),
        ("names-and-values-of-raw-bytes", raw.bytes()),
        ("ipv6", v6.bytes()),
    ];
    let response = answered(Vec::new()).bytes();
    for (name, request) in request {
        seeds.add(format!("request-{name}"), blob(1, 0, 0, &request, &response));
    }
}

fn responses(seeds: &mut Seeds<Vec<u8>>) {
    let whole = answered(all_annotations()).bytes();
    let empty = ResponseBlock::default().bytes();
    let response = [
        ("empty", empty.clone()),
        ("empty-with-a-header-announced", with(&empty, 4, &[1])),
        ("empty-with-an-annotation-announced", with(&empty, 6, &[1])),
        ("head-short-by-one", whole[..7].to_vec()),
        ("version-2", with(&whole, 0, &[2])),
        ("flags", with(&whole, 1, &[1])),
        ("status-0", with(&whole, 2, &[0; 2])),
        ("status-65535", with(&whole, 2, &[0xff; 2])),
        ("one-header-too-many", with(&whole, 4, &[2])),
        ("headers-without-end", with(&whole, 4, &[0xff; 2])),
        ("one-annotation-too-many", with(&whole, 6, &[9])),
        ("annotations-without-end", with(&whole, 6, &[0xff; 2])),
        ("length-of-a-name-without-end", with(&whole, 8, &[0xff; 4])),
        ("length-of-an-annotation-without-end", with(&whole, 20, &[0xff; 4])),
        ("tag-0", with(&whole, 16, &[0])),
        ("tag-6", with(&whole, 16, &[6])),
        ("tag-257", with(&whole, 17, &[1])),
        ("without-its-last-byte", whole[..whole.len() - 1].to_vec()),
        ("with-a-byte-behind", [&whole[..], &[0]].concat()),
    ];
    let request = asked().bytes();
    for (n, (name, response)) in response.into_iter().enumerate() {
        // Every other exchange is finished by arrays, when its block was refused.
        let switches = (n as u8 & 1) << 1;
        seeds.add(format!("response-{name}"), blob(0, switches, 0, &request, &response));
    }
}

/// One annotation each, whose bytes are changed: the last ones of its block.
fn annotations(seeds: &mut Seeds<Vec<u8>>) {
    let request = asked().bytes();
    let number = Annotation::Property("key".to_owned(), Property::Number(1.0));
    let text = Annotation::Property("key".to_owned(), Property::Text("text".to_owned()));
    let truth = Annotation::Property("key".to_owned(), Property::Truth(true));
    let rich = event(vec![("key".to_owned(), Property::Truth(true)); 2]);
    let title = Annotation::Title("title".to_owned());
    let bytes = Annotation::Property("key".to_owned(), Property::Text("\u{1}\0".to_owned()));
    let bare = Annotation::Event(Event::default());
    // From the end: where, and what stands there then.
    let changed: [(&str, &Annotation, usize, &[u8]); 25] = [
        ("title-of-raw-bytes", &title, 1, &[0xff]),
        ("key-of-raw-bytes", &text, 7, &[0xff]),
        ("text-of-raw-bytes", &text, 1, &[0xff]),
        ("type-3", &text, 15, &[3]),
        ("type-257", &text, 14, &[1]),
        ("key-to-the-end", &text, 11, &[7]),
        ("key-beyond-the-end", &text, 11, &[8]),
        ("key-without-end", &text, 11, &[0xff; 4]),
        ("number-of-9-bytes", &number, 15, &[2]),
        ("number-of-7-bytes", &number, 15, &[4]),
        ("number-infinite", &number, 2, &[0xf0, 0x7f]),
        ("truth-2", &truth, 1, &[2]),
        ("truth-of-2-bytes", &bytes, 13, &[2]),
        ("truth-of-no-byte", &truth, 8, &[4]),
        ("property-without-a-head", &title, 49, &[4]),
        ("event-empty-with-a-property-announced", &bare, 12, &[1]),
        ("event-without-a-head", &title, 49, &[5]),
        ("event-value-nan", &rich, 46, &[0xf8, 0x7f]),
        ("event-properties-without-end", &rich, 56, &[0xff; 4]),
        ("event-one-property-too-few", &rich, 56, &[1]),
        ("event-name-without-end", &rich, 68, &[0xff; 4]),
        ("event-name-of-raw-bytes", &rich, 36, &[0xff]),
        ("event-property-short-by-one", &rich, 40, &[11]),
        ("event-property-without-a-head", &rich, 44, &[7, 0, 0, 0, 17]),
        ("event-property-wrong", &rich, 1, &[2]),
    ];
    for (name, annotation, from_end, bytes) in changed {
        let whole = answered(vec![annotation.clone()]).bytes();
        let response = with(&whole, whole.len() - from_end, bytes);
        seeds.add(format!("annotation-{name}"), blob(0, 2, 0, &request, &response));
    }
    let short = [
        Annotation::Title("t".to_owned()),
        Annotation::UserId("u".to_owned()),
        Annotation::Route("r".to_owned()),
        Annotation::Property("k".to_owned(), Property::Text("v".to_owned())),
        Annotation::Event(Event {
            name: "n".to_owned(),
            category: "c".to_owned(),
            label: "l".to_owned(),
            value: Some(1.0),
            properties: vec![("p".to_owned(), Property::Text("q".to_owned()))],
        }),
    ];
    seeds.add("annotation-texts-of-one-byte", blob(1, 0, 0, &request, &answered(short.to_vec()).bytes()));
    let many = [vec![number; 65], vec![event(Vec::new()); 65]].concat();
    seeds.add("annotation-too-many", blob(0, 0, 0, &request, &answered(many).bytes()));
}

pub(super) fn inputs(seeds: &mut Seeds<Input<'static>>) {
    let request = crate::reader::request(asked().bytes().leak()).expect("it was made so");
    let response =
        crate::reader::response(answered(all_annotations()).bytes().leak()).expect("it was made so");
    let later = response.annotations.iter().find_map(|annotation| match annotation {
        parts::Annotation::Event(event) => Some(event.clone()),
        _ => None,
    });
    let whole = Input {
        configuration: 0,
        manner: MANNER,
        slip: Slip::default(),
        request,
        response: Some(response),
        later,
    };
    seeds.add("whole", whole.clone());
    for (n, place) in (1..).zip(PLACES.into_iter().skip(1)) {
        let fault = if n % 2 == 0 { Fault::Null } else { Fault::Off };
        let mut input = Input { slip: Slip { place, fault, number: n }, ..whole.clone() };
        if let Some(response) = &mut input.response {
            // The mistake is in the first one, which is an event then.
            response.annotations.reverse();
        }
        seeds.add(format!("slip-{place:?}").to_lowercase(), input);
    }
    let peers = ["", "2001:db8::1", "fe80::1%eth0", "203.0.113.9:80", "%"];
    for (n, peer) in peers.into_iter().enumerate() {
        let mut input = whole.clone();
        input.request.peer = peer.as_bytes().into();
        seeds.add(format!("peer-{n}"), input);
    }
    for (n, room) in [0, 9, 40, 272].into_iter().enumerate() {
        let manner = Manner { null_when_empty: n % 2 == 0, growth: (n * 7) as u8, room };
        // The error tells of an address that is none.
        let mut input = Input { manner, ..whole.clone() };
        input.request.peer = b"nowhere".as_slice().into();
        seeds.add(format!("error-of-{room}"), input);
    }
    repeated_headers(seeds, &whole);
    wrong_annotations(seeds, &whole);
    let manner = Manner { null_when_empty: true, growth: 0, room: 0 };
    let (request, response) = (parts::Request::default(), Some(parts::Response::default()));
    seeds.add("bare", Input { manner, request, response, ..whole });
}

/// Headers that came twice, the second of which makes the difference.
fn repeated_headers(seeds: &mut Seeds<Input<'static>>, whole: &Input<'static>) {
    let repeated = [
        ("cookie", &b"c=d"[..], None),
        ("host", b"", None),
        ("accept", b"image/png", None),
        ("accept-language", b"*", None),
        ("sec-purpose", b"none", Some(&b"prefetch"[..])),
    ];
    for (name, first, second) in repeated {
        let mut input = whole.clone();
        input.request.headers.insert(0, (name.as_bytes().into(), first.into()));
        input.request.headers.extend(second.map(|value| (name.as_bytes().into(), value.into())));
        seeds.add(format!("{name}-twice"), input);
    }
}

/// Annotations that are none, between some that are.
fn wrong_annotations(seeds: &mut Seeds<Input<'static>>, whole: &Input<'static>) {
    let raw = || parts::Bytes::from(&b"\xff"[..]);
    let good = || parts::Bytes::from(&b"good"[..]);
    let property = |key, value| parts::Property { key, value };
    let event = |name, properties| parts::Event { name, properties, ..parts::Event::default() };
    let no_type = || property(good(), parts::Value::None(-1));
    let wrong = [
        ("title", parts::Annotation::Title(raw())),
        ("user-id", parts::Annotation::UserId(raw())),
        ("route", parts::Annotation::Route(raw())),
        ("key", parts::Annotation::Property(property(raw(), parts::Value::Truth(7)))),
        ("text", parts::Annotation::Property(property(good(), parts::Value::Text(raw())))),
        ("type", parts::Annotation::Property(no_type())),
        ("event", parts::Annotation::Event(event(raw(), Vec::new()))),
        (
            "event-property",
            parts::Annotation::Event(event(
                good(),
                vec![property(good(), parts::Value::Truth(0)), no_type()],
            )),
        ),
    ];
    for (name, annotation) in wrong {
        let mut input = whole.clone();
        input.request.secure = 0xff;
        if let Some(response) = &mut input.response {
            response.annotations.insert(1, annotation);
        }
        seeds.add(format!("wrong-{name}"), input);
    }
}
