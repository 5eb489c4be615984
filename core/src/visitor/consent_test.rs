use super::*;
use Choice::{Denied as No, Granted as Yes, Unknown};

fn config(toml: &str) -> Config {
    Config::builder().toml(toml).build().unwrap()
}

fn standing(toml: &str, said: Said) -> (Footing, bool) {
    let Standing { footing, is_confined, .. } = Standing::of(&config(toml), &said);
    (footing, is_confined)
}

fn host(analytics: Choice) -> Said {
    Said { host: Consent::new(analytics, Unknown), ..Said::default() }
}

fn cookie(analytics: Choice) -> Said {
    Said { cookie: Consent::new(analytics, Unknown), ..Said::default() }
}

#[test]
fn the_cookie_has_three_values() {
    let consent = |value: &str| Consent::of_cookie(value.as_bytes());
    assert_eq!(consent("denied"), Some(Consent::new(No, No)));
    assert_eq!(consent("granted"), Some(Consent::new(Yes, Unknown)));
    assert_eq!(consent("granted.ads"), Some(Consent::new(Yes, Yes)));
    // A no is heard however it is written.
    for value in ["DENIED", "\"denied\""] {
        assert_eq!(consent(value), Some(Consent::new(No, No)), "{value}");
    }
    for value in ["", "Granted", "granted.", "granted.x", "granted ", "denied.ads", "1", "\"granted\""] {
        assert_eq!(consent(value), None, "{value}");
    }
}

#[test]
fn the_host_is_believed_before_the_browser_and_the_browser_before_the_cookie() {
    let consent = |host, browser, cookie| Said { host, browser, cookie }.consent();
    let nothing = Consent::default();
    let all = Consent::new(Yes, Yes);
    assert_eq!(consent(nothing, Refusal::Nobody, nothing), nothing);
    assert_eq!(consent(nothing, Refusal::Nobody, all), all);
    assert_eq!(consent(nothing, Refusal::ThirdParties, all), Consent::new(Yes, No));
    assert_eq!(consent(nothing, Refusal::Everybody, all), Consent::new(No, No));
    assert_eq!(consent(all, Refusal::Everybody, Consent::new(No, No)), all);
    assert_eq!(consent(Consent::new(Yes, Unknown), Refusal::Everybody, all), Consent::new(Yes, No));
    assert_eq!(
        consent(Consent::new(Unknown, Yes), Refusal::ThirdParties, nothing),
        Consent::new(Unknown, Yes)
    );
    // Who refused to be counted has not allowed ads.
    assert_eq!(consent(Consent::new(No, Yes), Refusal::Nobody, all), Consent::new(No, No));
}

#[test]
fn who_was_not_asked_stands_as_configured() {
    for toml in ["consent.policy = 'none'", "consent.policy = 'notice'", "consent.policy = 'opt-out'"] {
        assert_eq!(standing(toml, Said::default()), (Footing::Full, false), "{toml}");
        assert_eq!(standing(toml, cookie(Yes)), (Footing::Full, false), "{toml}");
        assert_eq!(standing(toml, cookie(No)), (Footing::Anonymous, true), "{toml}");
        assert_eq!(standing(toml, host(No)), (Footing::Anonymous, true), "{toml}");
        let skip = format!("{toml}\nconsent.denied = 'skip'");
        assert_eq!(standing(&skip, cookie(No)), (Footing::Skip, true), "{toml}");
        assert_eq!(standing(&skip, cookie(Unknown)), (Footing::Full, false), "{toml}");
    }
}

#[test]
fn who_was_asked_stands_as_before_until_there_is_an_answer() {
    let asked = "consent.policy = 'opt-in'";
    assert_eq!(standing(asked, Said::default()), (Footing::Cookieless, true));
    for (before, footing) in
        [("cookieless", Footing::Cookieless), ("anonymous", Footing::Anonymous), ("skip", Footing::Skip)]
    {
        let toml = format!("{asked}\nconsent.before = '{before}'");
        assert_eq!(standing(&toml, Said::default()), (footing, true));
        assert_eq!(standing(&toml, host(Yes)), (Footing::Full, false));
        assert_eq!(standing(&toml, cookie(Yes)), (Footing::Full, false));
        assert_eq!(standing(&toml, cookie(No)), (Footing::Anonymous, true));
    }
    for identity in ["cookieless", "none"] {
        let toml = format!("{asked}\nvisitor.identity = '{identity}'");
        assert_eq!(standing(&toml, Said::default()), (Footing::Anonymous, true), "{identity}");
    }
}

#[test]
fn what_the_browser_refuses_third_parties_the_host_alone_takes_back() {
    let toml = "consent.policy = 'notice'";
    let third = Refusal::ThirdParties;
    assert_eq!(standing(toml, Said { browser: third, ..Said::default() }), (Footing::Full, true));
    assert_eq!(standing(toml, Said { browser: third, ..cookie(Yes) }), (Footing::Full, true));
    assert_eq!(standing(toml, Said { browser: third, ..host(Yes) }), (Footing::Full, false));
    let all = Refusal::Everybody;
    assert_eq!(standing(toml, Said { browser: all, ..cookie(Yes) }), (Footing::Anonymous, true));
    assert_eq!(standing(toml, Said { browser: all, ..host(Yes) }), (Footing::Full, false));
}

#[test]
fn signals_mean_what_is_configured() {
    assert_eq!(Refusal::of(Signal::Ignore), Refusal::Nobody);
    assert_eq!(Refusal::of(Signal::Honour), Refusal::ThirdParties);
    assert_eq!(Refusal::of(Signal::Strict), Refusal::Everybody);
}

#[test]
fn the_answer_has_the_attributes_of_the_visitor_cookie() {
    let dressed = config(
        "consent.policy = 'opt-in'\n[visitor.cookie]\nname = '__Secure-v'\npath = '/a'\ndomain = 'example.com'\n\
        max_age = '30d'\nsame_site = 'strict'\nhttp_only = false",
    );
    let rest = "SameSite=Strict; Secure; Path=/a; Domain=example.com; Max-Age=";
    assert_eq!(grant(&dressed, true, false), format!("__Secure-v_consent=granted.ads; {rest}2592000"));
    let [deleted, denied] = withdraw(&dressed, false);
    assert_eq!(deleted, format!("__Secure-v=; {rest}0"));
    assert_eq!(denied, format!("__Secure-v_consent=denied; {rest}2592000"));
    // Over http no browser takes what is Secure.
    let plain = config("consent.policy = 'none'");
    assert_eq!(
        grant(&plain, false, false),
        "trackside_consent=granted; SameSite=Lax; Path=/; Max-Age=31536000"
    );
}

#[test]
fn it_is_described_for_a_person() {
    let described = |toml: &str, said: Said| {
        let config = config(toml);
        said.describe(&config, &Standing::of(&config, &said))
    };
    assert_eq!(described("consent.policy = 'none'", Said::default()), "nobody asks (recorded as configured)");
    assert_eq!(
        described("consent.policy = 'opt-in'", Said::default()),
        "asked, and no answer (recorded without a cookie, nothing to third parties)"
    );
    let said = Said { browser: Refusal::ThirdParties, ..cookie(No) };
    assert_eq!(
        described("consent.policy = 'opt-out'\nconsent.denied = 'skip'", said),
        "the banner's cookie says analytics denied, ads unknown; the browser refuses third parties (not \
         recorded, nothing to third parties)"
    );
    let said = Said { host: Consent::new(Yes, Yes), ..Said::default() };
    assert_eq!(
        described("consent.policy = 'notice'", said),
        "the host says analytics granted, ads granted (recorded as configured, ads granted)"
    );
    let said = Said { browser: Refusal::Everybody, ..Said::default() };
    assert_eq!(
        described("consent.policy = 'notice'", said),
        "the browser refuses everybody (recorded without id, session, user, address and click ids, nothing to \
         third parties)"
    );
}
