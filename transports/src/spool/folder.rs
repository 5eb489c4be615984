//! The folder of a destination: its name says for whom the hits in it are, so that nobody else is told.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use trackside_core::config::{Destination, IpPolicy, Receiver};

use super::{disk::Disk, home::Home};
use crate::files;

/// The hex digits of a fingerprint.
const DIGITS: usize = 8;

/// The folder of the destination's spool, below `dir`, the configuration's `spool.dir`.
pub fn folder(dir: &Path, destination: &Destination) -> PathBuf {
    dir.join(format!("{}-{}", destination.name, fingerprint(&destination.receiver, destination.ip)))
}

/// Of those who are told, and how much. Secrets are no part of it, as they may be replaced at any time, but for
/// those that name the receiver's project: of these their hash.
fn fingerprint(receiver: &Receiver, ip: IpPolicy) -> String {
    let ip = match ip {
        IpPolicy::Full => "full",
        IpPolicy::None => "none",
        _ => "masked",
    };
    let own: Vec<Vec<u8>> = match receiver {
        Receiver::Celery { url, tracking_id, .. } => vec![url.clone().into(), tracking_id.clone().into()],
        Receiver::File { path: Some(path) } | Receiver::Sqlite { path, .. } => {
            // Processes that start in different folders mean different files by one relative path.
            vec![files::absolute(path).into_os_string().into_encoded_bytes(), Vec::new()]
        }
        Receiver::Remote(remote) => remote.identity().map(String::into_bytes).collect(),
        _ => vec![Vec::new(), Vec::new()],
    };
    let mut hasher = Sha256::new();
    let head = [receiver.kind().as_bytes(), ip.as_bytes()];
    for part in head.into_iter().chain(own.iter().map(Vec::as_slice)) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// Folders beside `folder`, of the same destination's name, in which a process that is gone left something for another
/// receiver or under another `ip` policy.
pub(super) fn others(disk: &Arc<dyn Disk>, folder: &Path) -> Vec<PathBuf> {
    let Some((dir, name)) = folder.parent().zip(folder.file_name().and_then(OsStr::to_str)) else {
        return Vec::new();
    };
    let Some(kin) = without_fingerprint(name) else {
        return Vec::new();
    };
    let names = disk.list(dir).unwrap_or_default();
    let others = names.iter().filter(|other| *other != name && without_fingerprint(other) == Some(kin));
    others
        .map(|other| dir.join(other))
        .filter(|other| disk.is_folder(other) && holds_something(disk, other))
        .collect()
}

/// The name of the destination, if `name` is that of a spool's folder.
pub(super) fn without_fingerprint(name: &str) -> Option<&str> {
    let (name, digits) = name.rsplit_once('-')?;
    let is_one = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_one.then_some(name)
}

fn holds_something(disk: &Arc<dyn Disk>, folder: &Path) -> bool {
    let mut seen: Vec<String> = Vec::new();
    while let Ok(Some(home)) = Home::adopt(disk, folder, |name| seen.iter().all(|seen| seen != name)) {
        if home.segments().is_ok_and(|segments| !segments.is_empty()) {
            return true;
        }
        seen.push(home.name());
    }
    false
}

#[cfg(test)]
#[path = "folder_test.rs"]
mod test;
