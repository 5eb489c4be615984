//! The operator's own words for agents: `track.bots_allow` and `track.bots_deny`.

use memchr::memmem::Finder;

/// Texts that are found anywhere in an agent, in whatever case; with `*` their pieces in this order, anything
/// between them.
#[derive(Clone, Debug)]
pub(super) struct Words(Vec<(String, Vec<Finder<'static>>)>);

impl Words {
    pub(super) fn new(words: &[String]) -> Self {
        let finders = |word: &String| {
            let word = word.to_ascii_lowercase();
            let pieces = word.split('*').filter(|piece| !piece.is_empty());
            pieces.map(|piece| Finder::new(piece).into_owned()).collect()
        };
        Self(words.iter().map(|word| (word.clone(), finders(word))).collect())
    }

    /// The first word that is in `agent`.
    pub(super) fn find(&self, agent: &[u8]) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let agent = agent.to_ascii_lowercase();
        let is_in = |pieces: &[Finder<'_>]| {
            let mut rest = agent.as_slice();
            pieces.iter().all(|piece| match piece.find(rest) {
                Some(at) => {
                    rest = &rest[at + piece.needle().len()..];
                    true
                }
                None => false,
            })
        };
        self.0.iter().find(|(_, pieces)| is_in(pieces)).map(|(word, _)| word.as_str())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn find(words: &[&str], agent: &str) -> Option<String> {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        Words::new(&words).find(agent.as_bytes()).map(str::to_owned)
    }

    #[test]
    fn a_word_is_found_anywhere_and_in_any_case() {
        assert_eq!(find(&["Acme"], "my acme/2"), Some("Acme".to_owned()));
        assert_eq!(find(&["nothing", "2"], "my acme/2"), Some("2".to_owned()));
        assert_eq!(find(&["acme3"], "my acme/2"), None);
        assert_eq!(find(&[], "my acme/2"), None);
    }

    #[test]
    fn a_star_stands_for_anything_between() {
        assert_eq!(find(&["a*e"], "my acme/2"), Some("a*e".to_owned()));
        assert_eq!(find(&["e*a"], "my acme/2"), None, "in this order");
        assert_eq!(find(&["me*me"], "my acme/2"), None, "no byte twice");
        assert_eq!(find(&["*acme*"], "my acme/2"), Some("*acme*".to_owned()));
    }
}
