/// The sections and the keys that stand in one of them alone.
const SECTIONS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "mode",
            "site",
            "shutdown",
            "visitor",
            "consent",
            "track",
            "privacy",
            "beacon",
            "proxy",
            "geo",
            "destination",
        ],
    ),
    ("visitor", &["identity", "keys", "secret", "user_id", "session_timeout", "cookie"]),
    ("visitor.cookie", &["domain", "renew", "same_site", "http_only", "secure"]),
    ("consent", &["policy", "before", "denied", "notice", "gpc", "dnt", "allow", "refuse"]),
    (
        "track",
        &[
            "count",
            "ignore",
            "only",
            "status",
            "methods",
            "content_types",
            "downloads",
            "not_found",
            "search",
            "canonical",
            "fragments",
            "bots",
            "bots_allow",
            "bots_deny",
            "bots_list",
        ],
    ),
    ("privacy", &["query"]),
    ("proxy", &["trusted", "hops", "header"]),
    ("geo", &["cdn", "country", "region", "city"]),
];

/// Where a key stands that is unknown in the section `here`, as a table header takes whatever follows it.
pub(super) fn elsewhere(key: &str, here: &str) -> Option<String> {
    let (section, known) =
        SECTIONS.iter().filter(|(section, _)| *section != here).find_map(|(section, keys)| {
            let known = keys.iter().find(|known| singular(known) == singular(key))?;
            Some((*section, known))
        })?;
    Some(match section {
        "" => format!("\"{known}\" stands at the top level; in TOML, above the first line in brackets"),
        section => format!("\"{known}\" belongs to [{section}]"),
    })
}

fn singular(key: &str) -> &str {
    key.strip_suffix('s').unwrap_or(key)
}

#[cfg(test)]
mod test {
    use super::SECTIONS;
    use crate::config::Config;

    #[test]
    fn every_key_is_known_where_it_is_said_to_stand() {
        for (section, keys) in SECTIONS {
            for key in *keys {
                let dot = if section.is_empty() { "" } else { "." };
                let path = format!("{section}{dot}{key}");
                // A date is no key's value.
                let error = Config::builder().toml(&format!("{path} = 2026-11-22")).build().unwrap_err();
                let told: Vec<_> = error.mistakes().filter(|(at, _)| *at == path).collect();
                assert!(matches!(told[..], [(_, message)] if !message.contains("unknown key")), "{told:?}");
            }
        }
    }
}
