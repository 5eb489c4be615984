//! Documents of any bytes: an error, never a panic.

use super::{POLICY, env, mistakes};
use crate::config::Config;

#[test]
fn deep_nesting_is_an_error() {
    for depth in [100, 1_000, 100_000] {
        for (open, close) in [("[", "]"), ("{a=", "}"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(Config::builder().toml(&format!("a = {nested}")).build().is_err());
            assert!(Config::builder().toml(&format!("a = {}", open.repeat(depth))).build().is_err());
            assert!(Config::builder().json(&nested).build().is_err());
        }
        let dotted = vec!["a"; depth].join(".");
        assert!(Config::builder().toml(&format!("{dotted} = 1")).build().is_err());
        assert!(Config::builder().toml(&format!("[{dotted}]\nb = 1\n[{dotted}.c]")).build().is_err());
        let name = vec!["A"; depth].join("__");
        assert!(Config::builder().toml(POLICY).env(env([(name.as_str(), "1")])).build().is_err());
    }
}

#[test]
fn nesting_that_the_parsers_allow_is_merged_and_read() {
    let nested = format!("a = {}1{}", "[".repeat(50), "]".repeat(50));
    let tables = format!("a = {}1{}", "{a = ".repeat(50), "}".repeat(50));
    let error = Config::builder().toml(&nested).toml(&tables).toml(&tables).json("{}").build().unwrap_err();
    assert!(error.mistakes().any(|(path, _)| path == "a"));
}

#[test]
fn a_long_document_is_an_error() {
    let comment = "#".repeat(10_000_000);
    let error = Config::builder().toml(&comment).json(&comment).build().unwrap_err().to_string();
    let told = "line 1, column 1: 10000000 bytes are too many for a configuration: at most 8 MiB";
    assert_eq!(error, format!("{told}\n{told}"));
}

#[test]
fn many_mistakes_are_counted() {
    let text: String = (0..250).map(|n| format!("x{n} = 1\n")).collect();
    let told = mistakes(&text);
    assert_eq!(told.len(), 101);
    assert_eq!(told[100], (String::new(), "and 150 more mistakes".to_owned()));
}

#[test]
fn a_message_is_one_short_line() {
    for text in [
        "mode = \"\\u0000\\n\\r\\u001b[31m\\u2028\\u202e\"".to_owned(),
        format!("mode = '{}'", "ü".repeat(100_000)),
        format!("\"{}\" = 1", "k\\n".repeat(100_000)),
        "\"\" = 1".to_owned(),
        "mode = 'a".to_owned(),
        "a = \u{1}".to_owned(),
    ] {
        for (path, message) in mistakes(&text) {
            let line = format!("{path}: {message}");
            assert!(line.len() < 500 && !line.contains(|c: char| c.is_control()), "{line:?}");
        }
    }
}

#[test]
fn nul_is_an_error() {
    for text in [
        "site = ['a\\u0000b']",
        "visitor.cookie.name = 'a\\u0000'",
        "visitor.cookie.path = '/\\u0000'",
        "consent.notice = 'a\\u0000'",
        "track.methods = ['GET\\u0000']",
        "destination = [{ type = 'file', path = 'a\\u0000b' }]",
        "destination = [{ type = 'sqlite', path = 'a\\u0000b' }]",
        "destination = [{ type = 'ga-v1', tracking_id = 'a\\u0000b' }]",
        "destination = [{ type = 'ga-v1', tracking_id = 'a', url = 'http://h/\\u0000' }]",
    ] {
        assert_eq!(mistakes(&text.replace('\'', "\"")).len(), 1, "{text}");
    }
    assert!(Config::builder().toml("\0").build().is_err());
    assert!(Config::builder().json("\0").build().is_err());
}

#[test]
fn any_text_gives_an_answer() {
    // A linear congruential generator (Knuth's MMIX constants) picks from what documents are made of.
    const PIECES: &[&str] = &[
        "a",
        "mode",
        "destination",
        "type",
        "visitor",
        "cookie",
        "site",
        "0",
        "9999999999999999999",
        "-1",
        "1e999",
        "1.5",
        "nan",
        "true",
        "null",
        "1979-05-27",
        "=",
        ".",
        ",",
        ":",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "\"",
        "'",
        "'''",
        "#",
        "\n",
        "\r\n",
        " ",
        "\\",
        "\\u0000",
        "\u{feff}",
        "\u{202e}",
        "ü",
        "\u{10ffff}",
        "\0",
    ];
    let mut state = 1_u64;
    let mut draw = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % n
    };
    for _ in 0..3_000 {
        let text: String = (0..draw(40)).map(|_| PIECES[draw(PIECES.len())]).collect();
        let name = text.replace('.', "__").to_uppercase();
        let builder = Config::builder().toml(&text).json(&text).toml("destination = [{ type = 'file' }]");
        let builder = builder.env(env([(name.as_str(), text.as_str()), ("DESTINATION__0__PATH", &text)]));
        let error = builder.build().unwrap_err();
        assert_eq!(error.to_string().lines().count(), error.mistakes().count());
    }
}
