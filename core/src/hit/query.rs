use memchr::{memchr, memchr2};

use super::{
    cap::cut,
    path::HIDDEN,
    shape::{Shape, TOKEN, decoded, shape},
};
use crate::{config::QueryPolicy, request::split};

/// What may be kept of a query.
#[derive(Clone, Copy)]
pub(super) struct Keeps {
    pub(super) policy: QueryPolicy,
    /// Whether it may tell one click on an ad from the others.
    pub(super) clicks: bool,
}

impl Keeps {
    fn has(self, pair: &[u8]) -> bool {
        match self.policy {
            QueryPolicy::Keep | QueryPolicy::Raw => self.clicks || !tells_click(pair),
            QueryPolicy::Campaign => is_campaign(pair) || (self.clicks && is_click(pair)),
            QueryPolicy::Drop => false,
        }
    }

    /// Whether the name of a pair may be shown. That of a campaign's has to be, or nobody could tell whose it is: one
    /// that is an e-mail address, as in `utm_me@example.com`, is left out with its pair.
    #[cold]
    fn may_name(self, pair: &[u8]) -> bool {
        self.policy != QueryPolicy::Campaign || !names_somebody(name(pair))
    }
}

/// What is kept of `query`, as pairs in their order, at most `max` bytes with the ampersands. Each pair comes
/// in two pieces, the second of which is empty unless it stands in a secret's place.
pub(super) fn kept(query: &[u8], keeps: Keeps, max: usize) -> impl Iterator<Item = [&[u8]; 2]> {
    let query = match keeps.policy {
        QueryPolicy::Drop => &[],
        QueryPolicy::Campaign | QueryPolicy::Keep | QueryPolicy::Raw => query,
    };
    // Most queries have nothing to hide, which shows at once.
    let is_plain = keeps.policy == QueryPolicy::Campaign && memchr2(b'@', b'%', query).is_none();
    let mut room = max;
    let is_kept =
        move |pair: &&[u8]| !pair.is_empty() && keeps.has(pair) && (is_plain || keeps.may_name(pair));
    split(query, b'&').filter(is_kept).enumerate().map_while(move |(n, pair)| {
        room = room.checked_sub(usize::from(n > 0))?;
        let pieces = if is_plain { [pair, &[]] } else { shown(pair, keeps.policy) };
        let mut is_whole = true;
        let pieces = pieces.map(|piece| {
            // Behind a name that is cut stands nothing.
            let shown = cut(piece, if is_whole { room } else { 0 });
            is_whole &= shown.len() == piece.len();
            room -= shown.len();
            shown
        });
        pieces.iter().any(|piece| !piece.is_empty()).then_some(pieces)
    })
}

/// Whether `policy` hides something of `query`.
pub(super) fn hides(query: &[u8], policy: QueryPolicy) -> bool {
    split(query, b'&').any(|pair| !shown(pair, policy)[1].is_empty())
}

/// A pair with its value, or with [`HIDDEN`] in its place; or that alone, if its name is to be hidden.
fn shown(pair: &[u8], policy: QueryPolicy) -> [&[u8]; 2] {
    let value = memchr(b'=', pair).map_or(0, |equals| equals + 1);
    if policy == QueryPolicy::Keep && value > 0 && tells(&pair[..value - 1]) {
        return [&[], HIDDEN];
    }
    let is_hidden = match policy {
        QueryPolicy::Raw => false,
        QueryPolicy::Campaign | QueryPolicy::Drop => names_somebody(&pair[value..]),
        // A pair without a name may be a token.
        QueryPolicy::Keep if value == 0 => tells(pair),
        QueryPolicy::Keep => is_secret(&pair[..value - 1]) || names_somebody(&pair[value..]),
    };
    if is_hidden && value < pair.len() { [&pair[..value], HIDDEN] } else { [pair, &[]] }
}

/// Whether a name is an e-mail address or a token, such as one of base64 with `=` at its end.
#[cold]
fn tells(name: &[u8]) -> bool {
    // Most names are neither, which shows at once.
    let may_tell = name.len() >= TOKEN || memchr2(b'@', b'%', name).is_some();
    may_tell && shape(name) >= Some(Shape::Token)
}

/// Whether a value is an e-mail address.
fn names_somebody(value: &[u8]) -> bool {
    memchr2(b'@', b'%', value).is_some() && shape(value) == Some(Shape::Email)
}

/// Whether a parameter of this name holds a secret, or tells who somebody is: see [`SECRETS`] and [`ENDS`]. Case,
/// marks such as `_` and `-`, and how it is escaped do not matter. Of a long name the last 64 bytes count.
pub(super) fn is_secret(name: &[u8]) -> bool {
    let name = &name[name.len().saturating_sub(64)..];
    let mut plain = [0; 64];
    let bytes = decoded(name).filter(u8::is_ascii_alphanumeric);
    let length = plain.iter_mut().zip(bytes).map(|(slot, byte)| *slot = byte.to_ascii_lowercase()).count();
    let mut plain = &plain[..length];
    // `token2` is another token, as is `token[0]`.
    while let [rest @ .., b'0'..=b'9'] = plain {
        plain = rest;
    }
    SECRETS.contains(&plain) || ENDS.iter().any(|end| plain.ends_with(end))
}

/// Whole names.
const SECRETS: [&[u8]; 37] = [
    b"assertion",
    b"auth",
    b"authkey",
    b"authorization",
    b"clientassertion",
    b"code",
    b"csrf",
    b"iban",
    b"invite",
    b"jwt",
    b"key",
    b"login",
    b"loginhint",
    b"mail",
    b"nonce",
    b"otp",
    b"pass",
    b"passcode",
    b"passphrase",
    b"phone",
    b"phpsessid",
    b"pin",
    b"pw",
    b"pwd",
    b"samlrequest",
    b"samlresponse",
    b"sessid",
    b"session",
    b"sid",
    b"sig",
    b"ssn",
    b"state",
    b"tel",
    b"ticket",
    b"user",
    b"username",
    b"xsrf",
];

/// How other names end.
const ENDS: [&[u8]; 25] = [
    b"accesscode",
    b"accesskey",
    b"accesskeyid",
    b"apikey",
    b"authcode",
    b"confirmationcode",
    b"credential",
    b"credentials",
    b"email",
    b"emailaddress",
    b"invitecode",
    b"otpcode",
    b"passwd",
    b"password",
    b"passwordconfirmation",
    b"passwort",
    b"phonenumber",
    b"privatekey",
    b"resetcode",
    b"secret",
    b"secretkey",
    b"sessionid",
    b"signature",
    b"token",
    b"verificationcode",
];

fn is_campaign(pair: &[u8]) -> bool {
    if pair.starts_with(b"utm_") || pair.starts_with(b"mtm_") {
        return true;
    }
    pair.starts_with(b"pk_") && matches!(name(pair), b"pk_campaign" | b"pk_kwd")
}

/// Whether it tells one click from all others, however its name is spelt. What a campaign keeps of nobody is among these.
#[cold]
fn tells_click(pair: &[u8]) -> bool {
    const OTHERS: [&[u8]; 5] = [b"_ga", b"_gl", b"srsltid", b"yclid", b"ysclid"];

    let mut plain = [0; 16];
    let bytes = decoded(name(pair)).take_while(|byte| !b"[=".contains(byte));
    let length = plain.iter_mut().zip(bytes).map(|(slot, byte)| *slot = byte.to_ascii_lowercase()).count();
    let plain = &plain[..length];
    is_click(plain) || OTHERS.contains(&plain)
}

/// Whether it is the id of one click on an ad.
fn is_click(pair: &[u8]) -> bool {
    // Most pairs end here.
    if !matches!(pair.first(), Some(b'g' | b'd' | b'w' | b'f' | b'm' | b't' | b'l')) {
        return false;
    }
    matches!(
        name(pair),
        b"gclid"
            | b"dclid"
            | b"gbraid"
            | b"wbraid"
            | b"fbclid"
            | b"msclkid"
            | b"ttclid"
            | b"li_fat_id"
            | b"twclid"
    )
}

fn name(pair: &[u8]) -> &[u8] {
    &pair[..memchr(b'=', pair).unwrap_or(pair.len())]
}

#[cfg(test)]
mod test {
    use super::*;

    fn joined(query: &str, policy: QueryPolicy, max: usize) -> String {
        let keeps = Keeps { policy, clicks: true };
        let pairs: Vec<_> = kept(query.as_bytes(), keeps, max).map(|pieces| pieces.concat()).collect();
        String::from_utf8(pairs.join(&b'&')).unwrap()
    }

    #[test]
    fn campaign_keeps_what_names_a_campaign() {
        let query = "a=1&utm_source=x&gclid=y&&gclid2=z&mtm_=&pk_kwd&Utm_source=q";
        assert_eq!(joined(query, QueryPolicy::Campaign, 99), "utm_source=x&gclid=y&mtm_=&pk_kwd");
    }

    #[test]
    fn without_clicks_no_id_of_one_is_kept() {
        let query =
            b"gclid=1&utm_source=x&dclid=1&gbraid=1&wbraid=1&a=2&fbclid=1&msclkid=1&ttclid&li_fat_id=1&\
            twclid=1&gclid2=3&pk_kwd=4&%67clid=1&GCLID=1&gclid[]=1&gclid%3D1&_gl=1&yclid=1&gclidgclidgclidgc=5";
        let kept = |policy| {
            let keeps = Keeps { policy, clicks: false };
            let pairs: Vec<_> = kept(query, keeps, 999).map(|pieces| pieces.concat()).collect();
            String::from_utf8(pairs.join(&b'&')).unwrap()
        };
        assert_eq!(kept(QueryPolicy::Keep), "utm_source=x&a=2&gclid2=3&pk_kwd=4&gclidgclidgclidgc=5");
        assert_eq!(kept(QueryPolicy::Campaign), "utm_source=x&pk_kwd=4");
        assert_eq!(kept(QueryPolicy::Drop), "");
    }

    #[test]
    fn drop_keeps_nothing_and_keep_everything() {
        assert_eq!(joined("a=1&utm_source=x", QueryPolicy::Drop, 99), "");
        assert_eq!(joined("a=1&utm_source=x", QueryPolicy::Keep, 99), "a=1&utm_source=x");
    }

    #[test]
    fn the_cap_counts_ampersands() {
        assert_eq!(joined("a=1&b=2&c=3", QueryPolicy::Keep, 7), "a=1&b=2");
        assert_eq!(joined("a=1&b=2&c=3", QueryPolicy::Keep, 6), "a=1&b=");
        assert_eq!(joined("a=1&b=2&c=3", QueryPolicy::Keep, 4), "a=1");
        assert_eq!(joined("a=1", QueryPolicy::Keep, 0), "");
    }

    #[test]
    fn keep_hides_secrets_and_raw_does_not() {
        let query =
            "a=1&token=x&reset-Password=&API_KEY=k&%74oken=y&to%6ben=z&who=me%40example.com&code&b=me@home";
        let shown =
            "a=1&token=***&reset-Password=&API_KEY=***&%74oken=***&to%6ben=***&who=***&code&b=me@home";
        assert_eq!(joined(query, QueryPolicy::Keep, 999), shown);
        assert_eq!(joined(query, QueryPolicy::Raw, 999), query);
    }

    #[test]
    fn something_is_hidden_only_if_it_shows() {
        for (query, hidden) in [("a=1&b", false), ("", false), ("token=", false), ("a=1&token=x", true)] {
            assert_eq!(hides(query.as_bytes(), QueryPolicy::Keep), hidden, "{query}");
        }
        assert!(!hides(b"token=x", QueryPolicy::Raw));
    }

    #[test]
    fn a_name_is_a_token_by_itself_alone() {
        // The first has 31 bytes, and the sign behind it is none of its own.
        let [short, long] = ["k3Jd8sLq0Zx9VbN2mT7yRwE4uPcA5gH", "k3Jd8sLq0Zx9VbN2mT7yRwE4uPcA5gHf"];
        assert_eq!(joined(&format!("{short}=1"), QueryPolicy::Keep, 99), format!("{short}=1"));
        assert_eq!(joined(&format!("{long}=1"), QueryPolicy::Keep, 99), "***");
    }

    #[test]
    fn a_token_without_a_name_is_hidden() {
        let token = "0123456789abcdef0123456789abcdef";
        assert_eq!(joined(&format!("{token}&b=2"), QueryPolicy::Keep, 99), "***&b=2");
        // Among named values they may be anything, such as the id of a click.
        assert_eq!(joined(&format!("a={token}"), QueryPolicy::Keep, 99), format!("a={token}"));
    }

    #[test]
    fn a_name_that_is_an_address_or_a_token_is_hidden_with_its_value() {
        let token = "k3Jd8sLq0Zx9VbN2mT7yRwE4uPcA5gHf";
        for pair in [
            "me@example.com=1",
            "me@example.com=",
            "%6de%2540example.com=1",
            &format!("{token}=1"),
            &format!("{token}=="),
            "0123456789abcdef0123456789abcdef=",
        ] {
            assert_eq!(joined(&format!("a=1&{pair}&b=2"), QueryPolicy::Keep, 99), "a=1&***&b=2", "{pair}");
            assert!(hides(pair.as_bytes(), QueryPolicy::Keep), "{pair}");
            assert_eq!(joined(pair, QueryPolicy::Raw, 99), pair);
        }
        for pair in ["me@home=1", "order-1234567890=1", "%40=1", "=1"] {
            assert_eq!(joined(pair, QueryPolicy::Keep, 99), pair);
        }
    }

    #[test]
    fn a_campaign_has_no_address() {
        let query =
            "utm_content=me%2540example.com&utm_source=me@home&gclid=0123456789abcdef0123456789abcdef";
        let shown = "utm_content=***&utm_source=me@home&gclid=0123456789abcdef0123456789abcdef";
        assert_eq!(joined(query, QueryPolicy::Campaign, 999), shown);
    }

    #[test]
    fn a_campaign_whose_name_is_an_address_is_left_out() {
        for pair in
            ["utm_me@example.com", "mtm_me%2540example.com", "utm_me@example.com=", "utm_me@example.com=1"]
        {
            assert_eq!(joined(pair, QueryPolicy::Campaign, 99), "", "{pair}");
            let query = format!("utm_source=a&{pair}&pk_kwd=b");
            assert_eq!(joined(&query, QueryPolicy::Campaign, 99), "utm_source=a&pk_kwd=b", "{pair}");
        }
        assert_eq!(joined("utm_me@home&utm_%40", QueryPolicy::Campaign, 99), "utm_me@home&utm_%40");
    }

    #[test]
    fn what_stands_in_a_secret_s_place_counts() {
        assert_eq!(joined("token=long&b=2", QueryPolicy::Keep, 13), "token=***&b=2");
        assert_eq!(joined("token=long&b=2", QueryPolicy::Keep, 8), "token=**");
        assert_eq!(joined("token=long&b=2", QueryPolicy::Keep, 6), "token=");
        // An escape that the end would break goes, and what is behind the name with it.
        assert_eq!(joined("a%20token=x", QueryPolicy::Keep, 3), "a");
    }

    #[test]
    fn names_are_taken_whole_or_by_their_end() {
        for name in [
            "token",
            "accessToken",
            "X-Amz-Signature",
            "x_amz_credential",
            "PHPSESSID",
            "user.email",
            "state",
            "login_hint",
            "AWSAccessKeyId",
            "sms-verification-code",
        ] {
            assert!(is_secret(name.as_bytes()), "{name}");
        }
        for name in
            ["", "tokens", "monkey", "postcode", "discount_code", "page", "statement", "token_type", "q"]
        {
            assert!(!is_secret(name.as_bytes()), "{name}");
        }
        assert!(is_secret(format!("{}_token", "x".repeat(9_000)).as_bytes()));
    }
}
