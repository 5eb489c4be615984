use std::{fs, path::PathBuf};

use super::{Files, Folder, Found};
use crate::serve::guard::Guard;

/// A folder of its own for a test, gone with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let place = std::env::temp_dir().join(format!("trackside-{name}-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        Self(fs::canonicalize(place).unwrap())
    }

    fn write(&self, name: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "text").unwrap();
        file
    }

    fn files(&self, private: Vec<PathBuf>) -> Files {
        Files { root: self.0.clone(), guard: Guard::of(private) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn files_are_found_by_their_decoded_names() {
    let place = Place::new("names");
    let (index, spaced, dotted) = (place.write("index.html"), place.write("a b/ü.txt"), place.write("a..b"));
    let inner = place.write("sub/index.html");
    let files = place.files(Vec::new());
    for (path, found) in [
        ("/", Found::File(index.clone())),
        ("/index.html", Found::File(index)),
        ("/a%20b/%C3%BC.txt", Found::File(spaced)),
        ("/a..b", Found::File(dotted)),
        ("/sub", Found::Folder),
        ("/sub/", Found::File(inner)),
    ] {
        assert_eq!(files.find(path), found, "{path}");
    }
}

#[test]
fn odd_names_lead_nowhere() {
    let place = Place::new("odd");
    for name in ["index.html", "sub/index.html", ".env", ".git/config", "sub/.hidden", "empty/page.txt"] {
        place.write(name);
    }
    let files = place.files(Vec::new());
    for path in [
        "",
        "*",
        "index.html",
        "//",
        "//index.html",
        "/sub//",
        "/sub//index.html",
        "/./index.html",
        "/sub/../index.html",
        "/%2e%2e/",
        "/%2e/index.html",
        "/..%2f",
        "/sub%2findex.html",
        "/sub%5cindex.html",
        "/sub\\index.html",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/.git/",
        "/sub/.hidden",
        "/index.html/",
        "/index.html%00",
        "/%ff",
        "/index.html%20",
        "/index.html.",
        "/empty/",
        "/empty",
        "/none",
        "/index.html/none",
        "/%252e%252e/",
    ] {
        assert_eq!(files.find(path), Found::Nothing, "{path}");
    }
}

#[test]
fn private_files_are_known_by_place() {
    let place = Place::new("private");
    let database = place.write("trackside.db");
    place.write("TRACKSIDE.DB");
    place.write("spool/0/segment");
    place.write("spooled.html");
    place.write("trackside.db.html");
    // The journal is not there when the guard is made.
    let files = place.files(vec![database, place.0.join("trackside.db-journal"), place.0.join("spool")]);
    place.write("trackside.db-journal");
    for path in
        ["/trackside.db", "/TRACKSIDE.DB", "/track%73ide.db", "/trackside.db-journal", "/spool/0/segment"]
    {
        assert_eq!(files.find(path), Found::Nothing, "{path}");
    }
    for path in ["/spooled.html", "/trackside.db.html"] {
        assert!(matches!(files.find(path), Found::File(_)), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_folder_only() {
    use std::os::unix::fs::symlink;

    let place = Place::new("links");
    let (page, database) = (place.write("site/page.html"), place.write("trackside.db"));
    place.write("site/.git/config");
    let outside = place.write("outside.html");
    let site = place.0.join("site");
    symlink("page.html", site.join("inside.html")).unwrap();
    symlink(&outside, site.join("outside.html")).unwrap();
    symlink("..", site.join("up")).unwrap();
    symlink(".git", site.join("git")).unwrap();
    symlink("loop", site.join("loop")).unwrap();
    fs::hard_link(&database, site.join("copy.html")).unwrap();

    let files = Files { root: site, guard: Guard::of(vec![database]) };
    assert_eq!(files.find("/inside.html"), Found::File(page));
    for path in ["/outside.html", "/up/outside.html", "/up/", "/git/config", "/loop", "/copy.html"] {
        assert_eq!(files.find(path), Found::Nothing, "{path}");
    }
}

#[test]
fn a_folder_must_be_there() {
    let place = Place::new("folder");
    let file = place.write("page.html");
    let told = |path: &std::path::Path| format!("{:?}", Folder::open(path).unwrap_err());
    assert!(told(&place.0.join("none")).contains("there is no folder"));
    assert!(told(&file).contains("is no folder"));
}
