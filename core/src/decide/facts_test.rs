use super::{Facts, Lengths, Target};
use crate::{Config, Request, visitor::consent::Refusal};

/// Authority, path and query of a target, which are the same when it is looked at again.
fn parts(target: &str) -> (Option<&str>, &str, &str) {
    fn texts(Target { authority, path, query }: Target<'_>) -> (Option<&str>, &str, &str) {
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        (authority.map(text), text(path), text(query))
    }
    let parts = texts(Target::parse(target.as_bytes()));
    let lengths = Lengths { host: 0, path: parts.1.len(), query: parts.2.len() };
    assert_eq!(texts(Target::again(target.as_bytes(), lengths)), parts);
    parts
}

#[test]
fn another_target_than_was_looked_at_before_does_no_harm() {
    let lengths = Lengths { host: 9, path: 9, query: 9 };
    for (target, path, query) in
        [("/a", "/a", ""), ("/a?b=1#top", "/a?b=1#to", ""), ("/long/one?b", "/long/one", "")]
    {
        let Target { path: again, query: kept, .. } = Target::again(target.as_bytes(), lengths);
        assert_eq!((again, kept), (path.as_bytes(), query.as_bytes()));
    }
}

#[test]
fn a_path_with_its_query() {
    assert_eq!(parts("/a/b"), (None, "/a/b", ""));
    assert_eq!(parts("/a?b=c?d"), (None, "/a", "b=c?d"));
    assert_eq!(parts("/?"), (None, "/", ""));
    assert_eq!(parts("/http://x/y"), (None, "/http://x/y", ""));
    assert_eq!(parts("//x/y"), (None, "//x/y", ""));
}

#[test]
fn a_fragment_ends_the_query_and_the_path() {
    assert_eq!(parts("/a?b#c?d"), (None, "/a", "b"));
    assert_eq!(parts("/a#b?c#d"), (None, "/a", ""));
}

#[test]
fn an_address_has_its_authority() {
    assert_eq!(parts("http://example.com/a?b"), (Some("example.com"), "/a", "b"));
    assert_eq!(parts("HTTPS://example.com:1/a#b"), (Some("example.com:1"), "/a", ""));
    assert_eq!(parts("http://example.com"), (Some("example.com"), "/", ""));
    assert_eq!(parts("http://example.com?b"), (Some("example.com"), "/", "b"));
    assert_eq!(parts("http://example.com#b"), (Some("example.com"), "/", ""));
    assert_eq!(parts("http:///a"), (Some(""), "/a", ""));
}

#[test]
fn anything_else_is_a_path_as_it_stands() {
    for target in ["", "*", "example.com:443", "ftp://example.com/a", "http:/a", "http:a", "://a", "http"] {
        assert_eq!(parts(target), (None, target, ""));
    }
}

#[test]
fn signals_of_the_browser_are_minded_as_configured() {
    let refusal = |toml: &str, headers: &[(&str, &str)]| {
        let toml = format!("consent.policy = 'none'\n{toml}");
        let config = Config::builder().toml(&toml).build().unwrap();
        Facts::new(&config, &Request::new("GET", "/", &headers.to_vec())).refusal
    };
    let (gpc, dnt) = ([("Sec-GPC", " 1 ")], [("DNT", "1")]);
    assert_eq!(refusal("", &gpc), Refusal::ThirdParties);
    assert_eq!(refusal("consent.gpc = 'strict'", &gpc), Refusal::Everybody);
    assert_eq!(refusal("consent.gpc = 'ignore'", &gpc), Refusal::Nobody);
    assert_eq!(refusal("", &dnt), Refusal::Nobody);
    assert_eq!(refusal("consent.dnt = 'honour'", &dnt), Refusal::ThirdParties);
    assert_eq!(refusal("consent.dnt = 'strict'", &dnt), Refusal::Everybody);
    // The stricter of both stands, whichever comes first, and 1 alone says anything.
    assert_eq!(refusal("consent.dnt = 'strict'", &[("dnt", "1"), ("sec-gpc", "1")]), Refusal::Everybody);
    assert_eq!(
        refusal("consent.gpc = 'strict'\nconsent.dnt = 'honour'", &[("dnt", "1"), ("sec-gpc", "1")]),
        Refusal::Everybody
    );
    assert_eq!(refusal("", &[("sec-gpc", "0"), ("sec-gpc", "1")]), Refusal::ThirdParties);
    assert_eq!(refusal("", &[("sec-gpc", "0, 1")]), Refusal::ThirdParties);
    for value in ["0", "", "?1", "true", "11", "0, 0", "1 1"] {
        assert_eq!(
            refusal("consent.dnt = 'strict'", &[("sec-gpc", value), ("dnt", value)]),
            Refusal::Nobody,
            "{value}"
        );
    }
}

#[test]
fn cookies_stand_in_the_headers_of_that_name_alone() {
    let config = Config::builder().toml("consent.policy = 'none'").build().unwrap();
    let headers = [("accept", "a=1"), ("Cookie", "b=2"), ("x-cook", "c=3"), ("cookie", "d=4")];
    let request = Request::new("GET", "/", &headers);
    let mut cookies = Vec::new();
    Facts::with_cookies(&config, &request, |value| cookies.push(value));
    assert_eq!(cookies, [b"b=2", b"d=4"]);
}
