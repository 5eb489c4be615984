use std::fmt::{self, Write};

use tokio::net::TcpListener;
use trackside::config::{Destination, Mode, Policy, Receiver};

use super::folder::Folder;
use crate::{
    configuration::{BUILT_IN, Loaded, indent},
    failure::Failure,
};

/// What is said at the start: what is served and where, how it is counted, and what is left to do.
pub(super) fn greeting(
    loaded: &Loaded,
    folder: Option<&Folder>,
    listener: &TcpListener,
    metrics: Option<&TcpListener>,
) -> Result<String, Failure> {
    let address = listener.local_addr().map_err(Failure::failed)?;
    let mut out = String::new();
    // Writing to a string cannot fail, here and below.
    write(&mut out, loaded, folder).ok();
    if let Some(metrics) = metrics {
        let address = metrics.local_addr().map_err(Failure::failed)?;
        writeln!(out, "metrics: http://{address}/metrics").ok();
    }
    Ok(out + &format!("\nlistening on http://{address}/ (Ctrl-C ends it)\n"))
}

fn write(out: &mut String, loaded: &Loaded, folder: Option<&Folder>) -> fmt::Result {
    match folder {
        Some(folder) => writeln!(out, "serving {}", folder.path().display())?,
        None => writeln!(out, "serving the sample site (`trackside serve DIR` serves a folder of yours)")?,
    }
    match &loaded.file {
        Some(file) => writeln!(out, "configuration: {}", file.display())?,
        None => writeln!(out, "configuration: built in\n\n{}", indent(BUILT_IN))?,
    }
    if loaded.is_changed {
        writeln!(out, "The TRACKSIDE__ variables of the environment go over it.")?;
    }
    let config = &loaded.config;
    match config.mode() {
        Mode::DryRun => writeln!(out, "mode = \"dry-run\": verdicts are given, no hit is stored or sent.")?,
        Mode::Off => writeln!(out, "mode = \"off\": nothing is counted.")?,
        _ if loaded.file.is_some() || loaded.is_changed => {
            let all: Vec<_> = config.destinations().iter().map(shown).collect();
            writeln!(out, "hits go to: {}", all.join(", "))?;
        }
        // It has just been shown whole.
        _ => {}
    }
    if folder.is_some() && config.consent() == Policy::Notice {
        writeln!(
            out,
            "policy = \"notice\": your pages have to tell their visitors that a cookie counts visits;\n\
             files cannot tell whose first page it is, so put the notice where every visitor reads it."
        )?;
    }
    Ok(())
}

/// A destination by its name and, where hits stay on this machine, their file.
fn shown(destination: &Destination) -> String {
    let name = &destination.name;
    match &destination.receiver {
        Receiver::Sqlite { path, .. } | Receiver::File { path: Some(path) } => {
            format!("{name} ({})", path.display())
        }
        Receiver::File { path: None } => format!("{name} (the standard output)"),
        _ => name.clone(),
    }
}
