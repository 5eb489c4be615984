use std::path::PathBuf;

use crate::configuration::Location;

/// Serve a folder, or a small sample site, and count its page views
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The folder to serve [default: a sample site that the program carries]
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7878")]
    pub(super) listen: String,

    /// Where to give out the books as metrics, at /metrics, such as 127.0.0.1:9090 [default: nowhere]
    #[arg(long, value_name = "ADDR")]
    pub(super) metrics: Option<String>,

    #[command(flatten)]
    pub(super) location: Location,
}

const AFTER_HELP: &str = "\
One line is printed for each request: time (UTC), method, path, status and the verdict, which is
`tracked` or `skipped(reason)`. Lines that nobody reads in time are left out, and counted; pages
are never kept waiting for them.

What is stored: unless the configuration says otherwise, trackside.db (SQLite) in the current folder
holds one row for each page view: time, site, path, campaign parameters, referrer, browser, language,
masked address (IPv4 /24, IPv6 /48) and the visitor's random id and session. Nothing leaves this
machine.

What is served: the files below DIR, index.html for a folder. Never: names that begin with a dot,
links that lead out of DIR, and trackside's own database, keys, spool and configuration, whatever
they are called. The sample site shows its visitors the notice; in a folder of your own, showing it
is the site's job.

Metrics: --metrics ADDR listens there, too, and answers GET /metrics with both books as Prometheus reads
them: requests by verdict, and hits by destination and by what became of them. They are never given out
where the pages are. Whoever reaches ADDR reads them without a password: leave it on the loopback
(127.0.0.1 or [::1]), or where only your own machines come.

Ctrl-C and SIGTERM end it: requests under way get the configuration's `shutdown` (5 s) to finish, and
hits as much again to be delivered; then the totals are printed. A second signal ends it at once.

Examples:
  trackside serve                                   open http://127.0.0.1:7878/
  trackside serve ./public --listen 127.0.0.1:8080
  trackside serve ./public --config trackside.toml
  trackside serve ./public --metrics 127.0.0.1:9090

Exit codes: 0 ended by a signal; 1 the store cannot be written, the address is in use, or another
failure; 2 wrong command line or configuration, or no such folder; 130 or 143 ended at once by a
second Ctrl-C or SIGTERM.";
