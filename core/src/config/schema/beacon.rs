//! `[beacon]`.

use crate::{
    config::{
        Beacon, Count,
        reader::{Read, Section},
    },
    endpoint::beacon::tag_of,
};

/// A longer path would be a mistake.
const MAX_PATH: usize = 256;

/// What a path is below which trackside answers.
pub(super) const PATH: &str = "a path such as \"/t/\": it begins and ends with /, has a name between, is made of \
    letters, digits and any of -._~/, and has at most 256 bytes";

pub(super) fn read(beacon: &mut Section<'_>, count: Read<Count>) -> Option<Beacon> {
    let path = beacon.text("path", PATH, |text| is_path(text).then(|| text.to_owned()));
    if !path.is_absent() && count.settled(super::track::COUNT) == Some(Count::Api) {
        beacon
            .mistake("path", "the beacon counts pages, and track.count = \"api\" counts none; leave it out");
    }
    path.ok().map(|path| Beacon { tag: tag_of(&path), path })
}

/// Nothing in it means anything in HTML, and nothing in it is written in two ways.
pub(super) fn is_path(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    let Some(inside) = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) else {
        return false;
    };
    let are_names = inside.split('/').all(|name| !matches!(name, "" | "." | ".."));
    text.len() <= MAX_PATH && text.bytes().all(is_plain) && are_names
}
