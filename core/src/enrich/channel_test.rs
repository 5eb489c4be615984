use super::*;
use crate::{
    config::IpPolicy,
    enrich::sites::host_and_path,
    hit::{Draft, sample},
};

fn of_page(referrer: &str, query: &str, own: &[&str]) -> (Channel, String) {
    let page = Draft { referrer: referrer.as_bytes(), query: query.as_bytes(), ..sample::page() };
    let hit = page.seal(IpPolicy::None);
    let own: Vec<_> = own.iter().map(|&own| own.to_owned()).collect();
    let referrer = host_and_path(hit.referrer());
    let referrer = referrer.as_ref().map(|(host, path)| (host.as_str(), *path));
    of(&hit, referrer, &Campaign::of(hit.query()), &own, &Sites::built_in())
}

#[track_caller]
fn check(referrer: &str, query: &str, channel: Channel, source: &str) {
    assert_eq!(of_page(referrer, query, &[]), (channel, source.to_owned()));
}

#[test]
fn by_referrer() {
    check("", "", Channel::Direct, "");
    check("https://www.google.com/", "", Channel::Search, "Google");
    check("https://www.facebook.com/", "", Channel::Social, "Facebook");
    check("https://www.perplexity.ai/", "", Channel::Ai, "Perplexity");
    check("https://mail.google.com/mail/u/0", "", Channel::Email, "mail.google.com");
    check("android-app://com.google.android.gm/", "", Channel::Email, "com.google.android.gm");
    check("https://outlook.live.com/", "", Channel::Email, "outlook.live.com");
    check("https://Blog.example.org/list", "", Channel::Referral, "blog.example.org");
    check("android-app://org.example.reader/", "", Channel::Referral, "org.example.reader");
}

#[test]
fn own_pages_are_internal_whatever_the_query_says() {
    check("https://shop.example/list", "", Channel::Internal, "");
    check("https://www.shop.example:8443/", "utm_source=x", Channel::Internal, "");
    check("https://blog.shop.example/", "", Channel::Referral, "blog.shop.example");
    let (channel, _) = of_page("https://blog.shop.example/", "", &["www.blog.shop.example"]);
    assert_eq!(channel, Channel::Internal);
}

#[test]
fn a_campaign_goes_before_the_referrer() {
    check("https://www.google.com/", "utm_source=news", Channel::Campaign, "news");
    check("https://www.google.com/", "gclid=1", Channel::Campaign, "gclid");
    check("https://a.example/", "utm_campaign=july", Channel::Campaign, "a.example");
    check("", "mtm_campaign=july", Channel::Campaign, "");
    check("", "utm_source=facebook.com", Channel::Campaign, "facebook.com");
}

#[test]
fn mails_and_assistants_have_campaigns_of_their_own() {
    check("", "utm_source=july&utm_medium=E-Mail", Channel::Email, "july");
    check("", "utm_source=newsletter", Channel::Email, "newsletter");
    check("", "utm_source=newsletter&utm_medium=banner", Channel::Campaign, "newsletter");
    check("", "utm_source=chatgpt.com", Channel::Ai, "ChatGPT");
}
