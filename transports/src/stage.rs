//! What a worker does with a hit before it is batched: look, filter, edit, admit.

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trackside_core::{
    Config, Hit, Reason,
    config::{Destination, IpPolicy, Mode},
    enrich::{Agents, Enricher, Found, Lists, Locate},
    hit::Edit,
    protocol::{Enriched, Protocol},
};

use crate::{
    destination::OpenError,
    files,
    hooks::{HookError, Hooks},
    looks::Looks,
    places,
    pool::fork::{self, PerProcess},
};

/// The longest list of crawlers that is read, in bytes.
const MAX_LIST: usize = 32 << 20;

/// One for a process: a child makes its own, since what matches patterns has locks.
static LISTS: PerProcess<Arc<Lists>> = PerProcess::new();

/// Looks at the hits of a tracker, once for all of its destinations that come to them at about the same time. The
/// lists are made at the first look, by a worker.
pub struct Stage {
    config: Config,
    /// The operator's own list, as it was read: each process compiles it for itself.
    crawlers: Option<String>,
    places: Option<Arc<dyn Locate>>,
    enricher: PerProcess<Enricher>,
    agents: PerProcess<Mutex<Agents>>,
    looks: PerProcess<Mutex<Looks>>,
    takers: Vec<Taker>,
}

/// A destination, as far as it says which hits it takes from the queue.
struct Taker {
    ip: IpPolicy,
    third_party: bool,
}

/// What came of a look at a hit.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The hit, or what the host's editor put in its place.
    pub(crate) hit: Hit,
    pub(crate) found: Found,
    /// Why no destination takes it.
    pub(crate) refused: Option<Reason>,
    /// How often code failed over it. Every destination that has the hit counts that.
    pub(crate) failures: u64,
}

impl Stage {
    /// A stage that looks as `config` says, for its destinations, with the files that it names. With `mode = "off"` no
    /// file is read.
    ///
    /// # Errors
    ///
    /// When such a file cannot be used, or needs a feature that this build does not have.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let taker =
            |destination: &Destination| Taker { ip: destination.ip, third_party: destination.third_party };
        let mut stage = Self {
            config: config.clone(),
            crawlers: None,
            places: None,
            enricher: PerProcess::new(),
            agents: PerProcess::new(),
            looks: PerProcess::new(),
            takers: config.destinations().iter().map(taker).collect(),
        };
        if config.mode() == Mode::Off {
            return Ok(stage);
        }
        if let Some(path) = config.geo_file() {
            stage.places = Some(places::open(path)?);
        }
        if let Some(path) = config.bots_list() {
            let (json, lists) =
                crawlers(path).map_err(|why| OpenError::file("track.bots_list", path, why))?;
            stage.crawlers = Some(json);
            let lists = Arc::new(lists);
            stage.enricher.get(|| stage.enricher_of(&lists));
        }
        Ok(stage)
    }

    /// What looks at the hits.
    pub fn enricher(&self) -> &Enricher {
        self.enricher.get(|| {
            // OK because it was tried when the stage was opened.
            let own = self.crawlers.as_ref().and_then(|json| Lists::with_crawlers(json).ok());
            let lists = own.map(Arc::new);
            self.enricher_of(&lists.unwrap_or_else(|| Arc::clone(LISTS.get(|| Arc::new(Lists::built_in())))))
        })
    }

    fn enricher_of(&self, lists: &Arc<Lists>) -> Enricher {
        let enricher = Enricher::new(&self.config, Arc::clone(lists));
        match &self.places {
            Some(places) => enricher.with_places(Arc::clone(places)),
            None => enricher,
        }
    }

    /// Looks at `hits`, or remembers what came of it when another destination's worker did. Workers take turns, so
    /// that none looks at what another is about, and so that `hooks` are asked for one hit at a time. `complain` is
    /// told of code that fails.
    ///
    /// None if a hook forked, and this is the child.
    pub(crate) fn look_at<'a>(
        &self,
        hits: impl Iterator<Item = &'a Hit>,
        hooks: Option<&dyn Hooks>,
        complain: &dyn Fn(&str),
    ) -> Option<Vec<Arc<Looked>>> {
        let generation = fork::generation();
        let mut turn = (self.takers.len() > 1 || hooks.is_some()).then(|| self.turn());
        let mut all = Vec::with_capacity(hits.size_hint().0);
        for hit in hits {
            let looked = match turn.as_mut().and_then(|looks| looks.take(hit)) {
                Some(looked) => looked,
                None => {
                    let looked = Arc::new(self.look(hit, hooks, complain));
                    if fork::generation() != generation {
                        mem::forget((turn, all, looked));
                        return None;
                    }
                    let others = self.takers_of(hit).saturating_sub(1);
                    if let Some(looks) = turn.as_mut().filter(|_| others > 0) {
                        looks.put(hit, &looked, others);
                    }
                    looked
                }
            };
            all.push(looked);
        }
        Some(all)
    }

    /// Whether a destination takes a hit at which this has looked.
    ///
    /// # Errors
    ///
    /// The reason for which it does not.
    pub(crate) fn admit(&self, looked: &Looked, protocol: Option<&dyn Protocol>) -> Result<(), Reason> {
        match looked.refused {
            Some(reason) => Err(reason),
            None => self.enricher().admit(&Enriched::with(&looked.hit, &looked.found), protocol),
        }
    }

    /// What a hit at which this has looked becomes by a destination's `changes`; none if it stays as it is.
    pub(crate) fn change(&self, looked: &Looked, changes: &Edit) -> Option<Looked> {
        if looked.refused.is_some() {
            return None;
        }
        let seen = Enriched::with(&looked.hit, &looked.found);
        let (hit, found) = self.enricher().change(&seen, changes)?;
        Some(Looked { hit, found, refused: None, failures: 0 })
    }

    fn turn(&self) -> MutexGuard<'_, Looks> {
        self.looks.get(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many destinations take the hit from their queues.
    fn takers_of(&self, hit: &Hit) -> usize {
        let takes = |taker: &&Taker| taker.ip == hit.ip_policy() && !(taker.third_party && hit.is_confined());
        self.takers.iter().filter(takes).count()
    }

    fn look(&self, hit: &Hit, hooks: Option<&dyn Hooks>, complain: &dyn Fn(&str)) -> Looked {
        let mut looked = Looked { hit: hit.clone(), found: Found::default(), refused: None, failures: 0 };
        let Some(found) = looked.guarded("the look at a hit", complain, || Ok(self.find(hit))) else {
            looked.refused = Some(Reason::Rejected);
            return looked;
        };
        looked.found = found;
        if let Some(hooks) = hooks {
            self.ask(hooks, &mut looked, complain);
        }
        looked
    }

    fn find(&self, hit: &Hit) -> Found {
        let mut agents = self.agents.get(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        self.enricher().look_with(&mut agents, hit)
    }

    fn ask(&self, hooks: &dyn Hooks, looked: &mut Looked, complain: &dyn Fn(&str)) {
        let (hit, found) = (looked.hit.clone(), mem::take(&mut looked.found));
        let enriched = Enriched::with(&hit, &found);
        let is_wanted = looked.guarded("the filter of hits", complain, || hooks.filter(&enriched));
        if is_wanted == Some(false) {
            looked.refused = Some(Reason::Filtered);
            return;
        }
        let edited = looked.guarded("the editor of hits", complain, || {
            let mut edit = Edit::new();
            hooks.edit(&enriched, &mut edit)?;
            let edited = edit.apply(&hit);
            // What was taken out of the hit is not to be found in it.
            Ok(edited.map(|edited| (self.find(&edited), edited)))
        });
        (looked.found, looked.hit) = edited.flatten().unwrap_or((found, hit));
    }
}

/// The list of crawlers in the file at `path`, as it stands there and compiled.
fn crawlers(path: &Path) -> Result<(String, Lists), String> {
    const WAY_OUT: &str =
        "a list as crawler-user-agents.json is of objects with a `pattern` and perhaps `tags`";
    let json = String::from_utf8(files::read(path, MAX_LIST)?)
        .map_err(|_| format!("it is not UTF-8; write {WAY_OUT}"))?;
    let lists = Lists::with_crawlers(&json).map_err(|error| format!("{error}; write {WAY_OUT}"))?;
    Ok((json, lists))
}

impl Looked {
    /// What `code` answers, unless it fails or panics: this is counted, and the log is told.
    fn guarded<R>(
        &mut self,
        what: &str,
        complain: &dyn Fn(&str),
        code: impl FnOnce() -> Result<R, HookError>,
    ) -> Option<R> {
        let problem = match catch_unwind(AssertUnwindSafe(code)) {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => format!("{what} failed: {error}"),
            Err(panic) => {
                mem::forget(panic); // Its drop could panic, too.
                format!("{what} panicked")
            }
        };
        self.failures += 1;
        complain(&problem);
        None
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("bots", &self.config.bots()).finish_non_exhaustive()
    }
}
