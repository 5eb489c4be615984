use super::*;

#[test]
fn the_whole_list_is_compiled() {
    let crawlers = Crawlers::built_in();
    assert_eq!(crawlers.rows.len(), LIST.lines().count());
    assert_eq!(crawlers.text_rows.len() + crawlers.pattern_rows.len(), crawlers.rows.len());
    assert!(crawlers.pattern_rows.len() < 100, "most patterns are plain texts");
}

#[test]
fn the_first_of_the_list_names_the_agent() {
    let crawlers = Crawlers::of_json(
        r#"[{"pattern": "^Alpha\\/", "tags": ["seo"]}, {"pattern": "pha\\/1\\.", "tags": ["new", "monitoring"]},
            {"pattern": "beta"}]"#,
    )
    .unwrap();
    let find = |agent: &str| crawlers.find(agent.as_bytes()).map(|bot| (bot.name().to_owned(), bot.class()));
    assert_eq!(find("Alpha/1.0 beta"), Some(("Alpha".to_owned(), Class::Seo)));
    assert_eq!(find("an Alpha/1.0"), Some(("pha/1.".to_owned(), Class::Monitor)));
    assert_eq!(find("my beta"), Some(("beta".to_owned(), Class::Other)));
    assert_eq!(find("my Beta"), None, "case matters");
}

#[test]
fn a_broken_list_is_an_error_that_says_what_is_wrong() {
    let error = |json: &str| Crawlers::of_json(json).unwrap_err().to_string();
    assert!(error("{}").contains("expected a sequence"), "{}", error("{}"));
    assert!(error(r#"[{"url": "x"}]"#).contains("missing field `pattern`"));
    assert_eq!(error(r#"[{"pattern": ""}]"#), "pattern 0 is empty");
    assert!(error(r#"[{"pattern": "a("}]"#).contains("unclosed group"));
    assert_eq!(
        error(&format!(r#"[{{"pattern": "{}"}}]"#, "x".repeat(1_001))),
        "pattern 0 is longer than 1000 bytes"
    );
    let many = format!("[{}]", vec![r#"{"pattern": "x"}"#; 20_001].join(","));
    assert_eq!(error(&many), "20001 patterns are too many: at most 20000");
}

#[test]
fn a_pattern_that_would_grow_without_end_is_refused() {
    let error = Crawlers::of_json(r#"[{"pattern": "((a{100}){100}){100}b"}]"#).unwrap_err();
    assert!(error.to_string().contains("size limit"), "{error}");
}
