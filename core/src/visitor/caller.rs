use uuid::Uuid;

use super::{
    Cookieless, Cookies, DailyKey, Identified, Notice,
    consent::{Choice, Consent, Footing, Said, Standing},
    hands_out_ids,
};
use crate::{
    Moment,
    config::{Config, Identity, Mode, Policy},
    decide::{self, Facts},
};

/// Whoever stands behind a request: what is known of them, and what may be.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) identified: Identified,
    pub(crate) cookieless: Cookieless,
    pub(crate) standing: Standing,
    said: Said,
    /// Whether the notice could be shown to them.
    sees_notice: bool,
}

impl Caller {
    /// Nobody, of whom nothing is known.
    pub(crate) fn nobody(config: &Config) -> Self {
        let said = Said::default();
        Self {
            identified: Identified::Anonymous,
            cookieless: Cookieless::None,
            standing: Standing::of(config, &said),
            said,
            sees_notice: false,
        }
    }

    /// Whoever sent these cookies. Their page may count if `counts`, and there may be a hit of theirs if
    /// `has_hits`.
    pub(crate) fn of(
        facts: &Facts<'_>,
        cookies: &Cookies,
        moment: &Moment,
        key: Option<&DailyKey>,
        [counts, has_hits]: [bool; 2],
    ) -> Self {
        let config = facts.config;
        let said = Said { host: facts.request.consent, browser: facts.refusal, cookie: cookies.consent };
        let standing = Standing::of(config, &said);
        // Who has not been told, and cannot be on this response, is given no cookie yet.
        let is_told_first = matches!(config.consent, Policy::Notice | Policy::OptOut)
            && standing.consent.analytics == Choice::Unknown;
        let may_be_new = counts
            && hands_out_ids(config)
            && (!is_told_first || cookies.known.is_some() || decide::wants_html(facts));
        let identified = Identified::of(cookies.known, moment, may_be_new);
        let cookieless = match (config.identity, key) {
            (Identity::None, _) | (_, None) => Cookieless::None,
            (Identity::Cookie, Some(key)) if standing.footing != Footing::Cookieless => {
                Cookieless::Of(key.clone())
            }
            (_, Some(key)) if has_hits => Cookieless::now(key, facts),
            _ => Cookieless::None,
        };
        let sees_notice = config.mode == Mode::On
            && match config.consent {
                Policy::None => false,
                // Who is new, and has not answered, asks for a page.
                Policy::Notice | Policy::OptOut => identified.is_new(),
                Policy::OptIn => counts && decide::wants_html(facts),
            };
        Self { identified, cookieless, standing, said, sees_notice }
    }

    /// The host says what they have allowed. What it leaves open stays as it was.
    pub(crate) fn allow(&mut self, config: &Config, consent: Consent) {
        let host = &mut self.said.host;
        *host = Consent::new(consent.analytics.or(host.analytics), consent.ads.or(host.ads));
        self.standing = Standing::of(config, &self.said);
    }

    /// Their id, as far as it is known and may be.
    pub(crate) fn id(&self) -> Option<Uuid> {
        match self.standing.footing {
            Footing::Anonymous | Footing::Skip => None,
            Footing::Cookieless => self.cookieless.known(),
            Footing::Full => self.identified.id().or(self.cookieless.known()),
        }
    }

    pub(crate) fn is_new(&self) -> bool {
        self.standing.footing == Footing::Full && self.identified.is_new()
    }

    /// Gives them no id, if they came without.
    pub(crate) fn hand_out_nothing(&mut self) {
        if self.identified.is_new() {
            self.identified = Identified::Anonymous;
        }
    }

    /// Whether the cookie is to be set, if the response can carry it.
    pub(crate) fn needs_cookie(&self, config: &Config, now: u64) -> bool {
        self.standing.footing == Footing::Full && self.identified.needs_cookie(config, now)
    }

    /// Whether they are to be told or asked: who has answered is not.
    pub(crate) fn is_notice_due(&self) -> bool {
        self.sees_notice && self.standing.consent.analytics == Choice::Unknown
    }

    /// The notice, if it is due.
    pub(crate) fn notice(&self, config: &Config, site: &[u8]) -> Option<Notice> {
        let site = || String::from_utf8_lossy(&site.to_ascii_lowercase()).into_owned();
        self.is_notice_due().then(|| Notice::new(&config.notice, &site()).with_banner(config))
    }

    /// Who they are, for a person to read. With `facts` the id of the day is made if it has not been.
    pub(crate) fn describe(&self, facts: Option<&Facts<'_>>) -> String {
        let id = |id: Option<Uuid>| match id {
            Some(id) => format!("cookieless, {id} until the end of the day (UTC)"),
            None => "none".to_owned(),
        };
        match (self.standing.footing, &self.identified) {
            (Footing::Anonymous, _) => "none: without consent".to_owned(),
            (Footing::Skip, _) => "nobody: without consent".to_owned(),
            (Footing::Cookieless, _) | (Footing::Full, Identified::Anonymous) => {
                id(facts.map_or(self.cookieless.known(), |facts| self.cookieless.id(facts)))
            }
            (Footing::Full, Identified::New(id)) => format!("new, would be {id}"),
            (Footing::Full, Identified::Known(known)) => format!(
                "{}, first visit {}, session began {}, last seen {} (seconds since 1970)",
                known.id, known.first_visit, known.session_start, known.last_seen
            ),
        }
    }

    /// What they have allowed, by whom it was said, for a person to read.
    pub(crate) fn describe_consent(&self, config: &Config) -> String {
        self.said.describe(config, &self.standing)
    }
}
