use super::{super::scenario::Scenario, COMMON, RULE, extension};
use crate::Reason;

fn ask(config: &str, target: &str, headers: &[(&str, &str)]) -> (Result<(), Reason>, String) {
    Scenario { config, target, response: Some((200, headers)), ..Scenario::default() }.ask(&RULE)
}

#[test]
fn without_the_key_nothing_is_one() {
    let headers = [("content-type", "application/pdf"), ("content-disposition", "attachment")];
    assert_eq!(ask("", "/a.pdf", &headers), (Ok(()), "downloads are not told apart".to_owned()));
}

#[test]
fn the_disposition_tells() {
    let config = "track.downloads = ['attachment']";
    for (disposition, said) in [
        ("attachment", Err(Reason::Download)),
        ("Attachment ; filename=\"a.html\"", Err(Reason::Download)),
        ("inline; filename=attachment", Ok(())),
        ("attachments", Ok(())),
        ("", Ok(())),
    ] {
        let headers = [("content-type", "text/html"), ("content-disposition", disposition)];
        assert_eq!(ask(config, "/a.pdf", &headers).0, said, "{disposition}");
    }
}

#[test]
fn the_name_tells_unless_it_is_a_page() {
    let config = "track.downloads = ['.PDF', 'gz']";
    for (target, content_type, said) in [
        ("/a.pdf", "application/octet-stream", Err(Reason::Download)),
        ("/a.Pdf?x=1", "", Err(Reason::Download)),
        ("/a.tar.gz", "application/gzip", Err(Reason::Download)),
        ("/wiki/File:a.pdf", "text/html; charset=utf-8", Ok(())),
        ("/a.pdf/", "application/pdf", Ok(())),
        ("/.pdf", "application/pdf", Ok(())),
        ("/pdf", "application/pdf", Ok(())),
        ("/?a.pdf", "application/pdf", Ok(())),
    ] {
        assert_eq!(ask(config, target, &[("content-type", content_type)]).0, said, "{target}");
    }
}

#[test]
fn the_type_tells() {
    let config = "track.downloads = ['application/PDF']";
    let (said, view) = ask(config, "/a", &[("content-type", "Application/pdf; x=1")]);
    assert_eq!((said, view.as_str()), (Err(Reason::Download), "a download: `Application/pdf`"));
    assert_eq!(ask(config, "/a.pdf", &[]), (Ok(()), "no download".to_owned()));
}

#[test]
fn common_is_a_list_in_order() {
    assert!(COMMON.is_sorted());
    let config = "track.downloads = ['common', 'iso9660']";
    for target in ["/a.zip", "/a.docx", "/a.iso9660"] {
        assert_eq!(ask(config, target, &[]).0, Err(Reason::Download), "{target}");
    }
    assert_eq!(ask(config, "/a", &[("content-disposition", "attachment")]).0, Err(Reason::Download));
    for target in ["/a.html", "/a.php", "/a.js", "/a.png", "/feed.xml"] {
        assert_eq!(ask(config, target, &[]).0, Ok(()), "{target}");
    }
}

#[test]
fn the_end_of_a_name() {
    for (path, expected) in [
        ("/a.b/c", None),
        ("/a.b/c.d", Some("d")),
        ("a.", Some("")),
        ("/.x", None),
        ("", None),
        ("/..x", Some("x")),
    ] {
        assert_eq!(extension(path.as_bytes()), expected.map(str::as_bytes), "{path}");
    }
}
