//! Which hits a destination takes: `only` of a `[[destination]]`.

use crate::{
    decide::is_glob_of,
    hit::{Hit, Kind},
    ledger::Reason,
};

/// Which hits a destination takes; the others it refuses(`filtered`), or, of visitors of whom it takes no sample,
/// refuses(`sampled`). Asked by its workers, never by a request's thread. Defaults to all.
///
/// ```
/// use trackside_core::config::{Config, Only};
///
/// let config = Config::builder()
///     .toml(
///         "consent.policy = 'none'
///          [[destination]]
///          type = 'sqlite'
///          only = { hits = ['page', 'event:purchase'], visitors = 10 }",
///     )
///     .build()?;
/// assert_eq!(config.destinations()[0].only.visitors, 10);
/// assert_eq!(Only::default().visitors, 100);
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Only {
    /// What it takes, by kind, and events also by name. None: everything.
    pub hits: Vec<Wanted>,
    /// The sites whose hits it takes, in lower case. None: all.
    pub sites: Vec<String>,
    /// Of how many of a hundred visitors it takes the hits, all of them: 1 to 100. Defaults to 100.
    pub visitors: u32,
}

/// An entry of `only.hits`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Wanted {
    /// `event:NAME`: events of the host's of this name, in which `*` stands for any run of characters.
    Event(String),
    /// `page`, `event`, `download`, `not-found` or `search`: all hits of the kind.
    Kind(Kind),
}

impl Default for Only {
    fn default() -> Self {
        Self { hits: Vec::new(), sites: Vec::new(), visitors: 100 }
    }
}

impl Only {
    /// Whether the destination takes `hit`.
    ///
    /// # Errors
    ///
    /// The reason for which it does not.
    pub fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        let is_wanted = (self.hits.is_empty() || self.hits.iter().any(|wanted| wanted.is(hit)))
            && (self.sites.is_empty() || self.sites.iter().any(|site| site == hit.site()));
        match is_wanted {
            false => Err(Reason::Filtered),
            true if self.visitors < 100 && !self.samples(hit) => Err(Reason::Sampled),
            true => Ok(()),
        }
    }

    /// Whether the visitor is among those whose hits are taken: by the last 32 bits of its id, which are random, so that
    /// the same are taken everywhere and at any time. A hit without a visitor is one of its own.
    fn samples(&self, hit: &Hit) -> bool {
        let [.., a, b, c, d] = hit.visitor().unwrap_or_else(|| hit.id()).into_bytes();
        let drawn = u64::from(u32::from_be_bytes([a, b, c, d]));
        drawn * 100 < u64::from(self.visitors) << 32
    }
}

impl Wanted {
    fn is(&self, hit: &Hit) -> bool {
        match self {
            Self::Event(name) => {
                hit.kind() == Kind::Event && is_glob_of(name.as_bytes(), hit.name().as_bytes())
            }
            Self::Kind(kind) => hit.kind() == *kind,
        }
    }
}

#[cfg(test)]
mod test {
    use sha2::{Digest, Sha256};
    use uuid::Uuid;

    use super::*;
    use crate::{
        Event,
        config::IpPolicy,
        hit::{Draft, sample},
    };

    fn sealed(draft: &Draft<'_>) -> Hit {
        draft.seal(IpPolicy::Full)
    }

    /// Whether it takes the hit; if not, for this reason.
    #[track_caller]
    fn takes(only: &Only, hit: &Hit, otherwise: Reason) -> bool {
        let admitted = only.admit(hit);
        assert!(admitted.is_ok() || admitted == Err(otherwise), "{admitted:?}");
        admitted.is_ok()
    }

    #[test]
    fn everything_is_taken_by_default() {
        assert_eq!(Only::default().admit(&sealed(&sample::page())), Ok(()));
    }

    #[test]
    fn hits_are_wanted_by_kind_and_events_by_name() {
        let add = sample::add();
        let other = Event::new("download");
        let hits = [
            sealed(&sample::page()),
            sealed(&Draft { event: Some(&add), ..sample::page() }),
            sealed(&Draft { event: Some(&other), ..sample::page() }),
            sealed(&Draft { special: Some(Kind::Download), ..sample::page() }),
        ];
        for (wanted, taken) in [
            (vec![Wanted::Kind(Kind::Page)], [true, false, false, false]),
            (vec![Wanted::Kind(Kind::Event)], [false, true, true, false]),
            (vec![Wanted::Event("add".to_owned())], [false, true, false, false]),
            (vec![Wanted::Kind(Kind::Download), Wanted::Event("add".to_owned())], [false, true, false, true]),
        ] {
            let only = Only { hits: wanted, ..Only::default() };
            assert_eq!(hits.each_ref().map(|hit| takes(&only, hit, Reason::Filtered)), taken, "{only:?}");
        }
    }

    #[test]
    fn an_asterisk_in_a_name_stands_for_anything() {
        let takes = |pattern: &str, name: &'static str| {
            let event = Event::new(name);
            let only = Only { hits: vec![Wanted::Event(pattern.to_owned())], ..Only::default() };
            takes(&only, &sealed(&Draft { event: Some(&event), ..sample::page() }), Reason::Filtered)
        };
        for name in ["cart_add", "cart_", "cart_*"] {
            assert!(takes("cart_*", name), "{name}");
        }
        assert!(!takes("cart_*", "my_cart_add") && !takes("cart_*", "cart"));
        assert!(takes("*_add", "cart_add") && !takes("*_add", "cart_added"));
        assert!(takes("c*t_*d", "cart_add") && takes("*", "x"));
        // Both ends have to be there, each for itself, and without an asterisk the name is the whole.
        assert!(!takes("aba*aba", "aba") && !takes("aba*aba", "ababa") && takes("aba*aba", "abaaba"));
        assert!(!takes("cart", "cart_add"));
    }

    #[test]
    fn what_is_not_wanted_is_not_sampled() {
        let only = Only { hits: vec![Wanted::Kind(Kind::Search)], visitors: 1, ..Only::default() };
        assert_eq!(only.admit(&sealed(&sample::page())), Err(Reason::Filtered));
    }

    #[test]
    fn sites_are_named_whole() {
        let only = Only { sites: vec!["a.example".to_owned(), "b.example".to_owned()], ..Only::default() };
        let takes = |site: &[u8]| takes(&only, &sealed(&Draft { site, ..sample::page() }), Reason::Filtered);
        assert!(takes(b"a.example") && takes(b"b.example"));
        assert!(!takes(b"www.a.example") && !takes(b""));
    }

    #[test]
    fn visitors_are_sampled_by_their_ids_end() {
        let takes = |percent, end: u32| {
            let id = Uuid::from_u128(0xffff_ffff_u128 << 96 | u128::from(end));
            let draft = Draft { visitor: Some(id), ..sample::page() };
            takes(&Only { visitors: percent, ..Only::default() }, &sealed(&draft), Reason::Sampled)
        };
        // A tenth of 2³² is 429,496,729.6.
        assert!(takes(10, 0) && takes(10, 429_496_729) && !takes(10, 429_496_730) && !takes(10, u32::MAX));
        assert!(takes(1, 42_949_672) && !takes(1, 42_949_673));
        assert!(takes(100, u32::MAX) && !takes(99, u32::MAX));
    }

    #[test]
    fn of_many_visitors_the_share_is_taken_and_of_each_all_or_nothing() {
        let is_in = |percent, n: u32, id: u128| {
            let digest = Sha256::digest(format!("visitor {n}"));
            let visitor = digest.first_chunk().copied().map(Uuid::from_bytes);
            let draft = Draft { visitor, id: Uuid::from_u128(id), ..sample::page() };
            takes(&Only { visitors: percent, ..Only::default() }, &sealed(&draft), Reason::Sampled)
        };
        // Counted by Python: of the last four bytes of the first sixteen of each digest.
        for (percent, expected) in [(1, 92), (10, 1_004), (50, 5_056), (99, 9_894)] {
            let taken = (0..10_000).filter(|&n| {
                let first = is_in(percent, n, 1);
                assert_eq!(is_in(percent, n, u128::MAX), first, "{n}: another hit of the visitor's");
                assert!(!first || is_in(percent + 1, n, 1), "{n}: it is in a larger sample, too");
                first
            });
            assert_eq!(taken.count(), expected, "{percent} %");
        }
    }

    #[test]
    fn a_hit_without_a_visitor_is_sampled_by_its_own_id() {
        let takes = |id: u128| {
            let draft = Draft { visitor: None, id: Uuid::from_u128(id), ..sample::page() };
            takes(&Only { visitors: 50, ..Only::default() }, &sealed(&draft), Reason::Sampled)
        };
        assert!(takes(0x7fff_ffff) && !takes(0x8000_0000));
    }
}
