//! What the host says of the visitor's consent, on the command line.

use trackside::consent::{Choice, Consent};

/// Reads `analytics=granted,ads=denied`, or one of the two, or nothing.
pub(super) fn parse(text: &str) -> Result<Consent, String> {
    let mut consent = Consent::default();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (what, choice) = pair.split_once('=').ok_or_else(|| told(pair))?;
        let place = match what {
            "analytics" => &mut consent.analytics,
            "ads" => &mut consent.ads,
            _ => return Err(told(pair)),
        };
        if *place != Choice::Unknown {
            return Err(format!("`{what}` is given twice"));
        }
        *place = match choice {
            "granted" => Choice::Granted,
            "denied" => Choice::Denied,
            _ => return Err(told(pair)),
        };
    }
    Ok(consent)
}

fn told(pair: &str) -> String {
    format!("`{pair}` is neither analytics=granted nor analytics=denied nor the same of ads")
}

#[cfg(test)]
mod test {
    use super::*;
    use Choice::{Denied as No, Granted as Yes, Unknown};

    #[test]
    fn each_may_be_given_once() {
        assert_eq!(parse(""), Ok(Consent::default()));
        assert_eq!(parse("analytics=granted"), Ok(Consent::new(Yes, Unknown)));
        assert_eq!(parse("ads=denied, analytics=granted"), Ok(Consent::new(Yes, No)));
        for text in ["analytics", "analytics=", "analytics=yes", "ads=unknown", "all=granted", "=granted"] {
            let told = parse(text).unwrap_err();
            assert!(told.starts_with(&format!("`{text}` is neither ")), "{told}");
        }
        assert_eq!(parse("ads=granted,ads=denied"), Err("`ads` is given twice".to_owned()));
    }
}
