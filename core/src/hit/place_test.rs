use super::Place;
use crate::{
    config::{GeoPolicy, IpPolicy},
    hit::{Edit, Hit, Text, layout, sample},
};

fn lisbon() -> Place {
    Place::new(b"pt", b"PT-11", b"Lisb%C3%B4a").unwrap()
}

fn shown(hit: &Hit) -> [&str; 3] {
    [hit.country(), hit.region(), hit.city()]
}

#[test]
fn a_place_is_spelt_in_one_way() {
    let place = lisbon();
    assert_eq!([place.country(), place.region(), place.city()], ["PT", "11", "Lisbôa"]);
    for nowhere in ["", "XX", "zz", "T1", "PRT", "P-", "é"] {
        assert_eq!(Place::new(nowhere.as_bytes(), b"11", b"Lisboa"), None, "{nowhere}");
    }
    assert_eq!(Place::named("PT", "", "100% X").unwrap().city(), "100% X");
}

#[test]
fn a_policy_leaves_the_coarser_part() {
    let left = |policy| lisbon().narrowed(policy).map(|place| place.texts().map(str::to_owned));
    let texts = |texts: [&str; 3]| Some(texts.map(str::to_owned));
    assert_eq!(left(GeoPolicy::None), None);
    assert_eq!(left(GeoPolicy::Country), texts(["PT", "", ""]));
    assert_eq!(left(GeoPolicy::Region), texts(["PT", "11", ""]));
    assert_eq!(left(GeoPolicy::City), texts(["PT", "11", "Lisbôa"]));
}

#[test]
fn a_record_with_a_place_is_the_same_otherwise() {
    let properties = [("n".into(), 1.5.into()), ("t".into(), "a".into()), ("b".into(), true.into())];
    let draft = crate::hit::Draft { properties: &properties, ..sample::page() };
    let before = draft.seal(IpPolicy::Full);
    let hit = before.clone().at(&lisbon());
    assert_eq!(shown(&before), ["", "", ""]);
    assert_eq!(shown(&hit), ["PT", "11", "Lisbôa"]);
    assert_eq!(hit.size(), before.size() + 3 + 2 + 2 + 7);
    assert_eq!(hit.properties().count(), 3);
    assert_eq!((hit.ip(), hit.title(), hit.id()), (before.ip(), before.title(), before.id()));
    // It says so itself.
    let length = u32::from_le_bytes(hit.0[4..8].try_into().unwrap());
    assert_eq!(length as usize, hit.size());
}

#[test]
fn a_record_that_would_become_too_long_has_no_place() {
    // Properties fill it up to the last kilobyte, and a title the rest.
    let texts: Vec<_> = (0..64).map(|n| (format!("{n:0>128}").into(), "x".repeat(1_024).into())).collect();
    let of = |title: &str| {
        let draft = crate::hit::Draft { properties: &texts, title, agent: b"", ..sample::page() };
        draft.seal(IpPolicy::Full)
    };
    let room = layout::MAX_RECORD - of("").size();
    assert!((14..1_500).contains(&room), "{room}");
    let (full, roomy) = ("x".repeat(room - 13), "x".repeat(room - 14));
    assert_eq!(shown(&of(&full).at(&lisbon())), ["", "", ""]);
    let whole = of(&roomy).at(&lisbon());
    assert_eq!((shown(&whole), whole.size()), (["PT", "11", "Lisbôa"], layout::MAX_RECORD));
    let titled = |title: &str| {
        let mut edit = Edit::new();
        edit.set(Text::Title, title);
        edit.apply(&whole).unwrap()
    };
    assert_eq!(titled(&roomy), whole);
    assert_eq!(titled(&full), of(&full));
}

#[test]
fn an_edit_keeps_the_place_unless_the_address_goes() {
    let hit = sample::page().seal(IpPolicy::Full).at(&lisbon());
    let mut edit = Edit::new();
    edit.set(Text::Title, "another");
    edit.property("n", 1.0);
    let edited = edit.apply(&hit).unwrap();
    assert_eq!((edited.title(), shown(&edited)), ("another", ["PT", "11", "Lisbôa"]));
    edit.forget_ip();
    let edited = edit.apply(&hit).unwrap();
    assert_eq!((edited.ip(), shown(&edited)), (None, ["", "", ""]));
    assert_eq!(edited.properties().count(), 1);
    assert_eq!(Hit::from_record(edited.record()).as_ref(), Ok(&edited));
    // Nor does one come from nowhere.
    let nowhere = edit.apply(&sample::page().seal(IpPolicy::Full)).unwrap();
    assert_eq!(Hit::from_record(nowhere.record()).as_ref(), Ok(&nowhere));
}
