//! The sample site: a few pages that the program carries.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, Method, StatusCode, header};
use trackside::{Notice, Visit};

const HTML: &str = "text/html; charset=utf-8";

/// Where a page has room for the notice.
const NOTICE: &str = "<!-- notice -->";

const NOT_FOUND: &str = include_str!("../../sample/404.html");

/// Path, content type and text of every file.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../sample/index.html")),
    ("/about/", HTML, include_str!("../../sample/about/index.html")),
    ("/articles/", HTML, include_str!("../../sample/articles/index.html")),
    ("/articles/own-your-numbers/", HTML, include_str!("../../sample/articles/own-your-numbers.html")),
    ("/articles/what-counts/", HTML, include_str!("../../sample/articles/what-counts.html")),
    ("/admin/", HTML, include_str!("../../sample/admin/index.html")),
    ("/feed.xml", "application/atom+xml", include_str!("../../sample/feed.xml")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../../sample/style.css")),
];

/// Serves the sample site. Its visitors are asked if `asks`, and else only told.
pub(super) fn router(asks: bool) -> Router {
    Router::new().fallback(move |request: Request| async move { answer(&request, asks) })
}

fn answer(request: &Request, asks: bool) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let path = request.uri().path();
    let find = |path: &str| FILES.iter().find(|(name, ..)| *name == path);
    let Some((_, content_type, text)) = find(path) else {
        let folder = format!("{path}/");
        return match find(&folder) {
            Some(_) => Redirect::permanent(&folder).into_response(),
            None => (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, HTML)], NOT_FOUND).into_response(),
        };
    };
    let notice =
        request.extensions().get::<Visit>().and_then(Visit::notice).filter(|_| *content_type == HTML);
    match notice {
        Some(notice) => with_notice(text, &shown(&notice, asks)),
        None => plain(content_type, text, request.headers()),
    }
}

/// The notice, with the form where there is one and an answer is wanted.
fn shown(notice: &Notice, asks: bool) -> String {
    match notice.banner().filter(|_| asks) {
        Some(banner) => banner.to_owned(),
        None => format!("<aside class=\"notice\" aria-label=\"Notice\"><p>{}</p></aside>", notice.html()),
    }
}

/// A page of the visitor's alone. It has no entity tag: the page that everybody sees has another text.
fn with_notice(text: &str, notice: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, HTML), (header::CACHE_CONTROL, "no-cache")];
    (headers, text.replacen(NOTICE, notice, 1)).into_response()
}

fn plain(content_type: &'static str, text: &'static str, asked: &HeaderMap) -> Response {
    let tag = tag(text);
    let headers = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if is_known(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// An entity tag (RFC 9110 §8.8.3) that changes with the text.
fn tag(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether the client has the text already: `If-None-Match` (RFC 9110 §13.1.2).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod test {
    use super::{FILES, HTML, NOT_FOUND, NOTICE};

    fn pages() -> impl Iterator<Item = &'static str> {
        FILES.iter().filter(|(_, kind, _)| *kind == HTML).map(|(.., text)| *text).chain([NOT_FOUND])
    }

    #[test]
    fn pages_can_be_read_by_everybody() {
        for page in pages() {
            assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">\n"), "{page}");
            for part in
                ["<title>", "<meta charset=\"utf-8\">", "name=\"viewport\"", "<main id=\"main\">", "<h1>"]
            {
                assert_eq!(page.matches(part).count(), 1, "{part} in {page}");
            }
            assert!(page.contains("<a class=\"skip\" href=\"#main\">"), "{page}");
        }
    }

    #[test]
    fn pages_run_no_scripts() {
        for page in pages() {
            let page = page.to_lowercase();
            assert!(!page.contains("<script") && !page.contains("javascript:"), "{page}");
            let mut words = page.split_whitespace();
            assert!(!words.any(|word| word.starts_with("on") && word.contains('=')), "{page}");
        }
    }

    #[test]
    fn counted_pages_have_room_for_the_notice() {
        for (path, kind, text) in FILES {
            let room = usize::from(*kind == HTML && *path != "/admin/");
            assert_eq!(text.matches(NOTICE).count(), room, "{path}");
        }
    }

    #[test]
    fn links_lead_to_pages() {
        for page in pages() {
            for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let is_known = link.starts_with('#') || FILES.iter().any(|(path, ..)| *path == link);
                assert!(is_known || link == "/nowhere/", "{link}");
            }
        }
    }
}
