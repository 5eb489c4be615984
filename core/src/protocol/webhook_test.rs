use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Event,
    hit::sample::{self, MICROS},
    protocol::kit::{self, NASTY, full},
};

/// The bytes 0 to 31.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn webhook() -> Webhook {
    Webhook::new("https://hooks.example/trackside", &Secret::new(SECRET), false).unwrap()
}

fn headers(out: &Outgoing) -> Vec<(&str, String)> {
    out.headers().map(|(name, value)| (name, value.to_owned())).collect()
}

#[test]
fn hits_are_sent_as_files_have_them() {
    let hits = [full(&sample::page()), full(&kit::event(&sample::add()))];
    let body = kit::body(&webhook(), &hits);
    let found = json!({
        "channel": "email",
        "source": "news",
        "campaign": {"source": "news", "medium": "email", "name": "july"},
    });
    let written = |hit: &Hit| {
        let mut written = serde_json::to_value(hit).unwrap();
        written.as_object_mut().unwrap().extend(found.as_object().unwrap().clone());
        written
    };
    let expected = json!({
        "version": 1,
        "sent_at": 1_784_714_402_500_000_u64,
        "hits": [written(&hits[0]), written(&hits[1])],
    });
    assert_eq!(body, expected);
}

#[test]
fn the_secret_is_never_shown() {
    let shown = format!("{:?}", webhook());
    assert!(shown.contains("key: ***"), "{shown}");
    assert!(!shown.contains("AAEC"), "{shown}");
}

#[test]
fn the_body_is_signed() {
    let hits = [full(&sample::page())];
    let mut out = Outgoing::new();
    webhook().encode(&[Enriched::new(&hits[0])], MICROS, &mut out);
    // By Python's hmac:
    //   s = b"019f8941-6900-7abc-8def-0123ff00007b-1.1784714400." + body
    //   base64.b64encode(hmac.digest(bytes(range(32)), s, "sha256"))
    let expected = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", "019f8941-6900-7abc-8def-0123ff00007b-1".to_owned()),
        ("webhook-timestamp", "1784714400".to_owned()),
        ("webhook-signature", "v1,sKWYgyrVEJEmSwbfC34RETghbV1uK1S/Ai+MppdhbHU=".to_owned()),
    ];
    assert_eq!(headers(&out), expected);
}

#[test]
fn an_empty_batch_is_an_unsigned_request() {
    let (taken, out) = kit::request(&webhook(), &[]);
    assert_eq!((taken, out.url(), out.method()), (0, "https://hooks.example/trackside", "POST"));
    assert_eq!(headers(&out), [("content-type", "application/json".to_owned())]);
}

#[test]
fn secrets_are_24_to_64_bytes_in_base64_and_never_shown() {
    let is_one = |text: &str| Webhook::new("https://a.example", &Secret::new(text), false).is_some();
    assert!(is_one(SECRET) && is_one(&format!("whsec_{}", "A".repeat(32))));
    for text in [
        "",
        "whsec_",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX!",
        &format!("whsec_{}", "A".repeat(28)),
        &format!("whsec_{}", "A".repeat(88)),
    ] {
        assert!(!is_one(text), "{text}");
    }
    let (_, out) = kit::request(&webhook(), &[full(&sample::page())]);
    for shown in [format!("{:?}", webhook()), format!("{out:?}")] {
        assert!(!shown.contains("AAEC"), "{shown}");
    }
}

#[test]
fn hostile_texts_stay_inside_theirs() {
    let add = Event::new(NASTY).category(NASTY).label(NASTY).property("k\"ey", NASTY);
    let hit = &kit::body(&webhook(), &[full(&kit::hostile(&add))])["hits"][0];
    assert_eq!((&hit["name"], &hit["properties"]["k\"ey"]), (&json!(NASTY), &json!(NASTY)));
    assert_eq!(hit["agent"], json!({"hex": "00225cfffe"}));
}

#[test]
fn a_body_has_up_to_1000_hits_and_a_megabyte() {
    let (taken, _) = kit::request(&webhook(), &vec![full(&kit::bare()); 1_001]);
    assert_eq!((taken, webhook().needs().batch), (1_000, 1_000));
    for character in ['\u{1}', 'x'] {
        let hits = vec![kit::largest(character, false); 20];
        let (taken, out) = kit::request(&webhook(), &hits);
        let body: Json = serde_json::from_slice(out.payload()).unwrap();
        assert_eq!(body["hits"].as_array().unwrap().len(), taken);
        let (size, alone) = (out.payload().len(), kit::request(&webhook(), &hits[..1]).1.payload().len());
        assert!((1..20).contains(&taken) && size <= 1_000_000 && size + alone > 1_000_000, "{taken} {size}");
    }
}

#[test]
fn answers_are_read_by_their_status() {
    let classify = |status| webhook().classify(status, &[("", ""); 0], b"");
    assert_eq!(classify(204), Outcome::Delivered);
    assert_eq!(classify(410), Outcome::Refused(Reason::Rejected));
    assert_eq!(classify(413), Outcome::Split);
    assert_eq!(classify(503), Outcome::Retry(None));
    assert_eq!(classify(500), Outcome::Unknown);
    assert!(!webhook().needs().dedupe && webhook().needs().marks_bots);
    assert!(Webhook::new("", &Secret::new(SECRET), true).unwrap().needs().dedupe);
}
