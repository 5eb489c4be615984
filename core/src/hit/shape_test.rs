use super::{Shape, decoded, shape};

fn of(piece: &str) -> Option<Shape> {
    shape(piece.as_bytes())
}

#[test]
fn e_mail_addresses() {
    for email in [
        "me@example.com",
        "me%40example.com",
        "me%2540example.com",
        "me%252540example%2Ecom",
        "unsubscribe-first.last+x@mail.example.co.uk",
        "mailto:me@example.com,you",
        "me@example.com.",
        "ich@münchen.de",
        "m%40xn--bcher-kva.example",
        "a@@example.com",
    ] {
        let expected = if email.starts_with("a@@") { None } else { Some(Shape::Email) };
        assert_eq!(of(email), expected, "{email}");
    }
    for other in [
        "@user",
        "@user@example",
        "react@18.2.0",
        "me@home",
        "me@.com",
        "@",
        "a@b.c",
        "%40example.com",
        "x@1.2b",
        "x @example.com",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn tokens() {
    for token in [
        "0123456789abcdef0123456789abcdef",
        "c2x3k4-5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c",
        "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
        "k3Jd8_sLq0Zx9-VbN2mT7yRwE4uPcA5gHf6iKoQ1B",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "k3Jd8sLq0Zx9VbN2mT7yRwE4uPcA5gHf%3D%3D",
        // Two figures in 43 characters, and some in 32 of one case and of both.
        "qUd5bwQuXEszA0SxgcQEQxKnDPhEwQRFmpwQewcKRtx",
        "JBSWY3DPEHPK3PXPABCDEFGH5IJKL2MN",
        "abcdefghijk2lmnopqr7stuvwxyzabcd",
        "ABCDEFGHIJK2LMNOPQR7STUVWXYZABCD",
        "abcdEfghijk2lmnopqr7stuvwxyz4b3c",
    ] {
        assert_eq!(of(token), Some(Shape::Token), "{token}");
    }
}

#[test]
fn ids() {
    for id in [
        "123456",
        "%31%32%33456",
        "order-1234567890",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6.html",
        "post-f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "507f1f77bcf86cd799439011",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "V1StGXR8_Z5jdHi6B-myT",
        "dQw4w9WgXcQ1",
    ] {
        assert_eq!(of(id), Some(Shape::Id), "{id}");
    }
}

#[test]
fn words_are_words() {
    for word in [
        "",
        "news",
        "12345",
        "2024-10-05",
        "a-page-about-how-to-configure-web-servers-in-2024-and-what-comes-next",
        "List_of_UK_top-ten_singles_in_2014_by_the_number_of_weeks",
        "iPhone15ProMaxReview",
        "CamelCaseTitlesThatGoOnAndOnAsInWikis2024",
        "jquery-3.7.1.min.js",
        "ThisTitleHasNoFiguresAtAllAndIsLong",
        "iPhone15ProMaxAndGalaxyUltraInReview",
        "donaudampfschifffahrtsgesellschaft1834und1901",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF",
        // Of both cases, and a figure at the beginning is no change.
        "Abcdefghijk2lmnopqr7stuvwxyzabcd",
        "2abcdefghijk2lmnopqrstuvwxyzabcd",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82-%D0%BC%D0%B8%D1%80-%D0%BA%D0%B0%D0%BA-%D0%B4%D0%B5%D0%BB%D0%B0",
        "abcdefabcdefabcdefabcdefabcdefabcdef",
        // Marks are more than one in eight.
        "x9-k2-z7-q4-w8-j3-v6-m1-y5-n0-t2",
    ] {
        assert_eq!(of(word), None, "{word}");
    }
}

#[test]
fn escapes_are_decoded_however_often() {
    let text = |piece: &str| String::from_utf8(decoded(piece.as_bytes()).collect()).unwrap();
    assert_eq!(text("a%40b%2540c%25252540d"), "a@b@c@d");
    assert_eq!(text("100%25"), "100%");
    assert_eq!(text("%"), "%");
    assert_eq!(text("%4"), "%4");
    assert_eq!(text("%zz%2"), "%zz%2");
    assert_eq!(text("%252"), "%2");
}
