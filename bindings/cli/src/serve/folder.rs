//! Serves the files of a folder.

use std::{
    fs,
    io::ErrorKind,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use tokio::task;
use tower_http::services::ServeFile;

use super::guard::Guard;
use crate::failure::Failure;

/// The page of a folder.
const INDEX: &str = "index.html";

/// A folder that exists, as a path without links.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let root = fs::canonicalize(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::usage(format_args!(
                "there is no folder {name}; name one that exists, or none for the sample site"
            )),
            _ => Failure::failed(format_args!("the folder {name} cannot be opened: {error}")),
        })?;
        if !root.is_dir() {
            return Err(Failure::usage(format_args!("{name} is no folder; name the folder that it lies in")));
        }
        Ok(Self(root))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Serves the folder's files, but none that `guard` knows.
    pub(super) fn router(self, guard: Guard) -> Router {
        Router::new().fallback(answer).with_state(Arc::new(Files { root: self.0, guard }))
    }
}

#[derive(Debug)]
struct Files {
    root: PathBuf,
    guard: Guard,
}

/// What stands at a path.
#[derive(Debug, Eq, PartialEq)]
enum Found {
    File(PathBuf),
    /// A folder that was asked for without its last slash.
    Folder,
    Nothing,
}

async fn answer(State(files): State<Arc<Files>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let path = request.uri().path().to_owned();
    let found = task::spawn_blocking(move || files.find(&path)).await;
    match found {
        Ok(Found::File(file)) => send(&file, request).await,
        Ok(Found::Folder) => {
            let query = request.uri().query().map_or(String::new(), |query| format!("?{query}"));
            Redirect::permanent(&format!("{}/{query}", request.uri().path())).into_response()
        }
        Ok(Found::Nothing) => not_found(),
        // The runtime is closing.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn send(file: &Path, request: Request) -> Response {
    match ServeFile::new(file).try_call(request).await {
        Ok(response) => {
            let mut response = response.map(Body::new);
            let nosniff = HeaderValue::from_static("nosniff");
            response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
            response
        }
        Err(_) => not_found(),
    }
}

/// The same for what is not there and for what is not served.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "There is no such page here.\n").into_response()
}

impl Files {
    /// What stands at `path`, which is percent-encoded.
    fn find(&self, path: &str) -> Found {
        let Some(file) = self.place(path) else {
            return Found::Nothing;
        };
        let wants_folder = path.ends_with('/');
        match self.resolve(&file) {
            Some((file, true)) if !wants_folder => {
                self.index(&file).map_or(Found::Nothing, |_| Found::Folder)
            }
            Some((folder, true)) => self.index(&folder).map_or(Found::Nothing, Found::File),
            Some((file, false)) if !wants_folder => Found::File(file),
            _ => Found::Nothing,
        }
    }

    /// Where `path` leads by its name alone. Names that begin with a dot are not served; those that the
    /// file system could read otherwise than we do, and those outside UTF-8, are not looked for.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let path = path.strip_prefix('/')?;
        let mut place = self.root.clone();
        if path.is_empty() {
            return Some(place);
        }
        for part in path.strip_suffix('/').unwrap_or(path).split('/') {
            let name = percent_decode_str(part).decode_utf8().ok()?;
            let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\') || (cfg!(windows) && c == ':');
            if name.is_empty() || name.starts_with('.') || name.contains(is_odd) {
                return None;
            }
            place.push(&*name);
        }
        Some(place)
    }

    /// `place` without links, if it is a folder (true) or file (false) that may be served.
    fn resolve(&self, place: &Path) -> Option<(PathBuf, bool)> {
        let place = fs::canonicalize(place).ok()?;
        let inside = place.strip_prefix(&self.root).ok()?;
        if inside.components().any(is_hidden) {
            return None;
        }
        let metadata = fs::metadata(&place).ok()?;
        let is_folder = metadata.is_dir();
        // Neither pipes nor devices.
        let is_served = is_folder || metadata.is_file();
        (is_served && !self.guard.is_private(&place, &metadata)).then_some((place, is_folder))
    }

    fn index(&self, folder: &Path) -> Option<PathBuf> {
        self.resolve(&folder.join(INDEX)).filter(|(_, is_folder)| !is_folder).map(|(file, _)| file)
    }
}

fn is_hidden(part: Component<'_>) -> bool {
    part.as_os_str().as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
#[path = "folder_test.rs"]
mod test;
