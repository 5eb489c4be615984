use std::{
    cell::UnsafeCell,
    fmt,
    marker::PhantomData,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{self, Path, PathBuf},
    ptr,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    thread,
    time::{Duration, Instant},
};

#[cfg(unix)]
use super::handlers::{this_thread, under_way};
use super::{generation, list::List};

#[cfg(not(unix))]
fn this_thread() -> u32 {
    1
}

#[cfg(not(unix))]
fn under_way() -> Option<bool> {
    None
}

/// How long one look at a taken gate is apart from the next.
const PAUSE: Duration = Duration::from_micros(200);

const FREE: u32 = 0;
/// Taken by a fork; any other number is the thread inside.
const FORK: u32 = u32::MAX;

/// Keeps what must not be open while the process forks, such as a SQLite connection.
///
/// The owner works inside [`enter`](Self::enter), for the time of one batch. A fork waits until nobody is
/// inside, at most 100 ms for all gates together, and drops what it finds: the next `enter` finds the slot
/// empty and opens anew. Where a fork could not wait, [`may_open`] says no in the child.
///
/// What is dropped by a fork is dropped on the forking thread: it must not wait for other threads.
pub struct Gate<T> {
    node: &'static Node,
    holds: PhantomData<T>,
}

/// One gate in the list of all; a gate for the same place uses a node again.
struct Node {
    place: PathBuf,
    generation: u64,
    is_owned: AtomicBool,
    holder: AtomicU32,
    /// Guarded by `holder`.
    slot: UnsafeCell<Option<Box<dyn Slot>>>,
    /// From this generation on, what is at `place` was inherited open; 0: never.
    tainted_from: AtomicU64,
}

// SAFETY: `slot` is touched only by who has set `holder`, and what it holds is Send.
unsafe impl Sync for Node {}

static NODES: List<Node> = List::new();

/// How many threads are forking without having closed the gates.
static BLIND_FORKS: AtomicUsize = AtomicUsize::new(0);

trait Slot: Send {
    /// The address of the `Option<T>` that the gate was made with.
    fn address(&mut self) -> *mut ();
    fn clear(&mut self);
}

impl<T: Send> Slot for Option<T> {
    fn address(&mut self) -> *mut () {
        ptr::from_mut(self).cast()
    }

    fn clear(&mut self) {
        *self = None;
    }
}

impl<T: Send + 'static> Gate<T> {
    /// A gate with an empty slot, for the file at `path`, which need not exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        super::install();
        let place = place(path.as_ref());
        let node = NODES.iter().find(|node| {
            node.generation == generation()
                && node.place == place
                && !node.is_owned.swap(true, Ordering::AcqRel)
        });
        let node = node.unwrap_or_else(|| NODES.push(Node::new(place)));
        let gate = Self { node, holds: PhantomData };
        let slot: Box<dyn Slot> = Box::new(None::<T>);
        gate.node.hold(|held| *held = Some(slot));
        gate
    }

    /// Keeps forks out while `work` looks at the slot. It waits while a fork is under way.
    pub fn enter<R>(&mut self, work: impl FnOnce(&mut Option<T>) -> R) -> R {
        if self.node.generation != generation() {
            // The thread that forked was a worker, and goes on in the child with what the parent uses.
            return work(&mut None);
        }
        self.node.hold(|held| match held {
            // SAFETY: a node belongs to one gate at a time (`is_owned`), and this gate's `new` put an
            // `Option<T>` there, which only it replaces. `hold` and `&mut self` keep everybody else out.
            Some(slot) => work(unsafe { &mut *slot.address().cast::<Option<T>>() }),
            None => work(&mut None),
        })
    }
}

impl<T> fmt::Debug for Gate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("place", &self.node.place).finish_non_exhaustive()
    }
}

impl<T> Drop for Gate<T> {
    fn drop(&mut self) {
        if self.node.generation == generation() {
            // Dropped inside, so that no fork comes while it is being closed.
            self.node.hold(|held| *held = None);
            self.node.is_owned.store(false, Ordering::Release);
        }
    }
}

/// Whether this process may open the SQLite file at `path`: it may not if a connection to that file was open
/// when it was forked, since the table of locks that came with it is another process's.
pub fn may_open(path: impl AsRef<Path>) -> bool {
    let now = generation();
    let is_blind = BLIND_FORKS.load(Ordering::Acquire) > 0;
    let place = place(path.as_ref());
    !NODES.iter().any(|node| {
        let tainted_from = node.tainted_from.load(Ordering::Acquire);
        let is_tainted = (1..=now).contains(&tainted_from) || (is_blind && node.generation < now);
        is_tainted && node.place == place
    })
}

impl Node {
    /// One that has its owner, and nothing in its slot.
    fn new(place: PathBuf) -> Self {
        Self {
            place,
            generation: generation(),
            is_owned: AtomicBool::new(true),
            holder: AtomicU32::new(FREE),
            slot: UnsafeCell::new(None),
            tainted_from: AtomicU64::new(0),
        }
    }

    fn hold<R>(&self, work: impl FnOnce(&mut Option<Box<dyn Slot>>) -> R) -> R {
        struct Held<'a>(&'a Node, u64);
        impl Drop for Held<'_> {
            fn drop(&mut self) {
                // After a fork inside, the child leaves the gate as it is: it is the parent's.
                if self.1 == generation() {
                    self.0.holder.store(FREE, Ordering::Release);
                }
            }
        }
        loop {
            if self.take(this_thread()) {
                // A fork that has closed the gates has not closed one that was made since; and one that has yet to
                // close them finds this one taken.
                fence(Ordering::SeqCst);
                match under_way() {
                    None => break,
                    // A handler of the host's, on the forking thread: to wait for the fork would be in vain.
                    Some(true) => {
                        self.tainted_from.store(generation() + 1, Ordering::Release);
                        break;
                    }
                    Some(false) => self.holder.store(FREE, Ordering::Release),
                }
            }
            thread::sleep(PAUSE);
        }
        let _held = Held(self, generation());
        // SAFETY: `take` succeeded, so that no other thread is here until `_held` is dropped. The same thread
        // cannot come twice: `Gate::enter` and `drop` have `&mut self`, and `new` a node of its own.
        work(unsafe { &mut *self.slot.get() })
    }

    fn take(&self, holder: u32) -> bool {
        self.holder.compare_exchange(FREE, holder, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

/// One name for one file, however it is written.
fn place(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

/// Before a fork: takes every gate of this process and empties its slot. A gate that is not free by `until`
/// taints its place for the child.
#[cfg(unix)]
pub(super) fn close_all(until: Instant) {
    // Who takes a gate sees that a fork is under way, or is seen here.
    fence(Ordering::SeqCst);
    let now = generation();
    for node in NODES.iter().filter(|node| node.generation == now) {
        while !node.take(FORK) {
            // The forking thread itself is inside: waiting for it would be in vain.
            let is_inside = node.holder.load(Ordering::Acquire) == this_thread();
            if is_inside || Instant::now() >= until {
                node.tainted_from.store(now + 1, Ordering::Release);
                break;
            }
            thread::sleep(PAUSE);
        }
        if node.holder.load(Ordering::Acquire) == FORK {
            // SAFETY: this thread has taken the gate for the fork.
            let held = unsafe { &mut *node.slot.get() };
            let cleared = catch_unwind(AssertUnwindSafe(|| {
                if let Some(slot) = held {
                    slot.clear();
                }
            }));
            if let Err(panic) = cleared {
                mem::forget(panic); // Its drop could panic, too.
                // What panics while it is closed may be half open.
                node.tainted_from.store(now + 1, Ordering::Release);
            }
        }
    }
}

/// In the parent, after the fork: lets the owners in again.
#[cfg(unix)]
pub(super) fn reopen_all() {
    let now = generation();
    for node in NODES.iter().filter(|node| node.generation == now) {
        node.tainted_from.store(0, Ordering::Release);
        if node.holder.load(Ordering::Acquire) == FORK {
            node.holder.store(FREE, Ordering::Release);
        }
    }
}

#[cfg(unix)]
pub(super) fn begin_blind_fork() {
    BLIND_FORKS.fetch_add(1, Ordering::AcqRel);
}

#[cfg(unix)]
pub(super) fn end_blind_fork() {
    BLIND_FORKS.fetch_sub(1, Ordering::AcqRel);
}
