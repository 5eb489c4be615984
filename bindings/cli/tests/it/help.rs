//! What the command says of itself.

use crate::place::Place;

#[test]
fn help_is_worth_reading() {
    let place = Place::new();
    for (command, parts) in [
        (&["--help"][..], &["serve", "report", "check", "explain", "forget", "Exit codes:"][..]),
        (
            &["serve", "--help"],
            &[
                "[default: 127.0.0.1:7878]",
                "What is stored:",
                "--metrics",
                "Examples:",
                "Exit codes:",
                "--config",
            ],
        ),
        (
            &["report", "--help"],
            &["single_hit_ids", "Examples:", "Exit codes:", "--since", "[default: table]"],
        ),
        (
            &["explain", "--help"],
            &["Examples:", "Exit codes:", "--peer", "[default: text/html, none of a 304]", "[default: 200]"],
        ),
        (&["spool", "--help"], &["list", "verify", "show", "drain", "purge", "Examples:"]),
        (&["spool", "list", "--help"], &["living", "oldest", "Exit codes:", "--config", "[default: table]"]),
        (&["spool", "verify", "--help"], &["damaged", "torn", "Exit codes:"]),
        (&["spool", "show", "--help"], &["--unredacted", "What is hidden", "[default: 20]", "Exit codes:"]),
        (&["spool", "drain", "--help"], &["hooks", "[default: 60s]", "Exit codes:"]),
        (&["spool", "purge", "--help"], &["--yes", "Examples:", "Exit codes:"]),
        (
            &["check", "--help"],
            &[
                "What is sent:",
                "unproven",
                "--dry-run",
                "--hit",
                "[default: 30s]",
                "Examples:",
                "Exit codes:",
            ],
        ),
        (&["forget", "--help"], &["What it does:", "Examples:", "Exit codes:", "--user", "<ID>"]),
    ] {
        let ran = place.run(command);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command:?}");
        for part in parts {
            assert!(ran.out.contains(part), "{part} in: {}", ran.out);
        }
        let longest = ran.out.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(104), "{}", ran.out);
    }
}

#[test]
fn its_version_is_the_packages() {
    let ran = Place::new().run(&["--version"]);
    assert_eq!(ran.out, format!("trackside {}\n", env!("CARGO_PKG_VERSION")));
}
