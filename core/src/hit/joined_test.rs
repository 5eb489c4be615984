use super::*;
use crate::{
    config::IpPolicy,
    hit::{Draft, Edit, Text, sample},
};

fn some() -> Joined {
    let mut joined = Joined::default();
    joined.add("_ga", "1.2");
    joined.add("_pk_id.1", "0123456789abcdef");
    joined
}

fn hit() -> Hit {
    sample::page().seal(IpPolicy::Full).joining(&some())
}

fn lisbon() -> Place {
    Place::new(b"PT", b"11", b"Lisboa").unwrap()
}

#[test]
fn a_hit_has_what_is_joined_and_is_the_same_otherwise() {
    let before = sample::page().seal(IpPolicy::Full);
    let hit = hit();
    assert_eq!((hit.joined("_ga"), hit.joined("_pk_id.1")), (Some("1.2"), Some("0123456789abcdef")));
    assert_eq!((hit.joined("_g"), hit.joined(""), before.joined("_ga")), (None, None, None));
    assert_eq!(hit.size(), before.size() + 1 + (2 + 3 + 3) + (2 + 8 + 16));
    let json = |hit: &Hit| serde_json::to_string(hit).unwrap();
    assert_eq!(json(&hit), json(&before), "only a receiver that asks for it is told");
    assert_eq!(Hit::from_record(hit.record()).as_ref(), Ok(&hit));
}

#[test]
fn the_place_stands_before_it() {
    let place = lisbon();
    let hit = sample::page().seal(IpPolicy::Full).completed(Some(&place), Some(&some()));
    assert_eq!((hit.country(), hit.city(), hit.joined("_ga")), ("PT", "Lisboa", Some("1.2")));
    assert_eq!(Hit::from_record(hit.record()).as_ref(), Ok(&hit));
    let placed = sample::page().seal(IpPolicy::Full).at(&place);
    assert_eq!((placed.country(), placed.joined("_ga")), ("PT", None));
}

#[test]
fn what_stands_there_stays() {
    let mut other = Joined::default();
    other.add("_ga", "3.4");
    let elsewhere = Place::new(b"GB", b"ENG", b"London").unwrap();
    assert_eq!(hit().joining(&other), hit());
    assert_eq!(hit().at(&elsewhere), hit(), "it would have to come before");
    let placed = || sample::page().seal(IpPolicy::Full).at(&lisbon());
    assert_eq!(placed().at(&elsewhere), placed());
    assert_eq!(placed().joining(&Joined::default()), placed(), "none is none");
}

#[test]
fn a_name_has_one_id_and_what_is_none_is_not_taken() {
    let mut joined = some();
    joined.add("_ga", "3.4");
    let long = "1".repeat(MAX_ID + 1);
    for id in ["", "a b", "a\0", "\u{e4}", "a&b", "a;b", "a%2e", &long] {
        joined.add("_other", id);
    }
    joined.add(&"n".repeat(256), "1");
    assert_eq!(joined, some());
    joined.add("_other", &long[1..]);
    joined.add(&"n".repeat(255), "A-z_0.9");
    assert_eq!(joined.iter().count(), 4);
    let mut many = Joined::default();
    (0..300).for_each(|n| many.add(&format!("_{n}"), "1"));
    assert_eq!(many.iter().count(), 255);
    let hit = sample::page().seal(IpPolicy::Full).joining(&many);
    assert_eq!((hit.joined("_254"), hit.joined("_255")), (Some("1"), None));
    assert!(Hit::from_record(hit.record()).is_ok());
}

#[test]
fn a_record_that_would_become_too_long_has_none() {
    let texts: Vec<_> = (0..64).map(|n| (format!("{n:0>128}").into(), "x".repeat(1_024).into())).collect();
    let of =
        |title: &str| Draft { properties: &texts, title, agent: b"", ..sample::page() }.seal(IpPolicy::Full);
    let joined = some().0.len();
    let room = layout::MAX_RECORD - of("").size();
    assert!((joined + 1..1_500).contains(&room), "{room}");
    let (full, roomy) = ("x".repeat(room - joined + 1), "x".repeat(room - joined));
    assert_eq!(of(&full).joining(&some()).joined("_ga"), None);
    assert_eq!(of(&roomy).joining(&some()).joined("_ga"), Some("1.2"));
}

#[test]
fn an_edit_keeps_it_unless_the_visitor_goes() {
    let hit = sample::page().seal(IpPolicy::Full).completed(Some(&lisbon()), Some(&some()));
    let mut edit = Edit::new();
    edit.set(Text::Title, "another");
    edit.property("n", 1.0);
    let edited = edit.apply(&hit).unwrap();
    assert_eq!((edited.country(), edited.joined("_pk_id.1")), ("PT", Some("0123456789abcdef")));
    assert_eq!(Hit::from_record(edited.record()).as_ref(), Ok(&edited));
    edit.forget_ip();
    let edited = edit.apply(&hit).unwrap();
    assert_eq!((edited.country(), edited.joined("_ga")), ("", Some("1.2")));
    assert_eq!(Hit::from_record(edited.record()).as_ref(), Ok(&edited));
    let mut edit = Edit::new();
    edit.forget_visitor();
    let edited = edit.apply(&hit).unwrap();
    assert_eq!((edited.country(), edited.joined("_ga"), edited.visitor()), ("PT", None, None));
    assert_eq!(Hit::from_record(edited.record()).as_ref(), Ok(&edited));
}
