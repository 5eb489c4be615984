use super::{super::scenario::Scenario, *};
use crate::{Config, Request};

#[test]
fn skip_alone_says_no() {
    for footing in [Footing::Anonymous, Footing::Cookieless, Footing::Full] {
        assert_eq!(allows(footing), Ok(()), "{footing:?}");
    }
    assert_eq!(allows(Footing::Skip), Err(Reason::Consent));
}

#[test]
fn it_sees_what_may_be_known() {
    assert_eq!(Scenario::default().ask(&RULE), (Ok(()), "as configured".to_owned()));
    let config = Config::builder().toml("consent.policy = 'none'").build().unwrap();
    let request = Request::new("GET", "/", &[("host", "a")]);
    let view = |footing| {
        let facts = Facts::new(&config, &request).with_footing(footing);
        ((RULE.check)(&facts), (RULE.view)(&facts))
    };
    assert_eq!(view(Footing::Skip), (Err(Reason::Consent), "nothing may be recorded".to_owned()));
    assert_eq!(view(Footing::Anonymous), (Ok(()), "nobody may be told from others".to_owned()));
    assert_eq!(view(Footing::Cookieless), (Ok(()), "without a cookie".to_owned()));
}
