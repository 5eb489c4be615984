use super::{super::scenario::Scenario, RULE};
use crate::Reason;

#[test]
fn a_404_is_an_event_on_request() {
    let ask =
        |config, status| Scenario { config, response: Some((status, &[])), ..Scenario::default() }.ask(&RULE);
    let on = "track = { not_found = true, status = ['404', '200'] }";
    assert_eq!(ask(on, 404), (Err(Reason::NotFound), "not found, which is an event".to_owned()));
    assert_eq!(ask(on, 410), (Ok(()), "found".to_owned()));
    assert_eq!(ask("", 404), (Ok(()), "pages that are not found are not told apart".to_owned()));
    assert_eq!(Scenario { config: on, ..Scenario::default() }.ask(&RULE).0, Ok(()));
}
