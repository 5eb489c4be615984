use std::num::NonZeroUsize;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use trackside::{
    Hit,
    spool::{Entries, Finding, State},
};

use super::{Format, Selection, json as print_json, redact::redact, survey::Found};
use crate::{
    escape::{escape, shorten},
    failure::Failure,
    output,
};

/// How many characters of a path with its query, and of an event's name, are shown.
const WIDTH: usize = 100;

/// Print the hits that wait, without what tells who it was
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// How many at most
    #[arg(long, value_name = "N", default_value = "20")]
    limit: NonZeroUsize,

    /// Show what is hidden, too: visitors, users, addresses and values
    #[arg(long)]
    unredacted: bool,

    #[command(flatten)]
    selection: Selection,
}

const AFTER_HELP: &str = "\
What is hidden, unless --unredacted asks for it: the visitor's id, first visit and session, the user's
id, the address, the place but for the country; the values of the query, of the referrer's query and of
properties, the title, and the label and value of events (of a search, the label is what was searched
for). Paths and the names of events are shown as they were recorded. What the configuration keeps out
of hits is not there to be shown.

The table has a line for each hit: when it came (UTC), whether it waits or an attempt was begun of which
nobody knows how it ended, the destination, what it is, its status, method and address, and of an event
the name. JSON has one object with `hits`, a list of {\"destination\", \"directory\", \"state\", \"hit\"}, where
`hit` is as destinations of type `file` have it, and `more`: how many were not shown.

Hits that were delivered, refused or dropped are not shown. What is damaged cannot be: see `verify`.

Exit codes: 0 done, also if nothing waits; 1 the spool cannot be read; 2 wrong command line or
configuration.";

/// A hit, where it is, and whether an attempt was begun.
struct Shown<'a> {
    found: &'a Found,
    hit: Hit,
    state: &'static str,
}

/// Prints the hits.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let survey = super::survey(&arguments.selection)?;
    let limit = arguments.limit.get();
    let (mut shown, mut more) = (Vec::new(), 0_u64);
    for found in &survey.found {
        for segment in found.segments()? {
            // `verify` tells of what cannot be read.
            let Ok(entries) = Entries::open(&segment) else {
                continue;
            };
            for entry in entries.map_while(Result::ok) {
                let Finding::Hit(hit, state) = entry.found else {
                    continue;
                };
                let state = match state {
                    State::Waiting => "waiting",
                    State::Begun => "begun",
                    _ => continue,
                };
                if shown.len() < limit {
                    shown.push(Shown { found, hit, state });
                } else {
                    more += 1;
                }
            }
        }
    }
    output::print(&match arguments.format {
        Format::Table if shown.is_empty() => format!("nothing waits in the spool {}\n", survey.dir()),
        Format::Table => table(&shown, more, arguments)?,
        Format::Json => {
            let hits = shown.iter().map(|shown| {
                Ok(json!({
                    "destination": shown.found.directory.destination(),
                    "directory": shown.found.directory.id(),
                    "state": shown.state,
                    "hit": fields(&shown.hit, arguments)?,
                }))
            });
            print_json(&json!({"hits": hits.collect::<Result<Vec<_>, Failure>>()?, "more": more}))?
        }
    })
}

/// The hit's fields, as far as they may be shown.
fn fields(hit: &Hit, arguments: &Arguments) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(hit).map_err(Failure::failed)? {
        Value::Object(mut fields) => {
            if !arguments.unredacted {
                redact(&mut fields);
            }
            Ok(fields)
        }
        _ => Ok(Map::new()),
    }
}

fn table(shown: &[Shown<'_>], more: u64, arguments: &Arguments) -> Result<String, Failure> {
    let mut out = String::new();
    for Shown { found, hit, state } in shown {
        let fields = fields(hit, arguments)?;
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) => escape(text.as_bytes()),
            Some(other) => escape(other.to_string().as_bytes()),
            None => String::new(),
        };
        let query = text("query");
        let query = if query.is_empty() { query } else { format!("?{query}") };
        let address = format!("{}{}{query}", text("site"), escape(hit.path()));
        let status = if hit.status() == 0 { "-".to_owned() } else { hit.status().to_string() };
        let mut parts = vec![
            at(hit.micros()),
            format!("{state:<7}"),
            found.destination(),
            text("kind"),
            status,
            text("method"),
            shorten(address, WIDTH),
            shorten(text("name"), WIDTH),
        ];
        if arguments.unredacted {
            let all = ["ip", "visitor", "user_id", "label"].map(|name| (name, text(name)));
            let known = all.into_iter().filter(|(_, text)| !text.is_empty());
            parts.extend(known.map(|(name, text)| format!("{name}={}", shorten(text, WIDTH))));
        }
        parts.retain(|part| !part.is_empty());
        out += &parts.join("  ");
        out.push('\n');
    }
    if more > 0 {
        out += &format!("({more} more; --limit shows them)\n");
    }
    Ok(out)
}

/// A time in UTC, as RFC 3339 has it.
fn at(micros: u64) -> String {
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(at) => format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        ),
        // No clock goes so far.
        Err(_) => seconds.to_string(),
    }
}

#[cfg(test)]
mod test {
    use super::at;

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(at(1_795_305_600_999_999), "2026-11-22T00:00:00Z");
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(u64::MAX), "18446744073709");
    }
}
