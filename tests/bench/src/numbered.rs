//! Hits with a number each, so that the collector can tell which of them have come: until a documented shutdown, over an
//! outage, or until the process is killed.

use std::{
    error::Error,
    io::{self, Write},
    path::Path,
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

use trackside_core::Config;

use crate::{
    clock::{self, Load},
    collector,
    ours::{self, Ours, PATIENCE, Setup},
    peers::{Posthog, Segment, Snowplow},
    sample::Crowd,
    suite::CORE,
    tally::page,
};

/// The time between two hits that are not back to back.
const PACE: Duration = Duration::from_millis(1);

/// Over an outage they come within so many times its length: a fifth before it, and a fifth after it.
const WHOLE: u32 = 5;
const AWAY: u32 = 3;

/// Who takes hits.
pub trait Numbered {
    /// Queues the hit of this number, and says whether it was taken.
    fn queue(&self, number: usize) -> bool;

    /// Shuts down as its documentation has it, and says what its own book has then.
    fn shut(self: Box<Self>) -> Result<Book, Box<dyn Error>>;
}

/// What a library says itself; the peers say nothing.
#[derive(Default)]
pub struct Book {
    /// Hits of which it says that they were lost.
    lost: u64,
    /// By how many hits its book does not balance.
    off: u64,
}

/// The job: `how` hits come and how it ends. Answers how many were taken, how many of them the library says were lost, and
/// by how many its book does not balance.
pub fn lose(who: &str, url: &str, how: &[&str]) -> Result<String, Box<dyn Error>> {
    clock::pin(CORE);
    let load = open(who, url, &ours::folder()?)?;
    let mut taken = 0;
    match *how {
        ["shutdown", hits] => {
            for number in 0..hits.parse()? {
                taken += u64::from(load.queue(number));
            }
        }
        ["outage", hits, away] => {
            let (hits, away): (usize, _) = (hits.parse()?, Duration::from_secs(away.parse()?));
            let (pace, mut due) = (away * WHOLE / AWAY / hits as u32, Instant::now());
            for number in 0..hits {
                if number == hits / 5 {
                    collector::leave(url, away)?;
                }
                taken += u64::from(load.queue(number));
                wait(&mut due, pace);
            }
        }
        _ => return Err(format!("unknown way {how:?}").into()),
    }
    let Book { lost, off } = load.shut()?;
    Ok(format!("{taken} {lost} {off}"))
}

/// The job that is killed: hits come one every millisecond, and for each that was taken there is a line.
pub fn go_on(who: &str, url: &str, folder: &str) -> Result<String, Box<dyn Error>> {
    clock::pin(CORE);
    let load = open(who, url, Path::new(folder))?;
    let (mut out, mut due) = (io::stdout(), Instant::now());
    for number in 0.. {
        if load.queue(number) {
            // The standard output is written with each line.
            out.write_all(b"\n")?;
        }
        wait(&mut due, PACE);
    }
    Ok(String::new())
}

/// The job of who comes after that: delivers what was left on the disk, and answers how many hits it says were lost, and
/// by how many its book does not balance.
pub fn adopt(who: &str, url: &str, folder: &str) -> Result<String, Box<dyn Error>> {
    let config = Config::builder().toml(&ours::configuration(&Setup::from_str(who)?, url, folder)).build()?;
    let destination = config.destinations().first().ok_or("there is no destination")?;
    let book = Book::of(&trackside_transports::drain(&config, destination, PATIENCE)?);
    Ok(format!("{} {}", book.lost, book.off))
}

/// Opens the library, and has the collector count from then on. What ours writes is in `folder`.
fn open(who: &str, url: &str, folder: &Path) -> Result<Box<dyn Numbered>, Box<dyn Error>> {
    let load = match open_peer(who, url) {
        Some(peer) => peer,
        None => {
            let ours = Ours::open_at(&Setup::from_str(who)?, url, folder)?;
            // Its first hits are no part of it, and its spool is open then.
            ours.settle();
            Box::new(ours)
        }
    };
    collector::count(url)?;
    Ok(load)
}

/// One of the peers; none if nobody is called so.
pub fn open_peer(who: &str, url: &str) -> Option<Box<dyn Numbered>> {
    Some(match who {
        "posthog" => Box::new(Posthog::start(url, Crowd::one())),
        "segment" => Box::new(Segment::start(url, Crowd::one())),
        "snowplow" => Box::new(Snowplow::start(url)),
        _ => return None,
    })
}

fn wait(due: &mut Instant, pace: Duration) {
    *due += pace;
    thread::sleep(due.saturating_duration_since(Instant::now()));
}

impl Book {
    fn of(hits: &trackside_core::ledger::Hits) -> Self {
        let lost = hits.refused.iter().chain(&hits.dropped).map(|(_, hits)| hits).sum();
        let ended = hits.delivered + lost + hits.queued + hits.in_flight + hits.spooled;
        Self { lost, off: (hits.offered + hits.adopted).abs_diff(ended) }
    }
}

impl Numbered for Ours {
    fn queue(&self, number: usize) -> bool {
        self.view(&page(number)).is_tracked()
    }

    fn shut(self: Box<Self>) -> Result<Book, Box<dyn Error>> {
        self.leave(PATIENCE)?;
        Ok(Book::of(&self.book()))
    }
}

impl Numbered for Posthog {
    fn queue(&self, number: usize) -> bool {
        self.capture(&page(number));
        true
    }

    fn shut(self: Box<Self>) -> Result<Book, Box<dyn Error>> {
        self.shutdown();
        Ok(Book::default())
    }
}

impl Numbered for Segment {
    fn queue(&self, number: usize) -> bool {
        self.push(&page(number));
        true
    }

    fn shut(self: Box<Self>) -> Result<Book, Box<dyn Error>> {
        self.close();
        Ok(Book::default())
    }
}

impl Numbered for Snowplow {
    fn queue(&self, number: usize) -> bool {
        self.track(&page(number))
    }

    fn shut(self: Box<Self>) -> Result<Book, Box<dyn Error>> {
        self.close();
        Ok(Book::default())
    }
}

#[cfg(test)]
mod test {
    use trackside_core::{Reason, ledger::Hits};

    use super::Book;

    #[test]
    fn a_book_is_off_by_what_it_does_not_account_for() {
        let mut hits = Hits::default();
        (hits.offered, hits.adopted, hits.delivered, hits.spooled) = (90, 10, 60, 20);
        (hits.refused, hits.dropped) =
            (vec![(Reason::Bot, 5)], vec![(Reason::Ambiguous, 12), (Reason::Corrupt, 1)]);
        let book = Book::of(&hits);
        assert_eq!((book.lost, book.off), (18, 2));
    }
}
