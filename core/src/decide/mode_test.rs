use super::{super::scenario::Scenario, RULE};
use crate::Reason;

#[test]
fn off_skips_everything_and_nothing_else_does() {
    for (config, verdict, seen) in [
        ("", Ok(()), "on"),
        ("mode = 'on'", Ok(()), "on"),
        ("mode = 'dry-run'", Ok(()), "dry-run: "),
        ("mode = 'off'", Err(Reason::Off), "off: "),
    ] {
        let (said, view) = Scenario { config, ..Scenario::default() }.ask(&RULE);
        assert_eq!(said, verdict, "{config}");
        assert!(view.starts_with(seen), "{config}: {view}");
    }
}
