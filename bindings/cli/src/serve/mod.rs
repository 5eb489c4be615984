//! `trackside serve`: a folder or the sample site, with tracking on.

mod arguments;
mod folder;
mod greeting;
mod guard;
mod metrics;
mod sample;
mod server;
mod signals;
mod totals;
mod verdicts;

use std::{io, path::Path, time::Duration};

use axum::middleware;
use tokio::{net::TcpListener, runtime::Runtime};
use trackside::{
    Config, Tracker,
    config::{Destination, Mode, Policy, Receiver},
    keys,
    sinks::sqlite,
    tower::TracksideLayer,
};

pub(crate) use self::arguments::Arguments;
use self::{folder::Folder, guard::Guard};
use crate::{configuration, failure::Failure, log, printer::Printer};

/// How long what was printed may take to be read at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long files that are being read may take when all connections are closed.
const LAST_READS: Duration = Duration::from_millis(500);

/// Serves until the first signal.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = configuration::load(&arguments.location)?;
    let folder = arguments.folder.as_deref().map(Folder::open).transpose()?;
    check_sinks(&loaded.config)?;
    check_stores(&loaded.config)?;
    keys::check(&loaded.config).map_err(Failure::failed)?;
    let guard = Guard::new(&loaded);
    let within = loaded.config.shutdown();

    let no_thread = |error| Failure::failed(format_args!("no thread can be started: {error}"));
    let problems = Printer::start(io::stderr()).map_err(no_thread)?;
    log::to(problems.clone());
    let printer = Printer::start(io::stdout()).map_err(no_thread)?;
    let runtime = Runtime::new().map_err(no_thread)?;
    let listener = listen(&runtime, "--listen", &arguments.listen)?;
    let metrics = arguments.metrics.as_deref();
    let metrics = metrics.map(|address| listen(&runtime, "--metrics", address)).transpose()?;
    let signals = signals::listen(&runtime)?;
    printer.line(greeting::greeting(&loaded, folder.as_ref(), &listener, metrics.as_ref())?);

    let asks = matches!(loaded.config.consent(), Policy::OptIn | Policy::OptOut);
    let tracker = Tracker::open(loaded.config).map_err(Failure::failed)?;
    let site = match folder {
        Some(folder) => folder.router(guard),
        None => sample::router(asks),
    };
    let app = site
        .layer(TracksideLayer::new(tracker.clone()).with_verdict())
        .layer(middleware::from_fn_with_state(printer.clone(), verdicts::print));
    if let Some(metrics) = metrics {
        let app = metrics::router(tracker.clone());
        runtime.spawn(server::serve(metrics, app, signals.clone(), within));
    }
    runtime.block_on(server::serve(listener, app, signals, within));
    // Ends what is left of requests, so that each is counted before the totals.
    runtime.shutdown_timeout(LAST_READS);
    let closed = tracker.close(within).map_err(Failure::failed)?;
    problems.end(None, LAST_WORDS);
    printer.end(Some(totals::totals(&closed)), LAST_WORDS);
    Ok(())
}

/// A sink of a host's own is part of that host.
fn check_sinks(config: &Config) -> Result<(), Failure> {
    let is_embedded = |destination: &&Destination| {
        matches!(destination.receiver, Receiver::Callback | Receiver::Celery { .. })
    };
    config.destinations().iter().find(is_embedded).map_or(Ok(()), |destination| {
        Err(Failure::usage(format_args!(
            "destination `{}` is of type {}: its sink is in the program that embeds trackside, and this \
             command cannot run it; serve with a configuration without that destination",
            destination.name,
            destination.receiver.kind()
        )))
    })
}

/// What cannot be written is told now, not when the first hit is lost.
fn check_stores(config: &Config) -> Result<(), Failure> {
    if config.mode() != Mode::On {
        return Ok(());
    }
    config.destinations().iter().try_for_each(|destination| match &destination.receiver {
        Receiver::Sqlite { path, .. } => sqlite::check(path).map_err(Failure::failed),
        Receiver::File { path: Some(path) } => check_folder(path),
        _ => Ok(()),
    })
}

/// The file itself is not opened: it may be a pipe, which waits for its reader.
fn check_folder(file: &Path) -> Result<(), Failure> {
    match file.parent() {
        Some(folder) if folder != Path::new("") && !folder.is_dir() => Err(Failure::failed(format_args!(
            "file `{}`: there is no folder {}; make it, or name another `path`",
            file.display(),
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// `flag` is where the address was given.
fn listen(runtime: &Runtime, flag: &str, address: &str) -> Result<TcpListener, Failure> {
    runtime.block_on(TcpListener::bind(address)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::failed(format_args!(
            "{address} is in use; end the other program, or choose another with {flag}, such as {flag} 127.0.0.1:0"
        )),
        io::ErrorKind::PermissionDenied => Failure::failed(format_args!(
            "{address} needs more rights than this user has; choose a port above 1023 with {flag}"
        )),
        io::ErrorKind::InvalidInput => Failure::usage(format_args!(
            "{flag} {address} is no address; write it as HOST:PORT, such as 127.0.0.1:7878 or [::1]:7878"
        )),
        _ => Failure::failed(format_args!("{address} cannot be listened on: {error}; choose another with {flag}")),
    })
}
