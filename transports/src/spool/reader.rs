//! Reading: first what this process wrote, in about that order, then what processes left that are gone.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io::{self, ErrorKind},
    mem,
    path::PathBuf,
    sync::Arc,
};

use crossbeam_channel::Receiver;
use trackside_core::config::Fsync;

use super::{
    Options,
    budget::Budget,
    cursor::{Blocked, Cursor, Next, Stored},
    disk::Disk,
    format::{FIRST, Unreadable},
    home::Home,
    segment::Segment,
};

/// What was read.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Read {
    /// Hits to be delivered.
    pub hits: Vec<Stored>,
    /// Hits of this process that cannot be read any more, by the last bit of their tag.
    pub lost: [u64; 2],
    /// Hits of other processes that cannot be read any more: at least so many.
    pub adopted_lost: u64,
    /// What the operator is to be told.
    pub troubles: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Reader {
    disk: Arc<dyn Disk>,
    budget: Arc<Budget>,
    folder: PathBuf,
    begun: Receiver<Arc<Segment>>,
    own: VecDeque<Cursor>,
    /// All segments that are written to, read or marked, if they are to be synced.
    dealt: Option<Vec<Arc<Segment>>>,
    /// Whether segments were begun since that was last asked.
    has_begun: bool,
    /// Which of the own segments that are still written to was read last.
    turn: usize,
    adopted: Option<Adopted>,
    /// Directories of which this process has read what it can.
    left: HashSet<String>,
    /// Those of which something could not be read for now, as without a file descriptor, and when they are tried again.
    later: HashMap<String, Pause>,
}

/// In searches.
#[derive(Clone, Copy, Debug)]
struct Pause {
    /// How many are still to come.
    left: u32,
    /// How many there were to be: twice as many each time.
    length: u32,
}

impl Pause {
    /// Half an hour or so.
    const LONGEST: u32 = 64;

    /// The pause behind this one, if there was one.
    fn after(before: Option<Self>) -> Self {
        let length = before.map_or(1, |before| before.length.saturating_mul(2).min(Self::LONGEST));
        Self { left: length, length }
    }
}

/// How a segment goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// There may be more, now or later.
    On,
    /// There will be nothing more.
    Over,
    /// It cannot be read for now, and another process wrote it.
    Later,
}

/// A directory whose process is gone.
#[derive(Debug)]
struct Adopted {
    home: Arc<Home>,
    segments: VecDeque<PathBuf>,
    cursor: Option<Cursor>,
    /// Whether something in it could not be read for now.
    is_for_later: bool,
}

impl Reader {
    pub(super) fn new(options: &Options, begun: Receiver<Arc<Segment>>) -> Self {
        Self {
            disk: Arc::clone(&options.disk),
            budget: Arc::clone(&options.budget),
            folder: options.folder.clone(),
            begun,
            own: VecDeque::new(),
            dealt: (options.fsync != Fsync::Never).then(Vec::new),
            has_begun: false,
            turn: 0,
            adopted: None,
            left: HashSet::new(),
            later: HashMap::new(),
        }
    }

    /// Whether there is something to be read.
    pub(super) fn has_unread(&mut self) -> bool {
        self.learn();
        self.adopted.is_some() || self.own.iter().any(Cursor::has_unread)
    }

    /// Whether segments were begun since this was last asked.
    pub(super) fn has_begun(&mut self) -> bool {
        self.learn();
        mem::take(&mut self.has_begun)
    }

    /// Syncs each segment that something was written to since, whether or not it has been read to its end, and lets go
    /// of those that nobody deals with any more.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.learn();
        let mut synced = Ok(());
        for segment in self.dealt.iter().flatten() {
            synced = synced.and(segment.sync());
        }
        self.forget();
        synced
    }

    /// Lets go of segments that are gone, or that nobody deals with and that are synced.
    pub(super) fn forget(&mut self) {
        if let Some(dealt) = &mut self.dealt {
            dealt.retain(|segment| {
                !segment.is_removed() && (Arc::strong_count(segment) > 1 || segment.is_dirty())
            });
        }
    }

    /// Reads at most `most` hits more.
    pub(super) fn read(&mut self, most: usize, out: &mut Read) {
        self.learn();
        let most = out.hits.len() + most;
        // What nobody writes to any more is older than what somebody does.
        let mut n = 0;
        while let Some(cursor) = self.own.get_mut(n).filter(|_| out.hits.len() < most) {
            let is_over = cursor.segment().is_sealed() && advance(cursor, most, out) == Way::Over;
            if is_over {
                self.own.remove(n);
            } else {
                n += 1;
            }
        }
        for _ in 0..self.own.len() {
            if out.hits.len() >= most {
                return;
            }
            self.turn = (self.turn + 1) % self.own.len();
            let cursor = &mut self.own[self.turn];
            // It may have been sealed since the first look; it ends once.
            if advance(cursor, most, out) == Way::Over && cursor.segment().is_sealed() {
                self.own.remove(self.turn);
            }
        }
        // Where one was emptied, there may be another.
        while out.hits.len() < most && self.adopted.is_some() {
            if !self.read_adopted(most, out) {
                self.adopt(out);
            }
        }
    }

    /// Looks for directories whose process is gone, among them those that could not be read the last time.
    pub(super) fn search(&mut self, out: &mut Read) {
        for pause in self.later.values_mut() {
            pause.left = pause.left.saturating_sub(1);
        }
        self.adopt(out);
    }

    /// Looks for a directory whose process is gone, unless there is one already.
    fn adopt(&mut self, out: &mut Read) {
        if self.adopted.is_some() {
            return;
        }
        let is_there = |name: &str| self.disk.is_folder(&self.folder.join(name));
        self.left.retain(|name| is_there(name));
        self.later.retain(|name, _| is_there(name));
        let (left, later) = (&self.left, &self.later);
        let is_due = |name: &str| later.get(name).is_none_or(|pause| pause.left == 0);
        let is_wanted = |name: &str| !left.contains(name) && is_due(name);
        let found = Home::adopt(&self.disk, &self.folder, is_wanted).and_then(|home| {
            let Some(home) = home else {
                return Ok(None);
            };
            let segments = home.segments()?.into();
            Ok(Some(Adopted { home: Arc::new(home), segments, cursor: None, is_for_later: false }))
        });
        match found {
            Ok(found) => self.adopted = found,
            Err(error) => out.troubles.push(format!(
                "what other processes left in the spool {} cannot be read ({error}); see that this process may read and write there",
                self.folder.display()
            )),
        }
    }

    /// Lets go of everything. Answers what was lost of what had been read to its end.
    pub(super) fn close(&mut self) -> [u64; 2] {
        self.learn();
        let mut lost = [0; 2];
        for gone in self.own.drain(..).filter_map(|cursor| cursor.finish()) {
            lost = [lost[0] + gone[0], lost[1] + gone[1]];
        }
        self.adopted = None;
        if let Some(dealt) = &mut self.dealt {
            dealt.clear();
        }
        lost
    }

    fn learn(&mut self) {
        for segment in self.begun.try_iter() {
            self.has_begun = true;
            if let Some(dealt) = &mut self.dealt {
                dealt.push(Arc::clone(&segment));
            }
            self.own.push_back(Cursor::new(segment, false));
        }
    }

    /// Reads from the adopted directory. False if there is nothing left in it.
    fn read_adopted(&mut self, most: usize, out: &mut Read) -> bool {
        let Some(adopted) = &mut self.adopted else {
            return false;
        };
        let cursor = match &mut adopted.cursor {
            Some(cursor) => cursor,
            None => match adopted.segments.pop_front() {
                None => {
                    let (name, is_for_later) = (adopted.home.name(), adopted.is_for_later);
                    self.adopted = None;
                    let pause = self.later.remove(&name);
                    if is_for_later {
                        self.later.insert(name, Pause::after(pause));
                    } else if self.disk.is_folder(&self.folder.join(&name)) {
                        // It stays while its last hits are on their way, and with what is no segment, is of another
                        // version or cannot be removed. A second look finds no more.
                        self.left.insert(name);
                    }
                    return false;
                }
                Some(path) => match segment(path, &adopted.home, &self.disk, &self.budget) {
                    Ok(segment) => {
                        if let Some(dealt) = &mut self.dealt {
                            dealt.push(Arc::clone(&segment));
                        }
                        adopted.cursor.insert(Cursor::new(segment, true))
                    }
                    Err((path, error)) => {
                        out.troubles.push(format!(
                            "{} cannot be read and stays where it is ({error}); see that this process may read and write it",
                            path.display()
                        ));
                        adopted.is_for_later = true;
                        return true;
                    }
                },
            },
        };
        match advance(cursor, most, out) {
            Way::On => return true,
            Way::Later => adopted.is_for_later = true,
            Way::Over if cursor.foreign() > 0 => out.troubles.push(format!(
                "{} holds {} hits of another version of trackside and stays where it is; deliver them with that version",
                cursor.segment().path.display(),
                cursor.foreign()
            )),
            Way::Over => {}
        }
        adopted.cursor = None;
        true
    }
}

/// A segment of an adopted directory.
fn segment(
    path: PathBuf,
    home: &Arc<Home>,
    disk: &Arc<dyn Disk>,
    budget: &Arc<Budget>,
) -> Result<Arc<Segment>, (PathBuf, io::Error)> {
    match disk.open(&path).and_then(|file| file.length()) {
        Ok(length) => {
            budget.adopt(length);
            // What has no frame is looked at all the same: it goes, if its version is known.
            let segment = Segment::new(path, disk, budget, home, length, length.max(FIRST as u64 + 1));
            segment.seal();
            Ok(segment)
        }
        Err(error) => Err((path, error)),
    }
}

/// Reads on, until there are `most` hits.
fn advance(cursor: &mut Cursor, most: usize, out: &mut Read) -> Way {
    while out.hits.len() < most {
        match cursor.next() {
            Ok(Next::Hit(hit)) => out.hits.push(hit),
            Ok(Next::Lost(_)) if cursor.is_adopted() => out.adopted_lost += 1,
            Ok(Next::Lost(tag)) => out.lost[usize::from(tag & 1)] += 1,
            Ok(Next::Nothing) => return Way::On,
            Ok(Next::End(lost)) => {
                out.lost[0] += lost[0];
                out.lost[1] += lost[1];
                return Way::Over;
            }
            Err(Blocked::Unreadable(_)) if !cursor.is_adopted() => {
                out.troubles.push(format!(
                    "{} was damaged at its beginning while this process wrote it, and stays where it is: its hits are lost, unless you restore it from a copy; see what else writes there",
                    cursor.segment().path.display()
                ));
                cursor.spoil();
            }
            Err(Blocked::Failed(error)) if !cursor.is_adopted() && error.kind() == ErrorKind::NotFound => {
                out.troubles.push(format!(
                    "{} was removed while this process wrote it: its hits are lost; see what tidies up there",
                    cursor.segment().path.display()
                ));
                cursor.spoil();
            }
            Err(blocked) => return give_up(cursor, &blocked, out),
        }
    }
    Way::On
}

/// Says why the segment cannot be read.
fn give_up(cursor: &Cursor, blocked: &Blocked, out: &mut Read) -> Way {
    let path = cursor.segment().path.display();
    match blocked {
        Blocked::Unreadable(Unreadable::Empty) => {
            cursor.segment().read_to_end(0);
        }
        Blocked::Unreadable(Unreadable::Version(version)) => out.troubles.push(format!(
            "{path} is a segment of version {version}, which this version of trackside does not know, and stays where it is; deliver it with the version that wrote it"
        )),
        Blocked::Unreadable(Unreadable::Damaged) => out.troubles.push(format!(
            "{path} is damaged at its beginning and stays where it is; restore it from a copy, or remove it"
        )),
        Blocked::Failed(error) => {
            out.troubles.push(format!(
                "{path} cannot be read ({error}); see that this process may read and write it"
            ));
            // What this process wrote is tried again at once.
            return if cursor.is_adopted() { Way::Later } else { Way::On };
        }
    }
    Way::Over
}
