use super::{super::scenario::Scenario, RULE};
use crate::Reason;

#[test]
fn a_response_that_leaves_http_is_no_page() {
    let ask = |response| Scenario { response, ..Scenario::default() }.ask(&RULE);
    assert_eq!(ask(Some((101, &[]))), (Err(Reason::Upgrade), "the connection left HTTP".to_owned()));
    for status in [100, 102, 200, 426] {
        let stays = (Ok(()), "the connection stays with HTTP".to_owned());
        assert_eq!(ask(Some((status, &[]))), stays, "{status}");
    }
    assert_eq!(ask(None).0, Ok(()));
}

#[test]
fn asking_for_an_upgrade_is_not_getting_it() {
    let headers = &[("connection", "upgrade"), ("upgrade", "h2c")];
    let response = Some((200, headers as &[_]));
    assert_eq!(Scenario { headers, response, ..Scenario::default() }.ask(&RULE).0, Ok(()));
}
