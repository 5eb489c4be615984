//! By which way a visitor came.

use super::{
    Campaign,
    bot::words,
    sites::{Sites, without_www},
};
use crate::Hit;

words! {
    /// By which way a visitor came to a page.
    #[derive(Default)]
    Channel {
        /// `ai`: from an AI assistant.
        Ai = "ai",
        /// `campaign`: by a link that names a campaign or has an advertiser's click id.
        Campaign = "campaign",
        /// `direct`: nothing says how.
        #[default]
        Direct = "direct",
        /// `email`: from a mail.
        Email = "email",
        /// `internal`: from a page of the same site, or of another of `site`.
        Internal = "internal",
        /// `referral`: from any other site or app.
        Referral = "referral",
        /// `search`: from a search engine.
        Search = "search",
        /// `social`: from a social network.
        Social = "social",
    }
}

/// The media of campaigns by mail, as Google Analytics has them in its default channels.
const MAIL_MEDIA: [&str; 6] = ["email", "e-mail", "e_mail", "e mail", "mail", "newsletter"];
/// Where mail is read, beside hosts called `mail`, `email` or `webmail`.
const MAIL_HOSTS: [&str; 6] = [
    "com.google.android.gm",
    "com.microsoft.office.outlook",
    "e.mail.ru",
    "outlook.live.com",
    "outlook.office.com",
    "outlook.office365.com",
];

/// The channel of `hit`, and who led here. `referrer` is what [`host_and_path`](super::sites::host_and_path) makes of the
/// hit's.
///
/// The first that applies: a page of the same site; a campaign by mail; a campaign whose source is an AI
/// assistant's host, as assistants mark their links; any other campaign or click id; the referrer's host.
pub(super) fn of(
    hit: &Hit,
    referrer: Option<(&str, &[u8])>,
    campaign: &Campaign,
    own: &[String],
    sites: &Sites,
) -> (Channel, String) {
    let host = referrer.map(|(host, _)| host);
    if let Some(host) = host.map(without_www)
        && std::iter::once(hit.site())
            .chain(own.iter().map(String::as_str))
            .any(|own| without_www(own) == host)
    {
        return (Channel::Internal, String::new());
    }
    if !campaign.is_empty() {
        let source = match (campaign.source(), campaign.click(), host) {
            ("", Some((click, _)), _) => click.code().to_owned(),
            ("", None, host) => host.unwrap_or_default().to_owned(),
            (source, ..) => source.to_owned(),
        };
        let is_mail = |text: &str| MAIL_MEDIA.iter().any(|mail| text.eq_ignore_ascii_case(mail));
        if is_mail(campaign.medium()) || (campaign.medium().is_empty() && is_mail(campaign.source())) {
            return (Channel::Email, source);
        }
        return match sites.assistant(&campaign.source().to_ascii_lowercase()) {
            Some(name) => (Channel::Ai, name.to_owned()),
            None => (Channel::Campaign, source),
        };
    }
    let Some((host, path)) = referrer else {
        return (Channel::Direct, String::new());
    };
    let first = host.split('.').next().unwrap_or_default();
    if matches!(first, "email" | "mail" | "webmail") || MAIL_HOSTS.contains(&host) {
        return (Channel::Email, host.to_owned());
    }
    match sites.find(host, path) {
        Some((channel, name)) => (channel, name.to_owned()),
        None => (Channel::Referral, host.to_owned()),
    }
}

#[cfg(test)]
#[path = "channel_test.rs"]
mod test;
