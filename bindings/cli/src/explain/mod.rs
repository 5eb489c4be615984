//! `trackside explain`: why a request is judged as it is, and what would be sent of it.

mod consent;
mod json;
mod raw;
mod text;

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
};

use trackside::{Annotations, Request, Response, Tracker, consent::Consent, transport::Null};

use crate::{
    configuration::{self, Location},
    escape::escape,
    failure::Failure,
    output::{self, Format},
};

/// Tell why a request counts or not, and what would be sent of it; nothing is sent
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A raw HTTP/1 request, with LF or CRLF; `-` is the standard input
    #[arg(default_value = "-")]
    file: PathBuf,

    /// The status of the response
    #[arg(long, default_value_t = 200, value_name = "CODE", value_parser = clap::value_parser!(u16).range(100..1000))]
    status: u16,

    /// The content type of the response; empty for none [default: text/html, none of a 304]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// The address at the other end of the connection [default: none is known]
    #[arg(long, value_name = "ADDR")]
    peer: Option<IpAddr>,

    /// The client came by https
    #[arg(long)]
    https: bool,

    /// What the host says of consent: `analytics=` and `ads=`, each `granted` or `denied`
    #[arg(long, value_name = "WHAT=CHOICE", default_value = "", hide_default_value = true, value_parser = consent::parse)]
    consent: Consent,

    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
It prints the verdict; what trackside answers itself, if the request is for beacon.path or
consent.path; what each rule says, in the order in which they are asked (a request stops at the first
no); who the client is, from proxy to proxy; the visitor; who says what of its consent, in the order in
which they are believed; the notice; the headers to append to the response; and each hit with what the
worker finds out about it (bot, channel, campaign) and what every destination makes of it: the exact
request, with *** for secrets. No store is opened, and no hook is asked.

JSON has one object: \"verdict\" {\"tracked\", \"reason\"}; \"answer\" {\"why\", \"status\", \"headers\",
\"body\"} or null; \"client\" {\"hops\" of {\"source\", \"entry\", \"trusted\", \"view\"}, \"unread\",
\"address\", \"secure\", \"secure_by\", \"host\", \"host_by\"}; unless the answer tells of no page, \"asked\",
\"rules\" of {\"rule\", \"ok\", \"reason\", \"view\"}, \"visitor\", \"consent\" {\"outcome\", \"voices\" of
{\"source\", \"view\"}} and \"notice\" {\"text\", \"html\"} or null; \"headers\" of [name, value]; \"notes\";
\"hits\" of {\"hit\", \"found\", \"destinations\" of {\"name\", and one of \"refused\" (reason), \"written\"
(true) or \"request\" {\"method\", \"url\", \"headers\", \"body\"}}}. Bytes outside UTF-8 are {\"hex\": …}.
Fields may be added, none is taken away.

Examples:
  printf 'GET /news/ HTTP/1.1\\nHost: www.example.com\\nAccept: text/html\\n\\n' | trackside explain
  trackside explain request.txt --status 404
  trackside explain request.txt --consent analytics=granted,ads=denied
  trackside explain request.txt --config trackside.toml --peer 203.0.113.9 --https --format json

Exit codes: 0 explained (whatever the verdict), 1 the request cannot be read, 2 it is no HTTP/1
request, or wrong command line or configuration.";

/// Prints the explanation.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = configuration::load(&arguments.location)?;
    let mut bytes = read(arguments)?;
    let head = raw::parse(&mut bytes).map_err(Failure::usage)?;

    // What would be sent is told of every destination, also of one that this command could not open.
    let tracker =
        Tracker::builder(loaded.config).transport(Arc::new(Null)).open().map_err(Failure::failed)?;
    for warning in tracker.config().warnings() {
        // With the standard error closed, nobody wants to know.
        writeln!(io::stderr(), "trackside: warning: {}", escape(warning.to_string().as_bytes())).ok();
    }
    let request = Request::new(head.method, head.target, &head.headers)
        .with_peer(arguments.peer)
        .with_secure(arguments.https)
        .with_consent(arguments.consent);
    let usual = if arguments.status == 304 { "" } else { "text/html" };
    let content_type = arguments.content_type.as_deref().unwrap_or(usual);
    let content_type =
        Some(("content-type", content_type)).filter(|(_, content_type)| !content_type.is_empty());
    let headers: Vec<_> = content_type.into_iter().collect();
    let response = Response::new(arguments.status, &headers);
    let explanation = tracker.explain(&request, &response, &Annotations::new());

    output::print(&match arguments.format {
        Format::Text => text::render(&explanation, &head.notes),
        Format::Json => json::render(&explanation, &head.notes).map_err(Failure::failed)?,
    })
}

fn read(arguments: &Arguments) -> Result<Vec<u8>, Failure> {
    let is_stdin = arguments.file.as_os_str() == "-";
    let name = if is_stdin { "the standard input".to_owned() } else { arguments.file.display().to_string() };
    let failed = |error| Failure::failed(format_args!("{name} cannot be read: {error}"));

    if is_stdin && io::stdin().is_terminal() {
        writeln!(io::stderr(), "(type a request, and end it with Ctrl-D)").ok();
    }
    let mut source: Box<dyn Read> =
        if is_stdin { Box::new(io::stdin()) } else { Box::new(File::open(&arguments.file).map_err(failed)?) };
    let mut bytes = Vec::new();
    source.by_ref().take(raw::LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err(Failure::usage(format_args!(
            "{name} holds no request; it begins with a line such as `GET / HTTP/1.1`"
        )));
    }
    Ok(bytes)
}
