//! Downloads: `track.downloads`. What is one is no page view, but an event of its own.

use http::{
    HeaderName,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use memchr::memrchr;

use super::{
    Facts, Rule,
    content_type::{essence, is_html},
    shown,
};
use crate::{
    Headers,
    ledger::Reason,
    request::{first_value, is_word},
};

pub(super) const RULE: Rule = Rule { name: "download", check, view, holds_events: false };

/// What counts as a download: `track.downloads`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Downloads {
    /// `attachment`: what the response wants to be saved (RFC 6266 §4.2).
    pub(crate) attachment: bool,
    /// Ends of file names, in lower case, without the dot.
    pub(crate) extensions: Vec<String>,
    /// Content types, in lower case, without parameters.
    pub(crate) types: Vec<String>,
}

/// What `common` stands for, beside `attachment`: documents, archives, programs, audio and video.
pub(crate) const COMMON: [&str; 47] = [
    "7z", "aac", "apk", "avi", "bz2", "csv", "deb", "dmg", "doc", "docx", "epub", "exe", "flac", "gz", "ics",
    "iso", "jar", "key", "m4a", "mkv", "mobi", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "odp", "ods",
    "odt", "ogg", "pdf", "pkg", "pps", "ppt", "pptx", "rar", "rpm", "rtf", "tar", "tgz", "wav", "webm",
    "xls", "xlsx", "xz", "zip",
];

impl Downloads {
    pub(crate) fn is_empty(&self) -> bool {
        !self.attachment && self.extensions.is_empty() && self.types.is_empty()
    }

    /// What makes it a download, if it is one.
    fn telling<'a>(&self, path: &'a [u8], headers: &'a dyn Headers) -> Option<&'a [u8]> {
        let word =
            |name: &HeaderName| first_value(headers, name).map(essence).filter(|word| !word.is_empty());
        if self.attachment
            && let Some(disposition) = word(&CONTENT_DISPOSITION)
            && is_word(disposition, "attachment")
        {
            return Some(disposition);
        }
        let media = word(&CONTENT_TYPE);
        if let Some(media) = media
            && self.types.iter().any(|listed| is_word(media, listed))
        {
            return Some(media);
        }
        // A page about a file may have its name.
        let extension = extension(path).filter(|_| !media.is_some_and(is_html))?;
        self.extensions.iter().any(|listed| is_word(extension, listed)).then_some(extension)
    }
}

/// What follows the last dot of a file's name, where something comes before it.
fn extension(path: &[u8]) -> Option<&[u8]> {
    let name = &path[memrchr(b'/', path).map_or(0, |slash| slash + 1)..];
    let dot = memrchr(b'.', name).filter(|&dot| dot > 0)?;
    Some(&name[dot + 1..])
}

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    let downloads = &facts.config.track.downloads;
    match facts.response {
        Some(response) if !downloads.is_empty() => match downloads.telling(facts.path, response.headers) {
            Some(_) => Err(Reason::Download),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    let downloads = &facts.config.track.downloads;
    let telling = facts.response.and_then(|response| downloads.telling(facts.path, response.headers));
    match telling {
        _ if downloads.is_empty() => "downloads are not told apart".to_owned(),
        Some(telling) => format!("a download: {}", shown(telling)),
        None => "no download".to_owned(),
    }
}

#[cfg(test)]
#[path = "download_test.rs"]
mod test;
