//! Which hits a destination takes: `only` of a `[[destination]]`.

use crate::hit::{Hit, Kind};

/// Which hits a destination takes; the others it refuses(`filtered`). Asked by its workers, never by a request's
/// thread. Defaults to all.
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
    /// `event:NAME`: events of the host's of this name.
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
    pub fn takes(&self, hit: &Hit) -> bool {
        (self.hits.is_empty() || self.hits.iter().any(|wanted| wanted.is(hit)))
            && (self.sites.is_empty() || self.sites.iter().any(|site| site == hit.site()))
            && (self.visitors >= 100 || self.samples(hit))
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
            Self::Event(name) => hit.kind() == Kind::Event && hit.name() == name,
            Self::Kind(kind) => hit.kind() == *kind,
        }
    }
}

#[cfg(test)]
mod test {
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

    #[test]
    fn everything_is_taken_by_default() {
        assert!(Only::default().takes(&sealed(&sample::page())));
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
            assert_eq!(hits.each_ref().map(|hit| only.takes(hit)), taken, "{only:?}");
        }
    }

    #[test]
    fn sites_are_named_whole() {
        let only = Only { sites: vec!["a.example".to_owned(), "b.example".to_owned()], ..Only::default() };
        let takes = |site: &[u8]| only.takes(&sealed(&Draft { site, ..sample::page() }));
        assert!(takes(b"a.example") && takes(b"b.example"));
        assert!(!takes(b"www.a.example") && !takes(b""));
    }

    #[test]
    fn visitors_are_sampled_by_their_ids_end() {
        let takes = |percent, end: u32| {
            let id = Uuid::from_u128(0xffff_ffff_u128 << 96 | u128::from(end));
            let draft = Draft { visitor: Some(id), ..sample::page() };
            Only { visitors: percent, ..Only::default() }.takes(&sealed(&draft))
        };
        // A tenth of 2³² is 429,496,729.6.
        assert!(takes(10, 0) && takes(10, 429_496_729) && !takes(10, 429_496_730) && !takes(10, u32::MAX));
        assert!(takes(1, 42_949_672) && !takes(1, 42_949_673));
        assert!(takes(100, u32::MAX) && !takes(99, u32::MAX));
    }

    #[test]
    fn a_hit_without_a_visitor_is_sampled_by_its_own_id() {
        let takes = |id: u128| {
            let draft = Draft { visitor: None, id: Uuid::from_u128(id), ..sample::page() };
            Only { visitors: 50, ..Only::default() }.takes(&sealed(&draft))
        };
        assert!(takes(0x7fff_ffff) && !takes(0x8000_0000));
    }
}
