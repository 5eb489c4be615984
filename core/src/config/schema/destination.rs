//! `[[destination]]`.

use std::{
    collections::HashMap,
    hash::Hash,
    path::{Component, PathBuf},
    time::Duration,
};

use super::{
    IPS, MILLISECOND, changes, network, only,
    receiver::{self, Kind, STORE},
    spool::SPOOLINGS,
};
use crate::{
    Hit,
    config::{
        AfterUnknown, Batch, Compression, Destination, Identity, IpPolicy, Queue, Receiver, Spooling,
        WhenFull, Workers,
        builder::Resolver,
        reader::{Read, Section},
        tree::{Tree, quoted},
        units::size_text,
    },
    protocol::{self, Needs, ReceiverType},
};

pub(in crate::config) const WHEN_FULL: &[(&str, WhenFull)] =
    &[("drop-newest", WhenFull::DropNewest), ("drop-oldest", WhenFull::DropOldest)];

pub(in crate::config) const AFTER_UNKNOWN: &[(&str, AfterUnknown)] =
    &[("drop", AfterUnknown::Drop), ("resend", AfterUnknown::Resend)];

const NAME: &str = "a name: 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen, not dots alone";
const MAX_NAME: usize = 64;
const MAX_QUEUE: usize = 1_000_000;
const MAX_WORKERS: usize = 64;
const IMPORTANT: &str = "the name of an event: 1 to 500 bytes";
/// Each is compared with the name of every event that is submitted.
const MAX_IMPORTANT: usize = 64;
const MAX_EVENT: usize = 500;

/// Reads every destination; the embedded store if none is configured.
pub(super) fn read(
    root: &mut Section<'_>,
    ip: IpPolicy,
    identity: Option<Identity>,
    resolver: Option<&Resolver>,
    receivers: &[&'static ReceiverType],
) -> Vec<Destination> {
    let mut embedded = Tree::table();
    embedded.set(&["type"], Tree::Text(Kind::Sqlite.name().to_owned()));
    let kinds = receiver::kinds(root, receivers);
    let found = root
        .tables_or("destination", embedded, |section| destination(section, ip, identity, resolver, &kinds));
    check_names(root, &found);
    check_paths(root, &found);
    found.into_iter().filter_map(|found| found.destination).collect()
}

/// What is known of a destination, even after a mistake.
struct Found {
    name: Option<String>,
    destination: Option<Destination>,
}

const QUEUE: Queue =
    Queue { hits: 10_000, bytes: 16 << 20, when_full: WhenFull::DropNewest, important: Vec::new() };
const HITS: usize = 100;
const BYTES: usize = 256 << 10;
const AGE: Duration = Duration::from_millis(200);
const MAX_AGE: Duration = Duration::from_secs(3_600);
const MAX_AGE_SPOOLED: Duration = Duration::from_secs(72 * 3_600);

fn destination(
    section: &mut Section<'_>,
    ip: IpPolicy,
    identity: Option<Identity>,
    resolver: Option<&Resolver>,
    kinds: &[Kind],
) -> Found {
    let receiver::Read { kind, receiver, needs } = receiver::read(section, resolver, kinds);
    let name = match (section.text("name", NAME, name), kind) {
        (Read::Is(name), _) => Some(name),
        (Read::Absent, Some(kind)) => Some(kind.name().to_owned()),
        (Read::Absent, None) | (Read::Wrong, _) => None,
    };
    let own_ip = section.choice("ip", IPS);
    if let Some((kind, _)) = kind.zip(needs).filter(|(_, needs)| needs.address) {
        check_address(section, kind, own_ip);
    }
    let ip = own_ip.or(ip);
    if identity.is_some_and(|it| it != Identity::Cookie)
        && receiver.as_ref().is_some_and(|receiver| !protocol::cookies(receiver).is_empty())
    {
        section.mistake(
            "join",
            "visitors are known by cookies then, which is for visitor.identity = \"cookie\" alone; leave it out, or write that",
        );
    }
    let only = section.table("only", only::read);
    let needs_visitor = needs.is_some_and(|needs| needs.visitor);
    let changes = changes::read(section, needs_visitor);
    let third_party = section.bool("third_party");
    let workers = section.read("workers", r#""auto" or a number from 1 to 64"#, |tree| {
        match (tree.as_text(), tree.as_integer()) {
            (Some("auto"), _) => Some(Workers::Auto),
            (_, number) => {
                usize::try_from(number?).ok().filter(|n| (1..=MAX_WORKERS).contains(n)).map(Workers::Count)
            }
        }
    });
    let (queue, batch) = bounds(section, kind.zip(needs));
    let http = network::read(section, kind, resolver);
    if let Some((kind, needs)) = kind.zip(needs) {
        warn_of_losses(section, kind, &needs, identity, http.compression);
    }
    let max_age = section.duration("max_age", MILLISECOND);
    let spool = section.choice("spool", SPOOLINGS).or(Spooling::Off);
    if spool == Spooling::Always && !queue.important.is_empty() {
        section.mistake(
            "queue.important",
            "with spool = \"always\" all hits wait on the disk, in their order, and none goes before another; leave it \
             out, or write spool = \"overflow\"",
        );
    }
    let max_age = max_age.or(if spool == Spooling::Off { MAX_AGE } else { MAX_AGE_SPOOLED });
    let after_unknown = section.choice("after_unknown", AFTER_UNKNOWN).or(AfterUnknown::Drop);
    if matches!(kind, Some(Kind::Sqlite)) && after_unknown == AfterUnknown::Resend {
        section.mistake(
            "after_unknown",
            "a store knows a second copy and is sent such hits again in any case; leave it out",
        );
    }
    // Celery's broker is the operator's own; the collector that the task posts to is as likely somebody else's as any.
    let is_posted = kind.is_some_and(|kind| kind.is_remote() || matches!(kind, Kind::Celery));
    let third_party = third_party.or(is_posted);
    // Python runs one thread at a time: more of them would only take turns with those of requests.
    let workers = workers.or(match kind {
        Some(Kind::Celery) => Workers::Count(1),
        _ => Workers::Auto,
    });
    let complete = name.clone().zip(receiver);
    let destination = complete.map(|(name, receiver)| Destination {
        name,
        receiver,
        ip,
        only,
        changes,
        third_party,
        workers,
        queue,
        batch,
        http,
        max_age,
        after_unknown,
        spool,
    });
    Found { name, destination }
}

/// What the receiver's contract says of hits that it will not take.
fn warn_of_losses(
    section: &Section<'_>,
    kind: Kind,
    needs: &Needs,
    identity: Option<Identity>,
    compression: Compression,
) {
    let name = kind.name();
    if needs.visitor && identity == Some(Identity::None) {
        section.warn(
            "type",
            format_args!(
                "{name} counts no hit of nobody, and with visitor.identity = \"none\" there are no visitors: each is \
                 refused(no-visitor) unless your code says whose it is"
            ),
        );
    }
    if compression == Compression::Gzip && !needs.gzip {
        section.warn(
            "compression",
            format_args!(
                "{name} is not known to take bodies with gzip: see that yours does, or leave it out"
            ),
        );
    }
}

/// By whom visitors are told apart by their address: how much of it they are told is for the operator to say.
fn check_address(section: &Section<'_>, kind: Kind, ip: Read<IpPolicy>) {
    let told = match ip {
        Read::Absent => "missing: ",
        Read::Is(IpPolicy::None) => "\"none\" will not do: ",
        _ => return,
    };
    section.mistake(
        "ip",
        format!(
            "{told}{} tells visitors apart by their address; write \"full\", or \"masked\", with which all people of \
             a network who have the same browser are one",
            kind.name()
        ),
    );
}

/// A name that can also be a folder's.
fn name(text: &str) -> Option<String> {
    let fits = (1..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && !text.bytes().all(|b| b == b'.');
    fits.then(|| text.to_owned())
}

/// `queue` and `batch`, which have to fit each other and the receiver.
fn bounds(section: &mut Section<'_>, receiver: Option<(Kind, Needs)>) -> (Queue, Batch) {
    let pace = receiver.and_then(|(_, needs)| needs.pace);
    let limit = receiver.map(|(kind, needs)| (kind, needs.batch));

    let (hits, bytes, queue) = section.table("queue", |queue| {
        let hits = queue.number("hits", 1..=MAX_QUEUE);
        let bytes = queue.size("bytes");
        let when_full = queue.choice("when_full", WHEN_FULL).or(QUEUE.when_full);
        let important = queue.list("important", MAX_IMPORTANT, IMPORTANT, |tree| important(tree.as_text()?));
        let important = important.or(Vec::new());
        let bounds = Queue { hits: hits.or(QUEUE.hits), bytes: bytes.or(QUEUE.bytes), when_full, important };
        (hits, bytes, bounds)
    });
    let (batch_hits, batch_bytes, mut batch) = section.table("batch", |batch| {
        let hits = batch.number("hits", 1..=MAX_QUEUE);
        let bytes = batch.size("bytes");
        let age = batch.duration("age", Duration::ZERO).or(pace.unwrap_or(AGE));
        // Where requests are to be few, as many in each as it may hold.
        let usual = if pace.is_some() { usize::MAX } else { HITS };
        (hits, bytes, Batch { hits: hits.or(usual), bytes: bytes.or(BYTES), age })
    });
    match (batch_hits, limit) {
        (Read::Is(given), Some((kind, limit))) if given > limit => {
            section.mistake(
                "batch.hits",
                format!(
                    "{given} is above the limit of {}, {limit} a request; write {limit} or less",
                    kind.name()
                ),
            );
        }
        (Read::Is(given), _) => {
            if let Some(hits) = hits.settled(QUEUE.hits).filter(|hits| *hits < given) {
                section.mistake(
                    "queue.hits",
                    format!("{hits} is below one batch of batch.hits = {given}; raise it or lower that"),
                );
            }
        }
        // What nobody gave adapts to what is given.
        _ => batch.hits = batch.hits.min(limit.map_or(usize::MAX, |(_, limit)| limit)).min(queue.hits),
    }
    if let Some(bytes) = bytes.settled(QUEUE.bytes) {
        check_bytes(section, bytes, batch_bytes.settled(BYTES));
    }
    (queue, batch)
}

/// What is above the bound of the queue would never be delivered.
fn check_bytes(section: &Section<'_>, queue: usize, batch: Option<usize>) {
    let told = size_text(queue);
    if let Some(batch) = batch.filter(|batch| queue < *batch) {
        let batch = size_text(batch);
        section.mistake(
            "queue.bytes",
            format!("{told} is below one batch of batch.bytes = {batch}; raise it or lower that"),
        );
    }
    if queue < Hit::MAX_RECORD {
        let least = size_text(Hit::MAX_RECORD);
        section.mistake("queue.bytes", format!("{told} is below the largest hit; write {least} or more"));
    }
}

/// The name of an event, as records hold it.
fn important(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= MAX_EVENT).then(|| text.to_owned())
}

/// A name stands for one row of the ledger.
fn check_names(root: &Section<'_>, found: &[Found]) {
    let names = found.iter().map(|found| found.name.as_deref());
    for (first, second, name) in twins(names) {
        root.mistake(
            &format!("destination[{second}].name"),
            format!(
                "destination[{first}] and destination[{second}] are both named \"{name}\" (a name defaults \
                 to the type); give each a name of its own"
            ),
        );
    }
}

/// A store is one destination's: lines in its file would be written over, and counted as delivered.
fn check_paths(root: &Section<'_>, found: &[Found]) {
    let paths = found.iter().map(|found| match &found.destination.as_ref()?.receiver {
        Receiver::Sqlite { path, .. } | Receiver::File { path: Some(path) } => {
            Some(path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>())
        }
        _ => None,
    });
    let is_store = |n: usize| {
        let found = found.get(n).and_then(|found| found.destination.as_ref());
        found.is_some_and(|destination| matches!(destination.receiver, Receiver::Sqlite { .. }))
    };
    let clashes = twins(paths).into_iter().filter(|&(first, second, _)| is_store(first) || is_store(second));
    for (first, second, path) in clashes {
        let path = quoted(&path.display().to_string());
        root.mistake(
            &format!("destination[{second}].path"),
            format!(
                "destination[{first}] and destination[{second}] are both stored in {path} (a store's path \
                 defaults to \"{STORE}\"); give each a file of its own"
            ),
        );
    }
}

/// What occurs again: its first place, this one, and the value.
fn twins<T: Clone + Eq + Hash>(values: impl Iterator<Item = Option<T>>) -> Vec<(usize, usize, T)> {
    let mut first = HashMap::new();
    let places = values.enumerate().filter_map(|(n, value)| {
        let value = value?;
        Some((*first.entry(value.clone()).or_insert(n), n, value))
    });
    places.filter(|(first, n, _)| first != n).collect()
}
