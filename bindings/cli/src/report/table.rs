use std::fmt::Write;

use percent_encoding::percent_decode_str;
use trackside::sinks::sqlite::Report;

use crate::escape::{escape, shorten};

/// How many characters of a path or referrer are shown.
const WIDTH: usize = 100;
/// How many countries and bots are shown; JSON has all.
const COUNTRIES: usize = 20;
const BOTS: usize = 20;

/// The report for a person to read.
pub(super) fn table(report: &Report) -> String {
    let Report { views, events, without_visitor, visitors, single_hit_ids, sessions, .. } = report;
    let mut out = String::new();
    let mut figure = |name: &str, n: &u64| {
        // Writing to a string cannot fail, here and below.
        writeln!(out, "{name:<16}{n:>10}").ok();
    };
    figure("views", views);
    figure("visitors", visitors);
    figure("single_hit_ids", single_hit_ids);
    figure("sessions", sessions);
    if *without_visitor > 0 {
        figure("without_visitor", without_visitor);
    }
    if *events > 0 {
        figure("events", events);
    }
    let bots: u64 = report.bots.iter().map(|bot| bot.views).sum();
    if bots > 0 {
        figure("bots", &bots);
    }
    let pages = report.pages.iter().map(|page| {
        let path: Vec<u8> = percent_decode_str(&page.path).collect();
        (shorten(escape(&path), WIDTH), page.views)
    });
    list(&mut out, "pages", pages);
    let referrers = report.referrers.iter();
    list(&mut out, "referrers", referrers.map(|r| (shorten(escape(r.referrer.as_bytes()), WIDTH), r.views)));
    list(&mut out, "channels", report.channels.iter().map(|c| (c.channel.clone(), c.views)));
    let countries = report.countries.iter().take(COUNTRIES);
    list(&mut out, "countries", countries.map(|c| (escape(c.country.as_bytes()), c.views)));
    let bots = report.bots.iter().take(BOTS).map(|bot| {
        let of = [&bot.class, &bot.operator, &bot.purpose, &bot.name];
        let of: Vec<_> = of.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
        (shorten(escape(of.join(", ").as_bytes()), WIDTH), bot.views)
    });
    list(&mut out, "bots", bots);
    list(&mut out, "statuses", report.statuses.iter().map(|s| (s.status.to_string(), s.views)));
    out
}

fn list(out: &mut String, title: &str, rows: impl Iterator<Item = (String, u64)>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    writeln!(out, "\n{title}").ok();
    for (name, views) in rows {
        writeln!(out, "{views:>10}  {name}").ok();
    }
}
