//! The campaign that a query names.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::bot::words;
use crate::request::split;

words! {
    /// The parameter by which an advertiser's network knows a click.
    Click {
        /// `dclid`: Google's display ads.
        Dclid = "dclid",
        /// `fbclid`: Meta. It stands on every link, not on those of advertisements alone.
        Fbclid = "fbclid",
        /// `gbraid`: Google Ads, from an app.
        Gbraid = "gbraid",
        /// `gclid`: Google Ads.
        Gclid = "gclid",
        /// `li_fat_id`: LinkedIn.
        LiFatId = "li_fat_id",
        /// `msclkid`: Microsoft Advertising.
        Msclkid = "msclkid",
        /// `ttclid`: TikTok.
        Ttclid = "ttclid",
        /// `twclid`: X.
        Twclid = "twclid",
        /// `wbraid`: Google Ads, to a site from an app.
        Wbraid = "wbraid",
    }
}

/// What the query says of the campaign that a visitor came by. Texts are decoded, bytes outside UTF-8 are
/// U+FFFD; of a parameter that is given twice the first that is not empty counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Campaign {
    pub(super) source: String,
    pub(super) medium: String,
    pub(super) name: String,
    pub(super) term: String,
    pub(super) content: String,
    pub(super) id: String,
    pub(super) click: Option<(Click, String)>,
}

impl Campaign {
    /// What `query`, without its question mark, says.
    pub(super) fn of(query: &[u8]) -> Self {
        let mut campaign = Self::default();
        for pair in split(query, b'&') {
            let end = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            let (name, value) = (&pair[..end], pair.get(end + 1..).unwrap_or_default());
            let Ok(name) = std::str::from_utf8(name) else { continue };
            let field = match name {
                "utm_source" | "mtm_source" => &mut campaign.source,
                "utm_medium" | "mtm_medium" => &mut campaign.medium,
                "utm_campaign" | "mtm_campaign" | "pk_campaign" => &mut campaign.name,
                "utm_term" | "mtm_kwd" | "mtm_keyword" | "pk_kwd" => &mut campaign.term,
                "utm_content" | "mtm_content" => &mut campaign.content,
                "utm_id" | "mtm_cid" => &mut campaign.id,
                _ => {
                    if campaign.click.is_none()
                        && !value.is_empty()
                        && let Some(click) = Click::of_code(name)
                    {
                        campaign.click = Some((click, decoded(value)));
                    }
                    continue;
                }
            };
            if field.is_empty() {
                *field = decoded(value);
            }
        }
        campaign
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `utm_source` or `mtm_source`: who led here.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `utm_medium` or `mtm_medium`: by which means.
    pub fn medium(&self) -> &str {
        &self.medium
    }

    /// `utm_campaign`, `mtm_campaign` or `pk_campaign`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `utm_term`, `mtm_kwd`, `mtm_keyword` or `pk_kwd`: the word that was searched.
    pub fn term(&self) -> &str {
        &self.term
    }

    /// `utm_content` or `mtm_content`: which of several links.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// `utm_id` or `mtm_cid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The network that counts the click, and its id.
    pub fn click(&self) -> Option<(Click, &str)> {
        self.click.as_ref().map(|(click, id)| (*click, id.as_str()))
    }
}

/// As forms are encoded (URL standard, §5.1).
fn decoded(value: &[u8]) -> String {
    let value: Cow<'_, [u8]> = if value.contains(&b'+') {
        value.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect()
    } else {
        value.into()
    };
    percent_decode(&value).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_parameters_of_both_families() {
        let campaign = Campaign::of(
            b"utm_source=news&utm_medium=email&utm_campaign=july&utm_term=red+shoes&utm_content=top&utm_id=7",
        );
        assert_eq!(
            [
                campaign.source(),
                campaign.medium(),
                campaign.name(),
                campaign.term(),
                campaign.content(),
                campaign.id()
            ],
            ["news", "email", "july", "red shoes", "top", "7"]
        );
        let campaign = Campaign::of(b"pk_campaign=a&pk_kwd=b&mtm_campaign=c&mtm_source=d&mtm_cid=e");
        assert_eq!(
            [campaign.name(), campaign.term(), campaign.source(), campaign.id()],
            ["a", "b", "d", "e"]
        );
    }

    #[test]
    fn values_are_decoded_once() {
        let campaign = Campaign::of(b"utm_source=a%2Bb%2520c+d&utm_medium=%ff&utm_campaign=100%");
        assert_eq!(
            [campaign.source(), campaign.medium(), campaign.name()],
            ["a+b%20c d", "\u{fffd}", "100%"]
        );
    }

    #[test]
    fn the_first_that_is_not_empty_counts() {
        let campaign = Campaign::of(b"utm_source=&utm_source=a&utm_source=b&gclid=&fbclid=1&gclid=2");
        assert_eq!(campaign.source(), "a");
        assert_eq!(campaign.click(), Some((Click::Fbclid, "1")));
    }

    #[test]
    fn other_queries_name_none() {
        for query in ["", "&&", "a=1", "Utm_source=x", "utm_sourcex=1", "utm_source", "gclid", "xgclid=1"] {
            assert!(Campaign::of(query.as_bytes()).is_empty(), "{query}");
        }
    }
}
