//! A configuration, and what is to be swapped.

use std::{ffi::c_void, fmt, sync::Arc};

use trackside_core::{
    Config,
    config::{Builder, ConfigError},
};
use trackside_transports::{
    LoadError,
    clock::Clock,
    entropy::Entropy,
    keys::Keys,
    load::{self, Document},
};

use crate::{
    boundary::{answer, enter},
    callback::{HostClock, HostEntropy, HostKeys, Userdata},
    error::{Failure, trackside_error},
    handle::{self, Handle, Tag},
    hooks::HeldHooks,
    sink::Sinks,
    status::{TRACKSIDE_CONFIG, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_IO, trackside_status},
    text::trackside_bytes,
    truth::trackside_truth,
};

/// A configuration in the making, and what is to be swapped in the tracker that is opened with it.
///
/// A configuration is laid in layers, each of which overrides those below it key by key: the defaults; the
/// texts (trackside_options_toml, trackside_options_json), in the order in which they were given; the
/// files (trackside_options_file), likewise; the environment (trackside_options_env). Nothing is asked
/// that is not named here: without trackside_options_env no variable is read, but for a secret that is
/// given as `env:NAME`.
///
/// Functions: trackside_options_new, _toml, _json, _file, _env, _clock, _entropy, _keys, _recording,
/// _sink, _hooks, _destination, _free.
#[derive(Debug, Default)]
pub struct trackside_options {
    texts: Vec<Text>,
    files: Vec<Document>,
    with_environment: bool,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) entropy: Option<Arc<dyn Entropy>>,
    pub(crate) keys: Option<Arc<dyn Keys>>,
    pub(crate) is_recording: bool,
    pub(crate) sinks: Sinks,
    pub(crate) hooks: HeldHooks,
}

impl Handle for trackside_options {
    const TAG: Tag = *b"OPTS";
    const NAME: &'static str = "trackside_options";
}

/// A configuration's text, which may hold secrets.
struct Text {
    text: String,
    add: fn(Builder, &str) -> Builder,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").finish_non_exhaustive()
    }
}

impl trackside_options {
    /// The environment alone.
    pub(crate) fn environment() -> Self {
        Self { with_environment: true, ..Self::default() }
    }

    /// The configuration of all layers.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let mut builder = load::builder();
        for text in &self.texts {
            builder = (text.add)(builder, &text.text);
        }
        // A file that the host names goes before one that the environment names.
        let named = if self.with_environment && self.files.is_empty() {
            Document::named().map_err(|error| unreadable(&error))?
        } else {
            None
        };
        let files = || self.files.iter().chain(&named);
        for file in files() {
            builder = file.add_to(builder);
        }
        if self.with_environment {
            builder = builder.env(load::variables().map_err(|error| unreadable(&error))?);
        }
        builder.build().map_err(|error| mistaken(files(), &error))
    }
}

fn mistaken<'a>(files: impl Iterator<Item = &'a Document>, error: &ConfigError) -> Failure {
    let files: String = files.map(|file| format!("{}: ", file.path().display())).collect();
    let text = format!("{files}{error}");
    // The struct for errors has room for a few of them.
    tracing::error!(target: "trackside", "mistakes in the configuration:\n{text}");
    Failure::new(TRACKSIDE_CONFIG, text)
}

fn unreadable(error: &LoadError) -> Failure {
    let status = match () {
        () if error.is_io() => TRACKSIDE_IO,
        () if error.file().is_some() => TRACKSIDE_INVALID_ARGUMENT,
        () => TRACKSIDE_CONFIG,
    };
    Failure::new(status, error.to_string())
}

/// Makes options that say nothing yet. End them with trackside_options_free.
///
/// Threads: any. Statuses: TRACKSIDE_NULL_ARGUMENT.
///
/// # Safety
///
/// `options` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_new(
    options: *mut *mut trackside_options,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let options = call.output(options, "options")?;
        options.set(handle::give(trackside_options::default()));
        Ok(())
    })
}

/// Ends options. NULL is allowed; do not call it twice for the same value. Trackers that were opened with
/// them go on.
///
/// Threads: needs `options` for itself.
///
/// # Safety
///
/// `options` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_free(options: *mut trackside_options) {
    answer((), |call| call.end(options));
}

/// Adds a layer in TOML, of at most 8 MiB. It is copied, and read when a tracker is opened: the mistakes of
/// all layers are told there, at once.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_INVALID_UTF8.
///
/// # Safety
///
/// `options` is NULL or a live handle; `text` can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_toml(
    options: *mut trackside_options,
    text: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let text = Text { text: call.text(text, "text")?.to_owned(), add: Builder::toml };
        call.exclusive(options, "options")?.texts.push(text);
        Ok(())
    })
}

/// Adds a layer in JSON: an object with the keys of TOML. Otherwise as trackside_options_toml.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_INVALID_UTF8.
///
/// # Safety
///
/// `options` is NULL or a live handle; `text` can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_json(
    options: *mut trackside_options,
    text: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let text = Text { text: call.text(text, "text")?.to_owned(), add: Builder::json };
        call.exclusive(options, "options")?.texts.push(text);
        Ok(())
    })
}

/// Adds the layer in a file, TOML or JSON by its name's ending. It is read at once; what it says is checked
/// when a tracker is opened.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (it ends in neither .toml nor .json), TRACKSIDE_INVALID_UTF8 (the path),
/// TRACKSIDE_IO (it cannot be read, or is not UTF-8).
///
/// # Safety
///
/// `options` is NULL or a live handle; `path` can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_file(
    options: *mut trackside_options,
    path: trackside_bytes,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let path = call.text(path, "path")?;
        let options = call.exclusive(options, "options")?;
        options.files.push(Document::read(path).map_err(|error| unreadable(&error))?);
        Ok(())
    })
}

/// Lets a tracker that is opened with these options read the environment: the variables that begin with
/// TRACKSIDE__ and, unless a file was given, the file that TRACKSIDE_CONFIG names.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `options` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_env(
    options: *mut trackside_options,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        call.exclusive(options, "options")?.with_environment = true;
        Ok(())
    })
}

/// A clock: microseconds since the Unix epoch. It is called on any thread, also by several at once; it must
/// return, and not by an exception, and must call no function of this library.
pub type trackside_clock = Option<unsafe extern "C" fn(userdata: *mut c_void) -> u64>;

/// Swaps the clock that dates hits; waiting and batching go by the machine's own. `userdata` is handed to
/// it. Both must live as long as any tracker or exchange that comes of these options, and longer if
/// trackside_tracker_close left something in flight: best as long as the process.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `options` is NULL or a live handle; `clock` is NULL or may be called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_clock(
    options: *mut trackside_options,
    clock: trackside_clock,
    userdata: *mut c_void,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tell = clock.ok_or_else(|| Failure::null("clock"))?;
        let clock = HostClock { tell, userdata: Userdata::new(userdata) };
        call.exclusive(options, "options")?.clock = Some(Arc::new(clock));
        Ok(())
    })
}

/// A source of randomness: it fills the 64 bytes at `bytes`. It is called on any thread, also by several at
/// once; it must return, and not by an exception, and must call no function of this library.
pub type trackside_entropy = Option<unsafe extern "C" fn(userdata: *mut c_void, bytes: *mut u8)>;

/// Swaps the source of the randomness that ids are made of: for tests whose outcome is known to the byte.
/// Ids that can be guessed are no secret ids. `userdata` is handed to it. Both must live as long as any
/// tracker or exchange that comes of these options.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `options` is NULL or a live handle; `entropy` is NULL or may be called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_entropy(
    options: *mut trackside_options,
    entropy: trackside_entropy,
    userdata: *mut c_void,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let fill = entropy.ok_or_else(|| Failure::null("entropy"))?;
        let entropy = HostEntropy { fill, userdata: Userdata::new(userdata) };
        call.exclusive(options, "options")?.entropy = Some(Arc::new(entropy));
        Ok(())
    })
}

/// A source of keys: it fills the 32 bytes at `key` with the key of the UTC day `day`, counted from 1970-01-01,
/// and says whether there is one; without one nobody takes a cookieless id. It is called on any thread, also by
/// several at once, for each request; it must return, and not by an exception, and must call no function of this
/// library.
pub type trackside_keys =
    Option<unsafe extern "C" fn(userdata: *mut c_void, day: u64, key: *mut u8) -> trackside_truth>;

/// Swaps the source of the keys under which visitors without a cookie are told apart, in place of the
/// configuration's `visitor.keys`: for tests whose outcome is known to the byte, and for hosts that keep their keys
/// elsewhere. A key must be the same for all processes of a site, be guessed by nobody, and be destroyed when it is
/// no longer asked for. It is asked only where the configuration has visitors told apart without a cookie.
/// `userdata` is handed to it. Both must live as long as any tracker or exchange that comes of these options.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `options` is NULL or a live handle; `keys` is NULL or may be called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_keys(
    options: *mut trackside_options,
    keys: trackside_keys,
    userdata: *mut c_void,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let fill = keys.ok_or_else(|| Failure::null("keys"))?;
        let keys = HostKeys { fill, userdata: Userdata::new(userdata) };
        call.exclusive(options, "options")?.keys = Some(Arc::new(keys));
        Ok(())
    })
}

/// Lets a tracker that is opened with these options keep its hits in memory, for trackside_tracker_recorded
/// to read, and open none of its destinations: for tests. All of them count as delivered; what a destination
/// would refuse says trackside_tracker_encode. What is kept is not made for forks: a child begins
/// with the parent's hits, and may wait for ever if another thread was recording just then.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `options` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_recording(
    options: *mut trackside_options,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        call.exclusive(options, "options")?.is_recording = true;
        Ok(())
    })
}

#[cfg(test)]
#[path = "options_test.rs"]
mod test;
