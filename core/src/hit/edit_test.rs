use super::*;
use crate::{
    config::IpPolicy,
    hit::{Draft, sample},
};

fn page() -> Hit {
    let properties = [("plan".into(), "pro".into()), ("seats".into(), 3.into())];
    Draft { properties: &properties, ..sample::page() }.seal(IpPolicy::Full)
}

fn edited(hit: &Hit, edit: impl Fn(&mut Edit)) -> Hit {
    let mut it = Edit::new();
    edit(&mut it);
    it.apply(hit).unwrap()
}

/// Both as JSON, without the fields that are meant to differ.
#[track_caller]
fn differ_in(before: &Hit, after: &Hit, fields: &[&str]) {
    let json = |hit| match serde_json::to_value(hit).unwrap() {
        serde_json::Value::Object(mut map) => {
            map.retain(|key, _| !fields.contains(&key.as_str()));
            map
        }
        other => panic!("{other}"),
    };
    assert_eq!(json(before), json(after));
}

#[test]
fn no_change_is_no_new_record() {
    assert_eq!(Edit::new().apply(&page()), None);
}

#[test]
fn every_text_can_be_changed_and_everything_else_stays() {
    let event = sample::add();
    let hit = Draft { event: Some(&event), ..sample::page() }.seal(IpPolicy::Masked);
    for (text, field) in [
        (Text::Agent, "agent"),
        (Text::Category, "category"),
        (Text::Label, "label"),
        (Text::Language, "language"),
        (Text::Name, "name"),
        (Text::Path, "path"),
        (Text::Query, "query"),
        (Text::Referrer, "referrer"),
        (Text::Route, "route"),
        (Text::Title, "title"),
        (Text::UserId, "user_id"),
    ] {
        for value in ["x", "a longer text than there was before, with ünïcödé in it"] {
            let after = edited(&hit, |edit| edit.set(text, value));
            let json = serde_json::to_value(&after).unwrap();
            let expected = if text == Text::Language { &value[..value.len().min(35)] } else { value };
            assert_eq!(json[field], expected);
            differ_in(&hit, &after, &[field]);
        }
    }
}

#[test]
fn the_record_is_as_if_it_had_been_made_so() {
    let made = Draft { path: b"/other", title: "", ..sample::page() }.seal(IpPolicy::Full);
    let hit = sample::page().seal(IpPolicy::Full);
    let after = edited(&hit, |edit| {
        edit.set(Text::Path, "/never");
        edit.set(Text::Path, "/other");
        edit.set(Text::Title, "");
    });
    assert_eq!(after, made);
}

#[test]
fn texts_are_cut() {
    let after = edited(&page(), |edit| {
        edit.set(Text::Path, format!("/{}%20", "x".repeat(2_045)));
        edit.set(Text::UserId, "u".repeat(1_000));
    });
    assert_eq!(after.path().len(), 2_046, "not inside an escape");
    assert_eq!(after.query().len(), 1, "the rest of what both may have");
    assert_eq!(after.user_id().len(), 256);
}

#[test]
fn a_page_has_no_name_and_an_event_keeps_one() {
    assert_eq!(edited(&page(), |edit| edit.set(Text::Name, "x")).name(), "");
    let event = sample::add();
    let hit = Draft { event: Some(&event), ..sample::page() }.seal(IpPolicy::None);
    assert_eq!(edited(&hit, |edit| edit.set(Text::Name, "")).name(), "add");
}

#[test]
fn what_was_searched_for_can_be_taken_out_of_a_page() {
    let hit = Draft { search: "my illness", ..sample::page() }.seal(IpPolicy::Full);
    assert_eq!(hit.label(), "my illness");
    assert_eq!(edited(&hit, |edit| edit.set(Text::Label, "")).label(), "");
    assert_eq!(edited(&hit, |edit| edit.set(Text::Label, "x")).label(), "my illness");
}

#[test]
fn properties_are_put_added_and_taken_out() {
    let after = edited(&page(), |edit| {
        edit.property("plan", "free");
        edit.property("new", true);
        edit.remove_property("seats");
        edit.property("gone", f64::NAN);
    });
    let properties: Vec<_> = after.properties().collect();
    assert_eq!(properties, [("plan", Value::from("free")), ("new", Value::from(true))]);
    differ_in(&page(), &after, &["properties"]);
}

#[test]
fn a_long_property_of_a_short_hit_is_whole() {
    let short = Draft { path: b"", query: b"", referrer: b"", agent: b"", title: "", ..sample::page() };
    let text = "v".repeat(1_024);
    let after = edited(&short.seal(IpPolicy::Full), |edit| edit.property("k", text.clone()));
    assert_eq!(after.properties().collect::<Vec<_>>(), [("k", Value::from(text.as_str()))]);
}

#[test]
fn properties_stay_within_their_bounds() {
    let after = edited(&page(), |edit| (0..100).for_each(|n| edit.property(format!("k{n}"), n)));
    assert_eq!(after.properties().count(), 64);
    let after = edited(&page(), |edit| {
        (0..64).for_each(|n| edit.property(format!("k{n}"), "v".repeat(5_000)));
    });
    assert!(after.size() <= layout::MAX_RECORD, "{}", after.size());
    assert!(after.properties().count() > 50);
}

#[test]
fn a_visitor_and_an_address_can_be_forgotten() {
    let after = edited(&page(), Edit::forget_visitor);
    assert_eq!((after.visitor(), after.session(), after.is_new(), after.user_id()), (None, None, false, ""));
    differ_in(&page(), &after, &["visitor", "new", "first_visit", "cookieless", "session", "user_id"]);
    let made = Draft { visitor: None, session: None, user_id: "", first_visit: 0, ..sample::page() };
    let hit = sample::page().seal(IpPolicy::Full);
    assert_eq!(edited(&hit, Edit::forget_visitor), made.seal(IpPolicy::Full));

    let after = edited(&page(), Edit::forget_ip);
    assert_eq!((after.ip(), after.ip_policy()), (None, IpPolicy::Full));
    differ_in(&page(), &after, &["ip"]);
}
