use super::Prefixes;

fn found(texts: &[&str], text: &str) -> Vec<String> {
    let prefixes = Prefixes::new(texts.iter().map(|text| text.as_bytes()).enumerate());
    prefixes.of(text.as_bytes()).map(|n| texts[n].to_owned()).collect()
}

#[test]
fn all_that_begin_a_text_are_found_the_shortest_first() {
    let texts = ["/admin/", "/a", "/about", "", "/admin/x", "/b", "/a"];
    assert_eq!(found(&texts, "/admin/y"), ["", "/a", "/a", "/admin/"]);
    assert_eq!(found(&texts, "/admin/xyz"), ["", "/a", "/a", "/admin/", "/admin/x"]);
    assert_eq!(found(&texts, "/abou"), ["", "/a", "/a"]);
    assert_eq!(found(&texts, "/b"), ["", "/b"]);
    assert_eq!(found(&texts, "x"), [""]);
    assert_eq!(found(&texts, ""), [""]);
}

#[test]
fn of_none_none_is_found() {
    assert!(found(&[], "/").is_empty());
    assert!(found(&["/a"], "").is_empty());
}

#[test]
fn it_agrees_with_starts_with() {
    let texts: Vec<String> =
        (0..2_000).map(|n: u32| format!("/{:b}", n.wrapping_mul(2_654_435_761))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let prefixes = Prefixes::new(texts.iter().map(|text| text.as_bytes()).enumerate());
    for text in texts.iter().map(|text| format!("{text}01101")) {
        let mut expected: Vec<_> = texts.iter().filter(|t| text.starts_with(**t)).copied().collect();
        expected.sort_by_key(|text| text.len());
        let found: Vec<_> = prefixes.of(text.as_bytes()).map(|n| texts[n]).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_long_chain_of_prefixes_does_not_exhaust_the_stack() {
    let long = "a".repeat(2_048);
    let texts: Vec<&str> = (0..=2_048).map(|n| &long[..n]).collect();
    assert_eq!(found(&texts, &long).len(), 2_049);
}
