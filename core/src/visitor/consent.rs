//! What a visitor has allowed: said by the host, by the banner's cookie or by the browser, and what follows from
//! it.
//!
//! # Who is believed
//!
//! The host has the last word, for what it [says](crate::judge::Exchange::set_consent). After it come Sec-GPC and
//! DNT, as far as the configuration minds them, then the banner's cookie. What nobody says is unknown.
//!
//! # The banner's cookie
//!
//! It has the visitor cookie's name with `_consent` behind it and one of three values, none of which tells
//! visitors apart: `granted`; `granted.ads`, for ads, too; `denied`, also in capitals or in quotes. Whatever else it
//! holds says nothing; of several cookies of the name one that denies stands, also right behind a comma, else the first
//! of those that say anything. A banner's script may set it, or the
//! host's answer to a form: [`grant`] and [`withdraw`] make the headers.

use super::cookie::dressed;
use crate::config::{Before, Config, Cookie, Denied, Policy, Signal};

/// Whether something was allowed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "one says yes, no or nothing")]
pub enum Choice {
    /// It was not.
    Denied,
    /// It was.
    Granted,
    /// Nobody said.
    #[default]
    Unknown,
}

impl Choice {
    pub(super) fn or(self, other: Self) -> Self {
        if self == Self::Unknown { other } else { self }
    }
}

/// What a visitor has allowed, each by itself.
///
/// ```
/// use trackside_core::visitor::consent::{Choice, Consent};
///
/// let consent = Consent::new(Choice::Granted, Choice::Unknown);
/// assert_eq!(consent.analytics, Choice::Granted);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Consent {
    /// To be counted, with an id.
    pub analytics: Choice,
    /// That what is counted serves ads: GA4's `ad_user_data` and `ad_personalization`.
    pub ads: Choice,
}

impl Consent {
    /// So much for analytics, so much for ads.
    pub const fn new(analytics: Choice, ads: Choice) -> Self {
        Self { analytics, ads }
    }

    pub(crate) const fn denied() -> Self {
        Self::new(Choice::Denied, Choice::Denied)
    }

    fn shown(self) -> String {
        let word = |choice| match choice {
            Choice::Denied => "denied",
            Choice::Granted => "granted",
            Choice::Unknown => "unknown",
        };
        format!("analytics {}, ads {}", word(self.analytics), word(self.ads))
    }

    /// What the banner's cookie says, if this is a value of it.
    #[inline(never)]
    pub(crate) fn of_cookie(value: &[u8]) -> Option<Self> {
        match value {
            _ if is_denial(value) => Some(Self::denied()),
            b"granted" => Some(Self::new(Choice::Granted, Choice::Unknown)),
            b"granted.ads" => Some(Self::new(Choice::Granted, Choice::Granted)),
            _ => None,
        }
    }
}

/// Whether somebody meant to refuse, though a script wrote it in capitals or in quotes.
fn is_denial(value: &[u8]) -> bool {
    let inner = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    inner.unwrap_or(value).eq_ignore_ascii_case(b"denied")
}

/// The value of the `Set-Cookie` with which a visitor's consent is kept, for analytics and, if `with_ads`, for ads.
/// It has the visitor cookie's attributes and its full age, but scripts can read it: it tells nobody apart, and a
/// banner has to know that it was answered. `is_secure` if the visitor came by https.
///
/// ```
/// use trackside_core::{Config, visitor::consent};
///
/// let config = Config::builder().toml("consent.policy = 'opt-in'").build()?;
/// assert_eq!(
///     consent::grant(&config, false, true),
///     "trackside_consent=granted; SameSite=Lax; Secure; Path=/; Max-Age=31536000",
/// );
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
pub fn grant(config: &Config, with_ads: bool, is_secure: bool) -> String {
    let value = if with_ads { "granted.ads" } else { "granted" };
    answer(&config.cookie, value, is_secure)
}

/// The values of the two `Set-Cookie` with which a visitor's consent is withdrawn: the first deletes the visitor
/// cookie, the second keeps the answer, so that the next page makes no new visitor. `is_secure` if the visitor
/// came by https.
///
/// ```
/// use trackside_core::{Config, visitor::consent};
///
/// let config = Config::builder().toml("consent.policy = 'notice'").build()?;
/// let [deleted, denied] = consent::withdraw(&config, true);
/// assert_eq!(deleted, "trackside=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
/// assert_eq!(denied, "trackside_consent=denied; SameSite=Lax; Secure; Path=/; Max-Age=31536000");
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
pub fn withdraw(config: &Config, is_secure: bool) -> [String; 2] {
    let cookie = &config.cookie;
    let deleted = dressed(cookie, &cookie.name, "", 0, cookie.http_only, is_secure);
    [deleted, answer(cookie, "denied", is_secure)]
}

/// What stands behind the visitor cookie's name in that of the banner's.
pub(super) const SUFFIX: &str = "_consent";

fn answer(cookie: &Cookie, value: &str, is_secure: bool) -> String {
    let name = format!("{}{SUFFIX}", cookie.name);
    dressed(cookie, &name, value, cookie.max_age.as_secs(), false, is_secure)
}

/// What a signal of the browser keeps from whom.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Refusal {
    #[default]
    Nobody,
    ThirdParties,
    Everybody,
}

impl Refusal {
    /// What the signal that is given keeps, as `signal` says.
    pub(crate) fn of(signal: Signal) -> Self {
        match signal {
            Signal::Honour => Self::ThirdParties,
            Signal::Ignore => Self::Nobody,
            Signal::Strict => Self::Everybody,
        }
    }
}

/// All that was said on an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) host: Consent,
    pub(crate) browser: Refusal,
    pub(crate) cookie: Consent,
}

impl Said {
    /// What it comes to.
    pub(crate) fn consent(&self) -> Consent {
        let refused = |from| if self.browser >= from { Choice::Denied } else { Choice::Unknown };
        let analytics = self.host.analytics.or(refused(Refusal::Everybody)).or(self.cookie.analytics);
        let ads = self.host.ads.or(refused(Refusal::ThirdParties)).or(self.cookie.ads);
        Consent::new(analytics, if analytics == Choice::Denied { Choice::Denied } else { ads })
    }
}

impl Said {
    /// What was said and what follows, for a person to read.
    pub(super) fn describe(&self, config: &Config, standing: &Standing) -> String {
        let mut said = Vec::new();
        for (who, consent) in [("the host", self.host), ("the banner's cookie", self.cookie)] {
            if consent != Consent::default() {
                said.push(format!("{who} says {}", consent.shown()));
            }
        }
        match self.browser {
            Refusal::Nobody => {}
            Refusal::ThirdParties => said.push("the browser refuses third parties".to_owned()),
            Refusal::Everybody => said.push("the browser refuses everybody".to_owned()),
        }
        if said.is_empty() {
            let policy = match config.consent {
                Policy::None => "nobody asks",
                Policy::Notice => "told, not asked",
                Policy::OptIn => "asked, and no answer",
                Policy::OptOut => "not refused",
            };
            said.push(policy.to_owned());
        }
        let outcome = match standing.footing {
            Footing::Anonymous => "recorded without id, session, user, address and click ids",
            Footing::Cookieless => "recorded without a cookie",
            Footing::Full => "recorded as configured",
            Footing::Skip => "not recorded",
        };
        let confined = if standing.is_confined { ", nothing to third parties" } else { "" };
        let ads = if standing.consent.ads == Choice::Granted { ", ads granted" } else { "" };
        format!("{} ({}{confined}{ads})", said.join("; "), outcome)
    }
}

/// What may be made of an exchange, by what was said on it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) consent: Consent,
    pub(crate) footing: Footing,
    /// Whether no third party may be told of it.
    pub(crate) is_confined: bool,
}

/// What may be known of a visitor.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Footing {
    /// No id, session, user, address or click id.
    Anonymous,
    /// The id of the day.
    Cookieless,
    /// Whatever the configuration wants to know.
    #[default]
    Full,
    /// Nothing: not even that there was one.
    Skip,
}

impl Standing {
    /// Whether nothing is recorded that tells the visitor from others.
    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self.footing, Footing::Anonymous | Footing::Skip)
    }

    pub(crate) fn of(config: &Config, said: &Said) -> Self {
        let consent = said.consent();
        let is_asked = config.consent == Policy::OptIn;
        let footing = match consent.analytics {
            Choice::Denied => match config.denied {
                Denied::Anonymous => Footing::Anonymous,
                Denied::Skip => Footing::Skip,
            },
            Choice::Unknown if is_asked => match config.before {
                Before::Anonymous => Footing::Anonymous,
                Before::Cookieless => Footing::Cookieless,
                Before::Skip => Footing::Skip,
            },
            Choice::Granted | Choice::Unknown => Footing::Full,
        };
        let is_confined = match consent.analytics {
            Choice::Denied => true,
            // What the browser refuses third parties was not taken back by the banner's cookie.
            Choice::Granted if said.host.analytics == Choice::Granted => false,
            Choice::Granted => said.browser > Refusal::Nobody,
            // Who wants to be asked has not allowed what others make of it.
            Choice::Unknown => is_asked || said.browser > Refusal::Nobody,
        };
        Self { consent, footing, is_confined }
    }
}

#[cfg(test)]
#[path = "consent_test.rs"]
mod test;
