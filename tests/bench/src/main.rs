mod clock;
mod collector;
mod floor;
mod job;
mod ours;
mod peers;
mod report;
mod sample;
use std::error::Error;
fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["collector", core] => { if let Ok(core) = core.parse() { clock::pin(core); } collector::serve()?; }
        ["job", ref words @ ..] => println!("{}", job::answer(words)?),
        _ => {
            for _ in 0..3 {
                let c = collector::Collector::start(1)?;
                for who in ["floor", "posthog"] { for how in [&["back-to-back", "50"], &["paced", "10000"]] {
                    println!("{who} {how:?} {:?}", job::run(&[&["request", who, c.url()][..], how].concat())?);
                } }
                for n in ["1", "2", "4", "64"] {
                    println!("threads {n} {:?}", job::run(&["request", "floor", c.url(), "threads", n, "5"])?);
                }
                for (who, hits) in [("ureq", "20000"), ("posthog", "200000"), ("segment", "200000")] {
                    let before = c.requests();
                    let got = job::run(&["delivery", who, c.url(), hits])?;
                    println!("{who} {:?} requests {}", got, c.requests() - before);
                }
            }
        }
    }
    Ok(())
}
